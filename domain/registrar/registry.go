package registrar

import (
	"context"
	"slices"
	"time"

	"roster/domain"
	"roster/domain/oauth"
)

// registry is the one aggregate of what happens to the registry itself. It is short, and needed while there is no
// read model yet: it has no snapshots.
func (r *Registrar) registry() aggregates[domain.Registry, domain.RegistryCommand] {
	return aggregates[domain.Registry, domain.RegistryCommand]{
		r, domain.Registries,
		func(context.Context, string) (s domain.Snapshot[domain.Registry], err error) { return s, nil },
		func(string) bool { return true },
	}
}

// UseKeys makes sure that the program has every key under which secrets in the log may be sealed, and has the
// log say under which they will be from now on. It needs no more than the log, and may run in several processes
// at once. It returns a *domain.MissingKeysError, domain.ErrConflict and domain.ErrOutcomeUnknown.
func (r *Registrar) UseKeys(ctx context.Context, keys domain.UseKeys) error {
	return r.changeRegistry(ctx, keys)
}

// maxLosses is how many losses one append records.
const maxLosses = 1000

// AcceptLosses records that the log goes on without events that were acknowledged. It needs no more than the
// log. It returns domain.ErrConflict and domain.ErrOutcomeUnknown.
func (r *Registrar) AcceptLosses(ctx context.Context, losses []domain.LossAccepted) error {
	for some := range slices.Chunk(losses, maxLosses) {
		if err := r.changeRegistry(ctx, domain.AcceptLosses{Losses: some}); err != nil {
			return err
		}
	}
	return nil
}

// changeRegistry executes a command on behalf of the program itself.
func (r *Registrar) changeRegistry(ctx context.Context, command domain.RegistryCommand) error {
	_, err := r.registry().execute(ctx, request[domain.Registry, domain.RegistryCommand]{
		id:      domain.RegistryAggregate().ID,
		actor:   domain.Actor{Kind: domain.ActorSystem, ID: "roster"},
		command: func(time.Time, oauth.Evidence) domain.RegistryCommand { return command },
	})
	return err
}
