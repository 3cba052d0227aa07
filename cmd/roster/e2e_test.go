package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/testscript"
)

func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{Dir: "testdata/script"})
}

// TestSamples has the two samples of WSO2 Identity Server 5.3.0.
func TestSamples(t *testing.T) {
	s := start(t, t.TempDir())
	a := s.must(http.StatusCreated, "POST", "/identity/connect/register", "",
		`{"redirect_uris":["server.example.com"],"client_name":"application_1","ext_param_owner":"application_owner","grant_types":["password"]}`)
	for member, want := range map[string]string{
		"client_name": "application_owner_application_1", "redirect_uris": `["server.example.com"]`,
		"grant_types": `["password"]`, "client_secret_expires_at": "0",
	} {
		if got := a.member(member); got != want {
			t.Errorf("%s is %s, want %s", member, got, want)
		}
	}
	c := clientOf(a)
	if c.id == "" || c.secret == "" {
		t.Errorf("no client_id or client_secret in %s", a.body)
	}
	deleted := s.must(http.StatusNoContent, "DELETE", "/identity/register/"+c.id, "admin", "")
	if len(deleted.body) > 0 {
		t.Errorf("body %q of a 204", deleted.body)
	}
	own := s.register(webApp)
	s.must(http.StatusNoContent, "DELETE", own.uri, own.token, "")
}

// TestManagement is RFC 7592 as a client lives it.
func TestManagement(t *testing.T) {
	s := start(t, t.TempDir())
	c := s.register(webApp)
	first := s.must(http.StatusOK, "GET", c.uri, c.token, "")
	before := s.lastSeq()

	var document map[string]any
	if err := json.Unmarshal(first.body, &document); err != nil {
		t.Fatal(err)
	}
	for _, member := range []string{"registration_access_token", "registration_client_uri", "client_secret_expires_at", "client_id_issued_at"} {
		delete(document, member)
	}
	back, err := json.Marshal(document)
	if err != nil {
		t.Fatal(err)
	}
	put := s.must(http.StatusOK, "PUT", c.uri, c.token, string(back))
	if diff := cmp.Diff(string(first.body), string(put.body)); diff != "" {
		t.Errorf("putting back what was read changes the answer:\n%s", diff)
	}
	if after := s.lastSeq(); after != before {
		t.Errorf("putting back what was read appended events: %s after %s", after, before)
	}

	foreign, deleted := s.register(webApp), s.register(webApp)
	s.must(http.StatusNoContent, "DELETE", deleted.uri, deleted.token, "")
	unknown := s.base + "/identity/register/0195516c-0c00-7000-8000-000000000000"
	for _, method := range []string{"GET", "PUT", "DELETE"} {
		body := ""
		if method == "PUT" {
			body = string(back)
		}
		var answers []string
		for _, try := range []struct{ uri, token string }{
			{c.uri, "wrong"}, {c.uri, foreign.token}, {c.uri, c.secret}, {deleted.uri, deleted.token}, {unknown, c.token},
		} {
			a := s.must(http.StatusUnauthorized, method, try.uri, try.token, body)
			answers = append(answers, a.header.Get("WWW-Authenticate")+"\n"+string(a.body))
		}
		for _, a := range answers {
			if a != answers[0] {
				t.Errorf("%s: answers differ:\n%s\n%s", method, answers[0], a)
			}
		}
		if !strings.HasPrefix(answers[0], "Bearer ") || !strings.Contains(answers[0], `error="invalid_token"`) {
			t.Errorf("%s: answer %s", method, answers[0])
		}
		a := s.must(http.StatusUnauthorized, method, c.uri, "", body)
		if challenge := a.header.Get("WWW-Authenticate"); !strings.HasPrefix(challenge, "Bearer ") || strings.Contains(challenge, "error=") {
			t.Errorf("%s without a token: challenge %s", method, challenge)
		}
		if a.member("error") == "" {
			t.Errorf("%s without a token: body %s", method, a.body)
		}
	}
}

