package access

import (
	"runtime/debug"
	"sync/atomic"
	"time"
)

const (
	// muchMemory is how much of it a hash takes, in KiB, for it to be worth the work of giving it back.
	muchMemory = 16 << 10
	// giveBackPause is how long memory is not given back again: the work grows with all that the process holds.
	giveBackPause = time.Minute
)

// A memory gives memory that was used once back to the system. The runtime would keep it for minutes when little else
// is allocated, as on a server whose administrator has just signed in. It may be used concurrently.
type memory struct {
	next atomic.Int64 // when it is given back again, in microseconds since 1970
}

// giveBack gives back what is not used any more, unless it did so within giveBackPause. What is left then the garbage
// collector finds in its own time.
func (m *memory) giveBack(now time.Time) {
	next := m.next.Load()
	if now.UnixMicro() >= next && m.next.CompareAndSwap(next, now.Add(giveBackPause).UnixMicro()) {
		debug.FreeOSMemory()
	}
}
