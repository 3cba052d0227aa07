package domain

import "slices"

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

// SealingKeys returns the ids of the keys under which secrets in the log may be sealed: founding, unless it is
// empty, and those that the registry's history introduced, without those that it lost.
func SealingKeys(founding string, history []Envelope) []string {
	var keys []string
	if founding != "" {
		keys = append(keys, founding)
	}
	for _, e := range history {
		switch e := e.Event.(type) {
		case SealingKeyIntroduced:
			if !slices.Contains(keys, e.KeyID) {
				keys = append(keys, e.KeyID)
			}
		case SealingKeyLost:
			keys = slices.DeleteFunc(keys, func(id string) bool { return id == e.KeyID })
		}
	}
	return keys
}
