package eventstore

import (
	"errors"
	"fmt"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"roster/domain"
	"roster/domain/oauth"
)

// ErrUnknownSchema says that a record's type or schema version is none that this program knows:
// it was written by a later one.
var ErrUnknownSchema = errors.New("unknown event type or schema version")

// Encoded is an envelope as a log stores it: Body is the payload, the other fields stand beside it.
type Encoded struct {
	ID        string
	Type      string
	Version   int // of the schema of this type's data
	Time      time.Time
	Aggregate domain.Aggregate
	ActorKind domain.ActorKind
	ActorID   string
	// Body is one JSON object: "data" is what EventData encodes, less the personal data, which is in
	// "personal": the metadata members that are Personal, and the actor's "ip".
	Body []byte
}

// body keeps personal data apart, so that it can be sealed without touching the rest.
type body[Data any] struct {
	Data     Data     `json:"data"`
	Personal personal `json:"personal,omitempty"`
}

type personal struct {
	IP       string         `json:"ip,omitempty"`
	Metadata jsontext.Value `json:",embed"`
}

// Encode encodes an envelope under the current schema version of its event's type. The encoding of a
// version never changes. It returns an error for an envelope that could not be decoded again.
func Encode(e domain.Envelope) (Encoded, error) {
	public, private := split(e.Event)
	version, data, err := dataOf(public)
	if err != nil {
		return Encoded{}, err
	}
	b := body[any]{Data: data, Personal: personal{IP: e.Actor.IP}}
	if len(private) > 0 {
		if b.Personal.Metadata, err = json.Marshal(private); err != nil {
			return Encoded{}, fmt.Errorf("encode personal data of %s: %w", e.Event.Type(), err)
		}
	}
	payload, err := json.Marshal(b)
	if err != nil {
		return Encoded{}, fmt.Errorf("encode %s: %w", e.Event.Type(), err)
	}
	return Encoded{
		ID: e.ID, Type: e.Event.Type(), Version: version, Time: e.Time.UTC(), Aggregate: e.Aggregate,
		ActorKind: e.Actor.Kind, ActorID: e.Actor.ID, Body: payload,
	}, nil
}

// Decode is the inverse of Encode, for every version there ever was. It returns ErrUnknownSchema for
// any other, and an error for a body that Encode cannot have made.
func Decode(r Encoded) (domain.Envelope, error) {
	schema, err := schemaOf(r.Type, r.Version)
	if err != nil {
		return domain.Envelope{}, err
	}
	event, personal, err := schema.parseBody(r.Body)
	if err == nil && personal.Metadata != nil {
		event, err = merge(event, personal.Metadata)
	}
	if err != nil {
		return domain.Envelope{}, fmt.Errorf("decode %s: %w", r.Type, err)
	}
	return domain.Envelope{
		ID: r.ID, Time: r.Time.UTC(), Aggregate: r.Aggregate, Event: event,
		Actor: domain.Actor{Kind: r.ActorKind, ID: r.ActorID, IP: personal.IP},
	}, nil
}

// EventData encodes an event as the complete "data" object of an event line, personal data included,
// and returns the schema version it is encoded under.
func EventData(event domain.Event) (version int, data jsontext.Value, err error) {
	version, wire, err := dataOf(event)
	if err != nil {
		return 0, nil, err
	}
	if data, err = json.Marshal(wire); err != nil {
		return 0, nil, fmt.Errorf("encode %s: %w", event.Type(), err)
	}
	return version, data, nil
}

// ParseEventData is the inverse of EventData, for every version there ever was. It returns
// ErrUnknownSchema for any other.
func ParseEventData(eventType string, version int, data []byte) (domain.Event, error) {
	schema, err := schemaOf(eventType, version)
	if err != nil {
		return nil, err
	}
	event, err := schema.parse(data)
	if err != nil {
		return nil, fmt.Errorf("decode %s: %w", eventType, err)
	}
	return event, nil
}

// split takes the personal members out of an event's metadata.
func split(event domain.Event) (public domain.Event, private oauth.Metadata) {
	switch e := event.(type) {
	case domain.ClientRegistered:
		e.Metadata, private = splitMetadata(e.Metadata)
		return e, private
	case domain.ClientUpdated:
		e.Metadata, private = splitMetadata(e.Metadata)
		return e, private
	}
	return event, nil
}

func splitMetadata(all oauth.Metadata) (public, private oauth.Metadata) {
	public, private = make(oauth.Metadata, len(all)), oauth.Metadata{}
	for name, value := range all {
		if member, _, _ := oauth.LookupMember(name); member.Personal {
			private[name] = value
		} else {
			public[name] = value
		}
	}
	return public, private
}

// merge is the inverse of split. The event was just decoded: nobody else holds its metadata.
func merge(event domain.Event, private jsontext.Value) (domain.Event, error) {
	var public oauth.Metadata
	switch e := event.(type) {
	case domain.ClientRegistered:
		public = e.Metadata
	case domain.ClientUpdated:
		public = e.Metadata
	default:
		return nil, errors.New("personal data of an event that has no metadata")
	}
	var members metadata
	if err := unmarshal(private, &members); err != nil {
		return nil, fmt.Errorf("personal data: %w", err)
	}
	for name, value := range members.Metadata {
		if _, twice := public[name]; twice {
			return nil, fmt.Errorf("member %q is both in data and in personal data", name)
		}
		public[name] = value
	}
	return event, nil
}
