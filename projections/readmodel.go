package projections

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"

	"roster/eventstore"
)

// Log is what the read model needs of a log. Its contract is that of eventstore.Log.
type Log interface {
	At(ctx context.Context, seq uint64) (eventstore.Recorded, error)
	Last(ctx context.Context) (uint64, error)
	Identity() eventstore.Identity
	Subscribe(ctx context.Context, after uint64) (eventstore.Subscription, error)
}

// Options are what a read model is opened with. Dir, Log and Logger are needed.
type Options struct {
	Dir    string // holds readmodel.db and SQLite's files beside it; it must exist
	Log    Log
	Logger *slog.Logger
	Anew   bool // build it anew, whatever there is: the log has lost events that it may hold
}

// ErrStopped says that the projector was stopped before the event that was waited for.
var ErrStopped = errors.New("projector is stopped")

// ReadModel is the read model in a SQLite file. Its methods may be used concurrently, before, while and
// after Run runs.
type ReadModel struct {
	log      Log
	writer   *writer
	readers  *sql.DB
	queries  queries
	progress progress
}

var _ Reader = (*ReadModel)(nil)

// Open opens the read model in a directory, or makes an empty one where there is none that continues this
// log: where the file is missing, cannot be read, was made by another schema, belongs to another log or
// stands at an event that the log does not hold there. No other process may have it open.
func Open(ctx context.Context, o Options) (*ReadModel, error) {
	last, err := o.Log.Last(ctx)
	if err != nil {
		return nil, fmt.Errorf("open read model: %w", err)
	}
	path := filepath.Join(o.Dir, fileName)
	var w *writer
	if o.Anew {
		err = stale(slog.LevelWarn, "events are missing from the log, and their loss was accepted")
	} else {
		w, err = resume(ctx, path, o.Log)
	}
	if stale := (*staleError)(nil); errors.As(err, &stale) {
		o.Logger.LogAttrs(ctx, stale.level, "building the read model anew",
			slog.String("because", stale.Error()), slog.Uint64("events", last))
		w, err = create(ctx, path, o.Log.Identity())
	}
	if err != nil {
		return nil, fmt.Errorf("open read model: %w", err)
	}
	m := &ReadModel{log: o.Log, writer: w}
	m.progress.advance(w.at.seq)
	m.progress.saw(last)
	if err := m.openReaders(ctx, path); err != nil {
		return nil, errors.Join(fmt.Errorf("open read model: %w", err), m.Close())
	}
	return m, nil
}

func (m *ReadModel) openReaders(ctx context.Context, path string) (err error) {
	if m.readers, err = openReaders(path); err != nil {
		return err
	}
	m.queries, err = prepareQueries(ctx, m.readers)
	return err
}

// Close closes the file. Run must have returned.
func (m *ReadModel) Close() error {
	m.progress.stop(ErrStopped)
	var err error
	if m.readers != nil {
		err = m.readers.Close()
	}
	return errors.Join(err, m.writer.close())
}

// Wait implements Reader. It returns ErrStopped when Run has ended, or the model is closed, without the event.
func (m *ReadModel) Wait(ctx context.Context, seq uint64) error { return m.progress.wait(ctx, seq) }

// Health implements Reader. After Run has ended as it was asked to, Err is ErrStopped.
func (m *ReadModel) Health() Health { return m.progress.health() }
