package eventstore

import (
	"bytes"
	"fmt"
	"maps"
	"slices"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"roster/domain"
)

// Types returns the names of all types of events that this program knows, in the order of the alphabet.
func Types() []string { return slices.Sorted(maps.Keys(eventTypes)) }

// noMetadata is how wire data begins whose metadata was taken out: metadata is its first member.
const noMetadata = `{"metadata":{}`

// SplitEventData returns what EventData returns in two parts, so that the metadata, which is most of it, can be read and
// kept by itself: the JSON object of its member "metadata", nil for an event that has none, and an object of
// the other members. JoinEventData is the inverse. The metadata is written into the buffer, which may be nil, as far as it
// has room.
func SplitEventData(event domain.Event, buffer []byte) (version int, metadata, rest jsontext.Value, err error) {
	version, wire, err := dataOf(event)
	if err != nil {
		return 0, nil, nil, err
	}
	holder, described := wire.(hasMetadata)
	if described {
		metadata = holder.metadata().AppendJSON(buffer[:0])
		*holder.metadata() = nil
	}
	if rest, err = json.Marshal(wire); err != nil {
		return 0, nil, nil, fmt.Errorf("encode %s: %w", event.Type(), err)
	}
	if described {
		rest, described = bytes.CutPrefix(rest, []byte(noMetadata))
		if !described {
			return 0, nil, nil, fmt.Errorf("encode %s: metadata is not its first member", event.Type())
		}
		if rest[0] == ',' {
			rest[0] = '{'
		} else {
			rest = jsontext.Value("{}")
		}
	}
	return version, metadata, rest, nil
}

// JoinEventData returns the data of an event from what SplitEventData made of it.
func JoinEventData(metadata, rest jsontext.Value) jsontext.Value {
	if len(metadata) == 0 || len(rest) == 0 {
		return rest
	}
	data := make(jsontext.Value, 0, len(noMetadata)+len(metadata)+len(rest))
	data = append(data, `{"metadata":`...)
	data = append(data, metadata...)
	if len(rest) > len("{}") {
		data = append(data, ',')
	}
	return append(data, rest[1:]...)
}

// SchemaVersion returns the version in which the data of a type of event are written, 0 for a type that there is not.
func SchemaVersion(eventType string) int { return len(eventTypes[eventType].schemas) }
