package readmodel

import (
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"math"
	"slices"

	"roster/projections/readmodel/search"
)

// selectCandidates reads, the newest first, the clients behind the sequence ?1 up to ?2 that changed after ?3 or are in the
// list ?4.
const selectCandidates = `SELECT s.ip, c.last, ` + clientColumns + fromClients + ` LEFT JOIN client_search s ON s.seq = c.seq
	WHERE c.seq > ?1 AND c.seq <= ?2 AND (c.last > ?3 OR +c.seq IN (SELECT value FROM json_each(?4))) ORDER BY c.seq DESC LIMIT ?5`

const (
	// firstWindow is how many sequences are looked through first. Each further window is twice as large, up to the largest.
	firstWindow   = 256
	largestWindow = 1 << 16
	// candidatesAtOnce is how many clients are read at a time.
	candidatesAtOnce = 128
)

// lookBack goes back through the clients that a query may select at a position of the past, the newest first. These are the
// clients that the index of now has for the query, and all that changed since the position, of which the index says nothing.
type lookBack struct {
	m       *ReadModel
	at      Position
	to      int64 // clients registered up to this sequence are still to be looked at
	window  int64
	changed int64    // what changed after this event is looked at whatever the index says
	hits    []uint64 // the index has these, up to to and a bit beyond the last window; the newest first
	hit     func() (uint64, bool)
	stop    func() // is to be called in the end
}

// lookBack begins at the clients registered up to a sequence. The read model must have caught up. Without an index, and for
// a query that selects all, it looks at each of them.
func (m *ReadModel) lookBack(q search.Query, at Position, to int64) *lookBack {
	b := &lookBack{m: m, at: at, to: to, window: min(firstWindow, m.pastSearch.window), changed: math.MinInt64, stop: func() {}}
	x := m.tables.index.Load()
	if q == (search.Query{}) || !x.isComplete() || x.err != nil {
		return b
	}
	// Read before the index, which then holds all up to it.
	b.changed = min(sequence(at.Seq), sequence(m.Applied()))
	hits, _ := x.All(q, uint64(to)+1)
	b.hit, b.stop = iter.Pull(hits)
	return b
}

// next returns some of the clients that are still to be looked at, as they stood. There may be none among those that it has
// looked through.
func (b *lookBack) next(ctx context.Context) (clients []listedRow, err error) {
	after := max(b.to-b.window, 0)
	list, err := json.Marshal(b.hitsAfter(after))
	if err != nil {
		return nil, fmt.Errorf("list clients: %w", err)
	}
	x := b.m.tables.index.Load()
	err = b.m.ask(func(p *pool) error {
		rows, err := p.clients.candidates.QueryContext(ctx, after, b.to, b.changed, string(list), candidatesAtOnce)
		if err != nil {
			return err
		}
		candidates, err := scanAll(rows, scanCandidate)
		if err != nil {
			return err
		}
		clients = make([]listedRow, len(candidates))
		for i, c := range candidates {
			then, err := p.stoodAt(ctx, c.standing, b.at)
			if err != nil {
				return err
			}
			clients[i] = listedRow{ListedClient: ListedClient{then, c.ip}, entry: x.believed(pastEntryOf(uint64(c.seq), then, c.ip))}
		}
		return nil
	})
	if len(clients) == candidatesAtOnce {
		b.to = sequence(clients[len(clients)-1].entry.Seq) - 1
	} else {
		b.to, b.window = after, min(2*b.window, b.m.pastSearch.window)
	}
	return clients, err
}

// candidate is a client as its row has it, and where it was registered from.
type candidate struct {
	standing
	ip string
}

// scanCandidate reads a row of selectCandidates.
func scanCandidate(row interface{ Scan(...any) error }) (c candidate, err error) {
	c.standing, err = scanStandingBehind(row, &c.ip)
	return c, err
}

// hitsAfter returns what the index has between a sequence and those that were looked at.
func (b *lookBack) hitsAfter(after int64) []uint64 {
	b.hits = slices.DeleteFunc(b.hits, func(seq uint64) bool { return seq > uint64(b.to) })
	for b.hit != nil && (len(b.hits) == 0 || b.hits[len(b.hits)-1] > uint64(after)) {
		seq, more := b.hit()
		if !more {
			b.hit = nil
			break
		}
		b.hits = append(b.hits, seq)
	}
	return b.hits
}
