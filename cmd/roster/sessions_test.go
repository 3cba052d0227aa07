package main

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
)

// signIn signs in to the dashboard and returns the session's cookie.
func (s *process) signIn(name, password string) *http.Cookie {
	s.t.Helper()
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	response, err := client.PostForm(s.base+"/admin/login", url.Values{"name": {name}, "password": {password}})
	if err != nil {
		s.t.Fatal(err)
	}
	response.Body.Close()
	if cookies := response.Cookies(); len(cookies) == 1 {
		return cookies[0]
	}
	s.t.Fatalf("signing in is answered %s", response.Status)
	return nil
}

// open opens a page with a session and returns the status.
func (s *process) open(page string, session *http.Cookie) int {
	s.t.Helper()
	request, err := http.NewRequest("GET", s.base+page, nil)
	if err != nil {
		s.t.Fatal(err)
	}
	request.AddCookie(session)
	response, err := http.DefaultTransport.RoundTrip(request)
	if err != nil {
		s.t.Fatal(err)
	}
	response.Body.Close()
	return response.StatusCode
}

// A session lasts over restarts for as long as its credentials do. It does not come back with them, whether or
// not somebody tried it meanwhile.
func TestSessionsEndWithTheirCredentials(t *testing.T) {
	data, made := t.TempDir(), []string{"--admin-password="}
	under := func(args ...string) *process { return start(t, data, args...) }

	s := under()
	session, untried := s.signIn("admin", adminPassword), s.signIn("admin", adminPassword)
	s.stop()
	s = under()
	if status := s.open("/admin/", session); status != http.StatusOK {
		t.Errorf("after a restart: %d", status)
	}
	s.stop()
	for _, other := range [][]string{{"--admin-password", "another password"}, {"--admin-user", "root"}, made} {
		s = under(other...)
		if status := s.open("/admin/", session); status != http.StatusSeeOther {
			t.Errorf("with %s: %d", other, status)
		}
		s.stop()
		s = under()
		for _, back := range []*http.Cookie{session, untried} {
			if status := s.open("/admin/", back); status != http.StatusSeeOther {
				t.Errorf("with the former credentials again after %s: %d", other, status)
			}
		}
		session, untried = s.signIn("admin", adminPassword), s.signIn("admin", adminPassword)
		s.stop()
	}

	// A password that was made is kept as its hash, and its sessions with it.
	data = t.TempDir()
	s = under(made...)
	_, rest, _ := strings.Cut(s.stderr.String(), "with the password ")
	password, _, _ := strings.Cut(rest, "\n")
	session = s.signIn("admin", password)
	s.stop()
	s = under(made...)
	if status := s.open("/admin/", session); status != http.StatusOK {
		t.Errorf("a password that was made, after a restart: %d", status)
	}
}

// A session holds on every process of a cluster.
func TestSessionsOfACluster(t *testing.T) {
	nats := externalNATS(t)
	one, two := start(t, t.TempDir(), "--nats-url", nats), start(t, t.TempDir(), "--nats-url", nats)
	if status := two.open("/admin/", one.signIn("admin", adminPassword)); status != http.StatusOK {
		t.Errorf("on the other process: %d", status)
	}
}
