package main

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"roster/cmd/roster/loadtest"
)

// contenders are the servers that the benchmarks compare. Each starts with no client, in a process of its own.
var contenders = []struct {
	name  string
	start func(b *testing.B) *contender
}{
	{"roster", startRoster},
}

// contender is a server in a process of its own that clients can be registered with.
type contender struct {
	b        *testing.B
	address  string // host:port
	endpoint string // path of the registration endpoint
	process  loadtest.Process
	log      func() string // what it logged
}

// startRoster starts Roster. Nothing but its disk and its processors limits how many requests it answers.
func startRoster(b *testing.B) *contender {
	b.Helper()
	s := start(b, b.TempDir(), "--change-rate", "0")
	return &contender{
		b: b, address: strings.TrimPrefix(s.base, "http://"), endpoint: "/identity/register",
		process: loadtest.Process(s.command.Process.Pid), log: s.stderr.String,
	}
}

// cpu is the processor time that the server has used.
func (s *contender) cpu() time.Duration {
	s.b.Helper()
	used, err := s.process.CPU()
	if err != nil {
		s.b.Fatal(err)
	}
	return used
}

// registrations is a load of registrations, all of the same document.
func (s *contender) registrations() loadtest.Load {
	request := loadtest.NewRequest("POST", s.address, s.endpoint, "", webApplication("Web application", ""))
	return loadtest.Load{Address: s.address, Status: http.StatusCreated, Request: func(int) []byte { return request }}
}

// managedClient is what the owner of a client needs to manage it.
type managedClient struct{ id, path, token string }

// register registers so many clients.
func (s *contender) register(n int) []managedClient {
	s.b.Helper()
	clients := make([]managedClient, n)
	load := s.registrations()
	load.Connections, load.Requests = min(n, 32), n
	load.Answer = func(i int, body []byte) error {
		var registered struct {
			ID    string `json:"client_id"`
			URI   string `json:"registration_client_uri"`
			Token string `json:"registration_access_token"`
		}
		if err := json.Unmarshal(body, &registered); err != nil {
			return err
		}
		uri, err := url.Parse(registered.URI)
		if err != nil {
			return err
		}
		clients[i] = managedClient{registered.ID, uri.Path, registered.Token}
		return nil
	}
	if _, err := load.Run(s.b.Context()); err != nil {
		s.b.Fatalf("%v\n%s", err, s.log())
	}
	return clients
}

// warmUp lets the server register clients until it does so as fast as it can: what compiles while it runs is slow
// at first.
func (s *contender) warmUp() {
	s.b.Helper()
	s.register(3000)
}
