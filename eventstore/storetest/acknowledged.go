package storetest

import (
	"errors"
	"sync"
	"testing"

	"roster/domain"
)

func (h Harness) testAcknowledged(t *testing.T) {
	log := h.Open(t)
	wantEqual(t, log.Acknowledged(), 0)
	a := newAggregate()
	first := domain.Change{Events: []domain.Envelope{Registered(a)}}
	seq := mustAppend(t, log, first)
	wantEqual(t, log.Acknowledged(), seq)

	// What changes nothing raises nothing.
	for _, change := range []domain.Change{
		{Events: []domain.Envelope{Registered(a)}},                    // a conflict
		{Expected: seq, Events: []domain.Envelope{{ID: "*"}}},         // a refusal
		{Expected: seq + 7, Events: []domain.Envelope{Revoked(a)}},    // a conflict with what is to come
		{Expected: seq, Events: []domain.Envelope{Registered(a), {}}}, // a refusal of its second event
	} {
		if _, err := log.Append(t.Context(), change); err == nil {
			t.Fatalf("%v was appended", change)
		}
		wantEqual(t, log.Acknowledged(), seq)
	}

	last := mustAppend(t, log, domain.Change{Expected: seq, Events: []domain.Envelope{Updated(a), Revoked(a)}})
	wantEqual(t, log.Acknowledged(), last)
	// A retry succeeds with the sequence that it had, and lowers nothing.
	if again := mustAppend(t, log, first); again != seq {
		t.Errorf("a retry returned %d, was %d", again, seq)
	}
	wantEqual(t, log.Acknowledged(), last)
}

// testAcknowledgedConcurrently asks after each of many concurrent appends.
func (h Harness) testAcknowledgedConcurrently(t *testing.T) {
	const writers, each = 16, 20
	log := h.Open(t)
	contended := newAggregate()
	var wg sync.WaitGroup
	for range writers {
		wg.Go(func() {
			seen := uint64(0)
			for range each {
				for _, a := range []domain.Aggregate{newAggregate(), contended} {
					seq, err := log.Append(t.Context(), domain.Change{Events: []domain.Envelope{Registered(a)}})
					if err != nil && !errors.Is(err, domain.ErrConflict) {
						t.Error(err)
						return
					}
					acknowledged := log.Acknowledged()
					if acknowledged < seq || acknowledged < seen {
						t.Errorf("acknowledged is %d after an append at %d and %d before", acknowledged, seq, seen)
						return
					}
					seen = acknowledged
				}
			}
		})
	}
	wg.Wait()
	last, err := log.Last(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	wantEqual(t, log.Acknowledged(), last)
}
