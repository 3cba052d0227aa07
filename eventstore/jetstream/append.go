package jetstream

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"roster/domain"
	"roster/eventstore"
)

// Append implements eventstore.Log. It publishes one event as a message and several as an atomic batch. When its
// context ends after the events were sent, it first looks whether they are stored, for at most settleTimeout.
func (l *Log) Append(ctx context.Context, changes ...domain.Change) (uint64, error) {
	msgs, err := messages(changes)
	if err != nil {
		return 0, err
	}
	if err := l.slots.Acquire(ctx, 1); err != nil {
		return 0, fmt.Errorf("append: %w", err)
	}
	defer l.slots.Release(1)
	if err := l.admit(changes); err != nil {
		return 0, fmt.Errorf("append: %w", err)
	}
	l.handover.offer(changes, msgs)
	var seq uint64
	if len(msgs) == 1 {
		seq, err = l.publish(ctx, msgs[0])
	} else {
		seq, err = l.publishBatch(ctx, msgs)
	}

	// The events may be stored by now. Whether they are must be found out even if the context has ended.
	settle, cancel := context.WithTimeout(context.WithoutCancel(ctx), settleTimeout)
	defer cancel()
	switch {
	case err == nil:
	case isConflict(err):
		if seq, err = l.stored(settle, changes); err == nil && seq == 0 {
			err = domain.ErrConflict
		}
	case errors.Is(err, domain.ErrOutcomeUnknown):
		if found, lookup := l.stored(settle, changes); lookup == nil && found != 0 {
			seq, err = found, nil
		}
	}
	if err != nil {
		return 0, fmt.Errorf("append: %w", err)
	}
	if err := l.durable(settle, seq); err != nil {
		return 0, fmt.Errorf("append: %w: %w", domain.ErrOutcomeUnknown, err)
	}
	l.acknowledge(seq)
	return seq, nil
}

// acknowledge makes Acknowledged return at least seq.
func (l *Log) acknowledge(seq uint64) {
	for {
		before := l.acknowledged.Load()
		if seq <= before || l.acknowledged.CompareAndSwap(before, seq) {
			return
		}
	}
}

// Acknowledged implements eventstore.Log.
func (l *Log) Acknowledged() uint64 { return l.acknowledged.Load() }

// admit returns why the changes could not be stored now, or nil.
func (l *Log) admit(changes []domain.Change) error {
	if l.keeper != nil {
		if err := l.keeper.space.admit(changes); err != nil {
			return err
		}
	}
	return l.writable()
}

// messages encodes changes. The first message of each carries what the server must expect of its subject.
func messages(changes []domain.Change) ([]*nats.Msg, error) {
	if err := eventstore.CheckChanges(changes); err != nil {
		return nil, err
	}
	var msgs []*nats.Msg
	for _, change := range changes {
		for i, e := range change.Events {
			msg, err := encode(e)
			if err != nil {
				return nil, err
			}
			if i == 0 {
				msg.Header.Set(jetstream.ExpectedLastSubjSeqHeader, strconv.FormatUint(change.Expected, 10))
			}
			msgs = append(msgs, msg)
		}
	}
	return msgs, nil
}

// publish stores one message and returns its sequence. Its errors are those of outcome.
func (l *Log) publish(ctx context.Context, msg *nats.Msg) (uint64, error) {
	life := l.life() // a server whose store has failed does not answer any more
	// If no stream answers, nothing is stored, and the caller decides whether to try again.
	future, err := l.js.PublishMsgAsync(msg, jetstream.WithRetryAttempts(0))
	if err != nil {
		return 0, unavailable(err)
	}
	select {
	case ack := <-future.Ok():
		return ack.Sequence, nil
	case err := <-future.Err():
		return 0, outcome(err)
	case <-ctx.Done():
		return 0, fmt.Errorf("%w: no acknowledgement: %w", domain.ErrOutcomeUnknown, ctx.Err())
	case <-life.Done():
		return 0, fmt.Errorf("%w: no acknowledgement: %w", domain.ErrOutcomeUnknown, context.Cause(life))
	}
}

// stored returns the sequence of the last event if all of these very events are stored, and 0 if not. It looks at
// what follows the expected event on each subject, which no later append can change.
func (l *Log) stored(ctx context.Context, changes []domain.Change) (seq uint64, err error) {
	for _, change := range changes {
		first := change.Events[0]
		msg, err := l.get(ctx, getRequest{Seq: change.Expected + 1, NextBySubject: subjectOf(first.Aggregate)})
		if errors.Is(err, eventstore.ErrNoEvent) {
			return 0, nil
		}
		if err != nil {
			return 0, err
		}
		if idOf(msg.Header) != first.ID {
			return 0, nil
		}
		// The events of a batch lie side by side.
		seq = msg.Seq + uint64(len(change.Events)) - 1
	}
	return seq, nil
}

// durable waits until the message at seq is synced to disk. An external cluster has seen to that already.
func (l *Log) durable(ctx context.Context, seq uint64) error {
	if l.barrier == nil {
		return nil
	}
	return l.barrier.wait(ctx, seq)
}
