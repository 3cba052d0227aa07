// Package storetest is the suite that every event log must pass.
package storetest

import (
	"context"
	"errors"
	"sync"
	"testing"

	"roster/domain"
	"roster/eventstore"
)

// Fault is what goes wrong in one append.
type Fault string

// The faults of an append: one for each step at which it can fail.
const (
	NotStored Fault = "failed and not stored"   // refused before anything was stored
	Lost      Fault = "lost on the way"         // neither stored nor answered
	Unacked   Fault = "stored, outcome unknown" // stored, and neither answer nor inquiry came back
	Recovered Fault = "stored, answer lost"     // stored, and found so on inquiry
)

var faults = []Fault{NotStored, Lost, Unacked, Recovered}

// A Harness opens logs of one kind.
type Harness struct {
	// Open returns a new, empty log that ends with the test.
	Open func(t testing.TB) eventstore.Log
	// Reopen closes a log and opens it again. Nil: logs of this kind do not outlive their process.
	Reopen func(t testing.TB, log eventstore.Log) eventstore.Log
	// Put stores an event that a newer program has encoded, as the last of its aggregate, and returns its sequence.
	Put func(t testing.TB, log eventstore.Log, r eventstore.Encoded) (seq uint64)
	// Inject makes the next append suffer a fault.
	Inject func(log eventstore.Log, fault Fault)
}

// Run runs the suite.
func Run(t *testing.T, h Harness) {
	t.Run("an empty log", h.testEmpty)
	t.Run("appended events come back in order", h.testOrder)
	t.Run("the end of a history is read from anywhere", h.testTail)
	t.Run("an append at the wrong place changes nothing", h.testConflict)
	t.Run("concurrent appends to one aggregate: one wins each version", h.testContention)
	t.Run("concurrent appends to many aggregates all succeed", h.testConcurrency)
	t.Run("changes of several aggregates are stored together or not at all", h.testAtomicity)
	t.Run("the same append again is the same success", h.testRetry)
	t.Run("what cannot be appended is refused", h.testRefusal)
	t.Run("a cancelled append stores nothing", h.testCancelled)
	for _, fault := range faults {
		t.Run("fault: "+string(fault), func(t *testing.T) { h.testFault(t, fault) })
	}
	t.Run("what was acknowledged is known at once", h.testAcknowledged)
	t.Run("what was acknowledged is known under concurrent appends", h.testAcknowledgedConcurrently)
	t.Run("a subscription starts anywhere and follows", h.testSubscribe)
	t.Run("a subscription never misses an event under load", h.testFollow)
	t.Run("a subscription waits no longer than its context", h.testSubscriptionCancelled)
	t.Run("a closed subscription says so", h.testSubscriptionClosed)
	for what, alter := range newer {
		t.Run("what a newer program wrote stops those who read it and nobody else: "+what, func(t *testing.T) { h.testNewer(t, alter) })
	}
	if h.Reopen != nil {
		t.Run("a log that was opened again is the same log", h.testReopen)
	}
}

func (h Harness) testEmpty(t *testing.T) {
	log := h.Open(t)
	if history, last, err := History(t, log, newAggregate(), 0); err != nil || history != nil || last != 0 {
		t.Errorf("Load = %v, %d, %v; want nil, 0, nil", history, last, err)
	}
	if last, err := log.Last(t.Context()); err != nil || last != 0 {
		t.Errorf("Last = %d, %v; want 0", last, err)
	}
	for _, seq := range []uint64{0, 1, 1 << 40} {
		if _, err := log.At(t.Context(), seq); !errors.Is(err, eventstore.ErrNoEvent) {
			t.Errorf("At(%d): %v, want ErrNoEvent", seq, err)
		}
	}
	if id := log.Identity(); id.Name == "" || id.Created.IsZero() {
		t.Errorf("Identity = %+v", id)
	}
}

