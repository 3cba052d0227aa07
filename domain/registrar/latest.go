package registrar

import (
	"sync"

	"roster/domain"
)

// latestKept is how many aggregates are remembered by name: those that a busy server changes in a second.
const latestKept = 4096

// latest remembers the last change of each aggregate that this process made or saw. A snapshot that is older does not
// serve: what is decided on it would conflict, and a read of it would miss a change that was acknowledged. It may be
// used concurrently.
type latest struct {
	mu        sync.Mutex
	changes   map[domain.Aggregate]uint64 // sequences
	forgotten uint64                      // the highest sequence of those that are no longer in changes
}

func newLatest() *latest { return &latest{changes: make(map[domain.Aggregate]uint64)} }

// note remembers a change of an aggregate. When there are too many to remember, all before it count as changes of
// every aggregate: for the moment that the snapshots are behind them, the log is read instead.
func (l *latest) note(a domain.Aggregate, seq uint64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.changes) == latestKept {
		for _, change := range l.changes {
			l.forgotten = max(l.forgotten, change)
		}
		clear(l.changes)
	}
	l.changes[a] = max(l.changes[a], seq)
}

// of returns a sequence beyond which no change of the aggregate was noted.
func (l *latest) of(a domain.Aggregate) uint64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return max(l.changes[a], l.forgotten)
}