// TestKill kills the program again and again while 16 writers register and delete: what was acknowledged
// is there afterwards, and what was deleted stays deleted.
func TestKill(t *testing.T) {
	data := t.TempDir()
	var mu sync.Mutex
	registered, deleted := map[ownedClient]bool{}, map[ownedClient]bool{}
	for round := range 4 {
		s := start(t, data)
		var writers sync.WaitGroup
		enough := make(chan struct{})
		var once sync.Once
		written := 0
		killAt := 50 + rand.IntN(400)
		for range 16 {
			writers.Go(func() {
				for {
					a, err := s.call("POST", "/identity/register", "", webApp)
					if err != nil || a.status != http.StatusCreated {
						return
					}
					c := clientOf(a)
					// Until a deletion is answered it may have happened or not.
					remove := rand.IntN(3) == 0
					mu.Lock()
					if written++; written >= killAt {
						once.Do(func() { close(enough) })
					}
					if !remove {
						registered[c] = true
					}
					mu.Unlock()
					if !remove {
						continue
					}
					// The address is that of the process, which moves.
					gone, err := s.call("DELETE", "/identity/register/"+c.id, c.token, "")
					if err != nil || gone.status != http.StatusNoContent {
						return
					}
					mu.Lock()
					deleted[c] = true
					mu.Unlock()
				}
			})
		}
		select {
		case <-enough:
		case <-time.After(deadline):
			t.Fatalf("round %d: %d writes of %d", round, written, killAt)
		}
		s.kill()
		writers.Wait()
	}
	s := start(t, data)
	for c := range registered {
		s.must(http.StatusOK, "GET", "/identity/register/"+c.id, c.token, "")
	}
	for c := range deleted {
		s.must(http.StatusUnauthorized, "GET", "/identity/register/"+c.id, c.token, "")
	}
	t.Logf("%d registrations and %d deletions survived", len(registered), len(deleted))
	if len(registered) == 0 || len(deleted) == 0 {
		t.Error("nothing was tried")
	}
}

func TestSecondProcessIsRefused(t *testing.T) {
	s := start(t, t.TempDir())
	second := launch(t, s.data)
	second.wait()
	if status := second.command.ProcessState.ExitCode(); status != exitFailure {
		t.Errorf("exit status %d", status)
	}
	if line := strings.TrimSpace(second.stderr.String()); !strings.Contains(line, "in use by another process") || strings.Contains(line, "\n") {
		t.Errorf("it says %q", line)
	}
	s.register(webApp)
}

// TestReadModelCanBeThrownAway deletes the read model: the answers stay the same.
func TestReadModelCanBeThrownAway(t *testing.T) {
	data := t.TempDir()
	s := start(t, data, "--public-url", "https://roster.example.org")
	var clients []ownedClient
	for i := range 20 {
		c := s.register(fmt.Sprintf(`{"redirect_uris":["https://c%d.example.org/"],"client_name":"Client %d","ext_param_owner":"o"}`, i, i))
		clients = append(clients, c)
	}
	path := func(c ownedClient) string { return "/identity/register/" + c.id }
	s.must(http.StatusNoContent, "DELETE", path(clients[3]), clients[3].token, "")
	s.must(http.StatusNoContent, "DELETE", "/api/v1/clients/"+clients[4].id, "admin", "")
	s.must(http.StatusOK, "PUT", path(clients[5]), clients[5].token,
		`{"client_id":"`+clients[5].id+`","redirect_uris":["https://new.example.org/"]}`)

	answers := func(s *process) map[string]string {
		all := map[string]string{}
		for _, url := range []string{"/api/v1/clients?limit=500", "/api/v1/clients?q=ient+1", "/api/v1/events", "/api/v1/registry?at=10", "/api/v1/registry?at=23"} {
			all[url] = string(s.must(http.StatusOK, "GET", url, "admin", "").body)
		}
		for _, c := range clients {
			a, err := s.call("GET", path(c), c.token, "")
			if err != nil {
				t.Fatal(err)
			}
			all[c.id] = fmt.Sprint(a.status, string(a.body))
		}
		return all
	}
	before := answers(s)
	if status := s.stop(); status != exitOK {
		t.Errorf("exit status %d:\n%s", status, s.stderr)
	}
	removeReadModel(t, data)
	after := answers(start(t, data, "--public-url", "https://roster.example.org"))
	if diff := cmp.Diff(before, after); diff != "" {
		t.Errorf("answers (-before +after):\n%s", diff)
	}
}

// removeReadModel removes the read model of a stopped program.
func removeReadModel(t *testing.T, data string) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(data, "readmodel*"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no read model in %s: %v", data, err)
	}
	for _, file := range files {
		if err := os.Remove(file); err != nil {
			t.Fatal(err)
		}
	}
}

