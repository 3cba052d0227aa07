package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"roster/cmd/roster/loadtest"
)

var soak = flag.Duration("soak", 0, "how long TestSoak loads the program; 0: it is skipped")

// TestSoak loads the program for long, at half of the rate that it can bear, in rounds with connections of their own.
// No request may fail, and after no round may anything be left of it but what the log holds.
func TestSoak(t *testing.T) {
	if *soak == 0 {
		t.Skip("it takes minutes: make soak runs it")
	}
	program := start(t, t.TempDir(), "--change-rate", "0")
	s := contend(t, program)
	const (
		warm  = 5000 // requests of each kind by which the rate is found
		round = 10 * time.Second

		fewGoroutines, fewFiles = 10, 10
		perClient               = 1 << 10  // bytes of memory: the log's server knows where the events of each end
		caches                  = 96 << 20 // bytes that SQLite's connections fill with pages as the read model grows
	)
	clients := s.register(clientsChanged)
	began := time.Now()
	s.lifecycles(clients, warm, 0)
	rate := warm / time.Since(began).Seconds() / 2
	each := int(rate * round.Seconds())
	before := program.usage()
	t.Logf("%.0f requests of each kind a second, beginning with %v", rate, before)
	before.memory += caches

	for end := time.Now().Add(*soak); time.Now().Before(end); {
		s.lifecycles(clients, each, rate)
		before.memory += int64(each * perClient)
		var after usage
		program.eventually("free of what the round left", func() bool {
			after = program.usage()
			return after.goroutines <= before.goroutines+fewGoroutines && after.files <= before.files+fewFiles
		})
		t.Log(after)
		if after.memory > before.memory*3/2 {
			t.Fatalf("%v, more than what is kept of the clients accounts for: %v", after, before)
		}
	}
	if status := program.stop(); status != 0 || strings.Contains(program.stderr.String(), `"level":"ERROR"`) {
		t.Errorf("exit status %d\n%s", status, program.stderr)
	}
}

// lifecycles registers, reads, changes and deletes clients, all four at the same time and so many of each, at so many
// a second (0: as fast as they are answered). Those that are read and changed stay.
func (s *contender) lifecycles(stay []managedClient, each int, rate float64) {
	s.t.Helper()
	ctx, cancel := context.WithCancel(s.t.Context())
	defer cancel()
	pass := make(chan managedClient, 1<<16)
	register := s.registrations()
	register.Answer = func(_ int, body []byte) error {
		c, err := managedClientOf(body)
		if err != nil {
			return err
		}
		select {
		case pass <- c:
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	loads := []loadtest.Load{
		register,
		{Status: http.StatusOK, Request: func(i int) []byte { return stay[i%len(stay)].request("GET", s.address, "") }},
		{Status: http.StatusOK, Request: func(i int) []byte {
			c := stay[i%len(stay)]
			return c.request("PUT", s.address, webApplication{id: c.id, name: time.Now().String(), host: "app.example.org"}.document())
		}},
		{Status: http.StatusNoContent, Request: func(int) []byte {
			select {
			case c := <-pass:
				return c.request("DELETE", s.address, "")
			case <-ctx.Done():
				return nil // its connection is closed
			}
		}},
	}
	errs := make([]error, len(loads))
	var running sync.WaitGroup
	for i, load := range loads {
		load.Address, load.Connections, load.Requests, load.Rate = s.address, 8, each, rate
		running.Go(func() {
			if _, errs[i] = load.Run(ctx); errs[i] != nil {
				cancel()
			}
		})
	}
	running.Wait()
	if err := errors.Join(errs...); err != nil {
		s.t.Fatalf("%v\n%s", err, s.log())
	}
}

// usage is what a process holds.
type usage struct {
	memory            int64 // bytes
	goroutines, files int
}

func (u usage) String() string {
	return fmt.Sprintf("%.0f MB, %d goroutines, %d files", megabytes(u.memory), u.goroutines, u.files)
}

var goroutines = regexp.MustCompile(`(?m)^go_goroutines (\d+)$`)

// usage reads what the process holds.
func (s *process) usage() usage {
	s.t.Helper()
	id := loadtest.Process(s.command.Process.Pid)
	memory, err := id.Memory()
	if err != nil {
		s.t.Fatal(err)
	}
	files, err := id.OpenFiles()
	if err != nil {
		s.t.Fatal(err)
	}
	metrics := s.must(http.StatusOK, "GET", "/metrics", "", "").body
	found := goroutines.FindSubmatch(metrics)
	if found == nil {
		s.t.Fatalf("no goroutines among the metrics:\n%s", metrics)
	}
	n, err := strconv.Atoi(string(found[1]))
	if err != nil {
		s.t.Fatal(err)
	}
	return usage{memory, n, files}
}
