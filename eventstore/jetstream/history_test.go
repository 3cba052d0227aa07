package jetstream

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"roster/domain"
	"roster/eventstore"
	"roster/eventstore/storetest"
)

// What is read from several block files is what the server delivers, wherever a subscription begins, and what comes
// after it follows.
func TestHistory(t *testing.T) {
	log := open(t)
	last := appendBlocks(t, log, 3)
	want := readEvents(t, log, int(last))
	second := (&history{blocks: log.Blocks()}).first(2)
	for _, after := range []uint64{0, 1, second - 3, second - 2, second - 1, second, last - 1} {
		log.historyLeast = 1
		sub, err := log.Subscribe(t.Context(), after)
		if err != nil {
			t.Fatal(err)
		}
		log.historyLeast = historyLeast
		var got []eventstore.Recorded
		for len(got) < int(last-after) {
			events, err := sub.Next(t.Context(), 7)
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, events...)
		}
		if diff := cmp.Diff(want[after:], got); diff != "" {
			t.Fatalf("after %d (-from the server +from files)\n%.500s", after, diff)
		}
		if sub.(*subscription).consumer != nil {
			t.Fatalf("after %d: the server was asked", after)
		}
		if after == last-1 {
			more := storetest.Registered(domain.ClientAggregate("more"))
			mustAppend(t, log, domain.Change{Events: []domain.Envelope{more}})
			events, err := sub.Next(t.Context(), 7)
			if diff := cmp.Diff([]eventstore.Recorded{{Seq: last + 1, Envelope: more}}, events); err != nil || diff != "" {
				t.Errorf("what was appended later: %v, %s", err, diff)
			}
		}
		sub.Close()
	}
}

// The history goes on with what is synced while it is read, in a file that has grown and in new ones.
func TestHistoryThatGrows(t *testing.T) {
	log := open(t)
	log.historyLeast = 1
	last := appendBlocks(t, log, 1)
	sub, err := log.Subscribe(t.Context(), 0)
	if err != nil {
		t.Fatal(err)
	}
	defer sub.Close()
	read := func() {
		t.Helper()
		for s := sub.(*subscription); s.after < last; {
			if _, err := sub.Next(t.Context(), int(last-s.after)); err != nil {
				t.Fatal(err)
			}
			if s.consumer != nil {
				t.Fatalf("the server was asked at %d", s.after)
			}
		}
	}
	read()
	last = mustAppend(t, log, domain.Change{Events: []domain.Envelope{storetest.Registered(domain.ClientAggregate("more"))}})
	read()
	last = appendBlocks(t, log, 2)
	read()
}

