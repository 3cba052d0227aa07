// Package followertest is the suite that every follower of the event log passes.
package followertest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"roster/domain"
	"roster/domain/oauth"
	"roster/eventstore"
	"roster/eventstore/memory"
	"roster/projections"
)

// Opened is a follower that the suite runs.
type Opened struct {
	*projections.Follower
	Holds func(tb testing.TB) []uint64 // the sequences of the events that the projection holds
	Close func(tb testing.TB)          // called once Run has returned
}

// Run runs the suite. open opens the follower in a directory in which it may have been before.
func Run(t *testing.T, open func(tb testing.TB, dir string, log eventstore.Log) Opened) {
	for name, test := range map[string]func(*testing.T, suite){
		"catches up and follows":                     catchesUp,
		"resumes where it stood":                     resumes,
		"stops at an event that it cannot read":      stops,
		"goes on once the event can be read":         goesOn,
		"tries again while the log is away":          triesAgain,
		"refuses events out of order":                refusesDisorder,
		"lets those who wait go":                     letsGo,
		"holds every event once after many restarts": restarts,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, suite{open, t.TempDir(), memory.New()})
		})
	}
}

// limit is the time that anything may take before the suite fails.
const limit = time.Minute

type suite struct {
	open func(testing.TB, string, eventstore.Log) Opened
	dir  string
	log  *memory.Log
}

// running is a follower that runs.
type running struct {
	Opened
	cancel context.CancelFunc
	ended  chan error
}

func (s suite) start(t *testing.T, log eventstore.Log) *running {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	r := &running{s.open(t, s.dir, log), cancel, make(chan error, 1)}
	go func() { r.ended <- r.Run(ctx) }()
	return r
}

// stop ends the follower and returns what Run returned.
func (r *running) stop(t *testing.T) error {
	t.Helper()
	r.cancel()
	err := <-r.ended
	r.Close(t)
	return err
}

// append appends events and returns the last sequence.
func (s suite) append(t *testing.T, n int) (last uint64) {
	t.Helper()
	for range n {
		end, err := s.log.Last(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		id := fmt.Sprintf("client-%d", end+1)
		last, err = s.log.Append(t.Context(), domain.Change{Events: []domain.Envelope{{
			ID: fmt.Sprintf("event-%d", end+1), Time: time.Date(2026, 1, 1, 0, 0, int(end), 0, time.UTC),
			Aggregate: domain.ClientAggregate(id), Actor: domain.Actor{Kind: domain.ActorClient, ID: id},
			Event: domain.ClientRegistered{
				Metadata: oauth.Metadata{}, IssuedAt: time.Unix(1767323045, 0).UTC(), RegistrationAccessToken: domain.DigestOf(id),
			},
		}}})
		if err != nil {
			t.Fatal(err)
		}
	}
	return last
}

func (r *running) wait(t *testing.T, seq uint64) error {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), limit)
	defer cancel()
	err := r.Wait(ctx, seq)
	if ctx.Err() != nil {
		t.Fatalf("waited for event %d in vain: %+v", seq, r.Health())
	}
	return err
}

// checkHolds checks that the projection holds every event up to last, once.
func (r *running) checkHolds(t *testing.T, last uint64) {
	t.Helper()
	want := make([]uint64, last)
	for i := range want {
		want[i] = uint64(i) + 1
	}
	if got := r.Holds(t); !slices.Equal(got, want) {
		t.Errorf("it holds the events %d, want 1 to %d", got, last)
	}
}

func catchesUp(t *testing.T, s suite) {
	s.append(t, 5)
	r := s.start(t, s.log)
	for _, last := range []uint64{5, s.append(t, 3), s.append(t, 1)} {
		if err := r.wait(t, last); err != nil {
			t.Fatal(err)
		}
	}
	r.checkHolds(t, 9)
	if h := r.Health(); h != (projections.Health{Applied: 9, Last: 9}) || r.Applied() != 9 {
		t.Errorf("health %+v, applied %d", h, r.Applied())
	}
	if err := r.stop(t); err != nil {
		t.Errorf("it was asked to stop: %v", err)
	}
	if h := r.Health(); !errors.Is(h.Err, projections.ErrStopped) {
		t.Errorf("health %+v, want %v", h, projections.ErrStopped)
	}
}

