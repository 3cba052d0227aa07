package readmodel

import (
	"errors"
	"fmt"
	"os"

	"roster/projections/sqlitefile"
)

// syncEvents is after how many events a successor is synced ahead: some 50 MB.
const syncEvents = 65536

// syncing is what is synced of a successor while it is built.
type syncing struct {
	from  uint64     // what was applied when the last sync began
	ended chan error // gets the outcome of the sync that is under way; nil: none is
}

// syncAhead has what was written to a successor synced beside the building of it, time and again, so that little is left
// to be synced when it is complete: a disk may take seconds for all of it.
func (t *tables) syncAhead() error {
	s := &t.syncing
	if !t.rebuilding.Load() || t.writer.at.seq < s.from+syncEvents || s.ended != nil && len(s.ended) == 0 {
		return nil
	}
	if err := s.end(); err != nil {
		return err
	}
	ended, path := make(chan error, 1), t.successor()
	go func() { ended <- syncSuccessor(path) }()
	s.from, s.ended = t.writer.at.seq, ended
	return nil
}

// end waits for the sync that is under way, if there is one, and returns its outcome.
func (s *syncing) end() error {
	if s.ended == nil {
		return nil
	}
	err := <-s.ended
	s.ended = nil
	return err
}

// syncSuccessor syncs a successor. When that fails, nobody knows what of it is on disk, and a later sync would not tell: it
// is damaged.
func syncSuccessor(path string) error {
	if err := syncPath(path); err != nil {
		return fmt.Errorf("%w: sync it: %w", sqlitefile.ErrDamaged, err)
	}
	return nil
}

// syncPath syncs a file or a directory to disk.
func syncPath(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}