func (h Harness) testOrder(t *testing.T) {
	log := h.Open(t)
	a, b := newAggregate(), newAggregate()
	registered := Registered(a)
	seqA := mustAppend(t, log, domain.Change{Events: []domain.Envelope{registered}})
	other := Registered(b)
	seqB := mustAppend(t, log, domain.Change{Events: []domain.Envelope{other}})
	updated, revoked := Updated(a), Revoked(a)
	seqA2 := mustAppend(t, log, domain.Change{Expected: seqA, Events: []domain.Envelope{updated, revoked}})
	if !(seqA < seqB && seqB < seqA2) {
		t.Errorf("sequences %d, %d, %d do not ascend", seqA, seqB, seqA2)
	}
	wantHistory(t, log, a, registered, updated, revoked)
	wantHistory(t, log, b, other)
	wantAll(t, log, registered, other, updated, revoked)
	if last, err := log.Last(t.Context()); err != nil || last != seqA2 {
		t.Errorf("Last = %d, %v; want %d", last, err, seqA2)
	}
	at, err := log.At(t.Context(), seqB)
	if err != nil {
		t.Fatal(err)
	}
	wantEqual(t, at, eventstore.Recorded{Seq: seqB, Envelope: other})
	if _, err := log.At(t.Context(), seqA2+1); !errors.Is(err, eventstore.ErrNoEvent) {
		t.Errorf("At beyond the end: %v, want ErrNoEvent", err)
	}
	// A history longer than any log reads at once.
	var many []domain.Envelope
	for range 600 {
		many = append(many, Updated(b))
	}
	mustAppend(t, log, domain.Change{Expected: seqB, Events: many})
	wantHistory(t, log, b, append([]domain.Envelope{other}, many...)...)
}

