package main

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"io/fs"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// issued is what roster token create prints.
type issued struct {
	ID, Token, Status, Label string
	Uses                     int
}

func (s *process) issue(flags ...string) issued {
	s.t.Helper()
	var token issued
	printed := s.run(append([]string{"token", "create", "--server", s.base, "--admin-password", adminPassword}, flags...)...)
	if err := json.Unmarshal([]byte(printed), &token); err != nil {
		s.t.Fatalf("%v: %s", err, printed)
	}
	return token
}

// TestInitialAccessTokens is the life of a token as an administrator sees it.
func TestInitialAccessTokens(t *testing.T) {
	s := start(t, t.TempDir(), "--registration", "token")
	server := []string{"--server", s.base, "--api-token", apiToken}
	token := s.issue("--label", "Partners", "--owner", "acme", "--expires-in", "1h", "--uses", "2", "--grant-type", "authorization_code,refresh_token",
		"--scope", "openid", "--redirect-host", "client.example.org,.example.net", "--application-type", "web")
	other := s.issue()

	s.must(http.StatusUnauthorized, "POST", "/identity/register", "", webApp)
	a := s.must(http.StatusCreated, "POST", "/identity/register", token.Token, webApp)
	if a.member("client_name") != "acme_Web app" || a.member("scope") != "openid" {
		t.Errorf("registered as %s", a.body)
	}
	s.must(http.StatusBadRequest, "POST", "/identity/register", token.Token, `{"redirect_uris":["https://evil.example/"]}`)

	listed := s.run(append([]string{"token", "list"}, server...)...)
	var ids []string
	for line := range strings.Lines(listed) {
		view := answer{body: []byte(line)}
		ids = append(ids, view.member("id")+" "+view.member("status")+" "+view.member("uses_left"))
	}
	if diff := cmp.Diff([]string{other.ID + " active ", token.ID + " active 1"}, ids); diff != "" {
		t.Errorf("listed: %s", diff)
	}
	if printed := s.run(append([]string{"token", "revoke", token.Token, "--reason", "published"}, server...)...); printed != "" {
		t.Errorf("revoke prints %s", printed)
	}
	s.must(http.StatusUnauthorized, "POST", "/identity/register", token.Token, webApp)
	shared := s.must(http.StatusCreated, "POST", "/identity/register", other.Token,
		`{"redirect_uris":["https://client.example.org/cb"],"id_token_signed_response_alg":"HS256"}`)

	log := s.run(append([]string{"events"}, server...)...)
	metrics := string(s.must(http.StatusOK, "GET", "/metrics", "admin", "").body)
	s.stop()
	offline := s.run("events", "--data", s.data)
	if log != offline {
		t.Errorf("the log of the data directory differs from that of the server:\n%s\n%s", log, offline)
	}
	seen := filesIn(t, s.data)
	seen["token list"], seen["events"], seen["events --data"], seen["metrics"], seen["standard error"] = listed, log, offline, metrics, s.stderr.String()
	for _, tokens := range []issued{token, other} {
		_, secret, _ := strings.Cut(tokens.Token, ".")
		wantNowhere(t, seen, "an initial access token", secret)
	}
	for _, answered := range []answer{a, shared} {
		wantNowhere(t, seen, "a client secret", answered.member("client_secret"))
		wantNowhere(t, seen, "a registration access token", answered.member("registration_access_token"))
	}
	wantNowhere(t, seen, "the administrator's password", adminPassword)
	wantNowhere(t, seen, "an API token", apiToken)
}

