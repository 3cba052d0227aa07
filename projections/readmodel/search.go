package readmodel

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"roster/projections/readmodel/search"
)

const clientTextsTable = `
-- What clients are found by. It is narrow, since all of it is read into memory.
CREATE TABLE client_texts (
    seq    INTEGER PRIMARY KEY, -- clients.seq
    status TEXT    NOT NULL,
    owner  TEXT    NOT NULL,
    search TEXT    NOT NULL     -- as search.Text makes it
) STRICT;
`

const (
	selectTexts = `SELECT seq, status, owner, search FROM client_texts ORDER BY seq`

	updateText       = `UPDATE client_texts SET status = ?, owner = ?, search = ? WHERE seq = ?`
	updateTextStatus = `UPDATE client_texts SET status = ? WHERE seq = ?`
)

var textInserts = inserts{table: "client_texts", columns: []string{"status", "owner", "search", "seq"}}

// textWrites are the statements that fill the view of what clients are found by.
type textWrites struct {
	update, updateStatus *sql.Stmt
	insert               inserter
}

func (w *textWrites) statements() statements {
	return textInserts.into(&w.insert, statements{updateText: &w.update, updateTextStatus: &w.updateStatus})
}

// entry is what the client of a change is found by.
func (c *clientChange) entry() search.Entry {
	e := search.Entry{Seq: c.seq, Status: string(c.Status)}
	if c.new || c.redefined {
		e.Owner = c.Metadata.Owner()
		e.Text = search.Text(c.Metadata.Name(), e.Owner, c.ID)
	}
	return e
}

// saveText writes what the client of a change is found by.
func (w *writer) saveText(ctx context.Context, c *clientChange) (err error) {
	e := c.foundBy
	switch {
	case c.new:
		return w.texts.insert.add(ctx, c.seq, e.Status, e.Owner, e.Text, sequence(e.Seq))
	case c.redefined:
		_, err = w.texts.update.ExecContext(ctx, e.Status, e.Owner, e.Text, sequence(e.Seq))
	case c.Status != c.before:
		_, err = w.texts.updateStatus.ExecContext(ctx, e.Status, sequence(e.Seq))
	}
	return err
}

// index is what clients are found by, in memory: what client_texts holds, once it is complete.
type index struct {
	search.Index
	complete atomic.Bool // it is loaded, or cannot be
	err      error       // why it cannot be; it is set before complete is

	mu      sync.Mutex // guards what follows
	loading bool
	waiting []search.Entry // put while the table is read
}

// newIndex returns the index of an empty table.
func newIndex() *index {
	x := new(index)
	x.complete.Store(true)
	return x
}

// put changes the index as the table was changed. What is put before it is loaded will be read then.
func (x *index) put(entries []search.Entry) {
	x.mu.Lock()
	defer x.mu.Unlock()
	switch {
	case x.loading:
		x.waiting = append(x.waiting, entries...)
	case x.complete.Load():
		x.Put(entries...)
	}
}

// start has what is put from now on wait until the index is loaded.
func (x *index) start() {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.loading = true
}

// load fills the index, after start, with the table and then with what was put since, of which the table may hold some
// already. What may pass is tried again until ctx ends.
func (x *index) load(ctx context.Context, db *sql.DB) {
	err := x.read(ctx, db)
	for isPassing(err) && ctx.Err() == nil {
		select {
		case <-ctx.Done():
		case <-time.After(loadAgain):
			err = x.read(ctx, db)
		}
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	if ctx.Err() != nil {
		return
	}
	x.Put(x.waiting...)
	x.waiting, x.loading, x.err = nil, false, err
	x.complete.Store(true)
}

// loadAgain is how long load waits after an error that may pass.
const loadAgain = time.Second

// read puts all rows of the table.
func (x *index) read(ctx context.Context, db *sql.DB) error {
	rows, err := db.QueryContext(ctx, selectTexts)
	if err != nil {
		return err
	}
	defer rows.Close()
	var some []search.Entry
	for rows.Next() {
		var e search.Entry
		if err := scan(rows, &e.Seq, &e.Status, &e.Owner, &e.Text); err != nil {
			return err
		}
		if some = append(some, e); len(some) == cap(some) {
			x.Put(some...)
			some = slices.Grow(some[:0], readAtOnce)
		}
	}
	x.Put(some...)
	return rows.Err()
}

// readAtOnce is how many rows read puts at a time.
const readAtOnce = 1024

// searchClients returns clients below a sequence that a query selects, the newest first: as many as it may, when there
// are so many. As long as the index is not complete it searches the table, which takes longer.
func (p *pool) searchClients(ctx context.Context, x *index, q ClientQuery, before int64, limit int) ([]clientRow, error) {
	text := search.Fold(q.Text)
	if !x.complete.Load() {
		rows, err := p.clients.page.QueryContext(ctx, before, string(q.Status), q.Owner, text, limit)
		if err != nil {
			return nil, err
		}
		return scanAll(rows, scanClient)
	}
	if x.err != nil {
		return nil, x.err
	}
	var found []clientRow
	var some []uint64
	add := func() error {
		clients, err := p.clientsAt(ctx, some)
		for _, c := range clients {
			// The index may be of another moment than the table.
			if c.matches(q, text) {
				found = append(found, c)
			}
		}
		some = some[:0]
		return err
	}
	for seq := range x.Find(search.Query{Text: text, Status: string(q.Status), Owner: q.Owner, Before: uint64(before)}) {
		if some = append(some, seq); len(some) < limit-len(found) {
			continue
		}
		if err := add(); err != nil {
			return nil, err
		}
		if len(found) >= limit {
			return found, nil
		}
	}
	return found, add()
}

func (c clientRow) matches(q ClientQuery, folded string) bool {
	owner := c.Metadata.Owner()
	return (q.Status == "" || q.Status == c.Status) && (q.Owner == "" || q.Owner == owner) &&
		(folded == "" || strings.Contains(search.Text(c.Metadata.Name(), owner, c.ID), folded))
}

// clientsAt returns the clients with these sequences, the newest first.
func (p *pool) clientsAt(ctx context.Context, seqs []uint64) ([]clientRow, error) {
	if len(seqs) == 0 {
		return nil, nil
	}
	list, err := json.Marshal(seqs)
	if err != nil {
		return nil, fmt.Errorf("list clients: %w", err)
	}
	rows, err := p.clients.several.QueryContext(ctx, string(list))
	if err != nil {
		return nil, err
	}
	return scanAll(rows, scanClient)
}
