package main

import (
	"bufio"
	"encoding/json"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"roster/cmd/roster/loadtest"
)

// contenders are the servers that the benchmarks compare: Roster, and its peer, which keeps its clients in memory
// alone. Each starts with no client, in a process of its own.
var contenders = []struct {
	name  string
	peer  bool
	start func(b *testing.B) *contender
}{
	{"node-oidc-provider", true, startPeer},
	{"roster", false, startRoster},
}

// contender is a server in a process of its own that clients can be registered with.
type contender struct {
	t        testing.TB
	address  string // host:port
	endpoint string // path of the registration endpoint
	process  loadtest.Process
	log      func() string // what it logged
	program  *process      // Roster's; nil: it is the peer
}

// startRoster starts Roster. Nothing but its disk and its processors limits how many requests it answers.
func startRoster(b *testing.B) *contender {
	b.Helper()
	return contend(b, start(b, b.TempDir(), "--change-rate", "0"))
}

// contend is a process of Roster as a contender.
func contend(t testing.TB, s *process) *contender {
	return &contender{
		t: t, address: strings.TrimPrefix(s.base, "http://"), endpoint: "/identity/register",
		process: loadtest.Process(s.command.Process.Pid), log: s.stderr.String, program: s,
	}
}

// startPeer starts node-oidc-provider in production mode.
func startPeer(b *testing.B) *contender {
	b.Helper()
	const dir = "testdata/node-oidc-provider"
	if _, err := os.Stat(filepath.Join(dir, "node_modules")); err != nil {
		b.Fatalf("its npm packages are not there; make node-oidc-provider installs them, and make bench does so: %v", err)
	}
	logged := newLogFile(b)
	command := exec.Command("node", "server.mjs")
	command.Dir, command.Env = dir, append(os.Environ(), "NODE_ENV=production")
	printed, err := command.StdoutPipe()
	if err != nil {
		b.Fatal(err)
	}
	logged.run(b, command)
	b.Cleanup(func() {
		_ = command.Process.Kill()
		_ = command.Wait() // it was killed
	})
	defer time.AfterFunc(deadline, func() { _ = command.Process.Kill() }).Stop()
	address, err := bufio.NewReader(printed).ReadString('\n')
	if err != nil {
		b.Fatalf("it does not serve: %v\n%s", err, logged)
	}
	return &contender{
		t: b, address: strings.TrimSpace(address), endpoint: "/reg",
		process: loadtest.Process(command.Process.Pid), log: logged.String,
	}
}

// cpu is the processor time that the server has used.
func (s *contender) cpu() time.Duration {
	s.t.Helper()
	used, err := s.process.CPU()
	if err != nil {
		s.t.Fatal(err)
	}
	return used
}

// registrations is a load of registrations, all of the same document.
func (s *contender) registrations() loadtest.Load {
	request := loadtest.NewRequest("POST", s.address, s.endpoint, "",
		webApplication{name: "Web application", host: "app.example.org"}.document())
	return loadtest.Load{Address: s.address, Status: http.StatusCreated, Request: func(int) []byte { return request }}
}

// managedClient is what the owner of a client needs to manage it.
type managedClient struct{ id, path, token string }

// managedClientOf reads the answer to a registration.
func managedClientOf(body []byte) (managedClient, error) {
	var registered struct {
		ID    string `json:"client_id"`
		URI   string `json:"registration_client_uri"`
		Token string `json:"registration_access_token"`
	}
	if err := json.Unmarshal(body, &registered); err != nil {
		return managedClient{}, err
	}
	uri, err := url.Parse(registered.URI)
	if err != nil {
		return managedClient{}, err
	}
	return managedClient{registered.ID, uri.Path, registered.Token}, nil
}

// request is a request of the client's owner.
func (c managedClient) request(method, address, body string) []byte {
	return loadtest.NewRequest(method, address, c.path, c.token, body)
}

// register registers so many clients.
func (s *contender) register(n int) []managedClient {
	s.t.Helper()
	clients := make([]managedClient, n)
	load := s.registrations()
	load.Connections, load.Requests = min(n, 32), n
	load.Answer = func(i int, body []byte) (err error) {
		clients[i], err = managedClientOf(body)
		return err
	}
	if _, err := load.Run(s.t.Context()); err != nil {
		s.t.Fatalf("%v\n%s", err, s.log())
	}
	return clients
}

// warmUp lets the server register clients until it does so as fast as it can: what compiles while it runs is slow
// at first.
func (s *contender) warmUp() {
	s.t.Helper()
	s.register(3000)
}
