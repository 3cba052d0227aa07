package readmodel

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"roster/eventstore"
	"roster/projections/sqlitefile"
)

// tables is the read model's file, which the follower fills and readers read.
//
// The file is readmodel.db. Where it cannot go on, its successor is built beside it, in readmodel.db.new, and
// takes its place when it holds all that the log held when the building began. Until then the former file stays
// where it is, for it can tell whether the log is whole (Witness). A successor that the end of a process left is built
// further, and after a loss of power another one is begun, both in preference to the file that it is to replace: that
// was found to be unfit.
type tables struct {
	log    Log
	logger *slog.Logger
	path   string                   // of readmodel.db
	trusts func(issuer string) bool // whose software statements are believed
	step   func(string) error
	pace   time.Duration // between two lines of the log that say how far building is

	shown      atomic.Pointer[pool]  // what is read; nil until it is complete, and from when damage is found
	rebuilding atomic.Bool           // the file being filled is the successor
	index      atomic.Pointer[index] // of the file being filled, or to be loaded from the one that is shown

	// These belong to the follower's goroutine: that of Open, then of Run, then of Close.
	writer   *writer
	pool     *pool  // shown, or no longer shown because of damage
	showAt   uint64 // sequence of the log's last event when the file was opened: it is shown from there on
	unfit    error  // a *staleError: why nothing that is there can go on
	disowned bool   // the file may hold events that the log lost: it is no witness either
	made     bool   // the file was made by this process
	said     stand  // how far building was at the last line of the log
	syncing  syncing

	stopCheck func()
	stopLoad  func() // of index; nil: it is not being loaded
}

// disown has the file built anew, though it may continue the log.
func (t *tables) disown() {
	t.disowned = true
	t.unfit = stale(slog.LevelWarn, "events are missing from the log, and their loss was accepted")
}

// Resume implements projections.Projection. It opens the file, or begins its successor when the file is
// damaged or does not continue the log. Readers go on with the file that is shown unless it is damaged.
func (t *tables) Resume(ctx context.Context, cause error) (uint64, error) {
	cause = errors.Join(cause, t.closeWriter())
	t.endLoad()
	t.index.Store(newIndex(t.trusts)) // the former may lack what was committed, although that failed
	if isDamage(cause) {
		t.discard(cause)
	}
	err := t.open(ctx)
	if isDamage(err) {
		t.discard(err)
		err = t.open(ctx)
	}
	if err != nil {
		return 0, errors.Join(err, t.closeWriter())
	}
	if t.pool != nil {
		t.pool.recent.restart(t.writer.at.seq)
	}
	return t.writer.at.seq, nil
}

// discard takes the file out of use because of damage.
func (t *tables) discard(damage error) {
	t.endCheck() // what it finds is known
	_ = t.closeWriter()
	_ = t.closePool()
	t.unfit = damaged(damage)
}

// open opens the file that is to be filled. It does not close what it opened when it fails.
func (t *tables) open(ctx context.Context) error {
	last, err := t.log.Last(ctx)
	if err != nil {
		return err
	}
	if err := t.openWriter(ctx, last); err != nil {
		return err
	}
	if t.pool == nil {
		t.showAt, t.said = last, stand{t.writer.at.seq, time.Now()}
		t.syncing.from = t.writer.at.seq
	}
	return t.show(ctx)
}

func (t *tables) openWriter(ctx context.Context, last uint64) (err error) {
	unfit := t.unfit
	if unfit == nil {
		if t.writer, err = resumeBuilding(ctx, t.successor(), t.log); err == nil {
			t.logger.LogAttrs(ctx, slog.LevelInfo, "building the read model goes on",
				slog.Uint64("applied", t.writer.at.seq), slog.Uint64("events", last))
			t.rebuilding.Store(true)
			return nil
		}
		if errors.As(err, new(*staleError)) && !errors.Is(err, errUnsynced) {
			if t.writer, err = resume(ctx, t.path, toKeep, t.log); err == nil {
				t.rebuilding.Store(false)
				return sqlitefile.Remove(t.successor())
			}
		}
		unfit = err
	}
	because := (*staleError)(nil)
	if !errors.As(unfit, &because) {
		return unfit
	}
	t.logger.LogAttrs(ctx, because.level, "building the read model anew",
		slog.String("because", because.Error()), slog.Uint64("events", last))
	if err := t.closePool(); err != nil {
		return err
	}
	if t.disowned {
		if err := sqlitefile.Remove(t.path); err != nil {
			return err
		}
	}
	if t.writer, err = create(ctx, t.successor(), t.log.Identity()); err != nil {
		return err
	}
	t.index.Store(emptyIndex(t.trusts))
	t.unfit, t.disowned, t.made = nil, false, true
	t.rebuilding.Store(true)
	return nil
}

// successor is the path of what is built to replace the file.
func (t *tables) successor() string { return t.path + successorSuffix }

// Apply implements projections.Projection.
func (t *tables) Apply(ctx context.Context, events []eventstore.Recorded) error {
	found, err := t.writer.apply(ctx, events)
	if err != nil {
		return err
	}
	t.index.Load().put(t.writer.at.seq, found)
	if t.pool != nil {
		t.pool.recent.applied(events)
	}
	t.sayProgress(ctx)
	if err := t.syncAhead(); err != nil {
		return err
	}
	return t.show(ctx)
}

