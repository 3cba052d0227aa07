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

// TestSoak loads the program for long, at half of the rate that it can bear, in rounds with connections of their own:
// for half of the time the registry grows, then it does not. No request may fail, and no round may leave goroutines or
// open files behind. Memory is flat while the registry does not grow, and what it takes then is what the same loads take
// of a program that was started anew on the same data.
func TestSoak(t *testing.T) {
	if *soak == 0 {
		t.Skip("it takes minutes: make soak runs it")
	}
	const warm = 5000 // requests of each kind by which the rate is found
	data := t.TempDir()
	s := contend(t, start(t, data, "--change-rate", "0"))
	stay := s.register(clientsChanged)
	began := time.Now()
	growing := func(each int) []loadtest.Load { return append(s.comingAndGoing(each), s.staying(stay)...) } // of s as it is then
	s.loadWith(growing(warm), warm, 0)
	rate := warm / time.Since(began).Seconds() / 2
	t.Logf("%.0f requests of each kind a second", rate)

	s.rounds(*soak/2, rate, growing)
	grown := s.plateau(*soak/4, rate, growing, stay)
	s.stop()
	s = contend(t, start(t, data, "--change-rate", "0"))
	fresh := s.plateau(*soak/4, rate, growing, stay)
	s.stop()
	if grown > fresh+soakMargin {
		t.Errorf("%.0f MB in memory after the registry has grown, %.0f MB after a new start", megabytes(grown), megabytes(fresh))
	}
}

const (
	soakRound                     = 10 * time.Second
	fewGoroutines, fewFiles       = 10, 10 // that a round may leave
	soakMargin              int64 = 64 << 20
	flat                          = 1.05 // times as much memory at most
)

// kinds are loads of several kinds, with so many requests each.
type kinds func(each int) []loadtest.Load

// stop stops the program, which must have logged no error.
func (s *contender) stop() {
	s.t.Helper()
	if status := s.program.stop(); status != 0 || strings.Contains(s.log(), `"level":"ERROR"`) {
		s.t.Fatalf("exit status %d\n%s", status, s.log())
	}
}

// plateau fills the program's caches with a load that lets the registry grow, and then loads it with one that does not,
// under which memory must be flat. It returns the most that was in memory then.
func (s *contender) plateau(long time.Duration, rate float64, growing kinds, stay []managedClient) int64 {
	s.t.Helper()
	part := func() (peak int64) {
		err := s.process.ForgetPeak()
		s.rounds(long/3, rate, func(int) []loadtest.Load { return s.staying(stay) })
		if err == nil {
			peak, err = s.process.PeakMemory()
		}
		if err != nil {
			s.t.Fatal(err)
		}
		return peak
	}
	s.rounds(long/3, rate, growing)
	before, after := part(), part()
	s.t.Logf("at most %.0f, then %.0f MB", megabytes(before), megabytes(after))
	if float64(after) > float64(before)*flat {
		s.t.Errorf("memory grew from %.0f to %.0f MB while the registry did not", megabytes(before), megabytes(after))
	}
	return max(before, after)
}

// rounds loads the program in rounds, of which none may leave more goroutines and files than the first.
func (s *contender) rounds(long time.Duration, rate float64, loads kinds) {
	s.t.Helper()
	each := int(rate * soakRound.Seconds())
	var before usage
	for end := time.Now().Add(long); time.Now().Before(end); {
		s.loadWith(loads(each), each, rate)
		after := s.program.usage()
		if before.files == 0 {
			before = after
		}
		s.program.eventually("free of what the round left", func() bool {
			after = s.program.usage()
			return after.goroutines <= before.goroutines+fewGoroutines && after.files <= before.files+fewFiles
		})
		s.t.Log(after)
	}
}

// comingAndGoing are clients that are registered and deleted, so many of them.
func (s *contender) comingAndGoing(each int) []loadtest.Load {
	pass := make(chan managedClient, each)
	register := s.registrations()
	register.Answer = func(_ int, body []byte) error {
		c, err := managedClientOf(body)
		pass <- c
		return err
	}
	return []loadtest.Load{register, {Status: http.StatusNoContent, Request: func(int) []byte {
		select {
		case c := <-pass:
			return c.request("DELETE", s.address, "")
		case <-time.After(deadline):
			return nil // nothing is registered any more, and the other load says why
		}
	}}}
}

// staying are clients that are read and changed.
func (s *contender) staying(clients []managedClient) []loadtest.Load {
	return []loadtest.Load{
		{Status: http.StatusOK, Request: func(i int) []byte { return clients[i%len(clients)].request("GET", s.address, "") }},
		{Status: http.StatusOK, Request: func(i int) []byte {
			c := clients[i%len(clients)]
			return c.request("PUT", s.address, webApplication{id: c.id, name: time.Now().String(), host: "app.example.org"}.document())
		}},
	}
}

// loadWith makes requests of several kinds, all at the same time and so many of each, at so many a second (0: as fast as
// they are answered).
func (s *contender) loadWith(loads []loadtest.Load, each int, rate float64) {
	s.t.Helper()
	ctx, cancel := context.WithCancel(s.t.Context())
	defer cancel()
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
