package domain

import (
	"fmt"
	"slices"
	"strings"

	"roster/domain/oauth"
)

// SealingKeyIntroduced says that secrets may be sealed under a key from here on.
type SealingKeyIntroduced struct {
	KeyID string // tells keys apart and says nothing else of them
}

// SealingKeyLost says that an administrator gave up what was sealed under a key that is no longer there.
type SealingKeyLost struct {
	KeyID string
}

// LossAccepted says that events which were acknowledged are missing from the log, and that an administrator
// decided to go on without them.
type LossAccepted struct {
	From, To uint64 // the sequences of the first and the last of them
}

// Type returns "SealingKeyIntroduced".
func (SealingKeyIntroduced) Type() string { return "SealingKeyIntroduced" }

// Type returns "SealingKeyLost".
func (SealingKeyLost) Type() string { return "SealingKeyLost" }

// Type returns "LossAccepted".
func (LossAccepted) Type() string { return "LossAccepted" }

// Registry is the state of the registry itself, folded from its events.
type Registry struct {
	Keys     []string // ids of the sealing keys that were introduced and not lost since, the oldest first
	LostKeys []string // ids of those that were lost and not introduced again since
}

// SealingKeys returns the ids of the keys under which secrets in the log may be sealed. founding is the id of the
// key that the log was founded with, which no event introduced; empty: there is none.
func (r Registry) SealingKeys(founding string) []string {
	if founding == "" || slices.Contains(r.Keys, founding) || slices.Contains(r.LostKeys, founding) {
		return r.Keys
	}
	return append([]string{founding}, r.Keys...)
}

// A RegistryCommand asks for a change of the registry itself.
type RegistryCommand interface{ isRegistryCommand() }

// UseKeys asks to seal secrets under the first of the keys that a program has.
type UseKeys struct {
	IDs        []string // of the program's sealing keys; the first seals
	Founding   string   // id of the key that the log was founded with; empty: with none
	Private    bool     // the first key is this process's alone, and others write to the log, too: it is not introduced
	AcceptLoss bool     // give up what was sealed under keys that are not there
}

// AcceptLosses asks to go on without events that were acknowledged and are missing.
type AcceptLosses struct {
	Losses []LossAccepted
}

func (UseKeys) isRegistryCommand()      {}
func (AcceptLosses) isRegistryCommand() {}

// MissingKeysError says that secrets in the log may be sealed under keys that the program does not have.
type MissingKeysError struct {
	Missing, Given []string // ids
}

// Error names the keys in one line.
func (e *MissingKeysError) Error() string {
	return fmt.Sprintf("the event log was written with the sealing key %s, and this is %s",
		strings.Join(e.Missing, " and "), strings.Join(e.Given, " and "))
}

func decideRegistry(_ oauth.Policy, r Registry, command RegistryCommand) ([]Event, error) {
	switch command := command.(type) {
	case UseKeys:
		return useKeys(r, command)
	case AcceptLosses:
		events := make([]Event, len(command.Losses))
		for i, loss := range command.Losses {
			events[i] = loss
		}
		return events, nil
	}
	return nil, fmt.Errorf("decide: unknown command %T", command)
}

func useKeys(r Registry, command UseKeys) ([]Event, error) {
	known := r.SealingKeys(command.Founding)
	var events []Event
	var missing []string
	for _, id := range known {
		if !slices.Contains(command.IDs, id) {
			missing = append(missing, id)
			events = append(events, SealingKeyLost{KeyID: id})
		}
	}
	if len(missing) > 0 && !command.AcceptLoss {
		return nil, &MissingKeysError{Missing: missing, Given: command.IDs}
	}
	if sealing := command.IDs[0]; !slices.Contains(known, sealing) && !command.Private {
		events = append(events, SealingKeyIntroduced{KeyID: sealing})
	}
	return events, nil
}

func evolveRegistry(r Registry, _ Aggregate, event Event) Registry {
	switch e := event.(type) {
	case SealingKeyIntroduced:
		r.LostKeys = without(r.LostKeys, e.KeyID)
		if !slices.Contains(r.Keys, e.KeyID) {
			r.Keys = append(slices.Clip(r.Keys), e.KeyID)
		}
	case SealingKeyLost:
		r.Keys = without(r.Keys, e.KeyID)
		if !slices.Contains(r.LostKeys, e.KeyID) {
			r.LostKeys = append(slices.Clip(r.LostKeys), e.KeyID)
		}
	}
	return r
}

// without returns a copy of ids without one of them.
func without(ids []string, id string) []string {
	return slices.DeleteFunc(slices.Clone(ids), func(other string) bool { return other == id })
}
