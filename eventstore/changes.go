package eventstore

import (
	"errors"
	"fmt"

	"roster/domain"
)

// MaxBatch is how many events one Append can store at most.
const MaxBatch = 1000

// CheckChanges returns an error for what no log can append: no change at all, a change without events, two
// changes of one aggregate, a change with events of two aggregates, an aggregate or an event id with other
// characters than letters, digits, - and _, the same event id twice, more than MaxBatch events.
func CheckChanges(changes []domain.Change) error {
	if len(changes) == 0 {
		return errors.New("nothing to append")
	}
	aggregates := make(map[domain.Aggregate]bool, len(changes))
	ids := make(map[string]bool, len(changes))
	for _, change := range changes {
		if len(change.Events) == 0 {
			return errors.New("change without events")
		}
		aggregate := change.Events[0].Aggregate
		if !isSubjectToken(aggregate.Kind) || !isSubjectToken(aggregate.ID) {
			return fmt.Errorf("aggregate %q is not of letters, digits, - and _", aggregate)
		}
		if aggregates[aggregate] {
			return fmt.Errorf("two changes of aggregate %q", aggregate)
		}
		aggregates[aggregate] = true
		for _, e := range change.Events {
			if e.Aggregate != aggregate {
				return fmt.Errorf("event of %q in a change of %q", e.Aggregate, aggregate)
			}
			if !isSubjectToken(e.ID) || ids[e.ID] {
				return fmt.Errorf("event id %q is not of letters, digits, - and _, or comes twice", e.ID)
			}
			ids[e.ID] = true
		}
	}
	if len(ids) > MaxBatch {
		return fmt.Errorf("%d events at once, at most %d can be appended", len(ids), MaxBatch)
	}
	return nil
}

// isSubjectToken reports whether s can be one token of a NATS subject, and thereby the value of a header.
func isSubjectToken(s string) bool {
	for i := range len(s) {
		switch c := s[i]; {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', c == '-', c == '_':
		default:
			return false
		}
	}
	return s != ""
}
