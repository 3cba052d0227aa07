package loadtest_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"roster/cmd/roster/loadtest"
)

// serve returns the address of a server.
func serve(t *testing.T, handle http.HandlerFunc) string {
	t.Helper()
	server := httptest.NewServer(handle)
	t.Cleanup(server.Close)
	return server.Listener.Addr().String()
}

// Every request is made once, as it was written out, and gets its own answer, however that says its length.
func TestRun(t *testing.T) {
	const requests = 500
	for name, write := range map[string]func(http.ResponseWriter, string){
		"length": func(w http.ResponseWriter, body string) {
			w.Header().Set("Content-Length", strconv.Itoa(len(body)))
			_, _ = io.WriteString(w, body)
		},
		"chunks": func(w http.ResponseWriter, body string) {
			for part := range strings.SplitAfterSeq(body, " ") {
				_, _ = io.WriteString(w, part)
				w.(http.Flusher).Flush()
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			address := serve(t, func(w http.ResponseWriter, r *http.Request) {
				body, _ := io.ReadAll(r.Body)
				w.WriteHeader(http.StatusCreated)
				write(w, strings.Join([]string{r.Method, r.Host, r.URL.Path, r.Header.Get("Authorization"), string(body)}, " "))
			})
			var answers sync.Map
			result, err := loadtest.Load{
				Address: address, Connections: 7, Requests: requests, Status: http.StatusCreated,
				Request: func(i int) []byte {
					return loadtest.NewRequest("PUT", address, "/"+strconv.Itoa(i), "token", strings.Repeat("long", i*10))
				},
				Answer: func(i int, body []byte) error {
					if _, twice := answers.LoadOrStore(i, string(body)); twice {
						return errors.New("answered twice")
					}
					return nil
				},
			}.Run(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			for i := range requests {
				want := "PUT " + address + " /" + strconv.Itoa(i) + " Bearer token " + strings.Repeat("long", i*10)
				if got, _ := answers.Load(i); got != want {
					t.Fatalf("request %d got %q", i, got)
				}
			}
			if result.Latency(50) <= 0 || result.Latency(99) < result.Latency(50) || result.Rate() <= 0 {
				t.Errorf("median %v, p99 %v, %v a second", result.Latency(50), result.Latency(99), result.Rate())
			}
		})
	}
}

// A connection stays in step with answers whose bodies are thrown away or that have none.
func TestRunSkipsBodies(t *testing.T) {
	for _, status := range []int{http.StatusOK, http.StatusNoContent} {
		var served atomic.Int64
		address := serve(t, func(w http.ResponseWriter, r *http.Request) {
			served.Add(1)
			w.WriteHeader(status)
			if status == http.StatusOK {
				_, _ = io.WriteString(w, strings.Repeat("HTTP/1.1 500 \r\n\r\n", 10_000))
			}
		})
		request := loadtest.NewRequest("GET", address, "/", "", "")
		if _, err := (loadtest.Load{
			Address: address, Connections: 3, Requests: 50, Status: status, Request: func(int) []byte { return request },
		}).Run(t.Context()); err != nil || served.Load() != 50 {
			t.Errorf("%d: %d were served, %v", status, served.Load(), err)
		}
	}
}

// A load ends with its first failure and says what it was.
func TestRunFails(t *testing.T) {
	ended, cancel := context.WithCancelCause(t.Context())
	cancel(errors.New("the benchmark is over"))
	for name, c := range map[string]struct {
		ctx    context.Context
		handle http.HandlerFunc
		answer func(int, []byte) error
		want   string
	}{
		"status":     {t.Context(), func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "full", http.StatusTeapot) }, nil, "418 full"},
		"answer":     {t.Context(), func(http.ResponseWriter, *http.Request) {}, func(int, []byte) error { return errors.New("no token") }, "no token"},
		"connection": {t.Context(), func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, nil, "EOF"},
		"context":    {ended, func(http.ResponseWriter, *http.Request) {}, nil, "the benchmark is over"},
	} {
		t.Run(name, func(t *testing.T) {
			address := serve(t, c.handle)
			request := loadtest.NewRequest("GET", address, "/", "", "")
			_, err := loadtest.Load{
				Address: address, Connections: 2, Requests: 1_000_000, Status: http.StatusOK,
				Request: func(int) []byte { return request }, Answer: c.answer,
			}.Run(c.ctx)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %q", err, c.want)
			}
		})
	}
}

// What a process uses is read of this very process.
func TestProcess(t *testing.T) {
	self := loadtest.Process(os.Getpid())
	before, err := self.OpenFiles()
	if err != nil {
		t.Fatal(err)
	}
	const more = 100 // than connections of other tests are closed meanwhile
	for range more {
		file, err := os.Open(os.DevNull)
		if err != nil {
			t.Fatal(err)
		}
		defer file.Close()
	}
	if after, err := self.OpenFiles(); err != nil || after < before+more/2 || after > before+more*3/2 {
		t.Errorf("%d files, %d with %d more, %v", before, after, more, err)
	}
	ballast := make([]byte, 64<<20)
	for i := range ballast {
		ballast[i] = 1
	}
	if memory, err := self.Memory(); err != nil || memory < int64(len(ballast)) || memory > 1<<40 {
		t.Errorf("%d bytes in memory, %v", memory, err)
	}
	used := func() int64 {
		spent, err := self.CPU()
		if err != nil {
			t.Fatal(err)
		}
		return spent.Milliseconds()
	}
	for began := used(); used() < began+50; { // what works must be seen to
		for i := range ballast {
			ballast[i]++
		}
	}
}

// The peak of what a process had in memory is told, and forgotten.
func TestPeakMemory(t *testing.T) {
	const size = 64 << 20
	self := loadtest.Process(os.Getpid())
	forget := func() (peak int64) {
		debug.FreeOSMemory()
		err := self.ForgetPeak()
		if err == nil {
			peak, err = self.PeakMemory()
		}
		if err != nil {
			t.Fatal(err)
		}
		return peak
	}
	before := forget()
	ballast := make([]byte, size)
	for i := range ballast {
		ballast[i] = 1
	}
	runtime.KeepAlive(ballast)
	if most, err := self.PeakMemory(); err != nil || most < before+size/2 {
		t.Errorf("at most %d bytes, %v; want %d more than %d", most, err, size, before)
	}
	if after := forget(); after > before+size/2 {
		t.Errorf("at most %d bytes once that is forgotten, %d before", after, before)
	}
}
