package readmodel

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"sync/atomic"

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

var (
	// ErrStopped says that the projector was stopped before the event that was waited for.
	ErrStopped = errors.New("projector is stopped")
	// ErrUnavailable says that the read model cannot be read now, since it is being built or its file
	// cannot be read. The same question may be answered later.
	ErrUnavailable = errors.New("read model is not available")
	// ErrRebuilding is the Trouble of a read model that is being built from the log.
	ErrRebuilding = errors.New("read model is being built from the event log")
)

// ReadModel is the read model in a SQLite file. Its methods may be used concurrently, before, while and
// after Run runs.
type ReadModel struct {
	log      Log
	logger   *slog.Logger
	path     string
	progress progress
	shown    atomic.Pointer[view] // what is read; nil until it stands where the log stood when it was opened
	damage   chan error           // what a reader found; Run builds the file anew

	// Of Open, then of Run, then of Close.
	writer *writer
	made   bool   // the file was made by this process
	next   *view  // what will be shown from the event at showAt on
	showAt uint64 // sequence of the log's last event when the file was opened
}

var _ Reader = (*ReadModel)(nil)

// Open opens the read model in a directory, or makes an empty one where there is none that continues this
// log: where the file is missing, is damaged, was made by another schema, belongs to another log or stands
// at an event that the log does not hold there. No other process may have it open. What is read is
// ErrUnavailable until Run has come to where the log stands now, or has stopped on an error.
func Open(ctx context.Context, o Options) (*ReadModel, error) {
	m := &ReadModel{log: o.Log, logger: o.Logger, path: filepath.Join(o.Dir, fileName), damage: make(chan error, 1)}
	var unfit error
	if o.Anew {
		unfit = stale(slog.LevelWarn, "events are missing from the log, and their loss was accepted")
	}
	err := m.open(ctx, unfit)
	if isDamage(err) {
		err = m.open(ctx, damaged(err))
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("open read model: %w", err), m.Close())
	}
	return m, nil
}

// open opens the file, or makes an empty one in place of one that is unfit, which a *staleError says, or that is
// found not to continue the log. On an error nothing is open for writing. It may be called again to recover from one.
func (m *ReadModel) open(ctx context.Context, unfit error) error {
	last, err := m.log.Last(ctx)
	if err != nil {
		return err
	}
	if err = unfit; err == nil {
		m.writer, err = resume(ctx, m.path, m.log)
	}
	if stale := (*staleError)(nil); errors.As(err, &stale) {
		m.logger.LogAttrs(ctx, stale.level, "building the read model anew",
			slog.String("because", stale.Error()), slog.Uint64("events", last))
		err = m.replace(ctx)
	}
	if err != nil {
		return err
	}
	if m.next == nil {
		if m.next, err = openView(ctx, m.path); err != nil {
			return errors.Join(err, m.closeWriter())
		}
		m.showAt = last
	}
	m.progress.saw(last)
	m.advance()
	if m.writer.at.seq >= last {
		m.progress.trouble(nil)
	}
	return nil
}

// replace makes an empty read model in place of the one that is shown, which nobody reads from here on.
func (m *ReadModel) replace(ctx context.Context) (err error) {
	m.progress.trouble(ErrRebuilding)
	if err := m.closeView(); err != nil {
		return err
	}
	m.writer, err = create(ctx, m.path, m.log.Identity())
	m.made = err == nil
	select {
	case <-m.damage: // of the former file
	default:
	}
	return err
}

// advance tells how far the projector is, and shows the file once it stands where the log stood. Whoever
// sees the file sees that, and whoever waited for it finds the file.
func (m *ReadModel) advance() {
	at := m.writer.at.seq
	m.progress.advance(at, func() {
		if at >= m.showAt {
			m.shown.Store(m.next)
		}
	})
}

// read asks the file that is shown. What keeps SQLite from answering is ErrUnavailable, and damage has the
// file built anew. Whatever is read in several steps is consistent: what a reader has seen does not change,
// and a file is shown only when it holds all that the one before held.
func (m *ReadModel) read(ask func(*view) error) error {
	shown := m.shown.Load()
	if shown == nil {
		return ErrUnavailable
	}
	err := ask(shown)
	switch {
	case err == nil:
		return nil
	case m.shown.Load() != shown: // it was closed meanwhile
	case isDamage(err):
		m.report(err)
	case !isPassing(err):
		return err
	}
	return fmt.Errorf("%w: %w", ErrUnavailable, err)
}

// Close closes the file. Run must have returned.
func (m *ReadModel) Close() error {
	m.progress.stop(ErrStopped)
	return errors.Join(m.closeView(), m.closeWriter())
}

func (m *ReadModel) closeView() (err error) {
	m.shown.Store(nil)
	if m.next != nil {
		err = m.next.db.Close()
	}
	m.next = nil
	return err
}

func (m *ReadModel) closeWriter() (err error) {
	if m.writer != nil {
		err = m.writer.close()
	}
	m.writer = nil
	return err
}

// Wait implements Reader. It returns ErrStopped when Run has ended, or the model is closed, without the event.
func (m *ReadModel) Wait(ctx context.Context, seq uint64) error { return m.progress.wait(ctx, seq) }

// Health implements Reader. After Run has ended as it was asked to, Err is ErrStopped.
func (m *ReadModel) Health() Health { return m.progress.health() }
