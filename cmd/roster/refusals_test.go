package main

import (
	"bytes"
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"testing"

	"roster/api/client"
)

// listedRefusals are the refusals of a running server.
func (s *process) listedRefusals() (page client.RefusalPage) {
	s.t.Helper()
	if err := json.Unmarshal(s.must(http.StatusOK, "GET", "/api/v1/refusals", "admin", "").body, &page); err != nil {
		s.t.Fatal(err)
	}
	return page
}

// What was refused is told after a restart and after a kill, and holds no token. A file that is damaged costs what was
// refused before, and nothing else.
func TestRefusalsAreKept(t *testing.T) {
	data := t.TempDir()
	args := []string{"--max-clients", "1"}
	s := start(t, data, args...)
	own := s.register(webApp)
	s.must(http.StatusForbidden, "POST", "/identity/register", "", webApp)
	s.must(http.StatusBadRequest, "PUT", own.uri, own.token, `{"client_id":"`+own.id+`","redirect_uris":["http://public.example/"]}`)
	s.must(http.StatusUnauthorized, "POST", "/identity/register", "a-token-of-somebody", webApp)
	check := func(s *process, want int) {
		t.Helper()
		page := s.listedRefusals()
		if len(page.Refusals) != want || page.BegunAnew != nil {
			t.Fatalf("%d refusals, begun anew %v", len(page.Refusals), page.BegunAnew)
		}
		full, change := page.Refusals[want-1], page.Refusals[want-2]
		if full.Code != "access_denied" || full.Setting != "max-clients" || full.ClientName != "Web app" || full.RedirectHosts[0] != "client.example.org" || full.IP != "127.0.0.1" {
			t.Errorf("the first is %+v", full)
		}
		if change.Action != "change" || change.ClientID != own.id || change.Member != "redirect_uris" {
			t.Errorf("the second is %+v", change)
		}
	}
	check(s, 3)
	if status := s.stop(); status != exitOK {
		t.Fatalf("status %d:\n%s", status, s.stderr)
	}
	s = start(t, data, args...)
	s.must(http.StatusForbidden, "POST", "/identity/register", "", webApp)
	check(s, 4)
	if status := s.open("/admin/refusals", s.signIn("admin", adminPassword)); status != http.StatusOK {
		t.Errorf("the dashboard's page is answered with %d", status)
	}
	s.kill()
	s = start(t, data, args...)
	check(s, 4)
	s.stop()

	file := filepath.Join(data, "refusals.db")
	content, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for _, secret := range []string{own.token, own.secret, "a-token-of-somebody"} {
		if bytes.Contains(content, []byte(secret)) {
			t.Errorf("%s is in the file", secret)
		}
	}
	copy(content, "this is no database")
	if err := os.WriteFile(file, content, 0o600); err != nil {
		t.Fatal(err)
	}
	s = start(t, data, args...)
	s.must(http.StatusOK, "GET", "/identity/register/"+own.id, own.token, "")
	s.must(http.StatusForbidden, "POST", "/identity/register", "", webApp)
	if page := s.listedRefusals(); len(page.Refusals) != 1 || page.BegunAnew == nil || page.BegunAnew.Because != "the file was damaged" {
		t.Errorf("after damage: %+v", page)
	}
}
