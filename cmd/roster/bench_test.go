package main

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
)

// connections are the numbers of connections that the benchmarks use at the same time.
var connections = []int{1, 32, 256}

// BenchmarkRegister registers clients with a process of its own. Every registration is synced to disk before
// it is answered. Clients and server share the machine.
func BenchmarkRegister(b *testing.B) {
	for _, n := range connections {
		b.Run(fmt.Sprintf("connections=%d", n), func(b *testing.B) {
			s := start(b, b.TempDir())
			load(b, n, http.StatusCreated, func() *http.Request {
				request, _ := http.NewRequest("POST", s.base+"/identity/register", strings.NewReader(webApp))
				request.Header.Set("Content-Type", "application/json")
				return request
			})
		})
	}
}

// BenchmarkRead reads clients with their registration access token.
func BenchmarkRead(b *testing.B) {
	for _, n := range connections {
		b.Run(fmt.Sprintf("connections=%d", n), func(b *testing.B) {
			s := start(b, b.TempDir())
			var clients []ownedClient
			for range 1000 {
				clients = append(clients, s.register(webApp))
			}
			var next atomic.Uint64
			load(b, n, http.StatusOK, func() *http.Request {
				c := clients[next.Add(1)%uint64(len(clients))]
				request, _ := http.NewRequest("GET", c.uri, nil)
				request.Header.Set("Authorization", "Bearer "+c.token)
				return request
			})
		})
	}
}

// load makes b.N requests on n connections and reports how many a second were answered.
func load(b *testing.B, n, status int, request func() *http.Request) {
	b.Helper()
	transport := &http.Transport{MaxConnsPerHost: n, MaxIdleConnsPerHost: n}
	defer transport.CloseIdleConnections()
	client := &http.Client{Transport: transport}
	var left atomic.Int64
	left.Store(int64(b.N))
	var workers sync.WaitGroup
	b.ResetTimer()
	for range n {
		workers.Go(func() {
			for left.Add(-1) >= 0 {
				response, err := client.Do(request())
				if err != nil {
					b.Error(err)
					return
				}
				_, err = io.Copy(io.Discard, response.Body)
				response.Body.Close()
				if err != nil || response.StatusCode != status {
					b.Errorf("status %d, %v", response.StatusCode, err)
					return
				}
			}
		})
	}
	workers.Wait()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "requests/s")
}
