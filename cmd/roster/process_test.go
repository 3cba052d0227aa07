package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// TestMain lets the tests run the program itself: as the command roster, in processes of its own.
func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"roster": main})
}

const (
	adminPassword = "an administrator's password"
	apiToken      = "an API token for tests that is long enough"
	deadline      = 60 * time.Second // for what should take no time; a busy machine is no failure
)

// process is the program in a process of its own.
type process struct {
	t       testing.TB
	command *exec.Cmd
	base    string
	data    string
	stderr  logFile
	exited  chan error
}

// start starts the program on a data directory and a free port, and waits until it is ready.
func start(t testing.TB, data string, args ...string) *process {
	t.Helper()
	s := launch(t, data, args...)
	select {
	case s.base = <-s.addresses():
	case err := <-s.exited:
		t.Fatalf("roster ended: %v\n%s", err, s.stderr)
	case <-time.After(deadline):
		t.Fatalf("roster does not serve:\n%s", s.stderr)
	}
	s.eventually("ready", func() bool {
		response, err := http.Get(s.base + "/readyz")
		if err != nil {
			return false
		}
		defer response.Body.Close()
		return response.StatusCode == http.StatusOK
	})
	return s
}

// launch starts the program and waits for nothing.
func launch(t testing.TB, data string, args ...string) *process {
	t.Helper()
	s := &process{t: t, data: data, stderr: newLogFile(t), exited: make(chan error, 1)}
	s.command = exec.Command("roster", append([]string{
		"serve", "--data", data, "--listen", "127.0.0.1:0", "--log-format", "json", "--registration-rate", "0",
		"--admin-password", adminPassword, "--api-tokens", "audit=" + apiToken,
	}, args...)...)
	s.stderr.run(t, s.command)
	go func() { s.exited <- s.command.Wait() }()
	t.Cleanup(s.kill)
	return s
}

// addresses gives the server's address once the log names it.
func (s *process) addresses() <-chan string {
	found := make(chan string, 1)
	go func() {
		for line := range s.stderr.lines(s.t.Context().Done()) {
			var entry struct{ Msg, Address string }
			if json.Unmarshal([]byte(line), &entry) == nil && entry.Msg == "serving" {
				found <- "http://" + entry.Address
				return
			}
		}
	}()
	return found
}

// kill ends the process as a loss of power would, as far as processes go.
func (s *process) kill() {
	if s.command.ProcessState == nil {
		_ = s.command.Process.Kill()
		s.wait()
	}
}

// stop asks the process to stop and returns its exit status.
func (s *process) stop() int {
	s.t.Helper()
	if err := s.command.Process.Signal(syscall.SIGTERM); err != nil {
		s.t.Fatal(err)
	}
	s.wait()
	return s.command.ProcessState.ExitCode()
}

func (s *process) wait() {
	select {
	case err := <-s.exited:
		s.exited <- err
	case <-time.After(deadline):
		s.t.Errorf("roster does not end:\n%s", s.stderr)
	}
}

// eventually waits for a condition.
func (s *process) eventually(what string, condition func() bool) {
	s.t.Helper()
	for end := time.Now().Add(deadline); !condition(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			s.t.Fatalf("not %s in time:\n%s", what, s.stderr)
		}
	}
}

// answer is an HTTP answer, read whole.
type answer struct {
	status int
	header http.Header
	body   []byte
}

// member returns a member of a JSON answer, as a string without its quotes.
func (a answer) member(name string) string {
	var members map[string]json.RawMessage
	if json.Unmarshal(a.body, &members) != nil {
		return ""
	}
	return strings.Trim(string(members[name]), `"`)
}

// call makes a request. authorization is empty, "admin", or a registration access token.
func (s *process) call(method, url, authorization, body string) (answer, error) {
	if strings.HasPrefix(url, "/") {
		url = s.base + url
	}
	request, err := http.NewRequest(method, url, strings.NewReader(body))
	if err != nil {
		return answer{}, err
	}
	if body != "" {
		request.Header.Set("Content-Type", "application/json")
	}
	switch authorization {
	case "":
	case "admin":
		request.SetBasicAuth("admin", adminPassword)
	default:
		request.Header.Set("Authorization", "Bearer "+authorization)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return answer{}, err
	}
	defer response.Body.Close()
	content, err := io.ReadAll(response.Body)
	return answer{response.StatusCode, response.Header, content}, err
}

// must makes a request that is answered with this status.
func (s *process) must(status int, method, url, authorization, body string) answer {
	s.t.Helper()
	a, err := s.call(method, url, authorization, body)
	if err != nil {
		s.t.Fatalf("%s %s: %v\n%s", method, url, err, s.stderr)
	}
	if a.status != status {
		s.t.Fatalf("%s %s: %d %s, want %d", method, url, a.status, a.body, status)
	}
	return a
}

// ownedClient is what its owner knows of a registered client.
type ownedClient struct{ id, secret, token, uri string }

const webApp = `{"redirect_uris":["https://client.example.org/cb"],"client_name":"Web app"}`

func (s *process) register(body string) ownedClient {
	s.t.Helper()
	return clientOf(s.must(http.StatusCreated, "POST", "/identity/connect/register", "", body))
}

func clientOf(a answer) ownedClient {
	return ownedClient{
		id: a.member("client_id"), secret: a.member("client_secret"),
		token: a.member("registration_access_token"), uri: a.member("registration_client_uri"),
	}
}

// run runs another command of the program and returns what it prints.
func (s *process) run(args ...string) string {
	s.t.Helper()
	var stdout, stderr bytes.Buffer
	command := exec.Command("roster", args...)
	command.Stdout, command.Stderr = &stdout, &stderr
	if err := command.Run(); err != nil {
		s.t.Fatalf("roster %s: %v\n%s", strings.Join(args, " "), err, &stderr)
	}
	return stdout.String()
}

// lastSeq is the sequence of the last event.
func (s *process) lastSeq() string {
	s.t.Helper()
	lines := strings.Split(strings.TrimSpace(string(s.must(http.StatusOK, "GET", "/api/v1/events", "admin", "").body)), "\n")
	return answer{body: []byte(lines[len(lines)-1])}.member("seq")
}

// logFile is the path of a file that a process writes what it logs to. Nobody has to read it meanwhile.
type logFile string

func newLogFile(t testing.TB) logFile {
	return logFile(filepath.Join(t.TempDir(), "stderr"))
}

// run starts a command that logs to the file.
func (f logFile) run(t testing.TB, command *exec.Cmd) {
	t.Helper()
	file, err := os.Create(string(f))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close() // the process has its own
	command.Stderr = file
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
}

// String returns what was logged so far.
func (f logFile) String() string {
	content, err := os.ReadFile(string(f))
	if err != nil {
		return err.Error()
	}
	return string(content)
}

// lines yields the lines that are written, until done.
func (f logFile) lines(done <-chan struct{}) func(yield func(string) bool) {
	return func(yield func(string) bool) {
		for read := 0; ; {
			content := f.String()
			scanner := bufio.NewScanner(strings.NewReader(content[read : strings.LastIndexByte(content, '\n')+1]))
			for scanner.Scan() {
				read += len(scanner.Text()) + 1
				if !yield(scanner.Text()) {
					return
				}
			}
			select {
			case <-done:
				return
			case <-time.After(5 * time.Millisecond):
			}
		}
	}
}
