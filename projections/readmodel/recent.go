package readmodel

import (
	"sync"

	"github.com/hashicorp/golang-lru/v2/simplelru"

	"roster/domain"
	"roster/eventstore"
)

const (
	// recentClients is how many clients are kept in memory, and recentSize how many bytes the metadata of one may
	// have as JSON: some 10 MB in all.
	recentClients = 4096
	recentSize    = 2 << 10
)

// recent keeps the clients of a file that snapshots were read of last, so that whoever reads a client again and again
// costs no query. What it keeps is as the file has it: what the next events change is forgotten before the file is
// said to hold them. It may be used concurrently.
type recent struct {
	mu      sync.Mutex
	at      uint64 // sequence of the last event that the file is known to hold
	clients *simplelru.LRU[string, recentClient]
}

// recentClient is a client with the sequence of its last event.
type recentClient struct {
	state domain.Client
	last  uint64
}

// newRecent returns an empty recent of a file that stands at a sequence.
func newRecent(at uint64) *recent {
	clients, err := simplelru.NewLRU[string, recentClient](recentClients, nil)
	if err != nil {
		panic(err) // the size is above 0
	}
	return &recent{at: at, clients: clients}
}

// client returns the snapshot of a client that is kept.
func (r *recent) client(id string) (s domain.Snapshot[domain.Client], ok bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	kept, ok := r.clients.Get(id)
	if !ok {
		return s, false
	}
	return domain.Snapshot[domain.Client]{State: kept.state, Last: kept.last, At: r.at}, true
}

// keep keeps a snapshot that was read of the file, unless events came meanwhile that may have changed the client, or
// it is large.
func (r *recent) keep(s domain.Snapshot[domain.Client]) {
	if len(s.State.Metadata.AppendJSON(nil)) > recentSize {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if s.At == r.at {
		r.clients.Add(s.State.ID, recentClient{state: s.State, last: s.Last})
	}
}

// restart forgets everything, since a file that was opened again, at a sequence, may hold more than was said to be applied.
func (r *recent) restart(at uint64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.clients.Purge()
	r.at = at
}

// applied forgets what events change. It is called after the file has them, and before anybody is told so.
func (r *recent) applied(events []eventstore.Recorded) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, e := range events {
		if e.Aggregate.Kind == domain.Clients.Kind {
			r.clients.Remove(e.Aggregate.ID)
		}
		r.at = e.Seq
	}
}
