package eventstore

import (
	"errors"
	"fmt"
	"maps"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"roster/domain"
	"roster/domain/oauth"
)

// ErrUnknownSchema says that a record has a type, a schema version or a member that this program does not
// know: a newer one wrote it. Nothing is wrong with the record, and a program that knows it can read it.
var ErrUnknownSchema = errors.New("unknown event type, schema version or member")

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

// body keeps personal data apart, so that it can be sealed or erased without a change to the rest.
type body[Data any] struct {
	Data     Data     `json:"data"`
	Personal personal `json:"personal,omitempty"`
}

type personal struct {
	IP       string         `json:"ip,omitempty"`
	Metadata jsontext.Value `json:",embed"`
}

// Encode encodes an envelope in the current schema version of its event's type. The encoding of a version
// never changes. It returns an error for an envelope that could not be decoded again.
func Encode(e domain.Envelope) (Encoded, error) {
	version, data, err := dataOf(e.Event)
	if err != nil {
		return Encoded{}, err
	}
	b := body[any]{Data: data, Personal: personal{IP: e.Actor.IP}}
	if private := split(data); len(private) > 0 {
		if b.Personal.Metadata, err = private.MarshalJSON(); err != nil {
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

// Decode is the inverse of Encode, for all versions from the first on. It leaves nothing out: for any other type
// or version, and for a member of the body, the data or the metadata that this program does not know, it returns
// ErrUnknownSchema, with the type and the version. For a body that Encode cannot have made it returns an error.
func Decode(r Encoded) (domain.Envelope, error) {
	schema, err := schemaFor(r.Type, r.Version)
	if err != nil {
		return domain.Envelope{}, decodeError(r.Type, r.Version, err)
	}
	event, ip, err := schema.parseBody(r.Body)
	if err != nil {
		return domain.Envelope{}, decodeError(r.Type, r.Version, err)
	}
	return domain.Envelope{
		ID: r.ID, Time: r.Time.UTC(), Aggregate: r.Aggregate, Event: event,
		Actor: domain.Actor{Kind: r.ActorKind, ID: r.ActorID, IP: ip},
	}, nil
}

// EventData encodes an event as the "data" object of an event line, which includes the personal data, and
// returns the schema version of the encoding.
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

// ParseEventData is the inverse of EventData, for all versions from the first on. Its errors are those of Decode.
func ParseEventData(eventType string, version int, data []byte) (domain.Event, error) {
	schema, err := schemaFor(eventType, version)
	if err != nil {
		return nil, decodeError(eventType, version, err)
	}
	event, err := schema.parse(data)
	if err != nil {
		return nil, decodeError(eventType, version, err)
	}
	return event, nil
}

func decodeError(eventType string, version int, cause error) error {
	return fmt.Errorf("decode %q version %d: %w", eventType, version, cause)
}

// hasMetadata is wire data with metadata, some members of which may be personal.
type hasMetadata interface{ metadata() *oauth.Metadata }

// split takes the personal members out of wire data and returns them. The event that the data was made from
// keeps them.
func split(data any) (private oauth.Metadata) {
	holder, ok := data.(hasMetadata)
	if !ok {
		return nil
	}
	all := holder.metadata()
	for name, value := range *all {
		if member, _, _ := oauth.LookupMember(name); member.Personal {
			if private == nil {
				private = oauth.Metadata{}
			}
			private[name] = value
		}
	}
	if private == nil {
		return nil
	}
	public := maps.Clone(*all)
	for name := range private {
		delete(public, name)
	}
	*all = public
	return private
}

// merge is the inverse of split. It changes the metadata in data, which must not be shared.
func merge(data any, private jsontext.Value) error {
	holder, ok := data.(hasMetadata)
	if !ok {
		return errors.New("personal data of an event that has no metadata")
	}
	var members oauth.Metadata
	if err := unmarshal(private, &members); err != nil {
		return fmt.Errorf("personal data: %w", err)
	}
	public := *holder.metadata()
	if public == nil {
		return errors.New("metadata is missing")
	}
	for name, value := range members {
		if _, twice := public[name]; twice {
			return fmt.Errorf("member %q is both in data and in personal data", name)
		}
		public[name] = value
	}
	return nil
}