func resumes(t *testing.T, s suite) {
	s.append(t, 4)
	r := s.start(t, s.log)
	if err := r.wait(t, 4); err != nil {
		t.Fatal(err)
	}
	_ = r.stop(t)
	s.append(t, 2)
	var from atomic.Uint64
	again := s.start(t, subscribed{s.log, func(after uint64) { from.Store(after) }})
	if err := again.wait(t, 6); err != nil {
		t.Fatal(err)
	}
	if from.Load() != 4 {
		t.Errorf("it read the log beyond %d, want 4", from.Load())
	}
	again.checkHolds(t, 6)
	_ = again.stop(t)
	resumed := s.open(t, s.dir, s.log)
	if resumed.Applied() != 6 {
		t.Errorf("opened at %d, want 6", resumed.Applied())
	}
	resumed.Close(t)
}

// newerEvents are events as a newer program may have written them.
var newerEvents = map[string]eventstore.Encoded{
	"type":    {Type: "ClientTurnedInside", Version: 1, Body: []byte(`{"data":{}}`)},
	"version": {Type: "ClientDeleted", Version: 1000, Body: []byte(`{"data":{}}`)},
	"member":  {Type: "ClientDeleted", Version: 1, Body: []byte(`{"data":{"inside":"out"}}`)},
}

// newer is a log in which the event at a sequence was written by a newer program.
func (s suite) newer(seq uint64, event eventstore.Encoded) eventstore.Log {
	return read{s.log, func(events []eventstore.Recorded) ([]eventstore.Recorded, error) {
		for i, e := range events {
			switch {
			case e.Seq == seq && i == 0:
				_, err := eventstore.Decode(event)
				return nil, fmt.Errorf("%w: %w", errNewer, err)
			case e.Seq == seq:
				return events[:i], nil
			}
		}
		return events, nil
	}}
}

var errNewer = errors.New("decode an event of a newer program")

func stops(t *testing.T, s suite) {
	s.append(t, 5)
	for name, event := range newerEvents {
		if _, err := eventstore.Decode(event); err == nil {
			t.Fatalf("%s: it is decoded", name)
		}
		r := s.start(t, s.newer(4, event))
		if err := r.wait(t, 5); !errors.Is(err, errNewer) {
			t.Errorf("%s: wait: %v, want %v", name, err, errNewer)
		}
		if err := r.wait(t, 3); err != nil {
			t.Errorf("%s: wait for what was applied: %v", name, err)
		}
		if h := r.Health(); h.Applied != 3 || h.Last != 5 || !errors.Is(h.Err, errNewer) {
			t.Errorf("%s: health %+v, want 3 of 5 and %v", name, h, errNewer)
		}
		if err := r.stop(t); !errors.Is(err, errNewer) {
			t.Errorf("%s: run: %v, want %v", name, err, errNewer)
		}
	}
}

func goesOn(t *testing.T, s suite) {
	s.append(t, 3)
	r := s.start(t, s.log)
	if err := r.wait(t, 3); err != nil {
		t.Fatal(err)
	}
	_ = r.stop(t)
	s.append(t, 2)
	for name, event := range newerEvents { // starting it again does not help it past the event
		r = s.start(t, s.newer(4, event))
		if err := r.wait(t, 4); !errors.Is(err, errNewer) {
			t.Fatalf("%s: wait: %v, want %v", name, err, errNewer)
		}
		_ = r.stop(t)
	}
	var from atomic.Uint64
	upgraded := s.start(t, subscribed{s.log, func(after uint64) { from.Store(after) }})
	if err := upgraded.wait(t, 5); err != nil {
		t.Fatal(err)
	}
	if from.Load() != 3 {
		t.Errorf("it read the log beyond %d, want 3", from.Load())
	}
	upgraded.checkHolds(t, 5)
	_ = upgraded.stop(t)
}

