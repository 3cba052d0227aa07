package registrar

import (
	"context"

	"roster/domain"
	"roster/domain/oauth"
)

// Log is where the registrar loads and appends. Its contract is that of eventstore.Log.
type Log interface {
	Load(ctx context.Context, aggregate domain.Aggregate, after uint64, apply func(domain.Envelope)) (last uint64, err error)
	Append(ctx context.Context, changes ...domain.Change) (seq uint64, err error)
}

// Snapshots are states that a follower of the log has folded already. They make the cost of a decision
// independent of how many events came before it. They answer at once, with what they have, and may be used
// concurrently.
//
// What a snapshot holds is synced to disk. No decision depends on how recent it is: the log takes nothing that was
// decided on an older state than its own, and is read beyond the snapshot where it may matter. An aggregate of which
// nothing is known has the zero Snapshot. After an error the whole history is read instead. A snapshot that is Halted
// serves only to read less of the log.
type Snapshots interface {
	ClientSnapshot(ctx context.Context, id string) (domain.Snapshot[domain.Client], error)
	InitialAccessTokenSnapshot(ctx context.Context, id string) (domain.Snapshot[domain.InitialAccessToken], error)
}

// Census counts the clients that count towards limits, in all and those whose initial access token imposed an
// owner. It counts everything that the log held when it was asked, or returns an error. It may be used
// concurrently.
type Census interface {
	CountClients(ctx context.Context, owner string) (oauth.Population, error)
}

// Sealer encrypts the secrets that an authorization server needs again. The client_id is authenticated
// with the secret, so that a sealed secret is of no use for another client. It may be used concurrently.
type Sealer interface {
	Seal(clientID, secret string) (sealed []byte)
}

// Fetcher gets the document at an https URL that a caller gave, in bounded time. Its errors say nothing about
// what went wrong, so they may be told to the caller. It may be used concurrently.
type Fetcher interface {
	Fetch(ctx context.Context, url string) ([]byte, error)
}

// noSnapshots know nothing.
type noSnapshots struct{}

func (noSnapshots) ClientSnapshot(context.Context, string) (s domain.Snapshot[domain.Client], err error) {
	return s, nil
}

func (noSnapshots) InitialAccessTokenSnapshot(context.Context, string) (s domain.Snapshot[domain.InitialAccessToken], err error) {
	return s, nil
}
