package jetstream

import (
	"log/slog"
	"slices"
	"sync/atomic"
	"syscall"

	"roster/domain"
)

// A space watches the disk that an embedded server stores on. Events are refused while there is still some
// space left: enough for what is under way, for the read model, which follows, and for ending clients and
// tokens, which must go on longest. So the server hardly ever meets a full disk, which it does not get over.
type space struct {
	dir     string
	statfs  func(path string, to *syscall.Statfs_t) error // syscall.Statfs, but in tests
	logger  *slog.Logger
	current atomic.Int32 // a room
}

// A room is what a disk has space for.
type room int32

const (
	forAll         room = iota
	forWithdrawals      // events that withdraw, see domain.Withdraws
	forNone
)

// reserve is the space that is kept on a disk of a size: a sixteenth, 64 MiB at most.
func reserve(size uint64) uint64 { return min(size/16, 64<<20) }

func newSpace(dir string, logger *slog.Logger) *space {
	s := &space{dir: dir, statfs: syscall.Statfs, logger: logger}
	s.measure()
	return s
}

// measure looks how much space there is. A disk that does not tell has space.
func (s *space) measure() {
	var disk syscall.Statfs_t
	if err := s.statfs(s.dir, &disk); err != nil {
		return
	}
	free, kept := uint64(disk.Bavail)*uint64(disk.Bsize), reserve(uint64(disk.Blocks)*uint64(disk.Bsize))
	now := forAll
	switch {
	case free < kept/4:
		now = forNone
	case free < kept:
		now = forWithdrawals
	}
	before := room(s.current.Swap(int32(now)))
	switch {
	case before == forAll && now != forAll:
		s.logger.Error("disk is full: nothing is registered or changed until there is space", "directory", s.dir, "free", free, "reserve", kept)
	case before != forAll && now == forAll:
		s.logger.Info("disk has space again", "directory", s.dir, "free", free)
	}
}

// check returns domain.ErrDiskFull when there is no room for all events.
func (s *space) check() error {
	if room(s.current.Load()) != forAll {
		return domain.ErrDiskFull
	}
	return nil
}

// admit returns domain.ErrDiskFull when there is no room for these changes.
func (s *space) admit(changes []domain.Change) error {
	switch room(s.current.Load()) {
	case forAll:
		return nil
	case forWithdrawals:
		if !slices.ContainsFunc(changes, grants) {
			return nil
		}
	}
	return domain.ErrDiskFull
}

// grants reports whether a change holds anything but events that withdraw.
func grants(c domain.Change) bool {
	return slices.ContainsFunc(c.Events, func(e domain.Envelope) bool { return !domain.Withdraws(e.Event) })
}