func triesAgain(t *testing.T, s suite) {
	s.append(t, 3)
	var r *running
	opened := make(chan struct{})
	seen := make(chan projections.Health, 1)
	attempts := 0
	s.log.SetHooks(memory.Hooks{Next: func(uint64) error {
		<-opened
		switch attempts++; attempts {
		case 1, 2:
			return fmt.Errorf("%w: no leader", domain.ErrUnavailable)
		case 3:
			seen <- r.Health()
		}
		return nil
	}})
	r = s.start(t, s.log)
	close(opened)
	if err := r.wait(t, 3); err != nil {
		t.Fatal(err)
	}
	if h := <-seen; !errors.Is(h.Trouble, domain.ErrUnavailable) || h.Err != nil {
		t.Errorf("health meanwhile %+v, want the trouble %v", h, domain.ErrUnavailable)
	}
	if h := r.Health(); h.Trouble != nil || h.Err != nil {
		t.Errorf("health afterwards %+v", h)
	}
	r.checkHolds(t, 3)
	if err := r.stop(t); err != nil {
		t.Error(err)
	}
}

func refusesDisorder(t *testing.T, s suite) {
	s.append(t, 3)
	r := s.start(t, read{s.log, func(events []eventstore.Recorded) ([]eventstore.Recorded, error) {
		return append(slices.Clone(events), events[0]), nil
	}})
	if err := r.wait(t, 3); err == nil {
		t.Error("an event was taken twice")
	}
	if h := r.Health(); h.Err == nil || h.Applied != 0 {
		t.Errorf("health %+v, want that it has stopped at 0", h)
	}
	if err := r.stop(t); err == nil {
		t.Error("run returned no error")
	}
}

func letsGo(t *testing.T, s suite) {
	r := s.start(t, s.log)
	if err := r.wait(t, 0); err != nil {
		t.Errorf("wait for nothing: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	gone, left := make(chan error, 1), make(chan error, 1)
	go func() { gone <- r.Wait(ctx, 1) }()
	go func() { left <- r.Wait(context.Background(), 1) }()
	cancel()
	if err := <-gone; !errors.Is(err, context.Canceled) {
		t.Errorf("wait: %v, want %v", err, context.Canceled)
	}
	if err := r.stop(t); err != nil {
		t.Error(err)
	}
	if err := <-left; !errors.Is(err, projections.ErrStopped) {
		t.Errorf("wait: %v, want %v", err, projections.ErrStopped)
	}
}

func restarts(t *testing.T, s suite) {
	const size, rounds = 3, 6
	s.append(t, size*rounds)
	for round := range uint64(rounds) {
		// It is given one batch, then nothing more before it is stopped.
		given := false
		r := s.start(t, read{s.log, func(events []eventstore.Recorded) ([]eventstore.Recorded, error) {
			if given {
				return nil, errEnough
			}
			given = true
			return events[:min(size, len(events))], nil
		}})
		if err := r.wait(t, (round+1)*size); err != nil {
			t.Fatal(err)
		}
		if err := r.stop(t); err != nil && !errors.Is(err, errEnough) {
			t.Fatal(err)
		}
	}
	r := s.start(t, s.log)
	r.checkHolds(t, size*rounds)
	_ = r.stop(t)
}

var errEnough = errors.New("enough was read")

// subscribed is a log that tells from where it is read.
type subscribed struct {
	*memory.Log
	seen func(after uint64)
}

// Subscribe implements eventstore.Log.
func (l subscribed) Subscribe(ctx context.Context, after uint64) (eventstore.Subscription, error) {
	l.seen(after)
	return l.Log.Subscribe(ctx, after)
}

// read is a log that changes what those who follow it get.
type read struct {
	*memory.Log
	change func([]eventstore.Recorded) ([]eventstore.Recorded, error)
}

// Subscribe implements eventstore.Log.
func (l read) Subscribe(ctx context.Context, after uint64) (eventstore.Subscription, error) {
	s := &reading{log: l, after: after}
	return s, s.subscribe(ctx)
}

type reading struct {
	eventstore.Subscription
	log   read
	after uint64
}

func (s *reading) subscribe(ctx context.Context) (err error) {
	s.Subscription, err = s.log.Log.Subscribe(ctx, s.after)
	return err
}

// Next implements eventstore.Subscription. What it leaves out of a batch is in the next one.
func (s *reading) Next(ctx context.Context, max int) ([]eventstore.Recorded, error) {
	events, err := s.Subscription.Next(ctx, max)
	if err != nil {
		return nil, err
	}
	changed, err := s.log.change(events)
	if err != nil || len(changed) == len(events) {
		return changed, err
	}
	s.Subscription.Close()
	s.after = changed[len(changed)-1].Seq
	return changed, s.subscribe(ctx)
}
