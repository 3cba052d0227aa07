package main

import (
	"fmt"
	"net/http"
	"testing"

	"roster/cmd/roster/loadtest"
)

// BenchmarkLookUp looks clients up for an authorization server, as the event log has them. BenchmarkRead is what it
// compares with: a client is read with its registration access token, which asks the log nothing while the read model
// knows better.
func BenchmarkLookUp(b *testing.B) {
	for _, n := range connections {
		b.Run(fmt.Sprintf("connections=%d/server=roster", n), func(b *testing.B) {
			s := contend(b, startAuthority(b, b.TempDir()))
			s.warmUp()
			requests := make([][]byte, clientsRead)
			for i, c := range s.register(clientsRead) {
				requests[i] = loadtest.NewRequest("GET", s.address, "/as/v1/clients/"+c.id, authorityToken, "")
			}
			measure(b, s, loadtest.Load{
				Connections: n, Requests: b.N, Status: http.StatusOK,
				Request: func(i int) []byte { return requests[i%clientsRead] },
			})
		})
	}
}
