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

// recent keeps the clients of a file that snapshots were read of last, so that whoever reads or changes a client again
// and again costs no query. What it keeps is as the file has it: it applies the events that the file has applied,
// before the file is said to hold them. It may be used concurrently.
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

// keep keeps a snapshot that was read of the file, unless events came meanwhile that may have changed the client.
func (r *recent) keep(s domain.Snapshot[domain.Client]) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if s.At == r.at {
		r.put(recentClient{state: s.State, last: s.Last})
	}
}

// put keeps a client, unless it is large. It is called with mu locked.
func (r *recent) put(c recentClient) {
	if len(c.state.Metadata.AppendJSON(nil)) > recentSize {
		r.clients.Remove(c.state.ID)
		return
	}
	r.clients.Add(c.state.ID, c)
}

// restart forgets everything, since a file that was opened again, at a sequence, may hold more than was said to be applied.
func (r *recent) restart(at uint64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.clients.Purge()
	r.at = at
}

// applied applies events to the clients that are kept. It is called after the file has them, and before anybody is
// told so.
func (r *recent) applied(events []eventstore.Recorded) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, e := range events {
		r.at = e.Seq
		if e.Aggregate.Kind != domain.Clients.Kind {
			continue
		}
		if kept, ok := r.clients.Peek(e.Aggregate.ID); ok {
			r.put(recentClient{state: domain.Clients.Evolve(kept.state, e.Aggregate, e.Event), last: e.Seq})
		}
	}
}
