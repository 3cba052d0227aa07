package jetstream

import (
	"bytes"
	"slices"
	"strings"
	"sync"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"roster/domain"
	"roster/eventstore"
)

const (
	// handoverEvents is how many events are kept at most for subscriptions that are behind: four of the batches that
	// followers read.
	handoverEvents = 4096
	// handoverBody is the size of the largest body that is kept, which bounds all of them to 16 MiB. Most are smaller
	// than 1 KiB.
	handoverBody = 4 << 10
)

// A handover keeps the events that this process appends until a subscription comes to them, which then need not
// decode them. Where there is nothing to hand over, the subscription decodes.
//
// Order, gaps and what is stored are not its concern: a subscription asks with a message that the stream delivered,
// and gets an event only if that message is byte for byte what the event was encoded as. eventstore.AsDecoded sees to
// it that the event is then the one that decoding the message returns. Events are values that nobody changes, so that
// the one who appended it and the one who reads it can share it.
type handover struct {
	mu   sync.Mutex
	sent map[string]*sentEvent // by event id
	ids  [handoverEvents]string
	next int // place in ids of the next event; what was there before is dropped
}

// sentEvent is an event and what it was encoded as.
type sentEvent struct {
	event   domain.Envelope
	subject string
	headers [len(envelopeHeaders)]string // the values of envelopeHeaders
	body    []byte
}

func newHandover() *handover { return &handover{sent: make(map[string]*sentEvent)} }

// offer keeps events that are about to be appended, with the messages that were made of them.
func (h *handover) offer(changes []domain.Change, msgs []*nats.Msg) {
	for _, change := range changes {
		for i, e := range change.Events {
			h.keep(e, msgs[i])
		}
		msgs = msgs[len(change.Events):]
	}
}

func (h *handover) keep(e domain.Envelope, msg *nats.Msg) {
	if len(msg.Data) > handoverBody {
		return
	}
	decoded, ok := eventstore.AsDecoded(e)
	if !ok {
		return
	}
	s := &sentEvent{event: decoded, subject: msg.Subject, body: msg.Data}
	for i, name := range envelopeHeaders {
		s.headers[i] = msg.Header.Get(name)
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.sent, h.ids[h.next])
	h.ids[h.next] = e.ID
	h.next = (h.next + 1) % len(h.ids)
	h.sent[e.ID] = s
}

// withdraw drops events that were offered.
func (h *handover) withdraw(changes []domain.Change) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, change := range changes {
		for _, e := range change.Events {
			delete(h.sent, e.ID)
		}
	}
}

// take returns the event that a message of the stream was made of, if it is there, and drops it: the read model, which
// follows the log most closely, is mostly the one who gets it.
func (h *handover) take(msg message) (event domain.Envelope, ok bool) {
	id := msg.Header.Get(jetstream.MsgIDHeader)
	h.mu.Lock()
	s := h.sent[id]
	delete(h.sent, id)
	h.mu.Unlock()
	if s == nil || !s.is(msg) {
		return domain.Envelope{}, false
	}
	return s.event, true
}

// is reports whether all of a message that says something about its event is as it was sent.
func (s *sentEvent) is(msg message) bool {
	for i, name := range envelopeHeaders {
		if msg.Header.Get(name) != s.headers[i] {
			return false
		}
	}
	for name := range msg.Header {
		if strings.HasPrefix(name, headerPrefix) && !slices.Contains(envelopeHeaders[:], name) {
			return false
		}
	}
	return msg.Subject == s.subject && bytes.Equal(msg.Data, s.body)
}
