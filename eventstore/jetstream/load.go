package jetstream

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"roster/domain"
	"roster/eventstore"
)

// What is read of the log at once is bounded, so that the server never has more to send on the connection
// than it holds for one that reads slowly (max_pending, 64 MiB by default): it would cut the connection, and
// with it off all other work.
const (
	loadEvents = 256       // events that one request for several asks for at most
	loadBytes  = 1 << 20   // after which the answer ends; the last event may go beyond
	loadWeight = 2 << 20   // what such an answer is taken for
	getWeight  = 128 << 10 // what an answer of one event is taken for: most have half as much, in base64
	readWeight = 16 << 20  // of all answers that are waited for
)

// Load implements eventstore.Log. What there is comes from the stream's leader, so that nothing that was
// acknowledged is missed: the first event, whose absence is the common case and costs no look at any other,
// and the last. Those between them, which cannot change, come from any replica.
func (l *Log) Load(ctx context.Context, aggregate domain.Aggregate, after uint64, apply func(domain.Envelope)) (last uint64, err error) {
	subject := subjectOf(aggregate)
	last, err = l.read(ctx, subject, after, func(msg message) error {
		e, err := msg.decode()
		if err == nil {
			apply(e.Envelope)
		}
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("load %s: %w", subject, err)
	}
	// What is decided on these events must not outlive them.
	if err := l.durable(ctx, max(after, last)); err != nil {
		return 0, fmt.Errorf("load %s: %w", subject, err)
	}
	return last, nil
}

// read hands over the messages of a subject beyond a sequence, those that there are when it is called, in order,
// and returns the sequence of the last: 0 when there are none. It returns the first error of take.
func (l *Log) read(ctx context.Context, subject string, after uint64, take func(message) error) (last uint64, err error) {
	next, err := l.get(ctx, getRequest{Seq: after + 1, NextBySubject: subject})
	if errors.Is(err, eventstore.ErrNoEvent) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	tail, err := l.get(ctx, getRequest{LastBySubject: subject})
	if err != nil {
		return 0, err
	}
	for batch := []message{next}; ; {
		for _, msg := range batch {
			if err := take(msg); err != nil {
				return 0, err
			}
			if msg.Seq == tail.Seq {
				return msg.Seq, nil
			}
			after = msg.Seq
		}
		if batch, err = l.following(ctx, subject, after); err != nil {
			return 0, err
		}
	}
}

// following returns some of the messages of a subject beyond a sequence, where there are any.
func (l *Log) following(ctx context.Context, subject string, after uint64) ([]message, error) {
	batch, err := l.batch(ctx, batchRequest{Seq: after + 1, NextBySubject: subject, Batch: loadEvents, MaxBytes: loadBytes})
	if err != nil || len(batch) > 0 {
		return batch, err
	}
	// That replica is behind. The leader has it.
	next, err := l.get(ctx, getRequest{Seq: after + 1, NextBySubject: subject})
	return []message{next}, err
}

// At implements eventstore.Log.
func (l *Log) At(ctx context.Context, seq uint64) (eventstore.Recorded, error) {
	if seq == 0 {
		return eventstore.Recorded{}, eventstore.ErrNoEvent
	}
	msg, err := l.get(ctx, getRequest{Seq: seq})
	if err != nil {
		return eventstore.Recorded{}, fmt.Errorf("event at sequence %d: %w", seq, err)
	}
	return msg.decode()
}

// Last implements eventstore.Log.
func (l *Log) Last(ctx context.Context) (uint64, error) {
	msg, err := l.get(ctx, getRequest{LastBySubject: ">"})
	if errors.Is(err, eventstore.ErrNoEvent) {
		// There is nothing at the stream's last sequence: an empty stream, or a gap at its end. What the
		// server answers to this one, more slowly, is the last message that there is.
		msg, err = l.get(ctx, getRequest{LastBySubject: allSubjects})
	}
	if errors.Is(err, eventstore.ErrNoEvent) {
		return 0, nil
	}
	if err != nil {
		return 0, fmt.Errorf("last event: %w", err)
	}
	return msg.Seq, nil
}

// message is a message of the stream.
type message struct {
	Seq     uint64
	Subject string
	Header  nats.Header
	Data    []byte
}

func (m message) decode() (eventstore.Recorded, error) {
	return decode(m.Seq, m.Subject, m.Header, m.Data)
}

// getRequest asks the stream's leader for one message.
type getRequest struct {
	Seq           uint64 `json:"seq,omitempty"`
	LastBySubject string `json:"last_by_subj,omitempty"`
	NextBySubject string `json:"next_by_subj,omitempty"`
}

// batchRequest asks any replica for the messages from a sequence on.
type batchRequest struct {
	Seq           uint64 `json:"seq"`
	NextBySubject string `json:"next_by_subj"`
	Batch         int    `json:"batch"`
	MaxBytes      int    `json:"max_bytes"`
}

// get returns the message that was asked for, or eventstore.ErrNoEvent.
func (l *Log) get(ctx context.Context, r getRequest) (message, error) {
	body, err := json.Marshal(r)
	if err != nil {
		return message{}, err
	}
	if err := l.reads.Acquire(ctx, getWeight); err != nil {
		return message{}, err
	}
	defer l.reads.Release(getWeight)
	ctx, cancel := context.WithTimeout(ctx, ackTimeout)
	defer cancel()
	reply, err := l.request(ctx, &nats.Msg{Subject: "$JS.API.STREAM.MSG.GET." + StreamName, Data: body})
	if err != nil {
		return message{}, unavailable(err)
	}
	var answer struct {
		Error   *jetstream.APIError `json:"error"`
		Message struct {
			Subject string `json:"subject"`
			Seq     uint64 `json:"seq"`
			Header  []byte `json:"hdrs"`
			Data    []byte `json:"data"`
		} `json:"message"`
	}
	if err := json.Unmarshal(reply.Data, &answer); err != nil {
		return message{}, fmt.Errorf("answer to a request for a message: %w", err)
	}
	if answer.Error != nil {
		if answer.Error.ErrorCode == jetstream.JSErrCodeMessageNotFound {
			return message{}, eventstore.ErrNoEvent
		}
		return message{}, unavailable(answer.Error)
	}
	header, err := nats.DecodeHeadersMsg(answer.Message.Header)
	if err != nil {
		return message{}, fmt.Errorf("headers of message %d: %w", answer.Message.Seq, err)
	}
	return message{Seq: answer.Message.Seq, Subject: answer.Message.Subject, Header: header, Data: answer.Message.Data}, nil
}

// getBatch returns the messages that were asked for, as many as there are.
func (l *Log) getBatch(ctx context.Context, r batchRequest) (msgs []message, err error) {
	body, err := json.Marshal(r)
	if err != nil {
		return nil, err
	}
	if err := l.reads.Acquire(ctx, loadWeight); err != nil {
		return nil, err
	}
	defer l.reads.Release(loadWeight)
	ctx, cancel := context.WithTimeout(ctx, ackTimeout)
	defer cancel()
	inbox := l.nc.NewInbox()
	replies := make(chan *nats.Msg, r.Batch+1)
	subscription, err := l.nc.ChanSubscribe(inbox, replies)
	if err != nil {
		return nil, unavailable(err)
	}
	defer subscription.Unsubscribe()
	if err := l.nc.PublishRequest("$JS.API.DIRECT.GET."+StreamName, inbox, body); err != nil {
		return nil, unavailable(err)
	}
	for {
		var reply *nats.Msg
		select {
		case reply = <-replies:
		case <-ctx.Done():
			return nil, unavailable(ctx.Err())
		}
		switch status := reply.Header.Get("Status"); status {
		case "":
		case "204", "404": // the end of the batch; nothing to begin with
			return msgs, nil
		case "503": // nobody is there to answer
			return nil, unavailable(nats.ErrNoResponders)
		default:
			return nil, fmt.Errorf("request for messages: %s %s", status, reply.Header.Get("Description"))
		}
		seq, err := strconv.ParseUint(reply.Header.Get(jetstream.SequenceHeader), 10, 64)
		if err != nil {
			return nil, fmt.Errorf("header %s: %w", jetstream.SequenceHeader, err)
		}
		msgs = append(msgs, message{Seq: seq, Subject: reply.Header.Get(jetstream.SubjectHeader), Header: reply.Header, Data: reply.Data})
	}
}
