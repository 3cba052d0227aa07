package domain

import "time"

// An Event is something that happened to a client, to an initial access token or to the registry itself.
// Events are values: they are never changed once decided.
type Event interface {
	// Type is the event's name in the log, in the past tense.
	Type() string
}

// Withdraws reports whether an event does nothing but take away from a client or an initial access token what it
// may do. When there is little space left to record events in, only such events are still recorded. The types of
// such events have a method withdraws.
func Withdraws(event Event) bool {
	_, withdraws := event.(interface{ withdraws() })
	return withdraws
}

// ReasonOf returns why an administrator caused an event, in the administrator's own words; empty: no reason was
// given. The types of events that can have one have a method reason.
func ReasonOf(event Event) string {
	if e, can := event.(interface{ reason() string }); can {
		return e.reason()
	}
	return ""
}

// An Aggregate names what events are about: the unit that is decided on as a whole.
type Aggregate struct {
	Kind string // such as "client"
	ID   string // unique in its kind; letters, digits and hyphens only
}

// RegistryAggregate is the one aggregate of what happens to the registry itself.
func RegistryAggregate() Aggregate {
	return Registries.Aggregate("registry")
}

// ClientAggregate is the aggregate of the client with this client_id.
func ClientAggregate(clientID string) Aggregate {
	return Clients.Aggregate(clientID)
}

// InitialAccessTokenAggregate is the aggregate of the initial access token with this id.
func InitialAccessTokenAggregate(id string) Aggregate {
	return InitialAccessTokens.Aggregate(id)
}

// ActorKind says on whose behalf something was done.
type ActorKind string

// The kinds of actors.
const (
	ActorClient ActorKind = "client"
	ActorAdmin  ActorKind = "admin"
	ActorSystem ActorKind = "system"
)

// An Actor is who did something. IP is personal data.
type Actor struct {
	Kind ActorKind
	ID   string // client_id or the administrator's name
	IP   string // the caller's address; empty: unknown
}

// An Envelope is an event with what a log records beside it.
type Envelope struct {
	ID        string    // unique; a UUIDv7, so that ids ascend in time
	Time      time.Time // when it was decided; UTC, microseconds
	Aggregate Aggregate
	Actor     Actor
	Event     Event
}

// A Change is what one decision adds to one aggregate.
type Change struct {
	Expected uint64 // the log's sequence of the aggregate's last event when it was decided; 0: it had none
	Events   []Envelope
}

// Snapshot is the state of an aggregate as the log says it up to one of its events, whichever aggregate that
// is of.
type Snapshot[S any] struct {
	State S      // zero: the aggregate had no events
	Last  uint64 // the sequence of the aggregate's last event by then; 0: it had none
	At    uint64 // the sequence up to which the log was read; 0: nothing is known
	// Halted says that whoever keeps the state does not follow the log at present: what other processes append
	// may be missing for long, rather than for a moment.
	Halted bool
}
