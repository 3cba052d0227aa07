package readmodel

import (
	"context"
	"fmt"
	"time"
)

// An Outcome is what became of a client between two positions of the log.
type Outcome string

// The outcomes. What was undone in between does not show in them.
const (
	Added     Outcome = "added"     // registered in between, and still is
	Ended     Outcome = "ended"     // was registered, and ended in between
	Changed   Outcome = "changed"   // was registered, still is, and differs
	Transient Outcome = "transient" // registered in between, and ended in between
	Unchanged Outcome = "unchanged" // was changed in between, and is as it was
)

// Outcomes are all that there are.
var Outcomes = []Outcome{Added, Ended, Changed, Transient, Unchanged}

// A Difference is what became of one client between two positions.
type Difference struct {
	Before, After Client // as it stood at the earlier position, zero if it was not registered by then, and at the later one
	Events        int    // how many of its events are between them
}

// Outcome says what became of the client, by its net effect.
func (d Difference) Outcome() Outcome {
	was, is := d.Before.IsRegistered(), d.After.IsRegistered()
	switch {
	case is && !was:
		return Added
	case was && !is:
		return Ended
	case !d.Before.Exists():
		return Transient
	case d.Before.Status == d.After.Status && d.Before.Metadata.Equal(d.After.Metadata) &&
		!d.SecretChanged() && !d.RegistrationAccessTokenChanged():
		return Unchanged
	}
	return Changed
}

// SecretChanged reports whether the client has another client secret than before, has none any more or has one now.
func (d Difference) SecretChanged() bool {
	before, after := d.Before.Secret, d.After.Secret
	if before == nil || after == nil {
		return before != after
	}
	return before.Digest != after.Digest || !before.ExpiresAt.Equal(after.ExpiresAt)
}

// RegistrationAccessTokenChanged reports whether the client has another registration access token than before.
func (d Difference) RegistrationAccessTokenChanged() bool {
	return d.Before.RegistrationAccessToken != d.After.RegistrationAccessToken
}

// DifferenceQuery selects differences.
type DifferenceQuery struct {
	Outcome Outcome // only clients that this became of; empty: any
	Limit   int     // 1 to 500
	Cursor  string  // NextCursor of the page before; empty: the first page
}

// DifferencePage is a page of differences.
type DifferencePage struct {
	Differences []Difference
	NextCursor  string // empty: this is the last page
	// Searched is set when the time of the query was over before the page was full: events behind this one are still to be
	// searched, from NextCursor on.
	Searched Position
}

// selectTouched reads the first events that clients have between the sequences ?1 and ?2, those behind ?3, with the
// sequences of the clients: of all clients, or where ?4 is 1 of those registered by ?1, or 2 since.
const selectTouched = `SELECT e.seq, e.aggregate FROM events e CROSS JOIN clients c ON c.seq = e.aggregate
	WHERE e.seq > ?3 AND e.seq <= ?2 AND (?4 = 0 OR (e.aggregate <= ?1) = (?4 = 1)) AND (e.seq = e.aggregate OR NOT EXISTS (
		SELECT 1 FROM events f INDEXED BY events_aggregate WHERE f.aggregate = e.aggregate AND f.seq > ?1 AND f.seq < e.seq))
	ORDER BY e.seq LIMIT ?5`

// touchedAtOnce is how many clients Differences reads at a time.
const touchedAtOnce = 64

// Differences implements Reader. It reads the events between the positions, and of the clients that they are about those
// before: what it costs does not depend on how many clients there are. When the time of the query is over it answers
// with what it has.
func (m *ReadModel) Differences(ctx context.Context, from, to Position, q DifferenceQuery) (page DifferencePage, err error) {
	after := sequence(from.Seq)
	if q.Cursor != "" {
		if after, err = parseCursor(q.Cursor); err != nil {
			return DifferencePage{}, err
		}
	}
	if err := m.catchUp(ctx); err != nil {
		return DifferencePage{}, fmt.Errorf("compare clients of the past: %w", err)
	}
	limit := min(max(q.Limit, 1), maxClients)
	over := time.Now().Add(m.pastSearch.time)
	for first := true; first || time.Now().Before(over); first = false {
		some, err := m.differencesAfter(ctx, from, to, after, q.Outcome)
		if err != nil {
			return DifferencePage{}, fmt.Errorf("compare clients of the past: %w", err)
		}
		for _, d := range some {
			if q.Outcome == "" || q.Outcome == d.Outcome() {
				if len(page.Differences) == limit {
					page.NextCursor = cursor(uint64(after))
					return page, nil
				}
				page.Differences = append(page.Differences, d.Difference)
			}
			after = d.at
		}
		if len(some) < touchedAtOnce {
			return page, nil
		}
	}
	page.NextCursor = cursor(uint64(after))
	page.Searched, err = m.Locate(ctx, Moment{Seq: uint64(after)})
	return page, err
}

// touched is a difference with the sequence of the client's first event in between.
type touched struct {
	at int64
	Difference
}

// differencesAfter returns the next differences between two positions: of clients whose first event in between comes
// behind a sequence.
func (m *ReadModel) differencesAfter(ctx context.Context, from, to Position, after int64, wanted Outcome) (found []touched, err error) {
	err = m.ask(func(p *pool) error {
		found, err = p.differences(ctx, from, to, after, wanted, touchedAtOnce)
		return err
	})
	return found, err
}

func (p *pool) differences(ctx context.Context, from, to Position, after int64, wanted Outcome, limit int) (found []touched, err error) {
	rows, err := p.clients.touched.QueryContext(ctx, sequence(from.Seq), sequence(to.Seq), after, wanted.clients(), limit)
	if err != nil {
		return nil, err
	}
	firsts, err := scanAll(rows, func(row interface{ Scan(...any) error }) (first [2]int64, err error) {
		err = scan(row, &first[0], &first[1])
		return first, err
	})
	if err != nil {
		return nil, err
	}
	for _, first := range firsts {
		d, err := p.difference(ctx, first[1], from, to)
		if err != nil {
			return nil, err
		}
		found = append(found, touched{first[0], d})
	}
	return found, nil
}

// clients says, as selectTouched takes it, which clients an outcome can be of.
func (o Outcome) clients() int {
	switch o {
	case Ended, Changed, Unchanged:
		return 1
	case Added, Transient:
		return 2
	}
	return 0
}

// difference applies the events of a client, by the sequence of its registration, up to two positions.
func (p *pool) difference(ctx context.Context, seq int64, from, to Position) (d Difference, err error) {
	rows, err := p.clients.history.QueryContext(ctx, seq, sequence(to.Seq))
	if err != nil {
		return d, err
	}
	defer rows.Close()
	for rows.Next() {
		e, err := scanEvent(rows)
		if err != nil {
			return d, err
		}
		if e.Seq > from.Seq {
			d.Events++
		} else {
			d.Before = evolve(d.Before, e.Envelope)
		}
		d.After = evolve(d.After, e.Envelope)
	}
	return d, rows.Err()
}
