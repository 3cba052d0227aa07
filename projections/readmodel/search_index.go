package readmodel

import (
	"context"
	"database/sql"
	"fmt"
	"runtime"
	"sync"
	"time"

	"roster/projections/readmodel/search"
)

// index is what clients are found by, in memory: what client_search holds, once it is complete.
type index struct {
	search.Index
	trusts   func(issuer string) bool // whose software statements are believed
	folded   foldedMoments            // of the past of what it holds
	complete chan struct{}            // closed once it is loaded, or cannot be
	err      error                    // why it cannot be; it is set before complete is closed

	mu      sync.Mutex // guards what follows
	loading bool
	at      uint64         // the last event that the entries put are of
	waiting []search.Entry // put while the table is read
}

// newIndex returns an index that is to be loaded, emptyIndex that of an empty table.
func newIndex(trusts func(issuer string) bool) *index {
	return &index{trusts: trusts, complete: make(chan struct{})}
}

func emptyIndex(trusts func(issuer string) bool) *index {
	x := newIndex(trusts)
	close(x.complete)
	return x
}

// believed returns what a client is found by, with whom the index believes.
func (x *index) believed(e search.Entry) search.Entry {
	if e.Metadata != nil && e.Metadata.Issuer != "" {
		m := believing(*e.Metadata, x.trusts)
		e.Metadata = &m
	}
	return e
}

// isComplete reports whether the index is loaded, or cannot be.
func (x *index) isComplete() bool {
	select {
	case <-x.complete:
		return true
	default:
		return false
	}
}

// put changes the index as the table was changed by events up to one. What is put before it is loaded will be read then.
func (x *index) put(at uint64, entries []search.Entry) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.at = at
	for i, e := range entries {
		entries[i] = x.believed(e)
	}
	switch {
	case x.loading:
		x.waiting = append(x.waiting, entries...)
	case x.isComplete():
		x.Put(at, entries...)
	}
}

// start has what is put from now on wait until the index is loaded. The table holds all events up to one.
func (x *index) start(at uint64) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.loading, x.at = true, at
}

// load fills the index, after start, with the table and then with what was put since, of which the table may hold some
// already. What may pass is tried again until ctx ends.
func (x *index) load(ctx context.Context, db *sql.DB) {
	last := uint64(0)
	err := x.read(ctx, db, &last)
	for isPassing(err) && ctx.Err() == nil {
		select {
		case <-ctx.Done():
		case <-time.After(loadAgain):
			err = x.read(ctx, db, &last)
		}
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	if ctx.Err() != nil {
		return
	}
	x.Put(x.at, x.waiting...)
	x.waiting, x.loading, x.err = nil, false, err
	close(x.complete)
}

// loadAgain is how long load waits after an error that may pass.
const loadAgain = time.Second

// readAtOnce is how many sequences are read, and put, at a time.
const readAtOnce = 8192

// A part is the rows of the table beyond one sequence and up to another. It may be used once read is closed.
type part struct {
	after, to uint64
	read      chan struct{}
	entries   []search.Entry
	err       error
}

// read puts all rows of the table behind the last one that was put. Each processor reads a part while those before are put.
func (x *index) read(ctx context.Context, db *sql.DB, last *uint64) error {
	var end uint64
	if err := db.QueryRowContext(ctx, selectSearchEnd).Scan(&end); err != nil {
		return err
	}
	ctx, stop := context.WithCancel(ctx)
	var reading sync.WaitGroup
	defer reading.Wait()
	defer stop()
	parts := make(chan *part, runtime.GOMAXPROCS(0))
	after := *last
	reading.Go(func() {
		defer close(parts)
		for ; after < end; after += readAtOnce {
			p := &part{after: after, to: min(after+readAtOnce, end), read: make(chan struct{})}
			select {
			case parts <- p:
				reading.Go(func() { p.load(ctx, db, x) })
			case <-ctx.Done():
				return
			}
		}
	})
	for p := range parts {
		<-p.read
		if p.err != nil {
			return p.err
		}
		x.Put(0, p.entries...)
		*last = p.to
	}
	return ctx.Err()
}

func (p *part) load(ctx context.Context, db *sql.DB, x *index) {
	defer close(p.read)
	rows, err := db.QueryContext(ctx, selectSearch, sequence(p.after), sequence(p.to))
	if err == nil {
		p.entries, err = scanAll(rows, scanEntry)
	}
	for i, e := range p.entries {
		p.entries[i] = x.believed(e)
	}
	p.err = err
}

// loadPatience is how long a query waits for the index, which takes two seconds to load for a million clients.
const loadPatience = 5 * time.Second

// await waits until the index can be searched.
func (x *index) await(ctx context.Context) error {
	timeout := time.NewTimer(loadPatience)
	defer timeout.Stop()
	select {
	case <-x.complete:
		return x.err
	case <-ctx.Done():
		return ctx.Err()
	case <-timeout.C:
		return fmt.Errorf("%w: what clients are found by is being loaded", ErrUnavailable)
	}
}
