package refusals

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"roster/projections/sqlitefile"
)

const (
	fileName = "refusals.db"

	queueMost     = 1024             // refusals and numbers each that wait to be written
	gatheringTime = time.Second      // for which they wait, so that many are written together
	writeLimit    = 5 * time.Second  // for writing them
	sweepInterval = 10 * time.Minute // after which what is too old goes, when nothing is written
	complaintPace = time.Minute      // between two lines of the log that say that refusals cannot be kept
)

// ErrUnavailable says that refusals cannot be read now.
var ErrUnavailable = errors.New("refusals cannot be read now")

// Options are what a Store is opened with. Dir and Logger are needed.
type Options struct {
	Dir    string // holds refusals.db and what belongs to it
	Logger *slog.Logger
	Now    func() time.Time // nil: time.Now

	most int // for tests; 0: most
}

// A Store keeps refusals. It may be used concurrently. A nil Store keeps nothing and has nothing.
type Store struct {
	Options
	path string

	mu      sync.Mutex // guards meter and waiting
	meter   meter
	waiting batch
	dropped atomic.Uint64

	file      atomic.Pointer[file] // nil: there is none that can be used; only the writer stores it
	condemned atomic.Pointer[file] // was found to be damaged by a reader

	awake    chan struct{}      // tells the writer that something waits
	settling chan chan struct{} // has the writer write at once, and close the channel that it is sent
	closing  chan struct{}
	closed   chan struct{}

	complained time.Time // the writer's: when the log was last told that refusals cannot be kept
}

// A batch is what waits to be written.
type batch struct {
	rows   []Refusal
	counts map[moment]int
}

// A moment is the second and the cause of refusals that are only counted.
type moment struct {
	second int64 // since 1970
	cause  Cause
}

// Open returns the store in a directory, which no other process may have open. It does not wait for the file: one that
// cannot be opened, now or later, is said in the log, and what is refused meanwhile is dropped.
func Open(o Options) *Store {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.most == 0 {
		o.most = most
	}
	s := &Store{
		Options: o, path: filepath.Join(o.Dir, fileName), meter: newMeter(), waiting: newBatch(),
		awake: make(chan struct{}, 1), settling: make(chan chan struct{}), closing: make(chan struct{}), closed: make(chan struct{}),
	}
	go s.run()
	return s
}

func newBatch() batch { return batch{counts: map[moment]int{}} }

// Close writes what waits and closes the file. What is recorded later is lost. It must be called once.
func (s *Store) Close() error {
	close(s.closing)
	<-s.closed // each of the writer's steps has a limit
	if f := s.file.Load(); f != nil {
		return f.close()
	}
	return nil
}

// Dropped returns how many refusals since the start were neither kept nor counted: more came than could be written.
func (s *Store) Dropped() uint64 {
	if s == nil {
		return 0
	}
	return s.dropped.Load()
}

// Record keeps a refusal that a caller got at an address, or counts it. It waits for nobody. It calls details before it
// returns, and only for a refusal that is kept.
func (s *Store) Record(at time.Time, ip string, cause Cause, details func() Details) {
	if s == nil {
		return
	}
	r := Refusal{Time: at, IP: canonicalIP(ip), Cause: cause}
	s.mu.Lock()
	kept := s.meter.keeps(r)
	if !kept {
		s.count(r)
	}
	s.mu.Unlock()
	if kept {
		r.Details = details().cut()
		s.mu.Lock()
		s.enqueue(r)
		s.mu.Unlock()
	}
	select {
	case s.awake <- struct{}{}:
	default: // it is told already
	}
}

// enqueue has a refusal wait, and drops it where too many do. It is called with mu locked.
func (s *Store) enqueue(r Refusal) {
	if len(s.waiting.rows) >= queueMost {
		s.dropped.Add(1)
		return
	}
	s.waiting.rows = append(s.waiting.rows, r)
}

