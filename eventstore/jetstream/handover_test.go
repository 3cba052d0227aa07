package jetstream

import (
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/nats-io/nats.go"

	"roster/domain"
	"roster/domain/oauth"
	"roster/eventstore"
	"roster/eventstore/storetest"
)

// A subscription gets the events that this process appended as they were, and the next one decodes them. Both are the
// same events in the same order, beside those of other processes.
func TestOwnEventsAreHandedOver(t *testing.T) {
	log := open(t)
	var own []domain.Envelope
	for i := range 20 {
		a, b := domain.ClientAggregate(fmt.Sprint("a", i)), domain.ClientAggregate(fmt.Sprint("b", i))
		single, other := storetest.Registered(a), storetest.Registered(domain.ClientAggregate(fmt.Sprint("other", i)))
		batch := []domain.Envelope{storetest.Registered(b), storetest.Updated(b), storetest.Revoked(b)}
		last := mustAppend(t, log, domain.Change{Events: []domain.Envelope{single}})
		put(t, log, other)
		updated := storetest.Updated(a)
		mustAppend(t, log, domain.Change{Expected: last, Events: []domain.Envelope{updated}}, domain.Change{Events: batch})
		own = append(own, single, other, updated)
		own = append(own, batch...)
	}
	handedOver, decoded := readEvents(t, log, len(own)), readEvents(t, log, len(own))
	if diff := cmp.Diff(decoded, handedOver); diff != "" {
		t.Errorf("handed over (-decoded +handed over)\n%s", diff)
	}
	for i, appended := range own {
		if diff := cmp.Diff(appended, handedOver[i].Envelope); diff != "" {
			t.Errorf("event %d (-appended +handed over)\n%s", i, diff)
		}
		ofOther := strings.HasPrefix(appended.Aggregate.ID, "other")
		if want, known := metadataOf(appended.Event); known {
			got, _ := metadataOf(handedOver[i].Event)
			again, _ := metadataOf(decoded[i].Event)
			if isSame(want, got) == ofOther || isSame(want, again) {
				t.Errorf("event %d, of another process: %t; handed over: %t, twice: %t", i, ofOther, isSame(want, got), isSame(want, again))
			}
		}
	}
}

// An event is handed over only for the message that was made of it.
func TestOthersAreDecoded(t *testing.T) {
	stored := storetest.Revoked(domain.ClientAggregate("c1"))
	msg, err := encode(stored)
	if err != nil {
		t.Fatal(err)
	}
	other := stored
	other.Event = domain.ClientRevoked{Reason: "another reason"}
	elsewhere := stored
	elsewhere.Aggregate = domain.ClientAggregate("c2")
	later := stored
	later.Time = stored.Time.Add(1)
	for name, offered := range map[string]domain.Envelope{"another body": other, "another aggregate": elsewhere, "another time": later} {
		h := newHandover()
		offer(t, h, offered)
		if got, ok := h.take(message{Subject: msg.Subject, Header: msg.Header, Data: msg.Data}); ok {
			t.Errorf("%s: handed over %+v", name, got)
		}
	}
	h := newHandover()
	offer(t, h, stored)
	msg.Header.Set("Roster-Tenant", "acme")
	if got, ok := h.take(message{Subject: msg.Subject, Header: msg.Header, Data: msg.Data}); ok {
		t.Errorf("with a header of a newer program: handed over %+v", got)
	}
}

// What was refused is not kept, and neither is more than is good for the memory.
func TestHandoverIsBounded(t *testing.T) {
	log := open(t)
	a := domain.ClientAggregate("c1")
	mustAppend(t, log, domain.Change{Events: []domain.Envelope{storetest.Registered(a)}})
	if _, err := log.Append(t.Context(), domain.Change{Events: []domain.Envelope{storetest.Registered(a)}}); err == nil {
		t.Fatal("no conflict")
	}
	if n := len(log.handover.sent); n != 1 {
		t.Errorf("%d events are kept after one was appended and one refused", n)
	}
	h := newHandover()
	large := storetest.Revoked(a)
	large.Event = domain.ClientRevoked{Reason: strings.Repeat("a", handoverBody)}
	offer(t, h, large)
	if len(h.sent) != 0 {
		t.Error("an event with a large body is kept")
	}
	first := storetest.Revoked(a)
	offer(t, h, first)
	for range handoverEvents {
		offer(t, h, storetest.Revoked(a))
	}
	if _, kept := h.sent[first.ID]; kept || len(h.sent) != handoverEvents {
		t.Errorf("%d events are kept, the first among them: %t", len(h.sent), kept)
	}
}

func offer(t *testing.T, h *handover, e domain.Envelope) {
	t.Helper()
	msg, err := encode(e)
	if err != nil {
		t.Fatal(err)
	}
	h.offer([]domain.Change{{Events: []domain.Envelope{e}}}, []*nats.Msg{msg})
}

func open(t *testing.T) *Log {
	t.Helper()
	log, err := Open(t.Context(), Options{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { log.Close() })
	return log
}

func mustAppend(t *testing.T, log *Log, changes ...domain.Change) uint64 {
	t.Helper()
	seq, err := log.Append(t.Context(), changes...)
	if err != nil {
		t.Fatal(err)
	}
	return seq
}

// put stores an event as another process does.
func put(t *testing.T, log *Log, e domain.Envelope) {
	t.Helper()
	r, err := eventstore.Encode(e)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := log.Put(t.Context(), r); err != nil {
		t.Fatal(err)
	}
}

// readEvents returns the first events of a log, through a subscription of its own.
func readEvents(t *testing.T, log *Log, count int) (events []eventstore.Recorded) {
	t.Helper()
	sub, err := log.Subscribe(t.Context(), 0)
	if err != nil {
		t.Fatal(err)
	}
	defer sub.Close()
	for len(events) < count {
		batch, err := sub.Next(t.Context(), 7)
		if err != nil {
			t.Fatal(err)
		}
		events = append(events, batch...)
	}
	return events
}

func metadataOf(event domain.Event) (m oauth.Metadata, ok bool) {
	switch e := event.(type) {
	case domain.ClientRegistered:
		return e.Metadata, true
	case domain.ClientUpdated:
		return e.Metadata, true
	}
	return nil, false
}

// isSame reports whether two metadata are one map.
func isSame(a, b oauth.Metadata) bool {
	return reflect.ValueOf(a).Pointer() == reflect.ValueOf(b).Pointer()
}
