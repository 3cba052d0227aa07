// Package eventstore is the log of what happened: its record, its codec and what every log promises.
//
// The logs themselves are the packages jetstream (the real one) and memory; storetest is the suite
// that both pass.
//
// # What a newer program wrote
//
// A log may hold events of a type, of a schema version or with a member that this program does not know: a newer
// one wrote them before it was replaced, or writes them now as another process of a cluster. Such an event is
// neither skipped nor read in part. Load, At and Next return ErrUnknownSchema for it, with its sequence, type and
// version, after they have handed over all that is before it. Nothing is changed or lost: Last, Append and all
// that concerns other events work as before, a subscription may start behind it, and a newer program that
// subscribes after the last event that was handed over goes on with this one.
package eventstore

import (
	"context"
	"errors"
	"time"

	"roster/domain"
)

// Recorded is an event with its place in the log.
type Recorded struct {
	Seq uint64 // ascends by one; a gap is a loss that was accepted, or of an earlier version
	domain.Envelope
}

// Identity tells one log from another, also from one that was deleted and made again under the same name.
type Identity struct {
	Name    string
	Created time.Time
}

// ErrNoEvent says that a log holds no event at a sequence.
var ErrNoEvent = errors.New("no event at this sequence")

// Log is an append-only log of events. It may be used concurrently.
type Log interface {
	// Append stores all changes or none, and returns the sequence of the last event once all of them
	// are synced to disk. Each change is of another aggregate and holds at least one event. Their order
	// is that of the log. Only a loss of power before Append returns may leave a beginning of them.
	//
	// It returns domain.ErrConflict when an aggregate is not where its change expects it (unless that
	// is because these very events are stored already, which is success), and
	// domain.ErrOutcomeUnknown when the events may or may not be stored. After any other error
	// nothing is stored.
	Append(ctx context.Context, changes ...domain.Change) (seq uint64, err error)

	// Acknowledged returns the highest sequence that Append has returned with success in this process, 0
	// before it did for the first time: also where the log held events when it was opened, or others have
	// appended. It is raised before that Append returns and is never lowered. It neither waits nor asks the
	// log, and is meant for those who must not show anything older than what this process has answered for.
	Acknowledged() uint64

	// Load hands the events of one aggregate beyond a sequence to apply, one by one and in order, and
	// returns the sequence of the last of them, 0 when there are none. The sequence is 0 or that of an
	// event, of whatever aggregate, that was read from the log. Once Load has returned, that event and
	// all that were handed over are synced to disk. It holds few events in memory at a time. An error,
	// such as ErrUnknownSchema, may come after some of them.
	Load(ctx context.Context, aggregate domain.Aggregate, after uint64, apply func(domain.Envelope)) (last uint64, err error)

	// At returns the event at a sequence, ErrNoEvent, or ErrUnknownSchema.
	At(ctx context.Context, seq uint64) (Recorded, error)

	// Last returns the sequence of the log's last event, known to this program or not, 0 when there is none.
	Last(ctx context.Context) (uint64, error)

	// Identity returns the log's identity.
	Identity() Identity

	// Subscribe returns the events beyond a sequence, in order, those to come included.
	// The subscription ends with its Close, not with the context.
	Subscribe(ctx context.Context, after uint64) (Subscription, error)
}

// Subscription is an ordered reading of a log. It is for one goroutine.
type Subscription interface {
	// Next waits for at least one event and returns those that are there, at most max. They are synced to
	// disk. No event is ever left out: one that cannot be decoded is an error, such as ErrUnknownSchema, and
	// so is one that the log lost. That error comes once all events before it have been returned, by this
	// call of Next or an earlier one. After an error the subscription is of no more use.
	Next(ctx context.Context, max int) ([]Recorded, error)
	Close()
}
