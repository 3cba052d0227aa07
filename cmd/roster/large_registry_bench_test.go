package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	"roster/cmd/roster/loadtest"
)

// BenchmarkLargeRegistry measures what depends on how many clients there are. Its parts follow on each other: the last
// of them register further clients.
func BenchmarkLargeRegistry(b *testing.B) {
	r := &large{clients: *largeClients}
	r.data = largeRegistry(b, r.clients)
	b.Run("rebuild", r.rebuild)
	b.Run("disk", r.disk)
	b.Run("memory", r.memory)
	b.Run("search=miss", r.searchMiss)
	b.Run("registry-at=end", func(b *testing.B) { r.registryAt(b, r.clients) })
	b.Run("registry-at=middle", func(b *testing.B) { r.registryAt(b, r.clients/2) })
	b.Run("page-at=middle", r.pageAt)
	b.Run("start/after=stop", r.startAfterStop)
	b.Run("start/after=kill", r.startAfterKill)
	b.Run("read/connections=32", r.read)
	b.Run("register/connections=32", r.register)
}

// large is a registry with many clients.
type large struct {
	data    string
	clients int
}

// start starts the program on a read model that is complete.
func (r *large) start(b *testing.B) *process {
	b.Helper()
	s, _ := startTimed(b, r.data)
	return s
}

// loaded starts the program and waits until it has loaded what clients are searched in, as a search does.
func (r *large) loaded(b *testing.B) *process {
	b.Helper()
	s := r.start(b)
	s.must(http.StatusOK, "GET", "/api/v1/clients?q=no+such+client", apiToken, "")
	return s
}

// rebuild builds the read model out of the log, from the start of the program to its being ready.
func (r *large) rebuild(b *testing.B) {
	var seconds float64
	var used time.Duration
	for range b.N {
		b.StopTimer()
		r.removeReadModel(b)
		b.StartTimer()
		s, took := startTimed(b, r.data)
		seconds += took.Seconds()
		b.StopTimer()
		cpu, err := loadtest.Process(s.command.Process.Pid).CPU()
		if err != nil {
			b.Fatal(err)
		}
		used += cpu
		r.stop(b, s)
		b.StartTimer()
	}
	events := float64(r.clients) * float64(b.N)
	b.ReportMetric(events/seconds, "events/s")
	b.ReportMetric(float64(used.Microseconds())/events, "server-cpu-µs/event")
}

// disk reads how many bytes of the disk a client takes, once the program has stopped.
func (r *large) disk(b *testing.B) {
	for range b.N {
		r.stop(b, r.start(b))
	}
	perClient := func(bytes int64) float64 { return float64(bytes) / float64(r.clients) }
	b.ReportMetric(perClient(size(b, filepath.Join(r.data, "log"))), "log-B/client")
	b.ReportMetric(perClient(size(b, filepath.Join(r.data, "readmodel.db"))), "readmodel-B/client")
}

// size returns how many bytes the files at a path and below it have.
func size(b *testing.B, path string) (sum int64) {
	b.Helper()
	err := filepath.WalkDir(path, func(_ string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := entry.Info()
		if err == nil && !entry.IsDir() {
			sum += info.Size()
		}
		return err
	})
	if err != nil {
		b.Fatal(err)
	}
	return sum
}

// memory reads how much memory the program has with nothing to do.
func (r *large) memory(b *testing.B) {
	var memory int64
	for range b.N {
		s := r.start(b)
		memory += settled(b, s)
		r.stop(b, s)
	}
	b.ReportMetric(megabytes(memory)/float64(b.N), "MB")
}

// searchMiss searches all clients for what none of them has, twenty times an operation.
func (r *large) searchMiss(b *testing.B) {
	s := contend(b, r.loaded(b))
	request := loadtest.NewRequest("GET", s.address, "/api/v1/clients?q=no+such+client", apiToken, "")
	measure(b, s, loadtest.Load{
		Connections: 1, Requests: 20 * b.N, Status: http.StatusOK, Request: func(int) []byte { return request },
		Answer: func(_ int, body []byte) error {
			if !bytes.Contains(body, []byte(`"clients":[]`)) {
				return fmt.Errorf("found: %s", body)
			}
			return nil
		},
	})
}

