package readmodel

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math"
	"strings"
)

// eventsAtOnce is how many events EachEvent reads, and holds in memory, at a time.
const eventsAtOnce = 500

// EachEvent implements Reader.
func (m *ReadModel) EachEvent(ctx context.Context, q EventQuery, start func(at uint64) error, yield func(Event) error) error {
	var s selection
	err := m.read(ctx, func(p *pool) (err error) {
		s, err = p.selection(ctx, q)
		return err
	})
	if err != nil {
		return fmt.Errorf("read events: %w", err)
	}
	if err := start(uint64(s.position)); err != nil {
		return err
	}
	atOnce, left := min(eventsAtOnce, m.eventSearch.window), q.Limit
	if left < 1 {
		left = math.MaxInt
	}
	for from := s.after; from < s.before-1 && left > 0; {
		if err := ctx.Err(); err != nil {
			return err
		}
		var to int64
		var found []eventRow
		err := m.ask(func(p *pool) (err error) {
			if to, err = s.windowAfter(ctx, p, from, atOnce); err == nil {
				found, err = s.rows(ctx, p, from, to, false, min(left, int(atOnce)))
			}
			return err
		})
		if err != nil {
			return fmt.Errorf("read events: %w", err)
		}
		for _, row := range found {
			if err := yield(row.Event); err != nil {
				return err
			}
		}
		from, left = to-1, left-len(found)
	}
	return nil
}

// windowAfter returns the sequence before which the window lies that begins after another one: it has so many events to
// look at, or fewer at the end.
func (s selection) windowAfter(ctx context.Context, p *pool, after, events int64) (before int64, err error) {
	if len(s.indexed.terms) == 0 {
		return min(s.before, after+1+events), nil
	}
	where := append([]string{"e.seq > ? AND e.seq < ?"}, s.indexed.terms...)
	args := append([]any{after, s.before}, s.indexed.args...)
	err = p.db.QueryRowContext(ctx, "SELECT e.seq + 1 FROM events e WHERE "+strings.Join(where, " AND ")+" ORDER BY e.seq LIMIT 1 OFFSET ?",
		append(args, events-1)...).Scan(&before)
	if errors.Is(err, sql.ErrNoRows) {
		return s.before, nil
	}
	return before, err
}
