package main

import (
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"roster/cmd/roster/loadtest"
)

// BenchmarkStart starts the program without any data, until it is ready.
func BenchmarkStart(b *testing.B) {
	var all time.Duration
	for range b.N {
		b.StopTimer()
		data := b.TempDir()
		b.StartTimer()
		s, took := startTimed(b, data)
		all += took
		b.StopTimer()
		s.kill()
		b.StartTimer()
	}
	b.ReportMetric(milliseconds(all)/float64(b.N), "ready-ms")
}

// BenchmarkIdle reads how much memory the program has when it has no data and nothing to do.
func BenchmarkIdle(b *testing.B) {
	var memory int64
	for range b.N {
		s := start(b, b.TempDir())
		memory += settled(b, s)
		s.kill()
	}
	b.ReportMetric(megabytes(memory)/float64(b.N), "MB")
}

// BenchmarkSync appends as much as a registration to a file and syncs it: what the disk of the machine costs alone.
func BenchmarkSync(b *testing.B) {
	file, err := os.Create(filepath.Join(b.TempDir(), "log"))
	if err != nil {
		b.Fatal(err)
	}
	defer file.Close()
	record := make([]byte, 1300)
	syncs := make([]time.Duration, b.N)
	b.ResetTimer()
	for i := range b.N {
		began := time.Now()
		if _, err = file.Write(record); err == nil {
			err = file.Sync()
		}
		if err != nil {
			b.Fatal(err)
		}
		syncs[i] = time.Since(began)
	}
	slices.Sort(syncs)
	b.ReportMetric(milliseconds(syncs[b.N/2]), "p50-ms")
	b.ReportMetric(milliseconds(syncs[b.N*99/100]), "p99-ms")
}

// buildLimit bounds a start that builds the read model of a large registry.
const buildLimit = 10 * time.Minute

// startTimed starts the program on a data directory and returns how long that took until it was ready.
func startTimed(b *testing.B, data string) (*process, time.Duration) {
	b.Helper()
	address := freeAddress(b)
	began := time.Now()
	s := launch(b, data, "--listen", address, "--change-rate", "0")
	s.base = "http://" + address
	// To answer takes processor time that a long start would do without, so it is asked less often the longer it takes.
	for ; ; time.Sleep(max(time.Millisecond, time.Since(began)/100)) {
		select {
		case err := <-s.exited:
			b.Fatalf("roster ended: %v\n%s", err, s.stderr)
		default:
		}
		response, err := http.Get(s.base + "/readyz")
		if err == nil {
			response.Body.Close()
			if response.StatusCode == http.StatusOK {
				return s, time.Since(began)
			}
		}
		if time.Since(began) > buildLimit {
			b.Fatalf("not ready in time:\n%s", s.stderr)
		}
	}
}

// settled returns how many bytes of a process are in memory once that no longer changes.
func settled(b *testing.B, s *process) int64 {
	b.Helper()
	const (
		still = 5 * time.Second
		noise = 1 << 20
	)
	var memory int64
	for end, since := time.Now().Add(deadline), time.Now(); time.Since(since) < still; time.Sleep(100 * time.Millisecond) {
		now, err := loadtest.Process(s.command.Process.Pid).Memory()
		if err != nil {
			b.Fatal(err)
		}
		if now > memory+noise || now < memory-noise {
			memory, since = now, time.Now()
		}
		if time.Now().After(end) {
			b.Fatalf("the program's memory still changes: %d bytes", now)
		}
	}
	return memory
}

func megabytes(bytes int64) float64 { return float64(bytes) / 1e6 }
