package memory

import (
	"context"
	"sync"

	"roster/domain"
	"roster/eventstore"
)

// Process is a log as one of several processes has it: Acknowledged counts what was appended through this Process
// alone, and what its subscriptions return can be held back. It may be used concurrently.
type Process struct {
	*Log

	mu           sync.Mutex
	passed       chan struct{} // closed: events pass
	fault        error         // what subscriptions return instead of events; nil: events
	acknowledged uint64        // the highest sequence that Append returned
}

var _ eventstore.Log = (*Process)(nil)

// NewProcess returns a process on a log. Events pass.
func NewProcess(log *Log) *Process {
	p := &Process{Log: log, passed: make(chan struct{})}
	close(p.passed)
	return p
}

// Hold keeps events from every subscription until Release is called, those included that wait in Next. They must not
// be held already.
func (p *Process) Hold() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.passed = make(chan struct{})
}

// Release lets events pass that Hold held. With an error subscriptions return that instead of the next events.
func (p *Process) Release(fault error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.fault = fault
	close(p.passed)
}

// Append implements eventstore.Log.
func (p *Process) Append(ctx context.Context, changes ...domain.Change) (uint64, error) {
	seq, err := p.Log.Append(ctx, changes...)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.acknowledged = max(p.acknowledged, seq)
	return seq, err
}

// Acknowledged implements eventstore.Log.
func (p *Process) Acknowledged() uint64 {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.acknowledged
}

// Subscribe implements eventstore.Log.
func (p *Process) Subscribe(ctx context.Context, after uint64) (eventstore.Subscription, error) {
	s, err := p.Log.Subscribe(ctx, after)
	if err != nil {
		return nil, err
	}
	return processSubscription{s, p}, nil
}

type processSubscription struct {
	eventstore.Subscription
	process *Process
}

// Next implements eventstore.Subscription. It waits for events first and for their release then, so that Hold holds
// what is appended while a follower waits.
func (s processSubscription) Next(ctx context.Context, most int) ([]eventstore.Recorded, error) {
	events, err := s.Subscription.Next(ctx, most)
	if err != nil {
		return nil, err
	}
	passed, _ := s.process.gate()
	select {
	case <-passed:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	if _, fault := s.process.gate(); fault != nil {
		return nil, fault
	}
	return events, nil
}

func (p *Process) gate() (passed <-chan struct{}, fault error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.passed, p.fault
}
