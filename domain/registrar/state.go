package registrar

import (
	"context"
	"fmt"

	"roster/domain"
)

// Snapshots are states that somebody who follows the log has folded already. They make the cost of a change
// independent of how many came before it; what is decided does not lean on them being recent, or there at
// all. One that knows nothing of an aggregate returns the zero Snapshot.
type Snapshots interface {
	ClientSnapshot(ctx context.Context, id string) (domain.Snapshot[domain.Client], error)
	TokenSnapshot(ctx context.Context, id string) (domain.Snapshot[domain.InitialAccessToken], error)
}

// noSnapshots know nothing.
type noSnapshots struct{}

func (noSnapshots) ClientSnapshot(context.Context, string) (s domain.Snapshot[domain.Client], err error) {
	return s, nil
}

func (noSnapshots) TokenSnapshot(context.Context, string) (s domain.Snapshot[domain.InitialAccessToken], err error) {
	return s, nil
}

// loadClient returns the client with an id, the zero client for an id that was never issued, and the
// sequence of its last event.
func (r *Registrar) loadClient(ctx context.Context, id string) (c domain.Client, last uint64, err error) {
	return load(ctx, r, domain.ClientAggregate(id), r.Snapshots.ClientSnapshot, domain.Evolve)
}

// loadToken returns the token with an id, the zero token for an id that was never issued, and the sequence
// of its last event.
func (r *Registrar) loadToken(ctx context.Context, id string) (t domain.InitialAccessToken, last uint64, err error) {
	return load(ctx, r, domain.TokenAggregate(id), r.Snapshots.TokenSnapshot, domain.EvolveToken)
}

// load returns the state of an aggregate as the log has it now: a snapshot of it, and what the log holds
// beyond that. An id that the registry never issues has no state, so that no caller decides what the log is
// asked for.
func load[S any](
	ctx context.Context, r *Registrar, a domain.Aggregate,
	snapshot func(context.Context, string) (domain.Snapshot[S], error), evolve func(S, domain.Aggregate, domain.Event) S,
) (state S, last uint64, err error) {
	if !isID(a.ID) {
		return state, 0, nil
	}
	known, err := snapshot(ctx, a.ID)
	if err != nil {
		if ctx.Err() != nil {
			return state, 0, ctx.Err()
		}
		r.Logger.WarnContext(ctx, "no snapshot can be read: the whole history is, which takes longer", "of", a.Kind, "id", a.ID, "err", err)
		known = domain.Snapshot[S]{}
	}
	after, err := r.Log.Load(ctx, a, known.At, func(e domain.Envelope) {
		known.State = evolve(known.State, e.Aggregate, e.Event)
	})
	if err != nil {
		return state, 0, fmt.Errorf("load %s: %w", a.Kind, err)
	}
	return known.State, max(known.Last, after), nil
}
