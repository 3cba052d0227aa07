package eventstore_test

import (
	"testing"

	"pgregory.net/rapid"

	"roster/domain"
	"roster/eventstore"
)

// The parts of an event's data make up the data, byte for byte, and the metadata is a part exactly where there is one.
func TestEventDataInParts(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		event := events().Draw(t, "event")
		wantVersion, want, err := eventstore.EventData(event)
		if err != nil {
			t.Fatal(err)
		}
		version, metadata, rest, err := eventstore.SplitEventData(event, make([]byte, rapid.IntRange(0, 100).Draw(t, "buffer")))
		if err != nil {
			t.Fatal(err)
		}
		if got := eventstore.JoinEventData(metadata, rest); version != wantVersion || string(got) != string(want) {
			t.Fatalf("version %d: %s\njoined %d: %s\nof %s\nand %s", wantVersion, want, version, got, metadata, rest)
		}
		var wantMetadata []byte
		switch e := event.(type) {
		case domain.ClientRegistered:
			wantMetadata, _ = e.Metadata.MarshalJSON()
		case domain.ClientUpdated:
			wantMetadata, _ = e.Metadata.MarshalJSON()
		}
		if string(metadata) != string(wantMetadata) {
			t.Fatalf("metadata %s, want %s", metadata, wantMetadata)
		}
	})
}
