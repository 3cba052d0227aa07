package domain

import (
	"roster/domain/oauth"
	"time"
)

// An Event is something that happened to a client, to an initial access token or to the registry itself.
// Events are values: they are never changed once decided.
type Event interface {
	// Type is the event's name in the log, in the past tense.
	Type() string
}

// ClientRegistered is the first event of every client.
type ClientRegistered struct {
	Metadata                oauth.Metadata
	LeftOut                 oauth.Metadata // values that were asked for and are not in Metadata, by member; nil: none
	IssuedAt                time.Time      // client_id_issued_at, whole seconds
	RegistrationAccessToken Digest
	Secret                  *Secret     // nil: the client has none
	PolicyVersion           string      // Version of the policy that let it through; empty: from before it was recorded
	InitialAccessToken      string      // id of the token that it was registered with; empty: none
	Terms                   oauth.Terms // of that token
}

// ClientUpdated replaces a client's metadata (RFC 7592 2.2).
type ClientUpdated struct {
	Metadata     oauth.Metadata
	LeftOut      oauth.Metadata // as in ClientRegistered
	SecretIssued *Secret        // a new secret, which replaces any former; nil: none was issued
	SecretEnded  bool           // the client has no secret any more
	// RegistrationAccessToken is of a new token, which ends any former; zero: none was issued.
	RegistrationAccessToken Digest
	// PolicyVersion is the Version of the policy that let the change through; empty: from before it was recorded.
	PolicyVersion string
}

// ClientDeleted ends a client through its registration_client_uri (RFC 7592 2.3).
type ClientDeleted struct{}

// ClientSuspended bars a client from its registration, by an administrator and until it is resumed.
type ClientSuspended struct {
	Reason string // free text of the administrator; may be empty
}

// ClientResumed ends the suspension of a client, by an administrator.
type ClientResumed struct{}

// ClientRevoked ends a client by an administrator.
type ClientRevoked struct {
	Reason string // free text of the administrator; may be empty
}

// InitialAccessTokenIssued is the first event of every initial access token.
type InitialAccessTokenIssued struct {
	Digest    Digest
	Label     string
	Terms     oauth.Terms
	ExpiresAt time.Time // whole seconds; zero: never
	MaxUses   int       // 0: any number
}

// InitialAccessTokenUsed counts a registration with a token whose uses are limited.
type InitialAccessTokenUsed struct {
	ClientID string // of the client that was registered
}

// InitialAccessTokenRevoked ends a token by an administrator.
type InitialAccessTokenRevoked struct {
	Reason string // free text of the administrator; may be empty
}

// Type returns "ClientRegistered".
func (ClientRegistered) Type() string { return "ClientRegistered" }

// Type returns "ClientUpdated".
func (ClientUpdated) Type() string { return "ClientUpdated" }

// Type returns "ClientDeleted".
func (ClientDeleted) Type() string { return "ClientDeleted" }

// Type returns "ClientSuspended".
func (ClientSuspended) Type() string { return "ClientSuspended" }

// Type returns "ClientResumed".
func (ClientResumed) Type() string { return "ClientResumed" }

// Type returns "ClientRevoked".
func (ClientRevoked) Type() string { return "ClientRevoked" }

// Type returns "InitialAccessTokenIssued".
func (InitialAccessTokenIssued) Type() string { return "InitialAccessTokenIssued" }

// Type returns "InitialAccessTokenUsed".
func (InitialAccessTokenUsed) Type() string { return "InitialAccessTokenUsed" }

// Type returns "InitialAccessTokenRevoked".
func (InitialAccessTokenRevoked) Type() string { return "InitialAccessTokenRevoked" }

// Withdraws reports whether an event does nothing but take away from a client or an initial access token what it
// may do. When there is little space left to record events in, only such events are still recorded.
func Withdraws(event Event) bool {
	switch event.(type) {
	case ClientSuspended, ClientDeleted, ClientRevoked, InitialAccessTokenRevoked:
		return true
	}
	return false
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

// TokenAggregate is the aggregate of the initial access token with this id.
func TokenAggregate(id string) Aggregate {
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
