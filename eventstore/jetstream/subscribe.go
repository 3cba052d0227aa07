package jetstream

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"roster/eventstore"
)

const (
	// pullMessages is how many messages are asked for ahead of those that were read: enough to keep the
	// server busy while a log is replayed, few enough to be held in memory.
	pullMessages = 4096
	// pullBytes ends each answer to that, however many messages are left: see readWeight.
	pullBytes = 8 << 20
)

// Subscribe implements eventstore.Log. The subscription survives reconnects; it ends with an error
// when the stream is gone, the log is closed or an event is missing.
func (l *Log) Subscribe(ctx context.Context, after uint64) (eventstore.Subscription, error) {
	if l.closed.Load() {
		return nil, errLogClosed
	}
	consumer, err := l.js.OrderedConsumer(ctx, StreamName, jetstream.OrderedConsumerConfig{
		DeliverPolicy: jetstream.DeliverByStartSequencePolicy,
		OptStartSeq:   after + 1,
	})
	if err != nil {
		return nil, fmt.Errorf("subscribe after %d: %w", after, unavailable(err))
	}
	s := &subscription{
		log:   l,
		after: after,
		msgs:  make(chan jetstream.Msg, pullMessages),
		ended: make(chan struct{}),
	}
	s.consume, err = consumer.Consume(s.receive,
		jetstream.PullMaxMessagesWithBytesLimit(pullMessages, pullBytes),
		jetstream.ConsumeErrHandler(func(_ jetstream.ConsumeContext, err error) { s.trouble(err) }))
	if err != nil {
		return nil, fmt.Errorf("subscribe after %d: %w", after, err)
	}
	return s, nil
}

type subscription struct {
	log     *Log
	consume jetstream.ConsumeContext
	after   uint64 // sequence of the last event that Next returned
	msgs    chan jetstream.Msg

	ending sync.Once
	ended  chan struct{} // closed when no more messages come
	cause  error         // why; set before ended is closed

	closing sync.Once
}

var errSubscriptionClosed = errors.New("subscription is closed")

// receive passes a message on. It waits for the reader, which holds back the consumer.
func (s *subscription) receive(msg jetstream.Msg) {
	select {
	case s.msgs <- msg:
	case <-s.ended:
	}
}

// trouble ends the subscription on what the consumer cannot recover from by itself.
func (s *subscription) trouble(err error) {
	switch {
	case errors.Is(err, nats.ErrConnectionClosed), errors.Is(err, jetstream.ErrConnectionClosed):
		s.end(errLogClosed)
	case errors.Is(err, jetstream.ErrStreamNotFound):
		s.end(err)
	default:
		s.log.logger.Debug("subscription to the event log recovers", "err", err)
	}
}

func (s *subscription) end(cause error) {
	s.ending.Do(func() {
		s.cause = cause
		close(s.ended)
	})
}

// Next implements eventstore.Subscription.
func (s *subscription) Next(ctx context.Context, max int) ([]eventstore.Recorded, error) {
	// Of several cases that are ready, a select takes any. After the end there is nothing more to read.
	select {
	case <-s.ended:
		return nil, s.cause
	default:
	}
	var first jetstream.Msg
	select {
	case first = <-s.msgs:
	case <-s.ended:
		return nil, s.cause
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	events, err := s.take(ctx, first, max)
	if err != nil {
		s.end(err)
	}
	if len(events) == 0 {
		return nil, err
	}
	// A follower must not get ahead of what is on disk: it would remember what a loss of power undid.
	if err := s.log.durable(ctx, s.after); err != nil {
		s.end(err)
		return nil, err
	}
	return events, nil
}

// take returns the events of first and of the messages that are there behind it, at most max. With an error it
// returns the events before the one that the error is about.
func (s *subscription) take(ctx context.Context, first jetstream.Msg, max int) ([]eventstore.Recorded, error) {
	events := make([]eventstore.Recorded, 0, min(max, len(s.msgs)+1))
	for msg := first; ; {
		event, err := s.accept(ctx, msg)
		if err != nil {
			return events, err
		}
		events = append(events, event)
		if len(events) == max {
			return events, nil
		}
		select {
		case msg = <-s.msgs:
		default:
			return events, nil
		}
	}
}

// accept decodes a message, having made sure that it is the next one.
func (s *subscription) accept(ctx context.Context, msg jetstream.Msg) (eventstore.Recorded, error) {
	meta, err := msg.Metadata()
	if err != nil {
		return eventstore.Recorded{}, err
	}
	seq := meta.Sequence.Stream
	if seq <= s.after {
		return eventstore.Recorded{}, fmt.Errorf("event at sequence %d came after %d", seq, s.after)
	}
	if seq != s.after+1 {
		// A gap may be in the stream itself. It is a loss if there is anything in it.
		next, err := s.log.get(ctx, getRequest{Seq: s.after + 1, NextBySubject: ">"})
		if err != nil {
			return eventstore.Recorded{}, fmt.Errorf("look into the gap after sequence %d: %w", s.after, err)
		}
		if next.Seq != seq {
			return eventstore.Recorded{}, fmt.Errorf("event at sequence %d was not delivered, got %d", next.Seq, seq)
		}
	}
	event, err := decode(seq, msg.Subject(), msg.Headers(), msg.Data())
	if err != nil {
		return eventstore.Recorded{}, err
	}
	s.after = seq
	return event, nil
}

// Close implements eventstore.Subscription.
func (s *subscription) Close() {
	s.closing.Do(func() {
		s.end(errSubscriptionClosed)
		s.consume.Stop()
		<-s.consume.Closed()
	})
}
