package main

import (
	"fmt"
	"net/http"
	"syscall"
	"testing"
	"time"

	"roster/cmd/roster/loadtest"
)

// Each benchmark of this file makes one kind of request of a server in a process of its own, on so many connections.
// Every change is synced to disk before Roster answers it. Load and server share the machine.

// connections are the numbers of connections that requests are made on at the same time.
var connections = []int{1, 32, 256}

const (
	clientsRead    = 64 // in turn: the peer keeps a hundred ready to be answered
	clientsChanged = 1000
)

// BenchmarkRegister registers clients.
func BenchmarkRegister(b *testing.B) {
	compare(b, func(_ *testing.B, s *contender) loadtest.Load { return s.registrations() })
}

// BenchmarkRead reads clients with their registration access tokens.
func BenchmarkRead(b *testing.B) {
	compare(b, func(_ *testing.B, s *contender) loadtest.Load {
		clients := s.register(clientsRead)
		requests := make([][]byte, clientsRead)
		for i, c := range clients {
			requests[i] = c.request("GET", s.address, "")
		}
		return loadtest.Load{Status: http.StatusOK, Request: func(i int) []byte { return requests[i%clientsRead] }}
	})
}

// BenchmarkUpdate replaces the metadata of clients, each time with another name.
func BenchmarkUpdate(b *testing.B) {
	compare(b, func(_ *testing.B, s *contender) loadtest.Load {
		clients := s.register(clientsChanged)
		return loadtest.Load{Status: http.StatusOK, Request: func(i int) []byte {
			c := clients[i%clientsChanged]
			changed := webApplication{id: c.id, name: fmt.Sprintf("Change %d", i), host: "app.example.org"}
			return c.request("PUT", s.address, changed.document())
		}}
	})
}

// BenchmarkDelete deletes clients with their registration access tokens.
func BenchmarkDelete(b *testing.B) {
	compare(b, func(b *testing.B, s *contender) loadtest.Load {
		clients := s.register(b.N)
		return loadtest.Load{Status: http.StatusNoContent, Request: func(i int) []byte {
			return clients[i].request("DELETE", s.address, "")
		}}
	})
}

// compare measures the load that prepare makes ready, on each number of connections, first with the peer and then
// with Roster, of which it reports how many times as many requests it answers.
func compare(b *testing.B, prepare func(b *testing.B, s *contender) loadtest.Load) {
	for _, n := range connections {
		var peer float64
		for _, c := range contenders {
			b.Run(fmt.Sprintf("connections=%d/server=%s", n, c.name), func(b *testing.B) {
				s := c.start(b)
				s.warmUp()
				load := prepare(b, s)
				load.Connections, load.Requests = n, b.N
				rate := measure(b, s, load)
				switch {
				case c.peer:
					peer = rate
				case peer > 0: // -bench may have left it out
					b.ReportMetric(rate/peer, "times-peer")
				}
			})
		}
	}
}

// measure makes requests, reports how they were answered, and returns how many a second were.
func measure(b *testing.B, s *contender, load loadtest.Load) (rate float64) {
	b.Helper()
	load.Address = s.address
	server, own := s.cpu(), ownCPU(b)
	b.ResetTimer()
	result, err := load.Run(b.Context())
	b.StopTimer()
	if err != nil {
		b.Fatalf("%v\n%s", err, s.log())
	}
	each := func(used time.Duration) float64 { return float64(used.Nanoseconds()) / 1e3 / float64(load.Requests) }
	b.ReportMetric(result.Rate(), "requests/s")
	b.ReportMetric(milliseconds(result.Latency(50)), "p50-ms")
	b.ReportMetric(milliseconds(result.Latency(99)), "p99-ms")
	b.ReportMetric(each(s.cpu()-server), "server-cpu-µs/request")
	b.ReportMetric(each(ownCPU(b)-own), "load-cpu-µs/request")
	return result.Rate()
}

func milliseconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1e3 }

// ownCPU is the processor time that this process has used.
func ownCPU(b *testing.B) time.Duration {
	b.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// webApplication is an ordinary web application that is to be registered or changed.
type webApplication struct {
	id    string // empty at its registration
	owner string // ext_param_owner; empty: none
	name  string
	host  string // where it is
}

// document is the application's metadata as it sends them.
func (a webApplication) document() string {
	var own string
	if a.id != "" {
		own += `"client_id":"` + a.id + `",`
	}
	if a.owner != "" {
		own += `"ext_param_owner":"` + a.owner + `",`
	}
	base := "https://" + a.host
	return `{` + own + `"client_name":"` + a.name + `","application_type":"web",` +
		`"redirect_uris":["` + base + `/oauth/callback","` + base + `/oauth/silent"],` +
		`"grant_types":["authorization_code","refresh_token"],"response_types":["code"],` +
		`"token_endpoint_auth_method":"client_secret_basic","client_uri":"` + base + `/",` +
		`"logo_uri":"` + base + `/logo.png","policy_uri":"` + base + `/privacy","contacts":["operations@` + a.host + `"]}`
}