// TestAudit reads the log as an auditor does, from the running server and from its data directory.
func TestAudit(t *testing.T) {
	s := start(t, t.TempDir())
	kept := s.register(webApp)
	ended := s.register(`{"redirect_uris":["https://a.example/"],"token_endpoint_auth_method":"client_secret_jwt"}`)
	s.must(http.StatusNoContent, "DELETE", ended.uri, ended.token, "")
	online := []string{"--server", s.base, "--api-token", apiToken}

	check := func(where ...string) {
		t.Helper()
		log := s.run(append([]string{"events"}, where...)...)
		var seqs []string
		for line := range strings.Lines(log) {
			seqs = append(seqs, answer{body: []byte(line)}.member("seq")+" "+answer{body: []byte(line)}.member("type"))
		}
		if diff := cmp.Diff([]string{"1 ClientRegistered", "2 ClientRegistered", "3 ClientDeleted"}, seqs); diff != "" {
			t.Errorf("events: %s", diff)
		}
		for _, secret := range []string{kept.secret, kept.token, ended.secret, ended.token, adminPassword, apiToken} {
			if strings.Contains(log, secret) {
				t.Errorf("a secret is in the log")
			}
		}
		if got := s.run(append([]string{"events", "--after", "1", "--client", ended.id, "--type", "ClientDeleted"}, where...)...); strings.Count(got, "\n") != 1 {
			t.Errorf("selected events:\n%s", got)
		}
		before, after := s.run(append([]string{"replay", "--at", "2"}, where...)...), s.run(append([]string{"replay", "--at", "3"}, where...)...)
		if !strings.Contains(before, ended.id) || !strings.Contains(before, kept.id) {
			t.Errorf("before the deletion:\n%s", before)
		}
		if strings.Contains(after, ended.id) || !strings.Contains(after, kept.id) {
			t.Errorf("after the deletion:\n%s", after)
		}
		if now := s.run(append([]string{"replay", "--at", time.Now().UTC().Format(time.RFC3339Nano)}, where...)...); now != after {
			t.Errorf("now:\n%s", now)
		}
		diff := s.run(append([]string{"diff", "--from", "1"}, where...)...)
		if first, rest, _ := strings.Cut(diff, "\n"); !strings.HasPrefix(first, `{"from":{"seq":1,"time":"`) ||
			strings.Count(rest, "\n") != 1 || !strings.Contains(rest, `"change":"transient"`) || !strings.Contains(rest, ended.id) {
			t.Errorf("what became since event 1:\n%s", diff)
		}
		if diff := s.run(append([]string{"diff", "--from", "2", "--to", "3", "--change", "ended"}, where...)...); !strings.Contains(diff, `"status_before":"active"`) {
			t.Errorf("what ended:\n%s", diff)
		}
		if diff := s.run(append([]string{"diff", "--from", "0", "--to", "0"}, where...)...); diff != `{"from":{"seq":0},"to":{"seq":0}}`+"\n" {
			t.Errorf("before the beginning:\n%s", diff)
		}
	}
	check(online...)
	if strings.Contains(s.stderr.String(), kept.token) || strings.Contains(s.stderr.String(), adminPassword) {
		t.Error("a secret is in the server's log")
	}
	s.stop()
	check("--data", s.data)
}

// TestFollow follows the log over a restart of the server.
func TestFollow(t *testing.T) {
	data := t.TempDir()
	s := start(t, data)
	address := strings.TrimPrefix(s.base, "http://")
	ctx, cancel := context.WithTimeout(t.Context(), deadline)
	defer cancel()
	follow := exec.CommandContext(ctx, "roster", "events", "--follow", "--server", s.base, "--admin-password", adminPassword)
	stdout, err := follow.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := follow.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(stdout)
	expect := func(c ownedClient) {
		t.Helper()
		if !lines.Scan() {
			t.Fatalf("the feed ended: %v", lines.Err())
		}
		if got := (answer{body: lines.Bytes()}).member("client_id"); got != c.id {
			t.Errorf("event of %s, want %s", got, c.id)
		}
	}
	expect(s.register(webApp))
	expect(s.register(webApp))
	s.stop()
	s = start(t, data, "--listen", address)
	expect(s.register(webApp))
	if err := follow.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	if lines.Scan() {
		t.Errorf("more: %s", lines.Text())
	}
	if err := follow.Wait(); err != nil {
		t.Errorf("follow: %v", err)
	}
}
