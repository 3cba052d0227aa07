package main

import (
	"net/http"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/nats-io/nats-server/v2/server"
)

// externalNATS runs a NATS server with JetStream and returns its URL.
func externalNATS(t *testing.T) string {
	t.Helper()
	nats, err := server.NewServer(&server.Options{
		Host: "127.0.0.1", Port: -1, JetStream: true, StoreDir: t.TempDir(), NoSigs: true, NoLog: true,
	})
	if err != nil {
		t.Fatal(err)
	}
	go nats.Start()
	t.Cleanup(func() {
		nats.Shutdown()
		nats.WaitForShutdown()
	})
	if !nats.ReadyForConnections(deadline) {
		t.Fatal("NATS does not start")
	}
	return nats.ClientURL()
}

// TestTwoProcessesOnOneLog runs two processes, each with a read model of its own, on an external JetStream.
func TestTwoProcessesOnOneLog(t *testing.T) {
	url := externalNATS(t)
	one, two := start(t, t.TempDir(), "--nats-url", url), start(t, t.TempDir(), "--nats-url", url)
	path := func(c client) string { return "/identity/register/" + c.id }

	c := one.register(webApp)
	one.must(http.StatusOK, "GET", path(c), c.token, "")
	// The other process decides on the log, whether or not its read model is there yet.
	two.must(http.StatusOK, "PUT", path(c), c.token, `{"client_id":"`+c.id+`","redirect_uris":["https://two.example.org/"]}`)
	two.must(http.StatusOK, "GET", path(c), c.token, "")
	one.must(http.StatusNoContent, "DELETE", path(c), c.token, "")
	two.must(http.StatusUnauthorized, "PUT", path(c), c.token, `{"client_id":"`+c.id+`","redirect_uris":["https://two.example.org/"]}`)
	two.eventually("deleted on the other process", func() bool {
		a, err := two.call("GET", path(c), c.token, "")
		return err == nil && a.status == http.StatusUnauthorized
	})

	// Both change one client at the same time: every answer of success is an event of its own.
	contended := one.register(webApp)
	var changed atomic.Int32
	var writers sync.WaitGroup
	for i, s := range []*process{one, two, one, two, one, two} {
		writers.Go(func() {
			name := string(rune('a' + i))
			a, err := s.call("PUT", path(contended), contended.token,
				`{"client_id":"`+contended.id+`","redirect_uris":["https://client.example.org/cb"],"client_name":"`+name+`"}`)
			if err == nil && a.status == http.StatusOK {
				changed.Add(1)
			}
		})
	}
	writers.Wait()
	history := one.must(http.StatusOK, "GET", "/api/v1/clients/"+contended.id, "admin", "")
	one.eventually("every change shown", func() bool {
		history = one.must(http.StatusOK, "GET", "/api/v1/clients/"+contended.id, "admin", "")
		return history.member("version") == string(rune('1'+changed.Load()))
	})
	if changed.Load() == 0 {
		t.Error("no change went through")
	}
}
