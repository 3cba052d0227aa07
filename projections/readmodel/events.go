package readmodel

import (
	"context"
	"database/sql"
	"fmt"
	"math"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"roster/domain"
	"roster/eventstore"
)

// Event is a recorded event as the event index holds it. It marshals to the event line of the API.
type Event struct {
	Seq uint64
	domain.Envelope
}

// EventQuery selects events. The zero value of a field does not restrict.
type EventQuery struct {
	After     uint64 // sequences beyond this one
	Before    uint64 // sequences below this one
	ClientID  string
	Type      string
	Since     time.Time // at or after
	Until     time.Time // at or before
	ActorKind domain.ActorKind
	ActorID   string       // with ActorKind: only that one of the kind
	Network   netip.Prefix // the actor's address is in it
	Member    string       // a ClientUpdated that changed this member, by its name with a language tag if it has one
	// InitialAccessToken is the id of a token: its own events, and those of the clients registered with it.
	InitialAccessToken string
	Newest             bool // newest first; else in the log's order
	Limit              int  // 1 to 1000
}

const eventsTable = `
-- Every event. Rows are never changed.
CREATE TABLE events (
    seq        INTEGER PRIMARY KEY,
    aggregate  INTEGER NOT NULL, -- the sequence of its aggregate's first event: clients.seq or initial_access_tokens.seq; 0: the registry itself
    time       INTEGER NOT NULL,
    latest     INTEGER NOT NULL, -- the latest time of this event and all before it: ascends with seq
    id         ANY     NOT NULL, -- as compactID has it
    type       INTEGER NOT NULL, -- its place, counted from 1, among the types below
    version    INTEGER NOT NULL, -- of the type's schema
    actor_kind TEXT    NOT NULL,
    actor_id   ANY,              -- as compactID has it; NULL: the id of its aggregate
    actor_ip   TEXT    NOT NULL,
    metadata   BLOB,             -- packed JSON; NULL: it sets none
    data       BLOB    NOT NULL  -- packed JSON, less the metadata
) STRICT;

CREATE INDEX events_aggregate ON events (aggregate);
CREATE INDEX events_type ON events (type);

-- What administrators and the registry itself did, which is little beside what clients do.
CREATE INDEX events_others ON events (actor_kind) WHERE actor_kind <> 'client';
`

// typesOfEvents is a part of the schema: where there is another type, the numbers of types may be others.
var typesOfEvents = "-- Types of events: " + strings.Join(eventTypes, ", ") + "\n"

// eventTypes are the types of events in the order of their numbers, which begin with 1.
var eventTypes = eventstore.Types()

// numberOf returns the number of a type of events, 0 for an unknown one.
func numberOf(eventType string) int64 {
	at, found := slices.BinarySearch(eventTypes, eventType)
	if !found {
		return 0
	}
	return int64(at) + 1
}

const (
	eventColumns = `e.time, e.id, e.type, e.version, e.actor_kind, e.actor_id, e.actor_ip, e.metadata, e.data`

	eventIdentity = `e.seq, e.aggregate, c.id, t.id`

	fromEvents = ` FROM events e LEFT JOIN clients c ON c.seq = e.aggregate LEFT JOIN initial_access_tokens t ON t.seq = e.aggregate`

	selectEvents = `SELECT ` + eventIdentity + `, ` + eventColumns + fromEvents

	countEvents = `SELECT count(*) FROM events`

	selectLatest = `SELECT seq, latest FROM events WHERE seq >= ? ORDER BY seq LIMIT 1`
)

var eventInserts = inserts{table: "events", columns: []string{
	"seq", "aggregate", "time", "latest", "id", "type", "version", "actor_kind", "actor_id", "actor_ip", "metadata", "data",
}}

// eventWrites are the statements that fill the index of events, eventReads those that read it, other than the
// ones that queries put together.
type eventWrites struct {
	insert inserter
	count  *sql.Stmt
}

type eventReads struct{ latest, former, pinned *sql.Stmt }

func (w *eventWrites) statements() statements {
	return statements{countEvents: &w.count}
}

func (r *eventReads) statements() statements {
	return statements{selectLatest: &r.latest, selectFormerMetadata: &r.former, selectPinned: &r.pinned}
}

// registryRow stands for the registry in the events' column of aggregates. No event has this sequence.
const registryRow = 0

