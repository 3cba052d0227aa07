package readmodel_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"syscall"
	"testing"
	"time"

	"roster/eventstore"
	"roster/eventstore/memory"
	"roster/projections"
	"roster/projections/readmodel"
)

// replacement are the steps in which a file that was built anew replaces the former one.
var replacement = []string{
	"close the successor", "sync the successor", "remove the file", "sync the removal", "rename the successor",
	"sync the renaming", "open the file",
}

// formers are what may be in the directory when a read model has to be built anew.
var formers = map[string]func(t *testing.T, dir string, log *memory.Log){
	"nothing": func(*testing.T, string, *memory.Log) {},
	"a file of another schema": func(t *testing.T, dir string, log *memory.Log) {
		m := run(t, dir, log)
		m.caughtUp()
		m.close()
		execute(t, filepath.Join(dir, "readmodel.db"), `UPDATE checkpoint SET schema = 'x'`)
	},
	// As when the program was killed between the two removals.
	"the write-ahead log of a file that was removed": func(t *testing.T, dir string, _ *memory.Log) {
		other := memory.New()
		m := run(t, t.TempDir(), other)
		for i := range 30 {
			appendTo(t, other, registered(fmt.Sprint("other ", i)))
		}
		m.caughtUp()
		copyDir(t, m.dir, dir)
		remove(t, filepath.Join(dir, "readmodel.db"))
		if info, err := os.Stat(filepath.Join(dir, "readmodel.db-wal")); err != nil || info.Size() == 0 {
			t.Fatalf("no write-ahead log: %v", err)
		}
	},
}

// A program that is killed at any step of a replacement finds, when it starts again, either file in full: it has
// a witness, builds nothing from the beginning, and answers what the log says.
func TestReplacementCutOffAtEachStep(t *testing.T) {
	t.Parallel()
	for name, former := range formers {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			log := memory.New()
			var last uint64
			for i := range 10 {
				last = appendTo(t, log, registered(fmt.Sprint(i)))
			}
			dir, cuts := t.TempDir(), t.TempDir()
			former(t, dir, log)
			var steps []string
			m := startWithStep(t, dir, log, func(step string) error {
				steps = append(steps, step)
				copyDir(t, dir, filepath.Join(cuts, step))
				return nil
			})
			if err := m.Wait(t.Context(), last); err != nil {
				t.Fatal(err)
			}
			if !slices.Equal(steps, replacement) {
				t.Fatalf("steps %q, want %q", steps, replacement)
			}
			copyDir(t, dir, filepath.Join(cuts, "done"))
			for _, step := range append(steps, "done") {
				cut := filepath.Join(cuts, step)
				witness, err := readmodel.OpenWitness(t.Context(), cut)
				if err != nil || witness.Last() != last || witness.Identity() != log.Identity() {
					t.Errorf("cut before %q: the witness knows of %d events, %v, want %d", step, witness.Last(), err, last)
				}
				if err := witness.Close(); err != nil {
					t.Error(err)
				}
				again := run(t, cut, log)
				if applied := again.Health().Applied; applied != last {
					t.Errorf("cut before %q: %d events when opened, want %d", step, applied, last)
				}
				answersAll(t, again, log)
				again.close()
				onlyFile(t, cut)
			}
		})
	}
}

// A step that fails is done again.
func TestReplacementGoesOnAfterAFault(t *testing.T) {
	t.Parallel()
	for _, faulty := range replacement {
		t.Run(faulty, func(t *testing.T) {
			t.Parallel()
			log, dir := memory.New(), t.TempDir()
			last := appendTo(t, log, registered("a"), registered("b"))
			formers["a file of another schema"](t, dir, log)
			failed := false
			m := startWithStep(t, dir, log, func(step string) error {
				if step != faulty || failed {
					return nil
				}
				failed = true
				return &os.PathError{Op: "fault", Path: step, Err: syscall.EIO}
			})
			if err := m.Wait(t.Context(), last); err != nil {
				t.Fatal(err)
			}
			if !failed {
				t.Error("the step was not tried")
			}
			answersAll(t, m, log)
			if h := m.Health(); h.Trouble != nil || h.Err != nil {
				t.Errorf("health %+v", h)
			}
		})
	}
}

