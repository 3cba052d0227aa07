package storetest

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"

	"roster/domain"
	"roster/eventstore"
)

func (h Harness) testSubscribe(t *testing.T) {
	log := h.Open(t)
	var events []domain.Envelope
	var seqs []uint64
	add := func() {
		e := Registered(newAggregate())
		events = append(events, e)
		seqs = append(seqs, mustAppend(t, log, domain.Change{Events: []domain.Envelope{e}}))
	}
	for range 10 {
		add()
	}
	for _, skip := range []int{0, 1, 9, 10} {
		var after uint64
		if skip > 0 {
			after = seqs[skip-1]
		}
		sub := subscribe(t, log, after)
		add()
		for i := skip; i < len(events); {
			batch, err := sub.Next(t.Context(), 3)
			if err != nil {
				t.Fatal(err)
			}
			if len(batch) == 0 || len(batch) > 3 {
				t.Fatalf("Next returned %d events, want 1 to 3", len(batch))
			}
			for _, r := range batch {
				wantEqual(t, r, eventstore.Recorded{Seq: seqs[i], Envelope: events[i]})
				i++
			}
		}
		sub.Close()
		events, seqs = events[:len(events):len(events)], seqs[:len(seqs):len(seqs)]
	}
}

func (h Harness) testFollow(t *testing.T) {
	const writers, each = 4, 100
	log := h.Open(t)
	sub := subscribe(t, log, 0)
	defer sub.Close()
	var wg sync.WaitGroup
	defer wg.Wait()
	for range writers {
		wg.Go(func() {
			for range each {
				if _, err := log.Append(t.Context(), domain.Change{Events: []domain.Envelope{Registered(newAggregate())}}); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	var seqs []uint64
	for len(seqs) < writers*each {
		batch, err := sub.Next(t.Context(), 1000)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range batch {
			seqs = append(seqs, r.Seq)
		}
	}
	wg.Wait()
	if !slices.IsSorted(seqs) || len(slices.Compact(seqs)) != writers*each {
		t.Error("events came out of order or twice")
	}
	if last, err := log.Last(t.Context()); err != nil || last != seqs[len(seqs)-1] {
		t.Errorf("Last = %d, %v; the subscription ended at %d", last, err, seqs[len(seqs)-1])
	}
}

func (h Harness) testSubscriptionCancelled(t *testing.T) {
	log := h.Open(t)
	sub := subscribe(t, log, 0)
	defer sub.Close()
	ctx, cancel := context.WithCancel(t.Context())
	returned := make(chan error)
	go func() {
		_, err := sub.Next(ctx, 10)
		returned <- err
	}()
	cancel()
	if err := <-returned; !errors.Is(err, context.Canceled) {
		t.Errorf("Next = %v, want context.Canceled", err)
	}
}

func (h Harness) testSubscriptionClosed(t *testing.T) {
	log := h.Open(t)
	mustAppend(t, log, domain.Change{Events: []domain.Envelope{Registered(newAggregate())}})
	sub := subscribe(t, log, 0)
	sub.Close()
	sub.Close()
	if events, err := sub.Next(t.Context(), 1); err == nil {
		t.Errorf("Next = %v after Close, want an error", events)
	}
}
