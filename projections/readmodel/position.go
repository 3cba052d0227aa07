package readmodel

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math"
	"time"
)

// Position is an event of the log. An answer about the past is pinned to one: everything up to it counts, and nothing
// that is recorded later changes the answer. The zero Position is before the first event.
type Position struct {
	Seq  uint64
	Time time.Time // of the event
}

// End is the Moment of the last event that there is.
var End = Moment{Seq: math.MaxInt64}

const selectPinned = `SELECT seq, time FROM events WHERE seq <= ? ORDER BY seq DESC LIMIT 1`

// Locate implements Reader. A sequence that this process has not applied yet is looked for in the log, where another
// process may have recorded it.
func (m *ReadModel) Locate(ctx context.Context, at Moment) (found Position, err error) {
	err = m.lookUp(ctx, func(p *pool) error {
		last, err := p.lastUntil(ctx, at)
		if err != nil {
			return err
		}
		if found, err = p.position(ctx, last); err != nil {
			return err
		}
		if at.Seq > uint64(last) {
			return sql.ErrNoRows // not yet
		}
		return nil
	})
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return Position{}, fmt.Errorf("find an event of the past: %w", err)
	}
	return found, nil
}

// position returns the last event up to a sequence.
func (p *pool) position(ctx context.Context, seq int64) (found Position, err error) {
	var at int64
	err = p.events.pinned.QueryRowContext(ctx, seq).Scan(&found.Seq, &at)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return Position{}, nil
	case err != nil:
		return Position{}, err
	}
	found.Time = timeOf(at)
	return found, nil
}
