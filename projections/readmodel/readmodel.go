// Package readmodel is what API and dashboard read: what the log says, as tables in SQLite. It is a follower
// of the log. Every table can be thrown away and built again from the log.
package readmodel

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"time"

	"roster/eventstore"
	"roster/projections"
)

// Log is what the read model needs of a log. Its contract is that of eventstore.Log.
type Log interface {
	projections.Log
	At(ctx context.Context, seq uint64) (eventstore.Recorded, error)
	Identity() eventstore.Identity
}

// Options are what a read model is opened with. Dir, Log and Logger are needed.
type Options struct {
	Dir    string // holds readmodel.db and what belongs to it; it must exist
	Log    Log
	Logger *slog.Logger
	Anew   bool // build it anew, whatever there is: the log has lost events that it may hold

	// Trusts tells whose software statements are believed where clients are found by what there is to caution of. nil:
	// nobody's.
	Trusts func(issuer string) bool

	// Acknowledged returns the highest sequence that this process has acknowledged to a caller. No query
	// answers from before it. nil: 0, always.
	Acknowledged func() uint64

	patience time.Duration           // how long a query waits; 0: readPatience
	step     func(name string) error // of a rebuild, for tests: what is done next does not happen if it fails
	pace     time.Duration           // between lines of the log about a rebuild; 0: progressPace
}

// progressPace is the time between two lines of the log that say how far a rebuild is.
const progressPace = 3 * time.Second

// Health says how the read model follows the log.
type Health = projections.Health

// ReadModel is the read model in a SQLite file. Its methods may be used concurrently, before, while and after
// Run, the follower's, runs.
type ReadModel struct {
	*projections.Follower
	tables       *tables
	log          Log
	acknowledged func() uint64
	patience     time.Duration
	eventSearch  searchLimits
	pastSearch   searchLimits
}

var _ Reader = (*ReadModel)(nil)

// Open opens the read model in a directory. Where there is none that continues this log it begins to build one:
// where the file is missing, is damaged, was made by another schema, belongs to another log or stands at an
// event that the log does not hold there. No other process may have it open. Queries fail with a
// *CatchingUpError until Run has come to where the log stands now.
func Open(ctx context.Context, o Options) (*ReadModel, error) {
	t := &tables{log: o.Log, logger: o.Logger, path: filepath.Join(o.Dir, fileName), trusts: o.Trusts, step: o.step, pace: o.pace}
	if t.trusts == nil {
		t.trusts = func(string) bool { return false }
	}
	if t.pace == 0 {
		t.pace = progressPace
	}
	if o.Anew {
		t.disown()
	}
	m := &ReadModel{
		tables: t, log: o.Log, acknowledged: o.Acknowledged, patience: o.patience,
		eventSearch: eventSearchLimits, pastSearch: pastSearchLimits,
	}
	if m.acknowledged == nil {
		m.acknowledged = func() uint64 { return 0 }
	}
	if m.patience == 0 {
		m.patience = readPatience
	}
	var err error
	if m.Follower, err = projections.Open(ctx, "readmodel", o.Log, t, o.Logger); err != nil {
		return nil, errors.Join(fmt.Errorf("open read model: %w", err), t.close())
	}
	t.startCheck(m.Interrupt)
	return m, nil
}

// Close closes the file. Run must have returned.
func (m *ReadModel) Close() error {
	m.Stop()
	return m.tables.close()
}

// Health implements Reader. After Run has ended as it was asked to, Err is projections.ErrStopped.
func (m *ReadModel) Health() Health {
	h := m.Follower.Health()
	h.Last = max(h.Last, m.acknowledged())
	if h.Err == nil && h.Trouble == nil && m.tables.rebuilding.Load() {
		h.Trouble = ErrRebuilding
	}
	return h
}
