package jetstream

import (
	"fmt"
	"strings"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"roster/domain"
	"roster/eventstore"
)

// The headers of an atomic batch.
const (
	headerBatchID       = "Nats-Batch-Id"
	headerBatchSequence = "Nats-Batch-Sequence"
	headerBatchCommit   = "Nats-Batch-Commit"
)

const (
	subjectPrefix = "roster."
	allSubjects   = subjectPrefix + "*.*"
)

// subjectOf returns the subject of an aggregate. eventstore.CheckChanges has refused wildcards in its kind and id.
func subjectOf(a domain.Aggregate) string {
	return subjectPrefix + a.Kind + "." + a.ID
}

func aggregateOf(subject string) (domain.Aggregate, error) {
	kind, id, ok := strings.Cut(strings.TrimPrefix(subject, subjectPrefix), ".")
	if !ok || !strings.HasPrefix(subject, subjectPrefix) {
		return domain.Aggregate{}, fmt.Errorf("subject %q is not %s<kind>.<id>", subject, subjectPrefix)
	}
	return domain.Aggregate{Kind: kind, ID: id}, nil
}

func encode(e domain.Envelope) (*nats.Msg, error) {
	r, err := eventstore.Encode(e)
	if err != nil {
		return nil, err
	}
	return messageOf(r), nil
}

func messageOf(r eventstore.Encoded) *nats.Msg {
	return &nats.Msg{
		Subject: subjectOf(r.Aggregate),
		Header:  nats.Header{jetstream.MsgIDHeader: {formatID(r.ID)}, headerEvent: {formatEvent(r)}},
		Data:    r.Body,
	}
}

func decode(seq uint64, subject string, header nats.Header, body []byte) (eventstore.Recorded, error) {
	envelope, err := decodeEnvelope(subject, header, body)
	if err != nil {
		return eventstore.Recorded{}, fmt.Errorf("event at sequence %d: %w", seq, err)
	}
	return eventstore.Recorded{Seq: seq, Envelope: envelope}, nil
}

func decodeEnvelope(subject string, header nats.Header, body []byte) (domain.Envelope, error) {
	aggregate, err := aggregateOf(subject)
	if err != nil {
		return domain.Envelope{}, err
	}
	r, err := parseHeader(header, aggregate)
	if err != nil {
		return domain.Envelope{}, err
	}
	r.Body = body
	return eventstore.Decode(r)
}
