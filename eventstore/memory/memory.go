// Package memory is an event log in memory, for tests. It keeps all promises of eventstore.Log except
// durability, and fails on demand.
package memory

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"roster/domain"
	"roster/eventstore"
)

// Fault is what goes wrong in one append.
type Fault int

// The faults of an append.
const (
	NoFault   Fault = iota
	NotStored       // it fails, and says so: nothing is stored
	Lost            // the outcome is unknown; nothing is stored
	Unacked         // the outcome is unknown; everything is stored
)

// Hooks make a log fail. A nil hook does nothing. A hook is called before the log does its own work and without
// a lock held, so it may wait, or use the log.
type Hooks struct {
	Append func(changes []domain.Change) Fault
	Load   func(a domain.Aggregate, after uint64) error // what Load returns, unless nil
	Next   func(after uint64) error                     // what Next returns, unless nil; after is where the subscription stands
}

// ErrInjected is the cause of every fault of an append.
var ErrInjected = errors.New("injected fault")

// Log is an eventstore.Log in memory. It may be used concurrently.
type Log struct {
	identity eventstore.Identity

	mu     sync.Mutex
	hooks  Hooks
	events []eventstore.Recorded         // events[i].Seq == i+1
	put    map[uint64]eventstore.Encoded // what Put stored, by sequence: its event is decoded when it is read
	last   map[domain.Aggregate]uint64   // sequence of each aggregate's last event
	byID   map[string]uint64             // sequence of each event id
	grown  chan struct{}                 // closed and replaced by each append

	acknowledged uint64 // the highest sequence that Append returned
}

var _ eventstore.Log = (*Log)(nil)

// New returns an empty log.
func New() *Log {
	return &Log{
		identity: eventstore.Identity{Name: "memory", Created: time.Now().UTC()},
		last:     make(map[domain.Aggregate]uint64),
		byID:     make(map[string]uint64),
		put:      make(map[uint64]eventstore.Encoded),
		grown:    make(chan struct{}),
	}
}

// SetHooks replaces the hooks.
func (l *Log) SetHooks(h Hooks) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.hooks = h
}

// Append implements eventstore.Log.
func (l *Log) Append(ctx context.Context, changes ...domain.Change) (uint64, error) {
	if err := eventstore.CheckChanges(changes); err != nil {
		return 0, err
	}
	for _, change := range changes {
		for _, e := range change.Events {
			if _, err := eventstore.Encode(e); err != nil {
				return 0, err
			}
		}
	}
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	fault := NoFault
	if hook := l.currentHooks().Append; hook != nil {
		fault = hook(changes)
	}
	switch fault {
	case NotStored:
		return 0, fmt.Errorf("append: %w", ErrInjected)
	case Lost:
		return 0, fmt.Errorf("append: %w: %w", domain.ErrOutcomeUnknown, ErrInjected)
	}
	seq, err := l.store(changes)
	if err != nil {
		return 0, err
	}
	if fault == Unacked {
		return 0, fmt.Errorf("append: %w: %w", domain.ErrOutcomeUnknown, ErrInjected)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.acknowledged = max(l.acknowledged, seq)
	return seq, nil
}

// Acknowledged implements eventstore.Log.
func (l *Log) Acknowledged() uint64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.acknowledged
}

// store stores all changes or none.
func (l *Log) store(changes []domain.Change) (uint64, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, change := range changes {
		if l.last[change.Events[0].Aggregate] != change.Expected {
			return l.storedBefore(changes)
		}
	}
	for _, change := range changes {
		for _, e := range change.Events {
			l.add(e)
		}
	}
	l.wake()
	return uint64(len(l.events)), nil
}

// add stores an event. The caller holds the lock, and wakes those who wait.
func (l *Log) add(e domain.Envelope) (seq uint64) {
	seq = uint64(len(l.events)) + 1
	l.events = append(l.events, eventstore.Recorded{Seq: seq, Envelope: e})
	l.last[e.Aggregate] = seq
	l.byID[e.ID] = seq
	return seq
}

func (l *Log) wake() {
	close(l.grown)
	l.grown = make(chan struct{})
}

// Put stores an event as another program has encoded it, whether this one can decode it or not, and returns its
// sequence. It is not counted as acknowledged. It serves tests of what a newer program wrote.
func (l *Log) Put(r eventstore.Encoded) (seq uint64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	seq = l.add(domain.Envelope{ID: r.ID, Aggregate: r.Aggregate})
	l.put[seq] = r
	l.wake()
	return seq
}

