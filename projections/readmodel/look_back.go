package readmodel

import (
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"slices"

	"roster/domain"
	"roster/projections/readmodel/search"
)

// candidatesAtOnce is how many clients are looked at between two looks at the clock, some 10 ms of work at most.
const candidatesAtOnce = 128

// lookBack goes back through the clients that a query may select at a position of the past, the newest first.
type lookBack struct {
	m    *ReadModel
	q    search.Query
	at   Position
	to   int64 // clients registered up to this sequence are still to be looked at
	kept *foldedClients

	candidate func() (seq uint64, certain, ok bool) // of the index; nil: every client is a candidate
	stop      func()                                // is to be called in the end
}

// lookBack begins at the clients registered up to a sequence. The read model must have caught up. Without
// an index that holds all events up to the position it looks at each of them.
func (m *ReadModel) lookBack(q search.Query, at Position, to int64) *lookBack {
	x := m.tables.index.Load()
	b := &lookBack{m: m, q: q, at: at, to: to, kept: x.folded.of(at.Seq), stop: func() {}}
	if !x.isComplete() || x.err != nil {
		return b
	}
	if candidates, ok := x.AsOf(q, at.Seq, uint64(to)+1, staysFor(domain.Status(q.Status))); ok {
		b.candidate, b.stop = iter.Pull2(candidates)
	}
	return b
}

// staysFor reports whether a client that has a status keeps it for good. A client is lost when its first event is missing,
// and may still end by a later one.
func staysFor(s domain.Status) bool { return s.Ended() && s != domain.Lost }

// next returns the sequences of those that the query selects among some of the clients that are still to be looked at. There
// may be none.
func (b *lookBack) next(ctx context.Context) (selected []uint64, err error) {
	candidates, open, err := b.candidates(ctx, int(b.m.pastSearch.window))
	if err != nil || len(open) == 0 {
		return candidates, err
	}
	fits, err := b.selects(ctx, open)
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(candidates, func(seq uint64) bool {
		_, uncertain := slices.BinarySearchFunc(open, seq, descending)
		return uncertain && !fits[seq]
	}), nil
}

// candidates returns the next clients that the query may select, and those of them that it is open of.
func (b *lookBack) candidates(ctx context.Context, most int) (all, open []uint64, err error) {
	if b.candidate == nil {
		if all, err = b.everyClient(ctx, most); err != nil {
			return nil, nil, err
		}
		if !selectsAll(b.q) {
			open = all
		}
		open = slices.Clone(open)
	}
	for b.candidate != nil && len(all) < most {
		seq, certain, more := b.candidate()
		if !more {
			break
		}
		all = append(all, seq)
		if !certain {
			open = append(open, seq)
		}
	}
	b.to = 0
	if len(all) == most {
		b.to = sequence(all[most-1]) - 1
	}
	return all, open, nil
}

func (b *lookBack) everyClient(ctx context.Context, most int) (seqs []uint64, err error) {
	err = b.m.ask(func(p *pool) error {
		rows, err := p.clients.newest.QueryContext(ctx, b.to+1, most)
		if err != nil {
			return err
		}
		seqs, err = scanAll(rows, func(row interface{ Scan(...any) error }) (seq uint64, err error) { return seq, scan(row, &seq) })
		return err
	})
	return seqs, err
}

// selects tells which of some clients the query selects as they stood.
func (b *lookBack) selects(ctx context.Context, clients []uint64) (map[uint64]bool, error) {
	var entries []search.Entry
	missing := b.kept.missing(clients)
	if len(missing) > 0 {
		err := b.m.ask(func(p *pool) (err error) {
			entries, err = p.entriesAt(ctx, missing, b.at.Seq)
			return err
		})
		if err != nil {
			return nil, err
		}
		believing := b.m.tables.index.Load()
		for i, e := range entries {
			entries[i] = believing.believed(e)
		}
	}
	fits := make(map[uint64]bool)
	for _, index := range b.kept.add(entries) {
		found, _ := index.All(b.q, clients[0]+1)
		for seq := range found {
			if seq < clients[len(clients)-1] {
				break
			}
			fits[seq] = true
		}
	}
	return fits, nil
}

// selectHistories reads the events up to ?2 of the clients with the sequences ?1, the newest client first.
const selectHistories = `SELECT e.seq, e.aggregate, c.id, NULL, ` + eventColumns + ` FROM json_each(?1) j CROSS JOIN clients c ON c.seq = j.value
	CROSS JOIN events e INDEXED BY events_aggregate ON e.aggregate = c.seq AND e.seq <= ?2 ORDER BY e.aggregate DESC, e.seq`

// entriesAt returns what clients, given the newest first, were found by as they stood after an event, the oldest client first.
func (p *pool) entriesAt(ctx context.Context, clients []uint64, at uint64) (entries []search.Entry, err error) {
	list, err := json.Marshal(clients)
	if err != nil {
		return nil, fmt.Errorf("list clients: %w", err)
	}
	rows, err := p.clients.histories.QueryContext(ctx, string(list), sequence(at))
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var (
		seq uint64 // of the client that c is
		c   Client
		ip  string
	)
	end := func() {
		if c.Exists() {
			entries = append(entries, pastEntryOf(seq, c, ip))
		}
	}
	for rows.Next() {
		e, err := scanEvent(rows)
		if err != nil {
			return nil, err
		}
		if e.first != seq {
			end()
			seq, c, ip = e.first, Client{}, ""
		}
		if _, registered := e.Envelope.Event.(domain.ClientRegistered); registered {
			ip = e.Actor.IP
		}
		c = evolve(c, e.Envelope)
	}
	end()
	slices.Reverse(entries)
	return entries, rows.Err()
}
