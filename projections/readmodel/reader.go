package readmodel

import (
	"context"
	"time"

	"roster/domain/oauth"
)

// Reader is what the read model answers. It may be used concurrently. No query answers from a state that is
// older than what this process had acknowledged when the query began: it waits for that a short while, and
// returns an ErrUnavailable when it cannot have it, a *CatchingUpError while the read model is being built.
type Reader interface {
	// Client returns one client, whatever its status, or domain.ErrNotFound for one that the log does not know
	// either.
	Client(ctx context.Context, id string) (Client, error)
	// Clients returns a page of clients. It returns ErrBadCursor.
	Clients(ctx context.Context, q ClientQuery) (ClientPage, error)
	// ExportClients calls start with the sequence of an event, then yield for every client that q selects, the newest
	// first, as they stood after that event, until either returns an error, which it returns. Order, limit and cursor of q
	// mean nothing. It holds a few hundred clients in memory at a time.
	ExportClients(ctx context.Context, q ClientQuery, start func(at uint64) error, yield func(ListedClient) error) error
	// RankClients returns the values of an attribute that most of the clients have which q selects, the most frequent
	// first, at most so many. Order, limit and cursor of q mean nothing. A value that is met behind 65,536 others, the newest
	// clients first, is passed over, and so is one whose newest client has just changed it.
	RankClients(ctx context.Context, by Attribute, q ClientQuery, most int) ([]Ranked, error)
	// ChangedClients returns clients whose last event is beyond a sequence, whatever their status, in the order of these
	// events. Whoever goes on from UpTo to the End misses nothing that was acknowledged when the last query began.
	ChangedClients(ctx context.Context, after uint64) (ChangedClients, error)
	// InitialAccessToken returns one initial access token, whatever its status, or domain.ErrNoSuchInitialAccessToken for
	// one that the log does not know either.
	InitialAccessToken(ctx context.Context, id string) (InitialAccessToken, error)
	// InitialAccessTokens returns a page of initial access tokens. It returns ErrBadCursor.
	InitialAccessTokens(ctx context.Context, q InitialAccessTokenQuery) (InitialAccessTokenPage, error)
	// ClientsOfInitialAccessToken returns a page of the clients that were registered with an initial access token,
	// the newest first; none for a token that is unknown. It returns ErrBadCursor.
	ClientsOfInitialAccessToken(ctx context.Context, id string, limit int, cursor string) (ClientPage, error)
	// Events returns the events that q selects, however long that takes.
	Events(ctx context.Context, q EventQuery) ([]Event, error)
	// FindEvents returns the newest of the events that q selects, whose Newest does not matter. It looks for them for a
	// fraction of a second, and then says how far it came.
	FindEvents(ctx context.Context, q EventQuery) (EventPage, error)
	// EachEvent calls start with the sequence of an event, then yield for every event up to that one that q selects, in the
	// order of the log, until either returns an error, which it returns. A Limit of 0 is none, and Newest means nothing. It
	// holds a few hundred events in memory at a time, and looks at as many between two looks at ctx.
	EachEvent(ctx context.Context, q EventQuery, start func(at uint64) error, yield func(Event) error) error
	// MetadataBefore returns the metadata that clients had before events about them, by the sequences of these. A client
	// that had none is left out.
	MetadataBefore(ctx context.Context, events ...uint64) (map[uint64]oauth.Metadata, error)
	// RegistryAt calls yield for every client that was registered by then and not ended, in the order
	// of registration, until yield returns an error, which it returns. It holds a few thousand
	// clients in memory at a time.
	RegistryAt(ctx context.Context, at Moment, yield func(StoredClient) error) error
	// Locate returns the last event that counts at a moment, the last one of all for a moment to come.
	Locate(ctx context.Context, at Moment) (Position, error)
	// ClientAt returns one client as it stood at a position, or domain.ErrNotFound for one that was not registered by then.
	ClientAt(ctx context.Context, id string, at Position) (Client, error)
	// ClientsAt returns a page of clients as they stood at a position, the newest first. It returns ErrBadCursor.
	ClientsAt(ctx context.Context, at Position, q ClientQuery) (PastClientPage, error)
	// ExportClientsAt calls yield for every client that q selects as it stood at a position, the newest first, until it
	// returns an error, which it returns. Order, limit and cursor of q mean nothing. It holds a few hundred clients in memory
	// at a time.
	ExportClientsAt(ctx context.Context, at Position, q ClientQuery, yield func(ListedClient) error) error
	// OverviewAt counts as of a position, with one Day for each of the last days up to that of the position.
	OverviewAt(ctx context.Context, at Position, days int) (Overview, error)
	// Differences returns a page of what became of clients between a position and a later one: each client that has an
	// event in between once, in the order of the first of these. It returns ErrBadCursor.
	Differences(ctx context.Context, from, to Position, q DifferenceQuery) (DifferencePage, error)
	// Overview counts, with one Day for each of the last days up to today.
	Overview(ctx context.Context, today time.Time, days int) (Overview, error)
	// Wait returns nil once the event at seq, or one beyond it, is applied; else the context's error
	// or why the follower stopped.
	Wait(ctx context.Context, seq uint64) error
	// Health says how the read model follows the log.
	Health() Health
}