// filesIn returns the contents of all files below a directory by their names.
func filesIn(t *testing.T, directory string) map[string]string {
	t.Helper()
	files := map[string]string{}
	err := filepath.WalkDir(directory, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		content, err := os.ReadFile(path)
		files[path] = string(content)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// wantNowhere looks for a secret, and for the octets that it stands for.
func wantNowhere(t *testing.T, seen map[string]string, what, secret string) {
	t.Helper()
	if len(secret) < 20 {
		t.Fatalf("%s is %q", what, secret)
	}
	octets, err := base64.RawURLEncoding.DecodeString(secret)
	for where, text := range seen {
		if strings.Contains(text, secret) || err == nil && strings.Contains(text, string(octets)) {
			t.Errorf("%s is in %s", what, where)
		}
	}
}

// TestTokenCommandsThatTheServerRefuses end with one line that says why, and status 1.
func TestTokenCommandsThatTheServerRefuses(t *testing.T) {
	s := start(t, t.TempDir())
	for _, test := range []struct {
		arguments []string
		want      string
	}{
		{[]string{"create", "--admin-password", "wrong"}, "401 Unauthorized"},
		{[]string{"list", "--api-token", "wrong"}, "401 Unauthorized"},
		{[]string{"create", "--api-token", apiToken, "--uses", "1001"}, "uses: must be a whole number from 1 to 1000"},
		{[]string{"create", "--api-token", apiToken, "--grant-type", "magic"}, "grant_types: must be grant types"},
		{[]string{"create", "--api-token", apiToken, "--redirect-host", "https://a.example"}, "redirect_hosts: must be hosts"},
		{[]string{"revoke", "--api-token", apiToken, "unknown"}, "404 Not Found: there is no such initial access token"},
	} {
		var stdout, stderr bytes.Buffer
		command := exec.Command("roster", slices.Concat([]string{"token"}, test.arguments, []string{"--server", s.base})...)
		command.Stdout, command.Stderr = &stdout, &stderr
		_ = command.Run()
		status, told := command.ProcessState.ExitCode(), stderr.String()
		if status != 1 || stdout.Len() > 0 || strings.Count(told, "\n") != 1 || !strings.Contains(told, test.want) {
			t.Errorf("roster token %v: status %d, %s%s", test.arguments, status, &stdout, told)
		}
	}
}

// TestOneUse registers 50 clients at once with a token of one use, at one process and at two on one log.
func TestOneUse(t *testing.T) {
	url := externalNATS(t)
	for name, processes := range map[string][]*process{
		"one process":                            {start(t, t.TempDir())},
		"two processes on an external JetStream": {start(t, t.TempDir(), "--nats-url", url), start(t, t.TempDir(), "--nats-url", url)},
	} {
		t.Run(name, func(t *testing.T) {
			token := processes[0].issue("--uses", "1")
			if got := race(t, processes, token); got[http.StatusCreated] != 1 || got[http.StatusUnauthorized] != 49 {
				t.Errorf("answers %v, want one 201 and 49 times 401", got)
			}
			several := processes[0].issue("--uses", "20")
			if got := race(t, processes, several); got[http.StatusCreated] != 20 || got[http.StatusUnauthorized] != 30 {
				t.Errorf("answers %v, want 20 times 201 and 30 times 401", got)
			}
			any := processes[0].issue()
			if got := race(t, processes, any); got[http.StatusCreated] != 50 {
				t.Errorf("answers %v, want 50 times 201", got)
			}
			counted := map[string]int{}
			for _, s := range processes {
				s.eventually("all events shown", func() bool {
					log := string(s.must(http.StatusOK, "GET", "/api/v1/events", "admin", "").body)
					for _, eventType := range []string{"InitialAccessTokenIssued", "InitialAccessTokenUsed", "ClientRegistered"} {
						counted[eventType] = strings.Count(log, `"type":"`+eventType+`"`)
					}
					return counted["ClientRegistered"] >= 71
				})
				want := map[string]int{"InitialAccessTokenIssued": 3, "InitialAccessTokenUsed": 21, "ClientRegistered": 71}
				if diff := cmp.Diff(want, counted); diff != "" {
					t.Errorf("the log (-want +got): %s", diff)
				}
			}
		})
	}
}

// race registers 50 clients with a token at once, at each process in turn, and counts the answers.
func race(t *testing.T, processes []*process, token issued) map[int]int {
	t.Helper()
	var mu sync.Mutex
	answers := map[int]int{}
	var all sync.WaitGroup
	for i := range 50 {
		all.Go(func() {
			a, err := processes[i%len(processes)].call("POST", "/identity/register", token.Token, webApp)
			if err != nil {
				t.Error(err)
			}
			mu.Lock()
			defer mu.Unlock()
			answers[a.status]++
		})
	}
	all.Wait()
	return answers
}