// indexEvent indexes an event of the aggregate whose first event is at first.
func (w *writer) indexEvent(ctx context.Context, e eventstore.Recorded, ready *prepared, first uint64, latest int64) error {
	var actorID any
	if e.Actor.ID != e.Aggregate.ID {
		actorID = compactID(e.Actor.ID).value()
	}
	if err := w.events.insert.add(ctx, e.Seq, sequence(e.Seq), sequence(first), micros(e.Time), latest, compactID(e.ID).value(),
		numberOf(e.Event.Type()), int64(ready.version), string(e.Actor.Kind), actorID, e.Actor.IP, ready.metadata, ready.data); err != nil {
		return fmt.Errorf("index event: %w", err)
	}
	return nil
}

// checkBeginning returns an error for an event whose aggregate has none before it, though it must have begun with another:
// unless the log lost events before it, among which that may be. Whether events are missing from the table is found out
// once; a gap is there for all that come after it.
func (w *writer) checkBeginning(ctx context.Context, wrong error) error {
	if w.gap {
		return nil
	}
	var events uint64
	if err := w.events.count.QueryRowContext(ctx).Scan(&events); err != nil {
		return fmt.Errorf("count events: %w", err)
	}
	if w.gap = events < w.at.seq; !w.gap {
		return wrong
	}
	return nil
}

// eventRow is an event with the sequence of its aggregate's first event.
type eventRow struct {
	first uint64
	Event
}

// scanEvent reads a row of selectEvents.
func scanEvent(row interface{ Scan(...any) error }) (eventRow, error) {
	var (
		e              eventRow
		client         compactID
		actor          *compactID
		token          sql.NullString
		typ            int
		at             int64
		version        int
		metadata, data packedJSON
	)
	if err := scan(row, &e.Seq, &e.first, &client, &token, &at, (*compactID)(&e.ID), &typ, &version,
		&e.Actor.Kind, &actor, &e.Actor.IP, &metadata, &data); err != nil {
		return eventRow{}, err
	}
	if typ < 1 || typ > len(eventTypes) {
		return eventRow{}, fmt.Errorf("%w: event %d: its type has the number %d", errBadRow, e.Seq, typ)
	}
	event, err := eventstore.ParseEventData(eventTypes[typ-1], version, eventstore.JoinEventData(jsontext.Value(metadata), jsontext.Value(data)))
	if err != nil {
		return eventRow{}, fmt.Errorf("%w: event %d: %w", errBadRow, e.Seq, err)
	}
	e.Time, e.Envelope.Event = timeOf(at), event
	switch {
	case e.first == registryRow:
		e.Aggregate = domain.RegistryAggregate()
	case token.Valid:
		e.Aggregate = domain.InitialAccessTokenAggregate(token.String)
	default:
		e.Aggregate = domain.ClientAggregate(string(client))
	}
	e.Actor.ID = e.Aggregate.ID
	if actor != nil {
		e.Actor.ID = string(*actor)
	}
	return e, nil
}

// MarshalJSON encodes the event as the event line of the API. A caller whose address is unknown has no ip.
func (e Event) MarshalJSON() ([]byte, error) {
	_, data, err := eventstore.EventData(e.Event)
	if err != nil {
		return nil, err
	}
	line := eventLine{Seq: e.Seq, Time: e.Time.UTC(), ID: e.ID, Type: e.Event.Type(), Actor: actor(e.Actor), Data: data}
	switch e.Aggregate {
	case domain.ClientAggregate(e.Aggregate.ID):
		line.ClientID = e.Aggregate.ID
	case domain.InitialAccessTokenAggregate(e.Aggregate.ID):
		line.InitialAccessToken = e.Aggregate.ID
	}
	return json.Marshal(line)
}

// eventLine has one of ClientID and InitialAccessToken, what the event is about, or neither: it is about the
// registry itself.
type eventLine struct {
	Seq                uint64         `json:"seq"`
	Time               time.Time      `json:"time"`
	ID                 string         `json:"id"`
	Type               string         `json:"type"`
	ClientID           string         `json:"client_id,omitzero"`
	InitialAccessToken string         `json:"initial_access_token,omitzero"`
	Actor              actor          `json:"actor"`
	Data               jsontext.Value `json:"data"`
}

type actor struct {
	Kind domain.ActorKind `json:"kind"`
	ID   string           `json:"id"`
	IP   string           `json:"ip,omitempty"`
}

// sequence returns a sequence as SQLite holds it. No log comes to those that it cannot hold.
func sequence(seq uint64) int64 { return int64(min(seq, math.MaxInt64)) }
