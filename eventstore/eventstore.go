// Package eventstore defines the log of events: what a log records, how it is encoded and what every log promises.
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
	Seq uint64 // ascends by one; a gap is a loss that was accepted, or one that an earlier version of Roster left
	domain.Envelope
}

// Identity distinguishes one log from every other, including one that was deleted and created again under its name.
type Identity struct {
	Name    string
	Created time.Time
}

// ErrNoEvent says that a log holds no event at a sequence.
var ErrNoEvent = errors.New("no event at this sequence")

// Log is an append-only log of events. It may be used concurrently.
type Log interface {
	// Append stores all changes or none, in their order, and returns the sequence of the last event once all
	// of them are synced to disk. Each change is of a different aggregate and holds at least one event. Only
	// if the power fails before Append returns may the log keep the first of the events without the others.
	//
	// It returns domain.ErrConflict when the last event of an aggregate is not the one that its change
	// expects. If it is not because these very events are stored already, that is success: a retry is safe.
	// It returns domain.ErrOutcomeUnknown when the events may or may not be stored. After any other error
	// nothing is stored.
	Append(ctx context.Context, changes ...domain.Change) (seq uint64, err error)

	// Acknowledged returns the highest sequence that Append of this Log has returned with success, 0 before
	// the first. Events that the log held when it was opened, or that another process appended, do not count.
	// It is raised before that Append returns and never falls. It returns at once. It serves those who must
	// show nothing older than what this process has acknowledged.
	Acknowledged() uint64

	// Load calls apply with each event of one aggregate beyond a sequence, in order, and returns the sequence
	// of the last of them, 0 if there are none. The sequence must be 0 or that of an event, of any aggregate,
	// that was read from the log. When Load returns without an error, that event and all that apply got are
	// synced to disk. Load holds few events in memory at a time. It may return an error, such as
	// ErrUnknownSchema, after apply got some of them.
	Load(ctx context.Context, aggregate domain.Aggregate, after uint64, apply func(domain.Envelope)) (last uint64, err error)

	// At returns the event at a sequence, ErrNoEvent, or ErrUnknownSchema.
	At(ctx context.Context, seq uint64) (Recorded, error)

	// Last returns the sequence of the log's last event, 0 if there is none. That event may be one that this
	// program does not know.
	Last(ctx context.Context) (uint64, error)

	// Identity returns the log's identity.
	Identity() Identity

	// Subscribe returns a subscription to all events beyond a sequence, including those that are yet to be
	// appended. The context bounds only the call; the subscription ends with its Close.
	Subscribe(ctx context.Context, after uint64) (Subscription, error)
}

// Subscription reads a log in order. One goroutine may use it at a time.
type Subscription interface {
	// Next waits for at least one event and returns those that are there, at most max. They are synced to
	// disk. It never leaves out an event: for one that cannot be decoded it returns an error, such as
	// ErrUnknownSchema, and also for one that the log lost. Earlier calls have then returned all events
	// before that one. After an error the subscription can only be closed.
	Next(ctx context.Context, max int) ([]Recorded, error)

	// Close ends the subscription. It may be called more than once.
	Close()
}
