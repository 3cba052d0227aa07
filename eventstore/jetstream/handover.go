package jetstream

import (
	"sync"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"roster/domain"
)

// handoverSize is how many events wait for a subscription at most: more than a reader is behind by while it keeps up.
const handoverSize = 4096

// A handover keeps the events that were appended here until a subscription comes to them, so that what was encoded a
// moment ago need not be decoded. The order in which they are read, and which ones are, is the server's to say: an
// event is handed over for the message with its id, and to one subscription. It may be used concurrently.
type handover struct {
	mu     sync.Mutex
	events map[string]domain.Envelope // by the id of the message
	ids    [handoverSize]string       // in a circle; some are of events that were taken
	next   int                        // place in ids
}

func newHandover() *handover { return &handover{events: make(map[string]domain.Envelope)} }

// offer keeps the events of changes, in place of the oldest ones. They are to be published as these messages.
func (h *handover) offer(changes []domain.Change, msgs []*nats.Msg) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, change := range changes {
		for _, e := range change.Events {
			id := msgs[0].Header.Get(jetstream.MsgIDHeader)
			delete(h.events, h.ids[h.next])
			h.events[id], h.ids[h.next] = e, id
			h.next, msgs = (h.next+1)%handoverSize, msgs[1:]
		}
	}
}

// take returns the event of a message, if it is kept, and keeps it no longer.
func (h *handover) take(subject, id string) (domain.Envelope, bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	e, found := h.events[id]
	if !found || subjectOf(e.Aggregate) != subject {
		return domain.Envelope{}, false
	}
	delete(h.events, id)
	return e, true
}
