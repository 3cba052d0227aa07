package readmodel_test

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"testing"
	"time"

	"roster/domain/oauth"
	"roster/eventstore"
	"roster/eventstore/memory"
	"roster/projections/readmodel"
)

// otherLog is a log that differs in what a test says.
type otherLog struct {
	*memory.Log
	identity func(eventstore.Identity) eventstore.Identity
	at       func(eventstore.Recorded, error) (eventstore.Recorded, error)
}

func (l otherLog) Identity() eventstore.Identity {
	if l.identity == nil {
		return l.Log.Identity()
	}
	return l.identity(l.Log.Identity())
}

func (l otherLog) At(ctx context.Context, seq uint64) (eventstore.Recorded, error) {
	e, err := l.Log.At(ctx, seq)
	if l.at == nil {
		return e, err
	}
	return l.at(e, err)
}

// A read model goes on where it stood if the log goes on there, and is built anew in every other case.
func TestOpenContinuesOrBuildsAnew(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name    string
		change  func(t *testing.T, path string, log *otherLog)
		anew    bool
		because string // what is logged
	}{
		{
			name: "nothing changed", change: func(*testing.T, string, *otherLog) {},
		},
		{
			name: "no file", anew: true, because: "there is none",
			change: func(t *testing.T, path string, _ *otherLog) { remove(t, path) },
		},
		{
			name: "another schema", anew: true, because: "schema is another",
			change: func(t *testing.T, path string, _ *otherLog) { execute(t, path, `UPDATE checkpoint SET schema = 'x'`) },
		},
		{
			name: "another log", anew: true, because: "belongs to the log",
			change: func(_ *testing.T, _ string, log *otherLog) {
				log.identity = func(id eventstore.Identity) eventstore.Identity {
					return eventstore.Identity{Name: "other", Created: id.Created}
				}
			},
		},
		{
			name: "a log made again under the same name", anew: true, because: "belongs to the log",
			change: func(_ *testing.T, _ string, log *otherLog) {
				log.identity = func(id eventstore.Identity) eventstore.Identity {
					return eventstore.Identity{Name: id.Name, Created: id.Created.Add(time.Nanosecond)}
				}
			},
		},
		{
			name: "another event there", anew: true, because: "in the log",
			change: func(_ *testing.T, _ string, log *otherLog) {
				log.at = func(e eventstore.Recorded, err error) (eventstore.Recorded, error) {
					e.ID = "another"
					return e, err
				}
			},
		},
		{
			name: "ahead of the log", anew: true, because: "does not hold",
			change: func(t *testing.T, path string, _ *otherLog) { execute(t, path, `UPDATE checkpoint SET seq = 1000`) },
		},
		{
			name: "not a database", anew: true, because: "cannot be read",
			change: func(t *testing.T, path string, _ *otherLog) {
				remove(t, path)
				write(t, path, bytes.Repeat([]byte("not a database "), 1000))
			},
		},
		{
			name: "an empty file", anew: true, because: "cannot be read",
			change: func(t *testing.T, path string, _ *otherLog) { remove(t, path); write(t, path, nil) },
		},
		{
			name: "no checkpoint", anew: true, because: "cannot be read",
			change: func(t *testing.T, path string, _ *otherLog) { execute(t, path, `DELETE FROM checkpoint`) },
		},
		{
			name: "the main file cut off", anew: true, because: "cannot be read",
			change: func(t *testing.T, path string, _ *otherLog) {
				if err := os.Truncate(path, 5000); err != nil {
					t.Fatal(err)
				}
			},
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			path := filepath.Join(dir, "readmodel.db")
			log := otherLog{Log: memory.New()}
			appendTo(t, log.Log, registered("a"), registered("b"), registered("c"))
			before := run(t, dir, log)
			before.caughtUp()
			before.close()
			if files, err := os.ReadDir(dir); err != nil || len(files) != 1 {
				t.Errorf("files %v, %v after closing: want readmodel.db alone", files, err)
			}
			// A mark that a read model built anew does not have.
			execute(t, path, `UPDATE days SET events = events + 100`)

			test.change(t, path, &log)
			var logged bytes.Buffer
			m, err := readmodel.Open(t.Context(), readmodel.Options{
				Dir: dir, Log: log, Logger: slog.New(slog.NewTextHandler(&logged, nil)),
			})
			if err != nil {
				t.Fatal(err)
			}
			applied := m.Health().Applied
			if err := m.Close(); err != nil {
				t.Fatal(err)
			}
			if want := uint64(3); !test.anew && applied != want || test.anew && applied != 0 {
				t.Errorf("applied %d after opening, built anew: want %t", applied, test.anew)
			}
			if !bytes.Contains(logged.Bytes(), []byte(test.because)) || test.anew == (logged.Len() == 0) {
				t.Errorf("logged %q, want %q", &logged, test.because)
			}

			after := run(t, dir, log)
			after.caughtUp()
			o, err := after.Overview(t.Context(), start, 1)
			if err != nil {
				t.Fatal(err)
			}
			if want := map[bool]int{true: 3, false: 103}[test.anew]; o.Events != want {
				t.Errorf("%d events, want %d", o.Events, want)
			}
			if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
				t.Errorf("file %v, %v: want mode 0600", info.Mode(), err)
			}
		})
	}
}