// decode returns an event as it is read. The caller holds the lock.
func (l *Log) decode(e eventstore.Recorded) (eventstore.Recorded, error) {
	r, ok := l.put[e.Seq]
	if !ok {
		return e, nil
	}
	envelope, err := eventstore.Decode(r)
	if err != nil {
		return eventstore.Recorded{}, fmt.Errorf("event at sequence %d: %w", e.Seq, err)
	}
	return eventstore.Recorded{Seq: e.Seq, Envelope: envelope}, nil
}

// storedBefore tells a conflict from a retry of what was stored already.
func (l *Log) storedBefore(changes []domain.Change) (seq uint64, err error) {
	for _, change := range changes {
		for _, e := range change.Events {
			if seq = l.byID[e.ID]; seq == 0 {
				return 0, domain.ErrConflict
			}
		}
	}
	return seq, nil
}

// Load implements eventstore.Log.
func (l *Log) Load(ctx context.Context, aggregate domain.Aggregate, after uint64, apply func(domain.Envelope)) (last uint64, err error) {
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	if hook := l.currentHooks().Load; hook != nil {
		if err := hook(aggregate, after); err != nil {
			return 0, err
		}
	}
	history, err := l.history(aggregate, after)
	for _, r := range history {
		apply(r.Envelope)
		last = r.Seq
	}
	if err != nil {
		return 0, err
	}
	return last, nil
}

// history returns the events of an aggregate beyond a sequence, up to the first that cannot be decoded.
func (l *Log) history(aggregate domain.Aggregate, after uint64) (history []eventstore.Recorded, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, e := range l.events[min(after, uint64(len(l.events))):] {
		if e.Aggregate != aggregate {
			continue
		}
		if e, err = l.decode(e); err != nil {
			return history, err
		}
		history = append(history, e)
	}
	return history, nil
}

// At implements eventstore.Log.
func (l *Log) At(ctx context.Context, seq uint64) (eventstore.Recorded, error) {
	if err := ctx.Err(); err != nil {
		return eventstore.Recorded{}, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if seq == 0 || seq > uint64(len(l.events)) {
		return eventstore.Recorded{}, eventstore.ErrNoEvent
	}
	return l.decode(l.events[seq-1])
}

// Last implements eventstore.Log.
func (l *Log) Last(ctx context.Context) (uint64, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return uint64(len(l.events)), ctx.Err()
}

// Identity implements eventstore.Log.
func (l *Log) Identity() eventstore.Identity { return l.identity }

// Subscribe implements eventstore.Log.
func (l *Log) Subscribe(ctx context.Context, after uint64) (eventstore.Subscription, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	return &subscription{log: l, after: after}, nil
}

func (l *Log) currentHooks() Hooks {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.hooks
}

type subscription struct {
	log    *Log
	after  uint64
	closed bool
}

var errClosed = errors.New("subscription is closed")

// Next implements eventstore.Subscription.
func (s *subscription) Next(ctx context.Context, max int) ([]eventstore.Recorded, error) {
	for {
		if s.closed {
			return nil, errClosed
		}
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		if hook := s.log.currentHooks().Next; hook != nil {
			if err := hook(s.after); err != nil {
				s.closed = true
				return nil, err
			}
		}
		events, grown, err := s.log.beyond(s.after, max)
		if len(events) > 0 {
			s.after = events[len(events)-1].Seq
			return events, nil
		}
		if err != nil {
			return nil, err
		}
		select {
		case <-grown:
		case <-ctx.Done():
		}
	}
}

// Close implements eventstore.Subscription.
func (s *subscription) Close() { s.closed = true }

// beyond returns the events after a sequence, at most max, up to the first that cannot be decoded, the error of that
// one, and what is closed when there are more.
func (l *Log) beyond(after uint64, max int) (events []eventstore.Recorded, grown <-chan struct{}, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	rest := l.events[min(after, uint64(len(l.events))):]
	rest = rest[:min(max, len(rest))]
	events = make([]eventstore.Recorded, 0, len(rest))
	for _, e := range rest {
		if e, err = l.decode(e); err != nil {
			return events, l.grown, err
		}
		events = append(events, e)
	}
	return events, l.grown, nil
}