// registryAt reads the registry as it stood after so many clients were registered.
func (r *large) registryAt(b *testing.B, clients int) {
	s := r.loaded(b)
	b.ResetTimer()
	for range b.N {
		lines, err := countLines(fmt.Sprintf("%s/api/v1/registry?at=%d", s.base, clients))
		if err != nil || lines != clients {
			b.Fatalf("%d clients, want %d: %v", lines, clients, err)
		}
	}
	b.ReportMetric(float64(clients)*float64(b.N)/b.Elapsed().Seconds(), "clients/s")
}

// pageAt reads a page of clients as they stood after half of them were registered, twenty times an operation.
func (r *large) pageAt(b *testing.B) {
	s := contend(b, r.loaded(b))
	request := loadtest.NewRequest("GET", s.address, fmt.Sprintf("/api/v1/clients?at=%d", r.clients/2), apiToken, "")
	measure(b, s, loadtest.Load{
		Connections: 1, Requests: 20 * b.N, Status: http.StatusOK, Request: func(int) []byte { return request },
		Answer: func(_ int, body []byte) error {
			if bytes.Count(body, []byte(`"client_id":`)) != 50 {
				return fmt.Errorf("no page: %s", body)
			}
			return nil
		},
	})
}

// countLines returns how many lines an administrator is answered with.
func countLines(url string) (lines int, err error) {
	request, err := http.NewRequest("GET", url, nil)
	if err != nil {
		return 0, err
	}
	request.Header.Set("Authorization", "Bearer "+apiToken)
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return 0, err
	}
	defer response.Body.Close()
	for buffer := make([]byte, 256<<10); ; {
		n, err := response.Body.Read(buffer)
		lines += bytes.Count(buffer[:n], []byte{'\n'})
		switch {
		case errors.Is(err, io.EOF):
			return lines, nil
		case err != nil:
			return lines, err
		}
	}
}

// startAfterStop starts the program after it was stopped.
func (r *large) startAfterStop(b *testing.B) {
	r.starts(b, func(s *process) { r.stop(b, s) })
}

// startAfterKill starts the program after it was killed while clients were registered.
func (r *large) startAfterKill(b *testing.B) {
	r.starts(b, func(s *process) {
		contend(b, s).register(1000)
		s.kill()
	})
}

func (r *large) starts(b *testing.B, end func(*process)) {
	b.StopTimer()
	end(r.start(b))
	var milli float64
	for range b.N {
		b.StartTimer()
		s, took := startTimed(b, r.data)
		b.StopTimer()
		milli += milliseconds(took)
		end(s)
	}
	b.ReportMetric(milli/float64(b.N), "ready-ms")
}

// requests is how many requests an operation is: one alone would say nothing of rate and latency.
const requests = 20_000

// read reads clients with their registration access tokens, each client as likely as every other.
func (r *large) read(b *testing.B) {
	s := contend(b, r.loaded(b))
	s.warmUp()
	measure(b, s, loadtest.Load{
		Connections: 32, Requests: requests * b.N, Status: http.StatusOK,
		Request: func(int) []byte {
			c := largeClient(rand.IntN(r.clients))
			return loadtest.NewRequest("GET", s.address, "/identity/register/"+c.id("client"), c.registrationAccessToken(), "")
		},
	})
}

// register registers further clients.
func (r *large) register(b *testing.B) {
	s := contend(b, r.loaded(b))
	s.warmUp()
	load := s.registrations()
	load.Connections, load.Requests = 32, requests*b.N
	measure(b, s, load)
}

// stop stops the program.
func (r *large) stop(b *testing.B, s *process) {
	b.Helper()
	if status := s.stop(); status != 0 {
		b.Fatalf("exit status %d\n%s", status, s.stderr)
	}
}

// removeReadModel removes the read model of a program that does not run.
func (r *large) removeReadModel(b *testing.B) {
	b.Helper()
	found, err := filepath.Glob(filepath.Join(r.data, "readmodel.db*"))
	for _, path := range found {
		if err == nil {
			err = os.Remove(path)
		}
	}
	if err != nil {
		b.Fatal(err)
	}
}
