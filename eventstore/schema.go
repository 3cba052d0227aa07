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

// An eventType is how the log writes one type of event, and how it reads all that was ever written of it.
type eventType struct {
	name    string
	data    func(domain.Event) (any, error) // a pointer to the wire data in the current version
	schemas []schema                        // one a version: version 1 comes first, the current one last
}

// A schema reads the data of one type of event in one version.
type schema struct {
	parse     func(data []byte) (domain.Event, error)
	parseBody func(body []byte) (event domain.Event, ip string, err error)
}

// wire is the data of one type of event in one version, as JSON has it. event is the inverse of the function
// that eventTypeOf gets, and returns an error for what that function cannot have made.
//
// What is stored has its form for ever: a change to a wire type, other than to its name, needs a new version
// beside the old one.
type wire interface{ event() (domain.Event, error) }

// eventTypeOf describes the events E: from makes the data of the current version, past has the schemas of all
// versions before that.
func eventTypeOf[E domain.Event, W wire](from func(E) (W, error), past ...schema) eventType {
	var none E
	return eventType{
		name: none.Type(),
		data: func(event domain.Event) (any, error) {
			e, ok := event.(E)
			if !ok {
				return nil, fmt.Errorf("%T is not %T", event, none)
			}
			data, err := from(e)
			return &data, err
		},
		schemas: append(past, schemaOf[W]()),
	}
}

func schemaOf[W wire]() schema {
	return schema{
		parse: func(data []byte) (domain.Event, error) {
			var w W
			if err := unmarshal(data, &w); err != nil {
				return nil, err
			}
			return w.event()
		},
		parseBody: func(data []byte) (domain.Event, string, error) {
			var b body[W]
			if err := unmarshal(data, &b); err != nil {
				return nil, "", err
			}
			if b.Personal.Metadata != nil {
				if err := merge(&b.Data, b.Personal.Metadata); err != nil {
					return nil, "", err
				}
			}
			event, err := b.Data.event()
			return event, b.Personal.IP, err
		},
	}
}

// eventTypes holds every type of event, by name.
var eventTypes = byName(clientEvents, initialAccessTokenEvents, registryEvents)

func byName(groups ...[]eventType) map[string]eventType {
	types := make(map[string]eventType)
	for _, group := range groups {
		for _, t := range group {
			types[t.name] = t
		}
	}
	return types
}

// schemaFor returns the schema of a version, or ErrUnknownSchema.
func schemaFor(name string, version int) (schema, error) {
	if schemas := eventTypes[name].schemas; 1 <= version && version <= len(schemas) {
		return schemas[version-1], nil
	}
	return schema{}, ErrUnknownSchema
}

// dataOf returns what an event's data is encoded from, a pointer, and the version that it has.
func dataOf(event domain.Event) (version int, data any, err error) {
	if event == nil {
		return 0, nil, errors.New("no event to encode")
	}
	t, ok := eventTypes[event.Type()]
	if !ok {
		return 0, nil, fmt.Errorf("encode %s: %w", event.Type(), ErrUnknownSchema)
	}
	if data, err = t.data(event); err != nil {
		return 0, nil, fmt.Errorf("encode %s: %w", event.Type(), err)
	}
	return len(t.schemas), data, nil
}

// unmarshal is strict: what it accepts, the program would have written. An unknown member is ErrUnknownSchema:
// leaving it out would lose what a newer program recorded.
func unmarshal(data []byte, into any) error {
	if jsontext.Value(data).Kind() != '{' {
		return errors.New("not a JSON object")
	}
	err := json.Unmarshal(data, into, json.RejectUnknownMembers(true))
	if errors.Is(err, json.ErrUnknownName) || errors.Is(err, oauth.ErrUnknownMember) {
		return fmt.Errorf("%w: %w", ErrUnknownSchema, err)
	}
	return err
}

// unixSeconds is 0 for the zero time. It refuses a time that it would change.
func unixSeconds(t time.Time) (int64, error) {
	if t.IsZero() {
		return 0, nil
	}
	if s := t.Unix(); s != 0 && t.Nanosecond() == 0 {
		return s, nil
	}
	return 0, errors.New("not a time in whole seconds")
}

func fromUnixSeconds(s int64) time.Time {
	if s == 0 {
		return time.Time{}
	}
	return time.Unix(s, 0).UTC()
}
