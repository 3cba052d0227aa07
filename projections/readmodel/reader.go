package readmodel

import (
	"context"
	"errors"
	"time"

	"roster/domain"
)

// ErrBadCursor says that a cursor is not one that a query returned.
var ErrBadCursor = errors.New("cursor is not one that was returned")

// Client is a client as the read model shows it.
type Client struct {
	domain.Client
	RegisteredAt time.Time
	UpdatedAt    time.Time // time of the client's last event
}

// ClientQuery selects clients, the newest registered first.
type ClientQuery struct {
	Text   string        // part of the name, owner or id, case-insensitive, taken literally; empty: all
	Status domain.Status // empty: any
	Owner  string        // exact; empty: any
	Limit  int           // 1 to 500
	Cursor string        // NextCursor of the page before; empty: the first page
}

// ClientPage is a page of clients.
type ClientPage struct {
	Clients    []Client
	NextCursor string // empty: this is the last page
}

// InitialAccessToken is an initial access token as the read model shows it.
type InitialAccessToken struct {
	domain.InitialAccessToken
	IssuedAt  time.Time
	IssuedBy  string    // the administrator's name
	RevokedAt time.Time // zero: it was not
	RevokedBy string    // the administrator's name
	Reason    string    // of the revocation
	Clients   int       // how many clients were registered with it
}

// TokenQuery selects initial access tokens, the newest first.
type TokenQuery struct {
	Limit  int    // 1 to 500
	Cursor string // NextCursor of the page before; empty: the first page
}

// TokenPage is a page of initial access tokens.
type TokenPage struct {
	Tokens     []InitialAccessToken
	NextCursor string // empty: this is the last page
}

// Event is a recorded event as the event index holds it. It marshals to the event line of the API.
type Event struct {
	Seq uint64
	domain.Envelope
}

// EventQuery selects events. The zero value of a field does not restrict.
type EventQuery struct {
	After    uint64 // sequences beyond this one
	Before   uint64 // sequences below this one
	ClientID string
	Type     string
	Since    time.Time // at or after
	Until    time.Time // at or before
	Newest   bool      // newest first; else in the log's order
	Limit    int       // 1 to 1000
}

// Moment is a point in the log's history: a sequence, or a time when Seq is 0. The registry as of a
// time is what the longest beginning of the log says that holds no event after it.
type Moment struct {
	Seq  uint64
	Time time.Time
}

// Overview is what the dashboard opens with.
type Overview struct {
	Clients map[domain.Status]int // how many clients have each status; those that none has are left out
	Events  int
	Daily   []Day // registrations and endings a day, UTC, oldest first, no gaps; the last is today
}

// Day counts what happened on one day.
type Day struct {
	Date       time.Time // midnight UTC
	Registered int
	Ended      int // deleted or revoked
}

// Reader is what the read model answers. It may be used concurrently. No query answers from a state that is
// older than what this process had acknowledged when the query began: it waits for that a short while, and
// returns an ErrUnavailable when it cannot have it, a *CatchingUpError while the read model is being built.
type Reader interface {
	// Client returns one client, whatever its status, or domain.ErrNotFound for one that the log does not know
	// either.
	Client(ctx context.Context, id string) (Client, error)
	// Clients returns a page of clients. It returns ErrBadCursor.
	Clients(ctx context.Context, q ClientQuery) (ClientPage, error)
	// InitialAccessToken returns one token, whatever its status, or domain.ErrNoSuchToken for one that the log
	// does not know either.
	InitialAccessToken(ctx context.Context, id string) (InitialAccessToken, error)
	// InitialAccessTokens returns a page of tokens. It returns ErrBadCursor.
	InitialAccessTokens(ctx context.Context, q TokenQuery) (TokenPage, error)
	// Events returns the events that q selects.
	Events(ctx context.Context, q EventQuery) ([]Event, error)
	// RegistryAt calls yield for every client that was registered by then and not ended, in the order
	// of registration, until yield returns an error, which it returns. It holds one client and a page of
	// events in memory at a time.
	RegistryAt(ctx context.Context, at Moment, yield func(Client) error) error
	// Overview counts, with one Day for each of the last days up to today.
	Overview(ctx context.Context, today time.Time, days int) (Overview, error)
	// Wait returns nil once the event at seq, or one beyond it, is applied; else the context's error
	// or why the follower stopped.
	Wait(ctx context.Context, seq uint64) error
	// Health says how the read model follows the log.
	Health() Health
}
