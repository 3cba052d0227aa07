// Package lastuse keeps when clients were authenticated last, for administrators who look for clients that nobody uses.
//
// Nothing depends on what it keeps. So it stands apart from the event log, in a file of SQLite, and never makes a request
// wait or fail: uses wait in memory, one a client, and a goroutine writes them together. When too many wait, further
// clients are passed over, and their number is told. A file that is damaged, or of another form, is begun anew. Each
// process keeps the uses that it saw itself.
package lastuse

import (
	"context"
	"errors"
	"log/slog"
	"maps"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"roster/projections/sqlitefile"
)

const (
	fileName = "lastuse.db"

	waitingMost   = 1 << 16         // clients whose uses wait to be written
	gatheringTime = 5 * time.Second // for which they wait
	writeLimit    = 5 * time.Second // for writing them
	complaintPace = time.Minute     // between two lines of the log that say that uses cannot be kept
)

// ErrUnavailable says that uses cannot be read now.
var ErrUnavailable = errors.New("last uses of clients cannot be read now")

// A Store keeps the last use of each client. It may be used concurrently. A nil Store keeps nothing and has nothing.
type Store struct {
	path   string
	logger *slog.Logger

	mu      sync.Mutex           // guards the next two
	waiting map[string]time.Time // uses that are yet to be written, by client_id
	writing map[string]time.Time // those that are being written
	dropped atomic.Uint64

	file atomic.Pointer[file] // nil: there is none that can be used; only the writer stores it

	awake      chan struct{} // tells the writer that something waits
	closing    chan struct{}
	closed     chan struct{}
	complained time.Time // the writer's: when the log was last told that uses cannot be kept
}

// Open returns the store in a directory, which no other process may have open. It does not wait for the file: one that
// cannot be opened, now or later, is said in the log.
func Open(dir string, logger *slog.Logger) *Store {
	s := &Store{
		path: filepath.Join(dir, fileName), logger: logger, waiting: map[string]time.Time{},
		awake: make(chan struct{}, 1), closing: make(chan struct{}), closed: make(chan struct{}),
	}
	go s.run()
	return s
}

// Close writes what waits and closes the file. What is recorded later is lost. It must be called once.
func (s *Store) Close() error {
	close(s.closing)
	<-s.closed // each of the writer's steps has a limit
	if f := s.file.Load(); f != nil {
		return f.close()
	}
	return nil
}

// Dropped returns how many uses since the start could not be kept.
func (s *Store) Dropped() uint64 {
	if s == nil {
		return 0
	}
	return s.dropped.Load()
}

// Record notes that a client was used at a time, to the microsecond. It waits for nobody.
func (s *Store) Record(clientID string, at time.Time) {
	if s == nil {
		return
	}
	s.mu.Lock()
	at = at.UTC().Truncate(time.Microsecond)
	former, known := s.waiting[clientID]
	switch {
	case !known && len(s.waiting) >= waitingMost:
		s.dropped.Add(1)
	case at.After(former):
		s.waiting[clientID] = at
	}
	s.mu.Unlock()
	s.wake()
}

// wake tells the writer that something waits.
func (s *Store) wake() {
	select {
	case s.awake <- struct{}{}:
	default: // it is told already
	}
}

// Of returns when clients were used last, by client_id. Those of which nothing is known are left out. It returns
// ErrUnavailable, or the context's error.
func (s *Store) Of(ctx context.Context, clientIDs ...string) (map[string]time.Time, error) {
	if s == nil || len(clientIDs) == 0 {
		return nil, nil
	}
	// What waits is read first: it is in the file, or in one of the two, whenever the file is read.
	unwritten := s.unwritten(clientIDs)
	f := s.file.Load()
	if f == nil {
		return nil, ErrUnavailable // the log says why
	}
	found, err := f.read(ctx, clientIDs)
	if err != nil {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		s.logger.Warn("last uses of clients cannot be read", "err", err)
		return nil, ErrUnavailable
	}
	for id, at := range unwritten {
		if at.After(found[id]) {
			found[id] = at
		}
	}
	return found, nil
}

// unwritten returns the uses of clients that may not be in the file yet.
func (s *Store) unwritten(clientIDs []string) map[string]time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	found := map[string]time.Time{}
	for _, id := range clientIDs {
		for _, uses := range []map[string]time.Time{s.writing, s.waiting} {
			if at := uses[id]; at.After(found[id]) {
				found[id] = at
			}
		}
	}
	return found
}

// run is the writer, which owns the file until closing ends it.
func (s *Store) run() {
	defer close(s.closed)
	s.write()
	for due := (<-chan time.Time)(nil); ; {
		select {
		case <-s.awake:
			if due == nil {
				due = time.After(gatheringTime)
			}
		case <-due:
			due = nil
			s.write()
		case <-s.closing:
			s.write()
			return
		}
	}
}

// write writes what waits. What cannot be written waits on, unless there is no room for it.
func (s *Store) write() {
	s.mu.Lock()
	s.writing, s.waiting = s.waiting, map[string]time.Time{}
	uses := s.writing // nobody changes it any more
	s.mu.Unlock()
	ctx, cancel := context.WithTimeout(context.Background(), writeLimit)
	defer cancel()
	err := s.writeAll(ctx, uses)
	s.mu.Lock()
	if err != nil {
		s.keepWaiting()
	}
	s.writing = nil
	s.mu.Unlock()
	if now := time.Now(); err != nil && now.Sub(s.complained) >= complaintPace {
		s.complained = now
		s.logger.Warn("last uses of clients cannot be kept", "dropped", s.dropped.Load(), "err", err)
	}
}

// keepWaiting has the uses that were not written wait again. It is called with mu locked.
func (s *Store) keepWaiting() {
	newer := s.waiting
	s.waiting = maps.Clone(s.writing)
	for id, at := range newer {
		if _, known := s.waiting[id]; !known && len(s.waiting) >= waitingMost {
			s.dropped.Add(1)
			continue
		}
		s.waiting[id] = at
	}
	s.wake()
}

// writeAll writes uses, into a new file where there is none that can be used.
func (s *Store) writeAll(ctx context.Context, uses map[string]time.Time) error {
	f := s.file.Load()
	if f == nil {
		opened, err := open(ctx, s.path, s.logger)
		if err != nil {
			return err
		}
		s.file.Store(opened)
		f = opened
	}
	err := f.write(ctx, uses)
	if sqlitefile.IsDamage(err) {
		s.file.Store(nil)
		_ = f.close() // it is removed
		made, err := beginAnew(ctx, s.path, "the file was damaged", s.logger)
		if err != nil {
			return err
		}
		s.file.Store(made)
		return made.write(ctx, uses)
	}
	return err
}
