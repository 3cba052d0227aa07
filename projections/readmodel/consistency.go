package readmodel

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"roster/eventstore"
)

// This file is the rule of reads: a query answers from no state that is older than what this process had
// acknowledged when the query began. It waits for that, and fails with ErrUnavailable rather than answer with
// something old. Queries come here through read, catchUp, lookUp or readToEnd; snapshots, on which decisions are
// made that the log checks, do not.

var (
	// ErrUnavailable says that a query cannot be answered now: the read model is being built, has stopped, is
	// behind or cannot be read. The same query may be answered later. It is no domain.ErrUnavailable: the log may be
	// in order, and what that error says of a change, that nothing was stored, is not known here.
	ErrUnavailable = errors.New("read model is not available")
	// ErrBehind says that the read model did not come in time to what the query must not miss. It is an
	// ErrUnavailable.
	ErrBehind = fmt.Errorf("%w: it is behind the event log", ErrUnavailable)
	// ErrRebuilding is the Trouble of a read model that is being built from the log.
	ErrRebuilding = errors.New("read model is being built from the event log")
	// ErrUnknownEvent is in the Err of a read model that stopped at an event that this program does not know: a newer
	// one wrote it.
	ErrUnknownEvent = eventstore.ErrUnknownSchema
)

// A CatchingUpError says that the read model has yet to come to where the log stood when the file was opened, or
// was found to be damaged. It is an ErrUnavailable.
type CatchingUpError struct {
	Applied, Last uint64 // sequences: how far it is, and how far there is to go
}

// Error is meant for administrators.
func (e *CatchingUpError) Error() string {
	return fmt.Sprintf("catching up: %d of %d events", e.Applied, e.Last)
}

// Unwrap makes it an ErrUnavailable.
func (e *CatchingUpError) Unwrap() error { return ErrUnavailable }

// readPatience is how long a query waits for the read model.
const readPatience = 2 * time.Second

// read asks the file, once it holds what was acknowledged when read was called. It returns the error of ask,
// the context's, or an ErrUnavailable.
func (m *ReadModel) read(ctx context.Context, ask func(*pool) error) error {
	if err := m.catchUp(ctx); err != nil {
		return err
	}
	return m.ask(ask)
}

// catchUp waits until the file holds what was acknowledged when catchUp was called. A query that asks in several steps
// begins with it: the time that is set for its steps runs from then on.
func (m *ReadModel) catchUp(ctx context.Context) error { return m.await(ctx, m.acknowledged()) }

// lookUp is read for what another process may have recorded a moment ago: what ask does not find, sql.ErrNoRows,
// it asks for again once the file holds all that the log holds.
func (m *ReadModel) lookUp(ctx context.Context, ask func(*pool) error) error {
	before := m.Applied()
	err := m.read(ctx, ask)
	if !errors.Is(err, sql.ErrNoRows) {
		return err
	}
	last, endErr := m.end(ctx)
	switch {
	case endErr != nil:
		return endErr
	case last <= before:
		return err
	}
	if err := m.await(ctx, last); err != nil {
		return err
	}
	return m.ask(ask)
}

// readToEnd is read with all that the log holds when it is called, whoever recorded it.
func (m *ReadModel) readToEnd(ctx context.Context, ask func(*pool) error) error {
	last, err := m.end(ctx)
	if err != nil {
		return err
	}
	if err := m.await(ctx, max(last, m.acknowledged())); err != nil {
		return err
	}
	return m.ask(ask)
}

// end returns the sequence of the log's last event.
func (m *ReadModel) end(ctx context.Context) (uint64, error) {
	last, err := m.log.Last(ctx)
	switch {
	case err == nil:
		return last, nil
	case ctx.Err() != nil:
		return 0, ctx.Err()
	}
	// The error of the log would say what it means for a change.
	return 0, fmt.Errorf("%w: find the end of the log: %v", ErrUnavailable, err)
}

// await waits until the file can be read and holds the event at a sequence.
func (m *ReadModel) await(ctx context.Context, seq uint64) error {
	shown := m.tables.shown.Load()
	if shown == nil {
		return m.unreadable()
	}
	// A file that was built anew is read from where it was complete.
	seq = max(seq, shown.from)
	if seq <= m.Applied() {
		return nil
	}
	patient, cancel := context.WithTimeout(ctx, m.patience)
	defer cancel()
	err := m.Wait(patient, seq)
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		return ctx.Err()
	case patient.Err() != nil:
		return ErrBehind
	}
	return fmt.Errorf("%w: it has stopped: %w", ErrUnavailable, err)
}

// unreadable says why there is no file to read.
func (m *ReadModel) unreadable() error {
	h := m.Health()
	if h.Err != nil {
		return fmt.Errorf("%w: it has stopped: %w", ErrUnavailable, h.Err)
	}
	return &CatchingUpError{Applied: h.Applied, Last: h.Last}
}

// ask asks the file that is shown, without waiting. What keeps SQLite from answering is ErrUnavailable, and
// damage has the file built anew. Whatever is asked in several steps is consistent: what a reader has seen does
// not change, and a file is shown only when it holds all that the one before held.
func (m *ReadModel) ask(ask func(*pool) error) error {
	shown := m.tables.shown.Load()
	if shown == nil {
		return m.unreadable()
	}
	err := ask(shown)
	switch {
	case err == nil:
		return nil
	case isDamage(err):
		// Nobody reads it from here on. If it was closed meanwhile, that is known already.
		if m.tables.shown.CompareAndSwap(shown, nil) {
			m.Interrupt(err)
		}
	case !isPassing(err) && m.tables.shown.Load() == shown:
		return err
	}
	return fmt.Errorf("%w: %w", ErrUnavailable, err)
}