// count counts a refusal, and drops it where too many numbers wait. It is called with mu locked.
func (s *Store) count(r Refusal) {
	at := moment{r.Time.Unix(), r.Cause}
	if _, known := s.waiting.counts[at]; !known && len(s.waiting.counts) >= queueMost {
		s.dropped.Add(1)
		return
	}
	s.waiting.counts[at]++
}

// run is the writer, which owns the file until closing ends it.
func (s *Store) run() {
	defer close(s.closed)
	s.write()
	sweep := time.NewTicker(sweepInterval)
	defer sweep.Stop()
	for due := (<-chan time.Time)(nil); ; {
		var settled chan struct{}
		select {
		case <-s.awake:
			if due == nil {
				due = time.After(gatheringTime)
			}
			continue
		case <-due:
		case settled = <-s.settling:
		case <-sweep.C:
		case <-s.closing:
			s.write()
			return
		}
		due = nil
		s.write()
		if settled != nil {
			close(settled)
		}
	}
}

// write writes what waits, drops what cannot be written, and removes what is too old.
func (s *Store) write() {
	s.mu.Lock()
	b := s.waiting
	s.waiting = newBatch()
	s.mu.Unlock()
	ctx, cancel := context.WithTimeout(context.Background(), writeLimit)
	defer cancel()
	err := s.writeBatch(ctx, b)
	if err == nil {
		return
	}
	s.dropped.Add(b.refusals())
	if now := time.Now(); now.Sub(s.complained) >= complaintPace {
		s.complained = now
		s.Logger.Warn("refusals cannot be kept", "dropped", s.dropped.Load(), "err", err)
	}
}

// refusals returns how many refusals there are in a batch.
func (b batch) refusals() uint64 {
	n := len(b.rows)
	for _, counted := range b.counts {
		n += counted
	}
	return uint64(n)
}

// writeBatch writes a batch, into a new file where there is none that can be used.
func (s *Store) writeBatch(ctx context.Context, b batch) error {
	f := s.file.Load()
	if f != nil && s.condemned.Swap(nil) == f {
		if err := s.replace(ctx, f, damage); err != nil {
			return err
		}
		f = s.file.Load()
	}
	if f == nil {
		opened, err := open(ctx, s.path, s.Now(), s.Logger)
		if err != nil {
			return err
		}
		s.file.Store(opened)
		f = opened
	}
	err := f.write(ctx, b, s.Now(), s.most)
	if sqlitefile.IsDamage(err) {
		if err := s.replace(ctx, f, damage); err != nil {
			return err
		}
		return s.file.Load().write(ctx, b, s.Now(), s.most)
	}
	return err
}

// replace begins a new file in place of one, for a reason.
func (s *Store) replace(ctx context.Context, former *file, because string) error {
	s.file.Store(nil)
	_ = former.close() // it is removed
	made, err := beginAnew(ctx, s.path, s.Now(), because, s.Logger)
	if err != nil {
		return err
	}
	s.file.Store(made)
	return nil
}

// settle waits until all is written that was recorded before.
func (s *Store) settle(ctx context.Context) error {
	settled := make(chan struct{})
	select {
	case s.settling <- settled:
	case <-s.closed:
		return ErrUnavailable
	case <-ctx.Done():
		return ctx.Err()
	}
	select {
	case <-settled:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// read asks the file, once all is in it that was recorded before. One that turns out to be damaged is begun anew, and
// asked again.
func (s *Store) read(ctx context.Context, ask func(*file) error) error {
	if s == nil {
		return nil
	}
	var err error
	for range 2 {
		if err = s.settle(ctx); err != nil {
			break
		}
		f := s.file.Load()
		if f == nil {
			return ErrUnavailable // the log says why
		}
		if err = ask(f); err == nil {
			return nil
		}
		if sqlitefile.IsDamage(err) {
			s.condemned.Store(f)
		} else if s.file.Load() == f {
			break
		}
	}
	return fmt.Errorf("read refusals: %w", err)
}
