package lastuse

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// opened returns a store whose file is open.
func opened(t *testing.T, dir string, logs *bytes.Buffer) *Store {
	t.Helper()
	s := Open(dir, slog.New(slog.NewTextHandler(logs, nil)))
	synctest.Wait()
	return s
}

func wantUses(t *testing.T, s *Store, want map[string]time.Time, ids ...string) {
	t.Helper()
	got, err := s.Of(context.Background(), ids...)
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Errorf("error %v, (-want +got):\n%s", err, diff)
	}
}

func closed(t *testing.T, s *Store) {
	t.Helper()
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}

// The last use of a client is known at once, stays the last one, and outlives the process.
func TestLastUseIsKept(t *testing.T) {
	dir := t.TempDir()
	var logs bytes.Buffer
	synctest.Test(t, func(t *testing.T) {
		s := opened(t, dir, &logs)
		s.Record("a", noon.Add(time.Nanosecond))
		s.Record("b", noon.Add(time.Hour))
		s.Record("b", noon) // it came later to be recorded
		want := map[string]time.Time{"a": noon, "b": noon.Add(time.Hour)}
		wantUses(t, s, want, "a", "b", "c")
		time.Sleep(gatheringTime) // of the bubble's time
		synctest.Wait()
		if s.unwritten([]string{"a", "b"})["a"] != (time.Time{}) {
			t.Error("what waited is not written")
		}
		wantUses(t, s, want, "a", "b", "c")
		s.Record("b", noon) // older than what the file has
		s.Record("c", noon.Add(time.Minute))
		closed(t, s)

		s = opened(t, dir, &logs)
		want["c"] = noon.Add(time.Minute)
		wantUses(t, s, want, "a", "b", "c", "d")
		wantUses(t, s, nil)
		closed(t, s)
	})
	if logs.Len() > 0 {
		t.Errorf("it logs: %s", &logs)
	}
}

// What waits is bounded: further clients are dropped and counted, those that wait already are not.
func TestTooManyClients(t *testing.T) {
	var logs bytes.Buffer
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		s := opened(t, dir, &logs)
		for i := range waitingMost + 3 {
			s.Record(fmt.Sprint(i), noon)
		}
		s.Record("0", noon.Add(time.Hour))
		if s.Dropped() != 3 {
			t.Errorf("%d dropped", s.Dropped())
		}
		wantUses(t, s, map[string]time.Time{"0": noon.Add(time.Hour), "1": noon}, "0", "1", fmt.Sprint(waitingMost))
		closed(t, s)
	})
}

// A file that cannot go on is begun anew, and the log says so once. Nothing that waits is lost by that.
func TestDamage(t *testing.T) {
	for name, content := range map[string][]byte{
		"no database":  bytes.Repeat([]byte("not a database "), 1000),
		"another form": nil,
	} {
		dir := t.TempDir()
		var logs bytes.Buffer
		if content == nil {
			f, err := create(t.Context(), filepath.Join(dir, fileName))
			if err != nil {
				t.Fatal(err)
			}
			if _, err := f.db.Exec("PRAGMA user_version = 99"); err != nil {
				t.Fatal(err)
			}
			if err := f.close(); err != nil {
				t.Fatal(err)
			}
		} else if err := os.WriteFile(filepath.Join(dir, fileName), content, 0o600); err != nil {
			t.Fatal(err)
		}
		synctest.Test(t, func(t *testing.T) {
			s := opened(t, dir, &logs)
			s.Record("a", noon)
			wantUses(t, s, map[string]time.Time{"a": noon}, "a")
			closed(t, s)
			s = opened(t, dir, &logs)
			wantUses(t, s, map[string]time.Time{"a": noon}, "a")
			closed(t, s)
		})
		if n := bytes.Count(logs.Bytes(), []byte("begun anew")); n != 1 {
			t.Errorf("%s: the log says so %d times: %s", name, n, &logs)
		}
	}
}

// Without a file nothing is known, and what waits is kept for when there is one.
func TestNoFile(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "none")
	var logs bytes.Buffer
	synctest.Test(t, func(t *testing.T) {
		s := opened(t, dir, &logs)
		s.Record("a", noon)
		if _, err := s.Of(t.Context(), "a"); !errors.Is(err, ErrUnavailable) {
			t.Errorf("error %v", err)
		}
		time.Sleep(gatheringTime)
		synctest.Wait()
		if err := os.Mkdir(dir, 0o700); err != nil {
			t.Fatal(err)
		}
		time.Sleep(gatheringTime)
		synctest.Wait()
		if uses := s.unwritten([]string{"a"}); len(uses) > 0 {
			t.Errorf("%v is not written", uses)
		}
		wantUses(t, s, map[string]time.Time{"a": noon}, "a")
		closed(t, s)
	})
	if n := bytes.Count(logs.Bytes(), []byte("cannot be kept")); n != 1 {
		t.Errorf("the log says so %d times: %s", n, &logs)
	}
	var none *Store
	none.Record("a", noon)
	wantUses(t, none, nil, "a")
}

// Readers and the writer do not stand in each other's way.
func TestConcurrently(t *testing.T) {
	var logs bytes.Buffer
	s := Open(t.TempDir(), slog.New(slog.NewTextHandler(&logs, nil)))
	var all sync.WaitGroup
	for i := range 8 {
		all.Go(func() {
			for n := range 200 {
				id := fmt.Sprint(i, " ", n)
				s.Record(id, noon)
				if _, err := s.Of(t.Context(), id); err != nil && !errors.Is(err, ErrUnavailable) {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	closed(t, s)
}
