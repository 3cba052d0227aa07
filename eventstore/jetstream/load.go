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

// loadBatch is how many events of one aggregate are asked for at once.
const loadBatch = 256

// Load implements eventstore.Log. The last event comes from the stream's leader, so that nothing that was
// acknowledged is missed; those before it, which cannot change, from any replica.
func (l *Log) Load(ctx context.Context, aggregate domain.Aggregate) (history []domain.Envelope, last uint64, err error) {
	subject := subjectOf(aggregate)
	tail, err := l.get(ctx, getRequest{LastBySubject: subject})
	if errors.Is(err, eventstore.ErrNoEvent) {
		return nil, 0, nil
	}
	if err != nil {
		return nil, 0, fmt.Errorf("load %s: %w", subject, err)
	}
	msgs := []message{tail}
	if tail.Header.Get(jetstream.ExpectedLastSubjSeqHeader) != "0" {
		if msgs, err = l.upTo(ctx, subject, tail.Seq); err != nil {
			return nil, 0, fmt.Errorf("load %s: %w", subject, err)
		}
	}
	history = make([]domain.Envelope, len(msgs))
	for i, msg := range msgs {
		r, err := msg.decode()
		if err != nil {
			return nil, 0, fmt.Errorf("load %s: %w", subject, err)
		}
		history[i] = r.Envelope
	}
	// What is decided on this history must not outlive it.
	if err := l.durable(ctx, tail.Seq); err != nil {
		return nil, 0, fmt.Errorf("load %s: %w", subject, err)
	}
	return history, tail.Seq, nil
}

// upTo returns the messages of a subject up to and including the one at last, which there is.
func (l *Log) upTo(ctx context.Context, subject string, last uint64) (msgs []message, err error) {
	for seq := uint64(1); seq <= last; {
		batch, err := l.batch(ctx, batchRequest{Seq: seq, NextBySubject: subject, Batch: loadBatch})
		if err != nil {
			return nil, err
		}
		if len(batch) == 0 { // a replica that is behind: the leader has it
			next, err := l.get(ctx, getRequest{Seq: seq, NextBySubject: subject})
			if err != nil {
				return nil, err
			}
			batch = []message{next}
		}
		for _, msg := range batch {
			if msg.Seq <= last {
				msgs = append(msgs, msg)
			}
			seq = msg.Seq + 1
		}
	}
	return msgs, nil
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
}

// get returns the message that was asked for, or eventstore.ErrNoEvent.
func (l *Log) get(ctx context.Context, r getRequest) (message, error) {
	body, err := json.Marshal(r)
	if err != nil {
		return message{}, err
	}
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
