package eventstore

import (
	"errors"
	"fmt"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"roster/domain"
)

// ErrUnknownSchema says that a record's type or schema version is none that this program knows:
// it was written by a later one.
var ErrUnknownSchema = errors.New("unknown event type or schema version")

// Encoded is an envelope as a log stores it: Body is the payload, the other fields stand beside it.
type Encoded struct {
	ID        string           `json:"id"`
	Type      string           `json:"type"`
	Version   int              `json:"version"` // of the schema of this type's data
	Time      time.Time        `json:"time"`
	Aggregate domain.Aggregate `json:"aggregate"`
	ActorKind domain.ActorKind `json:"actor_kind"`
	ActorID   string           `json:"actor_id"`
	// Body is one JSON object: "data" is what EventData encodes, less the personal data, which is in
	// "personal": the metadata members that are Personal, and the actor's "ip".
	Body jsontext.Value `json:"body"`
}

// body keeps personal data apart, so that it can be sealed without touching the rest.
type body struct {
	Data     jsontext.Value `json:"data"`
	Personal personal       `json:"personal,omitempty"`
}

type personal struct {
	IP       string         `json:"ip,omitempty"`
	Metadata jsontext.Value `json:",embed"`
}

// Encode encodes an envelope under the current schema version of its event's type. The encoding of a
// version never changes. It returns an error for an envelope that could not be decoded again.
func Encode(e domain.Envelope) (Encoded, error) {
	public, private := split(e.Event)
	version, data, err := EventData(public)
	if err != nil {
		return Encoded{}, err
	}
	b := body{Data: data, Personal: personal{IP: e.Actor.IP}}
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
	var b body
	if err := unmarshal(r.Body, &b); err != nil {
		return domain.Envelope{}, fmt.Errorf("decode %s: %w", r.Type, err)
	}
	event, err := ParseEventData(r.Type, r.Version, b.Data)
	if err != nil {
		return domain.Envelope{}, err
	}
	if b.Personal.Metadata != nil {
		var private domain.Metadata
		if err := unmarshal(b.Personal.Metadata, &private); err != nil {
			return domain.Envelope{}, fmt.Errorf("decode personal data of %s: %w", r.Type, err)
		}
		if event, err = merge(event, private); err != nil {
			return domain.Envelope{}, err
		}
	}
	return domain.Envelope{
		ID: r.ID, Time: r.Time.UTC(), Aggregate: r.Aggregate, Event: event,
		Actor: domain.Actor{Kind: r.ActorKind, ID: r.ActorID, IP: b.Personal.IP},
	}, nil
}

// EventData encodes an event as the complete "data" object of an event line, personal data included,
// and returns the schema version it is encoded under.
func EventData(event domain.Event) (version int, data jsontext.Value, err error) {
	var wire any
	switch e := event.(type) {
	case domain.ClientRegistered:
		wire, err = registeredFrom(e)
	case domain.ClientUpdated:
		wire, err = updatedFrom(e)
	case domain.ClientDeleted:
		wire = deletedV1{}
	case domain.ClientRevoked:
		wire = revokedV1{Reason: e.Reason}
	default:
		return 0, nil, fmt.Errorf("encode %T: %w", event, ErrUnknownSchema)
	}
	if err == nil {
		data, err = json.Marshal(wire)
	}
	if err != nil {
		return 0, nil, fmt.Errorf("encode %s: %w", event.Type(), err)
	}
	return 1, data, nil
}

// ParseEventData is the inverse of EventData, for every version there ever was. It returns
// ErrUnknownSchema for any other.
func ParseEventData(eventType string, version int, data []byte) (event domain.Event, err error) {
	if version != 1 {
		return nil, fmt.Errorf("decode %q version %d: %w", eventType, version, ErrUnknownSchema)
	}
	switch eventType {
	case domain.ClientRegistered{}.Type():
		event, err = parse(data, registeredV1.event)
	case domain.ClientUpdated{}.Type():
		event, err = parse(data, updatedV1.event)
	case domain.ClientDeleted{}.Type():
		event, err = parse(data, deletedV1.event)
	case domain.ClientRevoked{}.Type():
		event, err = parse(data, revokedV1.event)
	default:
		return nil, fmt.Errorf("decode %q version %d: %w", eventType, version, ErrUnknownSchema)
	}
	if err != nil {
		return nil, fmt.Errorf("decode %s: %w", eventType, err)
	}
	return event, nil
}

func parse[Wire any](data []byte, event func(Wire) (domain.Event, error)) (domain.Event, error) {
	var w Wire
	if err := unmarshal(data, &w); err != nil {
		return nil, err
	}
	return event(w)
}

// unmarshal is strict: what it accepts, the program would have written. An unknown member is an error,
// since leaving it out would lose what a later program recorded.
func unmarshal(data []byte, into any) error {
	if jsontext.Value(data).Kind() != '{' {
		return errors.New("not a JSON object")
	}
	return json.Unmarshal(data, into, json.RejectUnknownMembers(true))
}

// split takes the personal members out of an event's metadata.
func split(event domain.Event) (public domain.Event, private domain.Metadata) {
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

func splitMetadata(all domain.Metadata) (public, private domain.Metadata) {
	public, private = make(domain.Metadata, len(all)), domain.Metadata{}
	for name, value := range all {
		if member, _, _ := domain.LookupMember(name); member.Personal {
			private[name] = value
		} else {
			public[name] = value
		}
	}
	return public, private
}

// merge is the inverse of split. The event is one that was just decoded: nobody else holds its metadata.
func merge(event domain.Event, private domain.Metadata) (domain.Event, error) {
	var metadata domain.Metadata
	switch e := event.(type) {
	case domain.ClientRegistered:
		metadata = e.Metadata
	case domain.ClientUpdated:
		metadata = e.Metadata
	}
	for name, value := range private {
		if _, twice := metadata[name]; twice || metadata == nil {
			return nil, fmt.Errorf("decode %s: personal member %q has no place in data", event.Type(), name)
		}
		metadata[name] = value
	}
	return event, nil
}