// stand is where a read model stood at a time.
type stand struct {
	seq uint64
	at  time.Time
}

// sayProgress writes a line to the log, now and then, while there is much to apply before the file can be shown.
func (t *tables) sayProgress(ctx context.Context) {
	passed := time.Since(t.said.at)
	if t.pool != nil || t.writer.at.seq >= t.showAt || passed < t.pace {
		return
	}
	now := stand{t.writer.at.seq, time.Now()}
	rate := float64(now.seq-t.said.seq) / max(passed.Seconds(), 1e-9)
	t.logger.LogAttrs(ctx, slog.LevelInfo, "the read model is being brought up to the log",
		slog.Uint64("applied", now.seq), slog.Uint64("events", t.showAt), slog.Int("events_per_second", int(rate)))
	t.said = now
}

// Retries implements projections.Projection: what may pass, and damage. A new file does not help where this
// program wrote the row that it cannot read.
func (t *tables) Retries(err error) bool {
	return isPassing(err) || isDamage(err) && !(t.made && errors.Is(err, errBadRow))
}

// show lets the file be read once it is complete. A successor then takes the place of the file.
func (t *tables) show(ctx context.Context) error {
	if t.pool == nil && t.writer.at.seq >= t.showAt {
		if err := t.expose(ctx); err != nil {
			return err
		}
	}
	if t.pool != nil {
		t.startLoad()
	}
	return nil
}

func (t *tables) expose(ctx context.Context) error {
	if t.rebuilding.Load() {
		if err := t.replace(ctx); err != nil {
			return fmt.Errorf("put the new read model in its place: %w", err)
		}
	}
	opened, err := openPool(ctx, t.path, t.writer.at.seq)
	if err != nil {
		return err
	}
	t.pool = opened
	t.shown.Store(opened)
	t.rebuilding.Store(false)
	return nil
}

// replace puts the successor, which is complete, in the place of the file. Wherever it is cut off, the successor
// or the file is there in full.
func (t *tables) replace(ctx context.Context) error {
	at := t.writer.at
	for _, step := range []struct {
		name string
		do   func() error
	}{
		{"close the successor", t.closeWriter},
		{"sync the successor", func() error { return syncSuccessor(t.successor()) }},
		// SQLite would take a write-ahead log that is left for that of the successor.
		{"remove the file", func() error { return sqlitefile.Remove(t.path) }},
		{"sync the removal", func() error { return syncPath(filepath.Dir(t.path)) }},
		{"rename the successor", func() error { return os.Rename(t.successor(), t.path) }},
		{"sync the renaming", func() error { return syncPath(filepath.Dir(t.path)) }},
		{"open the file", func() (err error) {
			t.writer, err = reopen(ctx, t.path)
			if err == nil && t.writer.at != at {
				err = fmt.Errorf("%w: it stands at event %d, not at %d", sqlitefile.ErrDamaged, t.writer.at.seq, at.seq)
			}
			return err
		}},
	} {
		if t.step != nil {
			if err := t.step(step.name); err != nil {
				return err
			}
		}
		if err := step.do(); err != nil {
			return fmt.Errorf("%s: %w", step.name, err)
		}
	}
	return nil
}

// close closes what is open. The follower's Run must have returned.
func (t *tables) close() error {
	t.endCheck()
	return errors.Join(t.closePool(), t.closeWriter())
}

// startLoad loads the index from the file that is shown, unless it is complete or being loaded.
func (t *tables) startLoad() {
	index, db := t.index.Load(), t.pool.db
	if t.stopLoad != nil || index.isComplete() {
		return
	}
	ctx, cancel := context.WithCancel(context.Background())
	var loading sync.WaitGroup
	index.start(t.writer.at.seq)
	loading.Go(func() { index.load(ctx, db) })
	t.stopLoad = func() {
		cancel()
		loading.Wait()
	}
}

func (t *tables) endLoad() {
	if t.stopLoad != nil {
		t.stopLoad()
	}
	t.stopLoad = nil
}

func (t *tables) closePool() (err error) {
	t.endLoad()
	t.shown.Store(nil)
	if t.pool != nil {
		err = t.pool.db.Close()
	}
	t.pool = nil
	return err
}

func (t *tables) closeWriter() error {
	err := t.syncing.end()
	if t.writer != nil {
		err = errors.Join(err, t.writer.close())
	}
	t.writer = nil
	return err
}

// startCheck looks for damage in a file that was there already, before a query meets it, and reports it.
// What is being built, or was built just now, is not looked at.
func (t *tables) startCheck(report func(error)) {
	if t.made || t.rebuilding.Load() {
		return
	}
	ctx, cancel := context.WithCancel(context.Background())
	var checking sync.WaitGroup
	checking.Go(func() {
		if err := sqlitefile.Check(ctx, t.path); isDamage(err) {
			report(err)
		}
	})
	t.stopCheck = func() {
		cancel()
		checking.Wait()
	}
}

func (t *tables) endCheck() {
	if t.stopCheck != nil {
		t.stopCheck()
	}
}
