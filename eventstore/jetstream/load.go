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

// The answers under way at a time are bounded. A server cuts a connection that has more to receive than its
// max_pending (64 MiB by default), and all other work on the connection would fail with it.
const (
	loadEvents = 256       // most events in the answer to a batchRequest
	loadBytes  = 1 << 20   // size after which such an answer ends; its last event may exceed it
	loadWeight = 2 << 20   // bytes to reckon with for such an answer
	getWeight  = 128 << 10 // bytes to reckon with for the answer to a getRequest; in base64, most have half as many
	readWeight = 16 << 20  // bytes of all answers under way
)

// Load implements eventstore.Log. It asks the stream's leader for the first event and for the last, so that it
// misses nothing that was acknowledged. Often there is no first event, and it is done. The events between the two
// cannot change any more: it asks any replica for them.
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

// read calls take with each message that a subject has beyond a sequence, in order, and returns the sequence of the
// last, 0 if there is none. Messages that are stored after the call may be left out. It stops at the first error of
// take and returns it.
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

// following returns the next messages of a subject beyond a sequence. There must be at least one.
func (l *Log) following(ctx context.Context, subject string, after uint64) ([]message, error) {
	batch, err := l.batch(ctx, batchRequest{Seq: after + 1, NextBySubject: subject, Batch: loadEvents, MaxBytes: loadBytes})
	if err != nil || len(batch) > 0 {
		return batch, err
	}
	// The replica that answered is behind. The leader has the message.
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
		// There is no message at the stream's last sequence: the stream is empty, or ends with a gap. This
		// request, which is slower, finds the last message that there is.
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
		case "204", "404": // the end of the batch; no message at all
			return msgs, nil
		case "503": // no server answers
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
