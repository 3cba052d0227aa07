package jetstream

import (
	"context"
	"fmt"
	"strings"

	"roster/eventstore"
)

// Span is a range of sequences, both ends included.
type Span struct{ From, To uint64 }

// String returns the range in words.
func (s Span) String() string {
	if s.From == s.To {
		return fmt.Sprint(s.From)
	}
	return fmt.Sprintf("%d to %d", s.From, s.To)
}

// Count returns the number of sequences in the range.
func (s Span) Count() uint64 { return s.To - s.From + 1 }

// Witness holds a copy of the events of a log, in another place. All that it holds was acknowledged.
type Witness interface {
	// Identity returns the identity of the log that it has read.
	Identity() eventstore.Identity
	// Last returns the sequence of the last event that it has read, 0 if there is none.
	Last() uint64
	// EventID returns the id of the event at a sequence, or "" if it holds none there.
	EventID(ctx context.Context, seq uint64) (string, error)
	// Count returns how many events it holds from one sequence to another, both included.
	Count(ctx context.Context, from, to uint64) (uint64, error)
}

// unknowing is a Witness that holds nothing.
type unknowing struct{}

func (unknowing) Identity() eventstore.Identity                         { return eventstore.Identity{} }
func (unknowing) Last() uint64                                          { return 0 }
func (unknowing) EventID(context.Context, uint64) (string, error)       { return "", nil }
func (unknowing) Count(context.Context, uint64, uint64) (uint64, error) { return 0, nil }

// LossError says that events which were acknowledged are missing from the log.
type LossError struct {
	Lost    []Span // ascending
	Because string // what was found
}

// Error is one line that says what is missing and what to do.
func (e *LossError) Error() string {
	const shown = 3
	var ranges []string
	lost := uint64(0)
	for i, span := range e.Lost {
		lost += span.Count()
		if i < shown {
			ranges = append(ranges, span.String())
		}
	}
	if more := len(e.Lost) - shown; more > 0 {
		ranges = append(ranges, fmt.Sprintf("%d more ranges", more))
	}
	return fmt.Sprintf("acknowledged events are missing: %s, %d in all (%s); restore the log from a back-up, "+
		"or go on without them with roster serve --accept-loss (ROSTER_ACCEPT_LOSS=true)", strings.Join(ranges, " and "), lost, e.Because)
}
