package main

import (
	"math/rand/v2"
	"net/http"
	"sync"
	"testing"
	"time"

	"roster/cmd/roster/loadtest"
)

// TestKillUnderFullLoad kills the program while it registers as fast as it can on 256 connections, several times over:
// every client whose registration was answered is there afterwards, and can be read by its owner.
func TestKillUnderFullLoad(t *testing.T) {
	data := t.TempDir()
	var mu sync.Mutex
	var registered []managedClient
	for round := range 4 {
		program := start(t, data)
		s := contend(t, program)
		enough := make(chan struct{})
		answers, killAt := 0, 500+rand.IntN(4000)
		load := s.registrations()
		load.Connections, load.Requests = 256, 1<<20
		load.Answer = func(_ int, body []byte) error {
			c, err := managedClientOf(body)
			if err != nil {
				return err
			}
			mu.Lock()
			defer mu.Unlock()
			registered = append(registered, c)
			if answers++; answers == killAt {
				close(enough)
			}
			return nil
		}
		ended := make(chan error, 1)
		go func() {
			_, err := load.Run(t.Context())
			ended <- err
		}()
		select {
		case <-enough:
		case err := <-ended:
			t.Fatalf("round %d: the load ended by itself: %v\n%s", round, err, program.stderr)
		case <-time.After(deadline):
			t.Fatalf("round %d: too few registrations", round)
		}
		program.kill()
		if err := <-ended; err == nil {
			t.Fatalf("round %d: the load noticed nothing", round)
		}
	}
	s := contend(t, start(t, data))
	reads := loadtest.Load{
		Address: s.address, Connections: 32, Requests: len(registered), Status: http.StatusOK,
		Request: func(i int) []byte { return registered[i].request("GET", s.address, "") },
	}
	if _, err := reads.Run(t.Context()); err != nil {
		t.Errorf("%v\n%s", err, s.log())
	}
	t.Logf("%d registrations survived", len(registered))
}
