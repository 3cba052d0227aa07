package jetstream

import (
	"log/slog"
	"slices"
	"sync/atomic"
	"syscall"

	"roster/domain"
)

// A space watches the free space on the disk of an embedded server. It refuses events before the disk is full. The
// reserve is for appends under way, for the read model, which applies them later, and for events that withdraw,
// which it refuses last. So the server hardly ever meets a full disk, after which its store would accept no writes.
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

// reserve returns how much of a disk is kept free: a sixteenth of its size, at most 64 MiB.
func reserve(size uint64) uint64 { return min(size/16, 64<<20) }

func newSpace(dir string, logger *slog.Logger) *space {
	s := &space{dir: dir, statfs: syscall.Statfs, logger: logger}
	s.measure()
	return s
}

// measure reads how much space is free. If that cannot be read, it changes nothing.
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

// check returns domain.ErrDiskFull unless there is room for events of all types.
func (s *space) check() error {
	if room(s.current.Load()) != forAll {
		return domain.ErrDiskFull
	}
	return nil
}

// admit returns domain.ErrDiskFull unless there is room for these changes.
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
