package search_test

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"sync"
	"testing"

	"pgregory.net/rapid"

	"roster/projections/readmodel/search"
)

// TestIndex puts random entries, most of them in order, and finds what a walk over all of them finds.
func TestIndex(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		var index search.Index
		all := make(map[uint64]search.Entry)
		last := uint64(0)
		pick := func(values ...string) string { return rapid.SampledFrom(values).Draw(t, "value") }
		for range rapid.IntRange(0, 20).Draw(t, "batches") {
			var batch []search.Entry
			for range rapid.SampledFrom([]int{1, 3, 700}).Draw(t, "entries") {
				e := search.Entry{
					Seq:    last + rapid.Uint64Range(1, 3).Draw(t, "step"),
					Text:   search.Text(pick("", "a", "ab", "Ärger", "aabaab"), pick("", "b"), pick("0", "1")),
					Status: pick("active", "revoked"), Owner: pick("", "b", "c"),
				}
				if rapid.IntRange(0, 9).Draw(t, "late") == 0 {
					e.Seq = rapid.Uint64Range(1, last+1).Draw(t, "seq")
				}
				last = max(last, e.Seq)
				batch = append(batch, e)
			}
			index.Put(batch...)
			for _, e := range batch {
				all[e.Seq] = e
			}
		}
		if index.Len() != len(all) {
			t.Fatalf("%d entries, want %d", index.Len(), len(all))
		}
		for range 10 {
			q := search.Query{
				Text: search.Fold(pick("", "a", "AB", "b", "ba", "\x1f", "äRGER", "ab\x1fb", "0a", "none")), Status: pick("", "active", "other"),
				Owner: pick("", "b", "x"), Before: rapid.SampledFrom([]uint64{math.MaxInt64, last, last / 2, 1, 0}).Draw(t, "before"),
			}
			var want []uint64
			for _, seq := range slices.Sorted(maps.Keys(all)) {
				e := all[seq]
				if seq < q.Before && strings.Contains(e.Text, q.Text) && (q.Status == "" || q.Status == e.Status) &&
					(q.Owner == "" || q.Owner == e.Owner) {
					want = append(want, seq)
				}
			}
			slices.Reverse(want)
			if got := slices.Collect(index.Find(q)); !slices.Equal(got, want) {
				t.Fatalf("%+v: found %v, want %v", q, got, want)
			}
		}
	})
}

// TestFindWhilePutting reads an index all the while it is filled: each reader finds a beginning of it, in order.
func TestFindWhilePutting(t *testing.T) {
	t.Parallel()
	var index search.Index
	const entries = 5000
	done := make(chan struct{})
	var readers sync.WaitGroup
	for range 4 {
		readers.Go(func() {
			for {
				found := slices.Collect(index.Find(search.Query{Text: "NAME", Before: math.MaxInt64}))
				for i, seq := range found {
					if seq != uint64(len(found)-i) {
						t.Errorf("at %d of %d: entry %d", i, len(found), seq)
						return
					}
				}
				select {
				case <-done:
					if len(found) == entries {
						return
					}
				default:
				}
			}
		})
	}
	for seq := range uint64(entries) {
		index.Put(search.Entry{Seq: seq + 1, Text: search.Text("name", "", fmt.Sprint(seq))})
		index.Put(search.Entry{Seq: seq/2 + 1, Text: search.Text("another name", "", fmt.Sprint(seq))})
	}
	close(done)
	readers.Wait()
}

func BenchmarkFind(b *testing.B) {
	const clients = 1_000_000
	var index search.Index
	for first := range clients / 1000 {
		var entries []search.Entry
		for i := range 1000 {
			n := first*1000 + i
			entries = append(entries, search.Entry{
				Seq: uint64(n + 1), Status: "active", Owner: fmt.Sprintf("team %d", n%300),
				Text: search.Text(fmt.Sprintf("team %d_Payment gateway %d", n%300, n), fmt.Sprintf("team %d", n%300), fmt.Sprintf("0197f2c0-aaaa-7bbb-8ccc-%012x", n)),
			})
		}
		index.Put(entries...)
	}
	for name, q := range map[string]search.Query{
		"miss":       {Text: search.Fold("no such client")},
		"hit":        {Text: search.Fold("gateway")},
		"rare":       {Text: search.Fold("gateway 77777")},
		"characters": {Text: search.Fold("zq")},
		"status":     {Status: "revoked"},
		"owner":      {Owner: "team 7"},
	} {
		q.Before = math.MaxInt64
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				n := 0
				for range index.Find(q) {
					if n++; n > 50 {
						break
					}
				}
			}
		})
	}
}