// A program that is killed while it builds goes on building where it was. Until the new file is complete the
// former one stays, to tell whether the log is whole.
func TestBuildingCutOffGoesOn(t *testing.T) {
	t.Parallel()
	log := memory.New()
	var last uint64
	for i := range 15 {
		last = appendTo(t, log, registered(fmt.Sprint(i)))
	}
	for name, former := range formers {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir, cuts := t.TempDir(), t.TempDir()
			former(t, dir, log)
			const size, copies = 3, 3
			n := 0
			cut := func(n int) string { return filepath.Join(cuts, fmt.Sprint(n)) }
			var m *model
			started := make(chan struct{})
			m = run(t, dir, batchLog{log, size, func() {
				<-started
				if n++; n > copies {
					return
				}
				// All that was read is applied.
				if err := m.Wait(context.Background(), uint64(size*n)); err != nil {
					t.Error(err)
				}
				copyDir(t, dir, cut(n))
			}})
			close(started)
			m.caughtUp()
			for n := 1; n <= copies; n++ {
				if name == "a file of another schema" {
					witness, err := readmodel.OpenWitness(t.Context(), cut(n))
					if err != nil || witness.Last() != last {
						t.Errorf("cut %d: the witness knows of %d events, %v, want %d", n, witness.Last(), err, last)
					}
					if err := witness.Close(); err != nil {
						t.Error(err)
					}
				}
				again := run(t, cut(n), log)
				if applied := again.Health().Applied; applied != uint64(size*n) {
					t.Errorf("cut %d: %d events when opened", n, applied)
				}
				again.caughtUp()
				answersAll(t, again, log)
				again.close()
				onlyFile(t, cut(n))
			}
		})
	}
}

// An interrupted building that a log does not continue is given up, and so is one that a usable file makes needless.
func TestBuildingIsGivenUp(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(t *testing.T, path string){
		"another schema":  func(t *testing.T, path string) { execute(t, path, `UPDATE checkpoint SET schema = 'x'`) },
		"another event":   func(t *testing.T, path string) { execute(t, path, `UPDATE checkpoint SET event_id = 'x'`) },
		"not a database":  func(t *testing.T, path string) { write(t, path, []byte("not a database")) },
		"cut off":         func(t *testing.T, path string) { write(t, path, nil) },
		"of another log":  func(t *testing.T, path string) { execute(t, path, `UPDATE checkpoint SET log_name = 'x'`) },
		"ahead of itself": func(t *testing.T, path string) { execute(t, path, `UPDATE checkpoint SET seq = 99`) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			log, dir := memory.New(), t.TempDir()
			last := appendTo(t, log, registered("a"), registered("b"))
			m := run(t, dir, log)
			m.caughtUp()
			m.close()
			path := filepath.Join(dir, "readmodel.db")
			content, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			write(t, path+".new", content)
			change(t, path+".new")
			again := run(t, dir, log)
			if applied := again.Health().Applied; applied != last {
				t.Errorf("%d events when opened, want %d", applied, last)
			}
			answersAll(t, again, log)
			again.close()
			onlyFile(t, dir)
		})
	}
}

// Of a building that was under way when the machine stopped nothing is shown, nor the file that it was to replace.
func TestBuildingFromBeforeTheMachineStopped(t *testing.T) {
	t.Parallel()
	for name, former := range map[string]func(t *testing.T, path string){
		"a file":  func(*testing.T, string) {},
		"no file": remove,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			log, dir := memory.New(), t.TempDir()
			last := appendTo(t, log, registered("a"), registered("b"))
			m := run(t, dir, log)
			m.caughtUp()
			m.close()
			path := filepath.Join(dir, "readmodel.db")
			content, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			write(t, path+".new", content)
			execute(t, path+".new", `UPDATE origin SET boot = 'another'; DELETE FROM clients`)
			former(t, path)

			again := open(t, dir, log)
			if applied := again.Health().Applied; applied != 0 {
				t.Errorf("%d events when opened, want 0", applied)
			}
			if err := again.Close(); err != nil {
				t.Fatal(err)
			}
			built := run(t, dir, log)
			built.caughtUp()
			if applied := built.Health().Applied; applied != last {
				t.Errorf("%d events, want %d", applied, last)
			}
			answersAll(t, built, log)
			built.close()
			onlyFile(t, dir)
		})
	}
}

