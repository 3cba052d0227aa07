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
	// pullMessages is how many messages are requested ahead of the reader: enough to keep the server busy
	// while a log is replayed, few enough to hold in memory.
	pullMessages = 4096
	// pullBytes is the size after which an answer ends, for the reason given at readWeight.
	pullBytes = 8 << 20
)

// Subscribe implements eventstore.Log. The subscription survives reconnects; it ends with an error
// when the stream is gone, the log is closed or an event is missing. One that begins far behind reads the history
// first and asks the server for what is left.
func (l *Log) Subscribe(ctx context.Context, after uint64) (eventstore.Subscription, error) {
	if l.closed.Load() {
		return nil, errLogClosed
	}
	s := &subscription{log: l, after: after, ended: make(chan struct{})}
	if s.history = l.historyAfter(after); s.history != nil {
		return s, nil
	}
	if err := s.consume(ctx); err != nil {
		return nil, err
	}
	return s, nil
}

type subscription struct {
	log     *Log
	after   uint64   // sequence of the last event that Next returned
	history *history // nil: the server is asked

	consumer jetstream.ConsumeContext // nil: not yet
	msgs     chan jetstream.Msg       // what it has delivered

	ending sync.Once
	ended  chan struct{} // closed when Next must not return events any more
	cause  error         // what it returns then; set before ended is closed

	closing sync.Once
}

// consume makes the server deliver what follows the last event.
func (s *subscription) consume(ctx context.Context) error {
	consumer, err := s.log.js.OrderedConsumer(ctx, StreamName, jetstream.OrderedConsumerConfig{
		DeliverPolicy: jetstream.DeliverByStartSequencePolicy,
		OptStartSeq:   s.after + 1,
	})
	if err != nil {
		return fmt.Errorf("subscribe after %d: %w", s.after, unavailable(err))
	}
	s.msgs = make(chan jetstream.Msg, pullMessages)
	s.consumer, err = consumer.Consume(s.receive,
		jetstream.PullMaxMessagesWithBytesLimit(pullMessages, pullBytes),
		jetstream.ConsumeErrHandler(func(_ jetstream.ConsumeContext, err error) { s.trouble(err) }))
	if err != nil {
		s.consumer = nil
		return fmt.Errorf("subscribe after %d: %w", s.after, err)
	}
	return nil
}

var errSubscriptionClosed = errors.New("subscription is closed")

// receive passes a message to Next. While it waits, the consumer requests no more.
func (s *subscription) receive(msg jetstream.Msg) {
	select {
	case s.msgs <- msg:
	case <-s.ended:
	}
}

// trouble ends the subscription on an error that the consumer does not recover from.
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
	// Checked first, because the select below takes any case that is ready.
	select {
	case <-s.ended:
		return nil, s.cause
	default:
	}
	if events, err := s.nextOfHistory(ctx, max); len(events) > 0 || err != nil {
		return events, err
	}
	if s.consumer == nil {
		if err := s.consume(ctx); err != nil {
			s.end(err)
			return nil, err
		}
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
	// A follower must not get ahead of what is on disk: a loss of power would undo what it has already stored.
	if err := s.log.durable(ctx, s.after); err != nil {
		s.end(err)
		return nil, err
	}
	return events, nil
}

// nextOfHistory is Next for what the history holds. It returns nothing at its end.
func (s *subscription) nextOfHistory(ctx context.Context, max int) ([]eventstore.Recorded, error) {
	if s.history == nil {
		return nil, nil
	}
	if s.log.closed.Load() {
		s.end(errLogClosed)
		return nil, errLogClosed
	}
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	events := make([]eventstore.Recorded, 0, min(max, historyLeast))
	for len(events) < max {
		r, ok := s.history.next(s.after)
		if !ok {
			s.history = nil
			break
		}
		event, err := s.ofRecord(r)
		if err != nil {
			s.end(err)
			if len(events) == 0 {
				return nil, err
			}
			break
		}
		events, s.after = append(events, event), event.Seq
	}
	return events, nil
}

func (s *subscription) ofRecord(r record) (eventstore.Recorded, error) {
	msg, err := r.message()
	if err != nil {
		return eventstore.Recorded{}, err
	}
	return msg.decode()
}

// take decodes first and the messages that have arrived after it, at most max. If it fails at one, it returns the
// events before that one, and the error.
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
		// Sequences may be missing from the stream itself. A message that is there must have been delivered.
		next, err := s.log.get(ctx, getRequest{Seq: s.after + 1, NextBySubject: ">"})
		if err != nil {
			return eventstore.Recorded{}, fmt.Errorf("look into the gap after sequence %d: %w", s.after, err)
		}
		if next.Seq != seq {
			return eventstore.Recorded{}, fmt.Errorf("event at sequence %d was not delivered, got %d", next.Seq, seq)
		}
	}
	event := eventstore.Recorded{Seq: seq}
	var appended bool
	if event.Envelope, appended = s.log.handover.take(msg.Subject(), msg.Headers().Get(jetstream.MsgIDHeader)); !appended {
		if event, err = decode(seq, msg.Subject(), msg.Headers(), msg.Data()); err != nil {
			return eventstore.Recorded{}, err
		}
	}
	s.after = seq
	return event, nil
}

// Close implements eventstore.Subscription.
func (s *subscription) Close() {
	s.closing.Do(func() {
		s.end(errSubscriptionClosed)
		if s.consumer != nil {
			s.consumer.Stop()
			<-s.consumer.Closed()
		}
	})
}
