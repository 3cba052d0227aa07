package main

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
)

// document is what a client puts back, with something about it that is as long as an event may be, or nearly.
func (c ownedClient) document(name string) string {
	return fmt.Sprintf(`{"client_id":"%s","redirect_uris":["https://client.example.org/cb"],"client_name":"%s","contacts":["%s"]}`,
		c.id, name, strings.Repeat("a", 60_000))
}

// TestWrongTokens puts to a client of a long and heavy history with a token that is not its own, on many
// connections at the same time, with no limit that spares the registry from it. Each is told so, and everybody
// else is answered all the while.
func TestWrongTokens(t *testing.T) {
	s := start(t, t.TempDir(), "--change-rate", "0")
	c := s.register(webApp)
	for i := range 150 {
		s.must(http.StatusOK, "PUT", c.uri, c.token, c.document(fmt.Sprint(i)))
	}
	var strangers sync.WaitGroup
	var left atomic.Int64
	left.Store(2000)
	for range 16 {
		strangers.Go(func() {
			for left.Add(-1) >= 0 {
				if got, err := s.call("PUT", c.uri, "wrong", c.document("hijacked")); err != nil || got.status != http.StatusUnauthorized {
					t.Errorf("PUT with a wrong token: %d %s, %v", got.status, got.body, err)
					return
				}
				if got, err := s.call("DELETE", c.uri, "wrong", ""); err != nil || got.status != http.StatusUnauthorized {
					t.Errorf("DELETE with a wrong token: %d %s, %v", got.status, got.body, err)
					return
				}
			}
		})
	}
	for left.Load() > 0 {
		s.register(webApp)
		s.must(http.StatusOK, "GET", "/readyz", "", "")
	}
	strangers.Wait()
	if log := s.stderr.String(); strings.Contains(log, "connection to NATS") || strings.Contains(log, "Slow Consumer") {
		t.Errorf("the connection to the log was lost:\n%s", log)
	}
	s.must(http.StatusOK, "PUT", c.uri, c.token, c.document("the last"))
}

// TestHistoriesAreBounded changes a client without a pause, as the program is set up by default. Its history grows
// to the limit and no further; what changes nothing is answered all the same, and other clients are.
func TestHistoriesAreBounded(t *testing.T) {
	s := start(t, t.TempDir())
	c := s.register(webApp)
	const allowed = 240 // an hour; one more may come due while the test runs
	changed := 0
	for got := (answer{status: http.StatusOK}); got.status == http.StatusOK && changed <= 2*allowed; changed++ {
		var err error
		if got, err = s.call("PUT", c.uri, c.token, c.document(fmt.Sprint(changed))); err != nil {
			t.Fatal(err)
		}
		if got.status != http.StatusOK && (got.status != http.StatusTooManyRequests || got.header.Get("Retry-After") == "") {
			t.Fatalf("%d %s", got.status, got.body)
		}
	}
	if changed < allowed || changed > allowed+10 {
		t.Errorf("%d changes, then 429; want about %d", changed, allowed)
	}
	s.must(http.StatusOK, "PUT", c.uri, c.token, c.document(fmt.Sprint(changed-2)))
	other := s.register(webApp)
	s.must(http.StatusOK, "PUT", other.uri, other.token, other.document("another client"))
	s.must(http.StatusNoContent, "DELETE", c.uri, c.token, "")
}

// TestRevocationUnderChanges ends clients and an initial access token that are used on 64 connections without
// a pause.
func TestRevocationUnderChanges(t *testing.T) {
	s := start(t, t.TempDir(), "--change-rate", "0")
	const connections = 64
	for name, end := range map[string]func(c ownedClient){
		"revoked":             func(c ownedClient) { s.must(http.StatusNoContent, "DELETE", "/api/v1/clients/"+c.id, "admin", "") },
		"deleted by an admin": func(c ownedClient) { s.must(http.StatusNoContent, "DELETE", c.uri, "admin", "") },
		"deleted by itself":   func(c ownedClient) { s.must(http.StatusNoContent, "DELETE", c.uri, c.token, "") },
	} {
		t.Run(name, func(t *testing.T) {
			c := s.register(webApp)
			var begun atomic.Int64
			var changing sync.WaitGroup
			for i := range connections {
				changing.Go(func() {
					for n := 0; ; n++ {
						got, err := s.call("PUT", c.uri, c.token, c.document(fmt.Sprint(i, " ", n)))
						switch {
						case err == nil && got.status == http.StatusOK:
							begun.Add(1)
						case err == nil && got.status == http.StatusUnauthorized:
							return // it has ended
						case err == nil && got.status == http.StatusServiceUnavailable:
							// On a slow machine a turn among so many may be too long in coming.
						default:
							t.Errorf("PUT: %d %s, %v", got.status, got.body, err)
							return
						}
					}
				})
			}
			s.eventually("busy", func() bool { return begun.Load() > connections })
			end(c)
			changing.Wait()
		})
	}
	t.Run("token revoked", func(t *testing.T) {
		token := s.issue("--uses", "1000")
		var begun atomic.Int64
		var using sync.WaitGroup
		for range connections {
			using.Go(func() {
				for {
					got, err := s.call("POST", "/identity/register", token.Token, webApp)
					switch {
					case err == nil && got.status == http.StatusCreated:
						begun.Add(1)
					case err == nil && got.status == http.StatusUnauthorized:
						return // it has ended
					default:
						t.Errorf("POST: %d %s, %v", got.status, got.body, err)
						return
					}
				}
			})
		}
		s.eventually("busy", func() bool { return begun.Load() > connections })
		s.must(http.StatusNoContent, "DELETE", "/api/v1/initial-access-tokens/"+token.ID, "admin", "")
		using.Wait()
	})
}