// A log that cannot be asked is no reason to throw a read model away.
func TestOpenKeepsTheFileWhenTheLogFails(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	log := otherLog{Log: memory.New()}
	appendTo(t, log.Log, registered("a"))
	m := run(t, dir, log)
	m.caughtUp()
	m.close()

	down := errors.New("log is down")
	log.at = func(eventstore.Recorded, error) (eventstore.Recorded, error) { return eventstore.Recorded{}, down }
	options := readmodel.Options{Dir: dir, Log: log, Logger: slog.New(slog.DiscardHandler)}
	if _, err := readmodel.Open(t.Context(), options); !errors.Is(err, down) {
		t.Fatalf("open: %v, want %v", err, down)
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := readmodel.Open(ended, options); !errors.Is(err, context.Canceled) {
		t.Fatalf("open: %v, want %v", err, context.Canceled)
	}
	log.at = nil
	again := open(t, dir, log)
	defer again.Close()
	if applied := again.Health().Applied; applied != 1 {
		t.Errorf("applied %d, want 1", applied)
	}
}

func TestOpenNeedsItsDirectory(t *testing.T) {
	t.Parallel()
	_, err := readmodel.Open(t.Context(), readmodel.Options{
		Dir: filepath.Join(t.TempDir(), "missing"), Log: memory.New(), Logger: slog.New(slog.DiscardHandler),
	})
	if !errors.Is(err, os.ErrNotExist) {
		t.Errorf("open: %v, want %v", err, os.ErrNotExist)
	}
}

// A directory may have any name, also one that means something in a URI.
func TestOpenInAnyDirectory(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "a b?mode=memory#%41&é")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	log := memory.New()
	appendTo(t, log, registered("a"))
	m := run(t, dir, log)
	m.caughtUp()
	if _, err := os.Stat(filepath.Join(dir, "readmodel.db")); err != nil {
		t.Error(err)
	}
}

// registered is the history of one client that registered.
func registered(name string) *history {
	h := newHistory(name, start)
	h.register(oauth.Metadata{"client_name": oauth.Text(name)})
	return h
}

func remove(t *testing.T, path string) {
	t.Helper()
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
}

func write(t *testing.T, path string, content []byte) {
	t.Helper()
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
}

// execute changes a file that nobody has open.
func execute(t *testing.T, path, query string, args ...any) {
	t.Helper()
	db, err := sql.Open("sqlite", "file:"+path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.ExecContext(t.Context(), query, args...); err != nil {
		t.Fatal(err)
	}
}
