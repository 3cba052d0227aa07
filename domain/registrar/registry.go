package registrar

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"roster/domain"
)

// Keys are the sealing keys that a program has, by their ids.
type Keys struct {
	IDs        []string // the first seals
	Founding   string   // of the key that the log was founded with; empty: with none
	Private    bool     // the first key is this process's alone, and others write to the log, too: it is not introduced
	AcceptLoss bool     // give up what was sealed under keys that are not there
}

// MissingKeysError says that secrets in the log may be sealed under keys that the program does not have.
type MissingKeysError struct {
	Missing, Given []string // ids
}

// Error is one line that says what to do.
func (e *MissingKeysError) Error() string {
	return fmt.Sprintf("the event log was written with the sealing key %s, and this is %s: put the right roster.key back, "+
		"or list its key in ROSTER_SECRET_KEY; roster serve --accept-loss (ROSTER_ACCEPT_LOSS=true) gives up the secrets that were sealed with it",
		strings.Join(e.Missing, " and "), strings.Join(e.Given, " and "))
}

// UseKeys makes sure that the program has every key under which secrets in the log may be sealed, and has the
// log say under which they will be from now on. It needs no more than the log, and may run in several processes
// at once. It returns a *MissingKeysError, and the log's errors.
func (r *Registrar) UseKeys(ctx context.Context, keys Keys) error {
	return r.recordOfRegistry(ctx, func(history []domain.Envelope) ([]domain.Event, error) {
		known := domain.SealingKeys(keys.Founding, history)
		var events []domain.Event
		var missing []string
		for _, id := range known {
			if !slices.Contains(keys.IDs, id) {
				missing = append(missing, id)
				events = append(events, domain.SealingKeyLost{KeyID: id})
			}
		}
		if len(missing) > 0 && !keys.AcceptLoss {
			return nil, &MissingKeysError{Missing: missing, Given: keys.IDs}
		}
		if sealing := keys.IDs[0]; !slices.Contains(known, sealing) && !keys.Private {
			events = append(events, domain.SealingKeyIntroduced{KeyID: sealing})
		}
		return events, nil
	})
}

// maxLosses is how many losses one append records.
const maxLosses = 1000

// AcceptLosses records that the log goes on without events that were acknowledged. It needs no more than the
// log. It returns the log's errors.
func (r *Registrar) AcceptLosses(ctx context.Context, losses []domain.LossAccepted) error {
	for some := range slices.Chunk(losses, maxLosses) {
		err := r.recordOfRegistry(ctx, func([]domain.Envelope) ([]domain.Event, error) {
			events := make([]domain.Event, len(some))
			for i, loss := range some {
				events[i] = loss
			}
			return events, nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// maxRecordings is how often a record is tried while other processes record, too.
const maxRecordings = 10

// recordOfRegistry appends what decide makes of the registry's history, of which it is asked again after a
// conflict.
func (r *Registrar) recordOfRegistry(
	ctx context.Context, decide func(history []domain.Envelope) ([]domain.Event, error),
) error {
	aggregate, program := domain.RegistryAggregate(), domain.Actor{Kind: domain.ActorSystem, ID: "roster"}
	for attempt := 1; ; attempt++ {
		var history []domain.Envelope
		last, err := r.Log.Load(ctx, aggregate, 0, func(e domain.Envelope) { history = append(history, e) })
		if err != nil {
			return fmt.Errorf("load %s: %w", aggregate.Kind, err)
		}
		events, err := decide(history)
		if err != nil || len(events) == 0 {
			return err
		}
		_, err = r.Log.Append(ctx, domain.Change{Expected: last, Events: r.record(aggregate, program, r.Now(), events)})
		if err == nil || !errors.Is(err, domain.ErrConflict) || attempt == maxRecordings {
			return err
		}
	}
}
