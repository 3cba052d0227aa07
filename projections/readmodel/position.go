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

// A NotYetError says that a moment is still to come.
type NotYetError struct {
	End Position // the last event that there is
}

func (e *NotYetError) Error() string {
	if e.End.Seq == 0 {
		return "the moment is still to come: the event log is empty"
	}
	return fmt.Sprintf("the moment is still to come: the event log ends with event %d", e.End.Seq)
}

// Pin is r.Locate for a moment that must have passed: it returns a *NotYetError for an event that there is not yet, and for
// a time after now. An answer about a moment to come would change.
func Pin(ctx context.Context, r Reader, at Moment, now time.Time) (Position, error) {
	found, err := r.Locate(ctx, at)
	if err != nil || found.Seq == at.Seq && at.Seq != 0 {
		return found, err
	}
	end, err := r.Locate(ctx, End)
	switch {
	case err != nil:
		return Position{}, err
	case at.Seq > end.Seq, at.Seq == 0 && at.Time.After(now) && at.Time.After(end.Time):
		return Position{}, &NotYetError{end}
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