// What is found to be damaged while it is read is not read on, and the file that is built in its place is not
// either before it is complete.
func TestDamageFoundBehindAClosedGate(t *testing.T) {
	t.Parallel()
	i, log, dir := newInventory("a"), heldLog(), t.TempDir()
	i.appendTo(t, log)
	log.Release(nil)
	before := run(t, dir, log)
	before.caughtUp()
	before.close()
	log.Hold()
	execute(t, filepath.Join(dir, "readmodel.db"), `UPDATE events SET metadata = x''`)
	m := follow(t, readmodel.Options{Dir: dir, Log: log, Acknowledged: log.Acknowledged}.WithPatience(hour))
	if _, err := m.Client(t.Context(), i.client.id); !errors.Is(err, readmodel.ErrUnavailable) {
		t.Errorf("damaged client: %v, want %v", err, readmodel.ErrUnavailable)
	}
	for name, query := range i.queries() {
		if err := query(t.Context(), m); !errors.Is(err, readmodel.ErrUnavailable) {
			t.Errorf("%s: %v, want %v", name, err, readmodel.ErrUnavailable)
		}
	}
	log.Release(nil)
	limited, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	for name, query := range i.queries() {
		err := query(limited, m)
		for errors.Is(err, readmodel.ErrUnavailable) && limited.Err() == nil {
			err = query(limited, m)
		}
		if err != nil {
			t.Errorf("%s: %v, once a new file is built", name, err)
		}
	}
}

func startWithStep(t *testing.T, dir string, log readmodel.Log, step func(string) error) *readmodel.ReadModel {
	t.Helper()
	o := readmodel.Options{Dir: dir, Log: log, Logger: slog.New(slog.DiscardHandler)}
	m, err := readmodel.Open(t.Context(), o.WithStep(step))
	if err != nil {
		t.Fatal(err)
	}
	followers := projections.Start(o.Logger, m.Follower)
	t.Cleanup(func() {
		if err := errors.Join(followers.Stop(), m.Close()); err != nil {
			t.Error(err)
		}
	})
	return m
}

// answersAll holds a read model against the whole log.
func answersAll(t *testing.T, m readmodel.Reader, log *memory.Log) {
	t.Helper()
	referenceOf(t, log).check(t, m, func() (readmodel.ClientQuery, readmodel.EventQuery) {
		return readmodel.ClientQuery{Limit: 9}, readmodel.EventQuery{Limit: 100}
	})
}

// copyDir copies the files of a directory as they are, which is what a kill leaves.
func copyDir(t *testing.T, from, to string) {
	t.Helper()
	if err := os.MkdirAll(to, 0o700); err != nil {
		t.Fatal(err)
	}
	files, err := os.ReadDir(from)
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		content, err := os.ReadFile(filepath.Join(from, file.Name()))
		if err != nil {
			t.Fatal(err)
		}
		write(t, filepath.Join(to, file.Name()), content)
	}
}

// onlyFile checks that a read model that was closed leaves one file.
func onlyFile(t *testing.T, dir string) {
	t.Helper()
	files, err := os.ReadDir(dir)
	if err != nil || len(files) != 1 || files[0].Name() != "readmodel.db" {
		t.Errorf("files %v, %v, want readmodel.db alone", files, err)
	}
}

// batchLog is a log that hands out few events at a time, and calls a function before each batch but the first.
type batchLog struct {
	*memory.Log
	size   int
	before func()
}

func (l batchLog) Subscribe(ctx context.Context, after uint64) (eventstore.Subscription, error) {
	s, err := l.Log.Subscribe(ctx, after)
	return batchSubscription{s, l, new(sync.Once)}, err
}

type batchSubscription struct {
	eventstore.Subscription
	log   batchLog
	first *sync.Once
}

func (s batchSubscription) Next(ctx context.Context, max int) ([]eventstore.Recorded, error) {
	first := false
	s.first.Do(func() { first = true })
	if !first {
		s.log.before()
	}
	return s.Subscription.Next(ctx, min(max, s.log.size))
}
