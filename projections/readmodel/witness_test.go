package readmodel_test

import (
	"bytes"
	"log/slog"
	"path/filepath"
	"testing"

	"roster/eventstore/memory"
	"roster/projections/readmodel"
)

// A witness remembers what its log held, whatever schema the read model was made by, and nothing where there is
// no read model that can be read.
func TestWitness(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		change func(t *testing.T, path string)
		last   uint64
		fails  bool
	}{
		"as it was":      {func(*testing.T, string) {}, 3, false},
		"another schema": {func(t *testing.T, path string) { execute(t, path, `UPDATE checkpoint SET schema = 'x'`) }, 3, false},
		"no file":        {func(t *testing.T, path string) { remove(t, path) }, 0, false},
		"not a database": {func(t *testing.T, path string) {
			remove(t, path)
			write(t, path, bytes.Repeat([]byte("not a database "), 1000))
		}, 0, true},
		"no checkpoint": {func(t *testing.T, path string) { execute(t, path, `DELETE FROM checkpoint`) }, 0, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir, log := t.TempDir(), memory.New()
			b := registered("b")
			appendTo(t, log, registered("a"), b, registered("c"))
			m := run(t, dir, log)
			m.caughtUp()
			m.close()
			test.change(t, filepath.Join(dir, "readmodel.db"))

			w, err := readmodel.OpenWitness(t.Context(), dir)
			if (err != nil) != test.fails {
				t.Errorf("OpenWitness: %v", err)
			}
			defer w.Close()
			id, idErr := w.EventID(t.Context(), 2)
			n, countErr := w.Count(t.Context(), 2, 10)
			if idErr != nil || countErr != nil {
				t.Fatal(idErr, countErr)
			}
			if w.Last() != test.last || test.last == 0 && (id != "" || n != 0) {
				t.Errorf("last %d, id %q, count %d", w.Last(), id, n)
			}
			if test.last > 0 && (id != b.events[0].ID || n != 2 || w.Identity() != log.Identity()) {
				t.Errorf("id %q, count %d, identity %v; want %q, 2, %v", id, n, w.Identity(), b.events[0].ID, log.Identity())
			}
			if id, err := w.EventID(t.Context(), 4); id != "" || err != nil {
				t.Errorf("event 4: %q, %v", id, err)
			}
		})
	}
}

// What holds events whose loss was accepted is built anew, though it stands where the log goes on.
func TestOpenAnew(t *testing.T) {
	t.Parallel()
	dir, log := t.TempDir(), memory.New()
	appendTo(t, log, registered("a"))
	m := run(t, dir, log)
	m.caughtUp()
	m.close()
	again, err := readmodel.Open(t.Context(), readmodel.Options{Dir: dir, Log: log, Logger: slog.New(slog.DiscardHandler), Anew: true})
	if err != nil {
		t.Fatal(err)
	}
	defer again.Close()
	if applied := again.Health().Applied; applied != 0 {
		t.Errorf("applied %d, want a read model that is empty", applied)
	}
}
