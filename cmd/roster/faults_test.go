package main

import (
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// registerMany registers clients on several connections until one is refused, or there are as many as wanted.
// It returns those that were acknowledged and the first answer that was no success.
func (s *process) registerMany(n int, body string) (ids []string, refusal *answer) {
	s.t.Helper()
	var mu sync.Mutex
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			for {
				mu.Lock()
				done := refusal != nil || len(ids) >= n
				mu.Unlock()
				if done {
					return
				}
				a, err := s.call("POST", "/identity/register", "", body)
				mu.Lock()
				switch {
				case err != nil:
					s.t.Error(err)
					refusal = &answer{}
				case a.status == http.StatusCreated:
					ids = append(ids, a.member("client_id"))
				case refusal == nil:
					refusal = &a
				}
				mu.Unlock()
			}
		})
	}
	all.Wait()
	return ids, refusal
}

// holdsAll fails unless the event list holds a registration of every client.
func (s *process) holdsAll(ids []string) {
	s.t.Helper()
	events := string(s.must(http.StatusOK, "GET", "/api/v1/events?type=ClientRegistered", "admin", "").body)
	for _, id := range ids {
		if !strings.Contains(events, `"client_id":"`+id+`"`) {
			s.t.Fatalf("client %s was acknowledged and is not in the log", id)
		}
	}
}

// TestFullDisk fills the disk, to the reserve and then to its end. The program says so, loses nothing that it
// acknowledged, and goes on by itself when there is space.
func TestFullDisk(t *testing.T) {
	disk := t.TempDir()
	if out, err := exec.Command("mount", "-t", "tmpfs", "-o", "size=24m", "tmpfs", disk).CombinedOutput(); err != nil {
		t.Skipf("no file system can be mounted here: %v: %s", err, out)
	}
	t.Cleanup(func() {
		if out, err := exec.Command("umount", "-l", disk).CombinedOutput(); err != nil {
			t.Errorf("umount: %v: %s", err, out)
		}
	})
	s := start(t, filepath.Join(disk, "data"))
	large := `{"redirect_uris":["https://client.example.org/cb"],"client_uri":"https://client.example.org/` + strings.Repeat("x", 1500) + `",` +
		`"contacts":["` + strings.Repeat(`a@example.org","`, 1000) + `a@example.org"]}`
	ids, refusal := s.registerMany(5000, large)
	if refusal == nil || refusal.status != http.StatusServiceUnavailable || refusal.header.Get("Retry-After") == "" {
		t.Fatalf("%d clients, then %+v: want 503 with Retry-After", len(ids), refusal)
	}
	// What is left is taken by somebody else.
	if err := os.WriteFile(filepath.Join(disk, "ballast"), make([]byte, 24<<20), 0o600); err == nil {
		t.Fatal("the disk is not full")
	}
	s.eventually("saying that the disk is full", func() bool {
		a, err := s.call("GET", "/readyz", "", "")
		return err == nil && a.status == http.StatusServiceUnavailable && a.header.Get("Retry-After") != "" &&
			strings.Contains(string(a.body), "the disk is full")
	})
	for range 3 {
		a := s.must(http.StatusServiceUnavailable, "POST", "/identity/register", "", webApp)
		if a.header.Get("Retry-After") == "" || !strings.Contains(string(a.body), "full; nothing was stored") {
			t.Errorf("Retry-After %q, %s", a.header.Get("Retry-After"), a.body)
		}
	}

	if err := os.Remove(filepath.Join(disk, "ballast")); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command("mount", "-o", "remount,size=200m", disk).CombinedOutput(); err != nil {
		t.Fatalf("remount: %v: %s", err, out)
	}
	s.eventually("ready again", func() bool {
		a, err := s.call("GET", "/readyz", "", "")
		return err == nil && a.status == http.StatusOK
	})
	more, refusal := s.registerMany(20, webApp)
	if refusal != nil {
		t.Fatalf("refused after there was space: %+v", refusal)
	}
	s.holdsAll(append(ids, more...))
	if status := s.stop(); status != exitOK {
		t.Errorf("exit status %d:\n%s", status, s.stderr)
	}
}

// TestDamagedReadModel puts zeros into the read model of a stopped program. Started again it answers with all
// there is or with an error, and with all once the read model is built anew.
func TestDamagedReadModel(t *testing.T) {
	data := t.TempDir()
	s := start(t, data)
	ids, refusal := s.registerMany(2000, webApp)
	if refusal != nil {
		t.Fatalf("%+v", refusal)
	}
	want := s.must(http.StatusOK, "GET", "/api/v1/events", "admin", "").body
	registry := fmt.Sprintf("/api/v1/registry?at=%d", strings.Count(string(want), "\n"))
	if status := s.stop(); status != exitOK {
		t.Fatalf("exit status %d", status)
	}
	file, err := os.OpenFile(filepath.Join(data, "readmodel.db"), os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := file.WriteAt(make([]byte, 64<<10), info.Size()/2); err != nil {
		t.Fatal(err)
	}

	s = launch(t, data)
	s.base = <-s.addresses()
	s.eventually("built anew", func() bool {
		for _, path := range []string{"/api/v1/events", registry, "/api/v1/clients?limit=500", "/admin/login"} {
			a, err := s.call("GET", path, "admin", "")
			switch {
			case err != nil: // broken off, which a client notices
			case a.status == http.StatusServiceUnavailable && a.header.Get("Retry-After") != "":
			case a.status != http.StatusOK:
				t.Fatalf("%s: %d %s", path, a.status, a.body)
			case path == "/api/v1/events" && string(a.body) != string(want):
				t.Fatalf("%d bytes of events, want %d", len(a.body), len(want))
			case path == registry && strings.Count(string(a.body), "\n") != len(ids):
				t.Fatalf("a registry of %d clients, want %d", strings.Count(string(a.body), "\n"), len(ids))
			}
		}
		a, err := s.call("GET", "/readyz", "", "")
		return err == nil && a.status == http.StatusOK && strings.Contains(s.stderr.String(), "building the read model anew")
	})
	s.holdsAll(ids)
}

// TestBrokenLog takes the log's file away from under the program. What cannot be synced is not acknowledged,
// and the program ends, so that whoever supervises it starts it anew.
func TestBrokenLog(t *testing.T) {
	data := t.TempDir()
	s := start(t, data)
	s.register(webApp)
	blocks, err := filepath.Glob(filepath.Join(data, "log/jetstream/$G/streams/ROSTER/msgs/*.blk"))
	if err != nil || len(blocks) == 0 {
		t.Fatalf("block files %v, %v", blocks, err)
	}
	for _, block := range blocks {
		if err := os.Remove(block); err != nil {
			t.Fatal(err)
		}
	}
	s.must(http.StatusServiceUnavailable, "POST", "/identity/register", "", webApp)
	s.wait()
	if status := s.command.ProcessState.ExitCode(); status != exitFailure {
		t.Errorf("exit status %d, want %d", status, exitFailure)
	}
	lines := strings.Split(strings.TrimSpace(s.stderr.String()), "\n")
	if last := lines[len(lines)-1]; !strings.HasPrefix(last, "roster: the event log must be opened anew: ") {
		t.Errorf("the last line is %q", last)
	}
}
