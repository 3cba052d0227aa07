package jetstream

import (
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"roster/domain"
	"roster/eventstore"
)

// The headers that hold the envelope of an event, beside Nats-Msg-Id, which is the server's and holds the event's
// id. A newer program wrote any other header with their prefix: decode refuses it with ErrUnknownSchema. It ignores
// headers without the prefix, which say nothing about the event.
const (
	headerPrefix  = "Roster-"
	headerType    = "Roster-Type"
	headerVersion = "Roster-Version"
	headerBy      = "Roster-By" // when and by whom it was decided, see formatBy
)

// The headers that held what headerBy holds, in events that earlier versions wrote.
const (
	headerTime      = "Roster-Time" // RFC 3339, UTC
	headerActorKind = "Roster-Actor-Kind"
	headerActorID   = "Roster-Actor-Id" // percent-encoded
)

var (
	envelopeHeaders = [...]string{headerType, headerVersion, headerBy}
	formerHeaders   = [...]string{headerTime, headerActorKind, headerActorID}
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
		Header: nats.Header{
			jetstream.MsgIDHeader: {r.ID},
			headerType:            {r.Type},
			headerVersion:         {strconv.Itoa(r.Version)},
			headerBy:              {formatBy(r)},
		},
		Data: r.Body,
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
	version, err := strconv.Atoi(header.Get(headerVersion))
	if err != nil {
		return domain.Envelope{}, fmt.Errorf("header %s: %w", headerVersion, err)
	}
	if name := unknownHeader(header); name != "" {
		return domain.Envelope{}, fmt.Errorf("decode %q version %d: %w: header %s",
			header.Get(headerType), version, eventstore.ErrUnknownSchema, name)
	}
	at, actor, err := decided(header, aggregate)
	if err != nil {
		return domain.Envelope{}, err
	}
	id := header.Get(jetstream.MsgIDHeader)
	if id == "" {
		return domain.Envelope{}, fmt.Errorf("header %s is missing", jetstream.MsgIDHeader)
	}
	return eventstore.Decode(eventstore.Encoded{
		ID: id, Type: header.Get(headerType), Version: version, Time: at, Aggregate: aggregate,
		ActorKind: actor.Kind, ActorID: actor.ID, Body: body,
	})
}

// formatBy encodes when and by whom an event was decided: the time (RFC 3339, UTC), a space, the kind of actor, and,
// unless the actor is the aggregate itself, a colon and the actor's id, percent-encoded: a header's value is one line
// of text.
func formatBy(r eventstore.Encoded) string {
	by := r.Time.Format(time.RFC3339Nano) + " " + string(r.ActorKind)
	if r.ActorID != r.Aggregate.ID {
		by += ":" + url.PathEscape(r.ActorID)
	}
	return by
}

// decided is the inverse of formatBy, for events in the former headers as well.
func decided(header nats.Header, aggregate domain.Aggregate) (at time.Time, actor domain.Actor, err error) {
	when, kind, escaped := header.Get(headerTime), header.Get(headerActorKind), header.Get(headerActorID)
	named := true
	if by := header.Get(headerBy); by != "" {
		if when != "" || kind != "" || escaped != "" {
			return at, actor, fmt.Errorf("header %s beside those that it replaces", headerBy)
		}
		var who string
		when, who, _ = strings.Cut(by, " ")
		kind, escaped, named = strings.Cut(who, ":")
	}
	if at, err = time.Parse(time.RFC3339Nano, when); err != nil {
		return at, actor, fmt.Errorf("time of the event: %w", err)
	}
	actor = domain.Actor{Kind: domain.ActorKind(kind), ID: aggregate.ID}
	if named {
		if actor.ID, err = url.PathUnescape(escaped); err != nil {
			return at, actor, fmt.Errorf("actor of the event: %w", err)
		}
	}
	return at, actor, nil
}

// unknownHeader returns the name of a header that a newer program wrote, empty if there is none.
func unknownHeader(header nats.Header) string {
	for name := range header {
		if strings.HasPrefix(name, headerPrefix) &&
			!slices.Contains(envelopeHeaders[:], name) && !slices.Contains(formerHeaders[:], name) {
			return name
		}
	}
	return ""
}