// The history ends before whatever is not as it must be.
func TestHistoryEnds(t *testing.T) {
	log := open(t)
	last := appendBlocks(t, log, 2)
	files := make(map[string][]byte)
	for _, name := range []string{"1.blk", "2.blk"} {
		content, err := os.ReadFile(filepath.Join(log.Blocks(), name))
		if err != nil {
			t.Fatal(err)
		}
		files[name] = content
	}
	second, err := readBlock(filepath.Join(log.Blocks(), "2.blk"), StreamName, 2)
	if err != nil {
		t.Fatal(err)
	}
	begin, _ := second.next()
	third, _, _ := second.parse(second.rest)
	for name, test := range map[string]struct {
		synced uint64
		alter  func(files map[string][]byte)
		want   uint64 // the last one that is read
	}{
		"whole":             {last, func(map[string][]byte) {}, last},
		"not synced":        {5, func(map[string][]byte) {}, 5},
		"file missing":      {last, func(f map[string][]byte) { delete(f, "2.blk") }, begin.seq - 1},
		"first missing":     {last, func(f map[string][]byte) { delete(f, "1.blk") }, 0},
		"nothing there":     {last, func(f map[string][]byte) { clear(f) }, 0},
		"damaged":           {last, func(f map[string][]byte) { flip(f["2.blk"], begin.body) }, begin.seq - 1},
		"damaged later":     {last, func(f map[string][]byte) { flip(f["2.blk"], third.body) }, begin.seq},
		"of another file":   {last, func(f map[string][]byte) { f["2.blk"] = f["1.blk"] }, 0},
		"events missing":    {last, func(f map[string][]byte) { f["2.blk"] = f["2.blk"][second.at:] }, begin.seq - 1},
		"cut off":           {last, func(f map[string][]byte) { f["2.blk"] = f["2.blk"][:second.at+1] }, begin.seq},
		"nothing in a file": {last, func(f map[string][]byte) { f["3.blk"] = nil }, last},
	} {
		altered := make(map[string][]byte)
		for name, content := range files {
			altered[name] = bytes.Clone(content)
		}
		test.alter(altered)
		dir := t.TempDir()
		for name, content := range altered {
			if err := os.WriteFile(filepath.Join(dir, name), content, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		h := &history{blocks: dir, synced: func() uint64 { return test.synced }, least: 1}
		after := uint64(0)
		if h.seek(after) {
			for {
				r, ok := h.next(after)
				if !ok {
					break
				}
				after = r.seq
			}
		}
		if after != test.want {
			t.Errorf("%s: read to %d, want %d", name, after, test.want)
		}
	}
}

// flip changes a byte of a part of a file.
func flip(file, part []byte) { file[bytes.Index(file, part)] ^= 1 }

// appendBlocks appends large events until the log has so many block files, and returns the last sequence.
func appendBlocks(t *testing.T, log *Log, blocks int) (last uint64) {
	t.Helper()
	a := domain.ClientAggregate("blocks")
	filler := strings.Repeat("a", 512<<10)
	expected, err := log.Load(t.Context(), a, 0, func(domain.Envelope) {})
	if err != nil {
		t.Fatal(err)
	}
	for full := uint64(0); ; {
		e := storetest.Revoked(a)
		e.Event = domain.ClientRevoked{Reason: e.ID + filler}
		expected = mustAppend(t, log, domain.Change{Expected: expected, Events: []domain.Envelope{e}})
		numbers, err := blockNumbers(log.Blocks())
		switch {
		case err != nil || len(numbers) > blocks:
			t.Fatalf("%d block files, %v", len(numbers), err)
		case len(numbers) < blocks:
			full = expected
		case expected == full+4: // some in the last one
			return expected
		}
	}
}

// Close ends a subscription in the middle of its history, too.
func TestCloseEndsHistory(t *testing.T) {
	log := open(t)
	log.historyLeast = 1
	last := uint64(0)
	for range 5 {
		last = mustAppend(t, log, domain.Change{Expected: last, Events: []domain.Envelope{storetest.Revoked(domain.ClientAggregate("c1"))}})
	}
	sub, err := log.Subscribe(t.Context(), 0)
	if err != nil {
		t.Fatal(err)
	}
	defer sub.Close()
	if events, err := sub.Next(t.Context(), 2); len(events) != 2 || err != nil {
		t.Fatalf("%d events, %v", len(events), err)
	}
	if err := log.Close(); err != nil {
		t.Fatal(err)
	}
	if events, err := sub.Next(t.Context(), 2); !errors.Is(err, errLogClosed) {
		t.Errorf("%d events, %v after the log was closed", len(events), err)
	}
}

func open(t *testing.T) *Log {
	t.Helper()
	log, err := Open(t.Context(), Options{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { log.Close() })
	return log
}

func mustAppend(t *testing.T, log *Log, changes ...domain.Change) uint64 {
	t.Helper()
	seq, err := log.Append(t.Context(), changes...)
	if err != nil {
		t.Fatal(err)
	}
	return seq
}

// readEvents returns the first events of a log, through a subscription of its own.
func readEvents(t *testing.T, log *Log, count int) (events []eventstore.Recorded) {
	t.Helper()
	sub, err := log.Subscribe(t.Context(), 0)
	if err != nil {
		t.Fatal(err)
	}
	defer sub.Close()
	for len(events) < count {
		batch, err := sub.Next(t.Context(), 7)
		if err != nil {
			t.Fatal(err)
		}
		events = append(events, batch...)
	}
	return events
}