// testTail loads from every place within and around an aggregate's history.
func (h Harness) testTail(t *testing.T) {
	log := h.Open(t)
	a := newAggregate()
	var history []domain.Envelope
	var seqs []uint64
	add := func(events ...domain.Envelope) {
		var expected uint64
		if len(seqs) > 0 {
			expected = seqs[len(seqs)-1]
		}
		last := mustAppend(t, log, domain.Change{Expected: expected, Events: events})
		history = append(history, events...)
		for i := range events {
			seqs = append(seqs, last-uint64(len(events)-1-i))
		}
		mustAppend(t, log, domain.Change{Events: []domain.Envelope{Registered(newAggregate())}}) // one of another client
	}
	add(Registered(a))
	add(Updated(a), Updated(a), Updated(a))
	add(Updated(a))
	end, err := log.Last(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for after := range end + 1 {
		var want []domain.Envelope
		var wantLast uint64
		for i, seq := range seqs {
			if seq > after {
				want, wantLast = append(want, history[i]), seq
			}
		}
		got, last, err := History(t, log, a, after)
		if err != nil || last != wantLast {
			t.Errorf("Load beyond %d = %d, %v; want %d", after, last, err, wantLast)
		}
		wantEqual(t, got, want)
	}
}

func (h Harness) testConflict(t *testing.T) {
	log := h.Open(t)
	a, b := newAggregate(), newAggregate()
	registered := Registered(a)
	seq := mustAppend(t, log, domain.Change{Events: []domain.Envelope{registered}})
	mustAppend(t, log, domain.Change{Events: []domain.Envelope{Registered(b)}})
	for _, expected := range []uint64{0, seq + 1, seq + 100} {
		_, err := log.Append(t.Context(), domain.Change{Expected: expected, Events: []domain.Envelope{Revoked(a)}})
		if !errors.Is(err, domain.ErrConflict) {
			t.Errorf("expected %d, at %d: %v, want ErrConflict", expected, seq, err)
		}
	}
	wantHistory(t, log, a, registered)
}

func (h Harness) testContention(t *testing.T) {
	const writers, versions = 8, 10
	log := h.Open(t)
	a := newAggregate()
	var mu sync.Mutex
	wins := map[uint64]int{} // by the sequence expected
	var wg sync.WaitGroup
	for range writers {
		wg.Go(func() {
			for {
				history, last, err := History(t, log, a, 0)
				if err != nil {
					t.Error(err)
					return
				}
				if len(history) >= versions {
					return
				}
				switch _, err := log.Append(t.Context(), domain.Change{Expected: last, Events: []domain.Envelope{Updated(a)}}); {
				case err == nil:
					mu.Lock()
					wins[last]++
					mu.Unlock()
				case !errors.Is(err, domain.ErrConflict):
					t.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
	for expected, n := range wins {
		if n != 1 {
			t.Errorf("%d appends succeeded at %d", n, expected)
		}
	}
	if history, _, err := History(t, log, a, 0); err != nil || len(history) != len(wins) {
		t.Errorf("%d events and %d successful appends, %v", len(history), len(wins), err)
	}
}

func (h Harness) testConcurrency(t *testing.T) {
	const writers, each = 16, 20
	log := h.Open(t)
	var mu sync.Mutex
	appended := map[uint64]domain.Envelope{}
	var wg sync.WaitGroup
	for range writers {
		wg.Go(func() {
			for range each {
				e := Registered(newAggregate())
				seq, err := log.Append(t.Context(), domain.Change{Events: []domain.Envelope{e}})
				if err != nil {
					t.Error(err)
					return
				}
				mu.Lock()
				appended[seq] = e
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	if len(appended) != writers*each {
		t.Fatalf("%d sequences for %d appends", len(appended), writers*each)
	}
	for _, r := range readAll(t, log) {
		wantEqual(t, r.Envelope, appended[r.Seq])
	}
}

func (h Harness) testAtomicity(t *testing.T) {
	log := h.Open(t)
	a, b := newAggregate(), newAggregate()
	ra, ua, rb := Registered(a), Updated(a), Registered(b)
	last := mustAppend(t, log,
		domain.Change{Events: []domain.Envelope{ra, ua}},
		domain.Change{Events: []domain.Envelope{rb}})
	wantAll(t, log, ra, ua, rb)

	// The second change is where it expects to be, the first is not, and the other way round.
	stale := domain.Change{Expected: 0, Events: []domain.Envelope{Updated(a)}}
	fresh := domain.Change{Expected: last, Events: []domain.Envelope{Updated(b)}}
	for _, changes := range [][]domain.Change{{stale, fresh}, {fresh, stale}} {
		if _, err := log.Append(t.Context(), changes...); !errors.Is(err, domain.ErrConflict) {
			t.Errorf("Append = %v, want ErrConflict", err)
		}
	}
	wantAll(t, log, ra, ua, rb)

	// As many as can be.
	var changes []domain.Change
	var want []domain.Envelope
	for range eventstore.MaxBatch {
		e := Registered(newAggregate())
		changes = append(changes, domain.Change{Events: []domain.Envelope{e}})
		want = append(want, e)
	}
	mustAppend(t, log, changes...)
	wantAll(t, log, append([]domain.Envelope{ra, ua, rb}, want...)...)
}

func (h Harness) testRetry(t *testing.T) {
	log := h.Open(t)
	a, b := newAggregate(), newAggregate()
	first := domain.Change{Events: []domain.Envelope{Registered(a)}}
	seq := mustAppend(t, log, first)
	both := []domain.Change{
		{Expected: seq, Events: []domain.Envelope{Updated(a), Updated(a)}},
		{Events: []domain.Envelope{Registered(b)}},
	}
	last := mustAppend(t, log, both...)
	// Something of another hand came since: that takes nothing from the earlier success.
	mustAppend(t, log, domain.Change{Expected: last - 1, Events: []domain.Envelope{Revoked(a)}})
	before := len(readAll(t, log))
	if again, err := log.Append(t.Context(), first); err != nil || again != seq {
		t.Errorf("first append again = %d, %v; want %d", again, err, seq)
	}
	if again, err := log.Append(t.Context(), both...); err != nil || again != last {
		t.Errorf("second append again = %d, %v; want %d", again, err, last)
	}
	if after := len(readAll(t, log)); after != before {
		t.Errorf("%d events after the retries, %d before", after, before)
	}
	// Only the very same events are a success.
	other := domain.Change{Events: []domain.Envelope{Registered(a)}}
	if _, err := log.Append(t.Context(), other); !errors.Is(err, domain.ErrConflict) {
		t.Errorf("another event at the same place: %v, want ErrConflict", err)
	}
}

func (h Harness) testRefusal(t *testing.T) {
	log := h.Open(t)
	a := newAggregate()
	e := Registered(a)
	blank := Registered(a)
	blank.ID = ""
	var tooMany []domain.Envelope
	for range eventstore.MaxBatch + 1 {
		tooMany = append(tooMany, Revoked(a))
	}
	tests := map[string][]domain.Change{
		"nothing":                {},
		"no event":               {{}},
		"one aggregate twice":    {{Events: []domain.Envelope{e}}, {Events: []domain.Envelope{Revoked(a)}}},
		"two aggregates in one":  {{Events: []domain.Envelope{e, Registered(newAggregate())}}},
		"the same id twice":      {{Events: []domain.Envelope{e, e}}},
		"an event without an id": {{Events: []domain.Envelope{blank}}},
		"a wildcard":             {{Events: []domain.Envelope{Registered(domain.ClientAggregate("*"))}}},
		"two tokens":             {{Events: []domain.Envelope{Registered(domain.ClientAggregate("a.b"))}}},
		"no aggregate":           {{Events: []domain.Envelope{Registered(domain.Aggregate{})}}},
		"no event in envelope":   {{Events: []domain.Envelope{{ID: "id", Aggregate: a}}}},
		"too many":               {{Events: tooMany}},
	}
	for name, changes := range tests {
		_, err := log.Append(t.Context(), changes...)
		if err == nil || errors.Is(err, domain.ErrConflict) || errors.Is(err, domain.ErrOutcomeUnknown) {
			t.Errorf("%s: %v, want a refusal", name, err)
		}
	}
	wantAll(t, log)
}

func (h Harness) testCancelled(t *testing.T) {
	log := h.Open(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	a := newAggregate()
	if _, err := log.Append(ctx, domain.Change{Events: []domain.Envelope{Registered(a)}}); !errors.Is(err, context.Canceled) || errors.Is(err, domain.ErrOutcomeUnknown) {
		t.Errorf("Append = %v, want context.Canceled and a certain outcome", err)
	}
	if _, err := log.Load(ctx, a, 0, func(domain.Envelope) { t.Error("an event was handed over") }); !errors.Is(err, context.Canceled) {
		t.Errorf("Load = %v, want context.Canceled", err)
	}
	wantAll(t, log)
}

func (h Harness) testFault(t *testing.T, fault Fault) {
	log := h.Open(t)
	single := func(before uint64, a domain.Aggregate) []domain.Change {
		return []domain.Change{{Expected: before, Events: []domain.Envelope{Updated(a)}}}
	}
	several := func(before uint64, a domain.Aggregate) []domain.Change {
		return []domain.Change{
			{Expected: before, Events: []domain.Envelope{Updated(a), Updated(a)}},
			{Events: []domain.Envelope{Registered(newAggregate())}},
		}
	}
	for _, build := range []func(uint64, domain.Aggregate) []domain.Change{single, several} {
		a := newAggregate()
		before := mustAppend(t, log, domain.Change{Events: []domain.Envelope{Registered(a)}})
		changes := build(before, a)
		var events []domain.Envelope
		for _, change := range changes {
			events = append(events, change.Events...)
		}
		stored := len(readAll(t, log))
		h.Inject(log, fault)
		seq, err := log.Append(t.Context(), changes...)
		wantStored := stored
		wantAcknowledged := before // in all cases but success
		switch fault {
		case NotStored:
			if err == nil || errors.Is(err, domain.ErrConflict) || errors.Is(err, domain.ErrOutcomeUnknown) {
				t.Errorf("Append = %v, want an error that says nothing is stored", err)
			}
		case Lost:
			if !errors.Is(err, domain.ErrOutcomeUnknown) {
				t.Errorf("Append = %v, want ErrOutcomeUnknown", err)
			}
		case Unacked:
			wantStored += len(events)
			if !errors.Is(err, domain.ErrOutcomeUnknown) {
				t.Errorf("Append = %v, want ErrOutcomeUnknown", err)
			}
		case Recovered:
			wantStored += len(events)
			if err != nil {
				t.Errorf("Append = %v, want success", err)
			}
			wantAcknowledged = seq
		}
		wantEqual(t, log.Acknowledged(), wantAcknowledged)
		if got := len(readAll(t, log)); got != wantStored {
			t.Errorf("%d events are stored, want %d", got, wantStored)
		}
		// In all cases the events are there once after another attempt.
		seq = mustAppend(t, log, changes...)
		wantEqual(t, log.Acknowledged(), seq)
		all := readAll(t, log)
		if got := all[stored:]; len(got) != len(events) || got[len(got)-1].Seq != seq {
			t.Fatalf("%d events after a retry that returned %d, want %d", len(got), seq, len(events))
		}
		for i, e := range events {
			wantEqual(t, all[stored+i].Envelope, e)
		}
	}
}

func (h Harness) testReopen(t *testing.T) {
	log := h.Open(t)
	identity := log.Identity()
	a, b := newAggregate(), newAggregate()
	registered, other := Registered(a), Registered(b)
	seq := mustAppend(t, log, domain.Change{Events: []domain.Envelope{registered}})
	mustAppend(t, log, domain.Change{Events: []domain.Envelope{other}})

	log = h.Reopen(t, log)
	if got := log.Identity(); got.Name != identity.Name || !got.Created.Equal(identity.Created) {
		t.Errorf("Identity = %v, was %v", got, identity)
	}
	wantEqual(t, log.Acknowledged(), 0) // by this process, of the log that is open now
	wantHistory(t, log, a, registered)
	revoked := Revoked(a)
	mustAppend(t, log, domain.Change{Expected: seq, Events: []domain.Envelope{revoked}})
	wantAll(t, log, registered, other, revoked)

	// A subscription that was at seq goes on there.
	sub := subscribe(t, log, seq)
	defer sub.Close()
	for _, want := range []domain.Envelope{other, revoked} {
		batch, err := sub.Next(t.Context(), 1)
		if err != nil {
			t.Fatal(err)
		}
		wantEqual(t, batch[0].Envelope, want)
	}
}
