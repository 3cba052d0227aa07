package registrar

import (
	"context"
	"errors"
	"fmt"
	"time"

	"roster/domain"
	"roster/domain/oauth"
)

// aggregates are all aggregates of one kind: the cycle of load, decide and append that is the same for every
// kind.
type aggregates[S, C any] struct {
	*Registrar
	decider  domain.Decider[S, C]
	snapshot func(ctx context.Context, id string) (domain.Snapshot[S], error)
	// isID reports whether the registry can have issued an id. Others have no state, so that no caller decides
	// what the log is asked for.
	isID func(id string) bool
}

func (r *Registrar) clients() aggregates[domain.Client, domain.ClientCommand] {
	return aggregates[domain.Client, domain.ClientCommand]{r, domain.Clients, r.Snapshots.ClientSnapshot, IsID}
}

func (r *Registrar) initialAccessTokens() aggregates[domain.InitialAccessToken, domain.InitialAccessTokenCommand] {
	return aggregates[domain.InitialAccessToken, domain.InitialAccessTokenCommand]{r, domain.InitialAccessTokens, r.Snapshots.InitialAccessTokenSnapshot, IsID}
}

// A request asks for a change of one aggregate.
type request[S, C any] struct {
	id    string
	actor domain.Actor
	// admit refuses an actor that may not ask for the change. nil: nobody is refused.
	admit func(state S) error
	// command is what is asked for, with what others have said about it.
	command func(now time.Time, known oauth.Evidence) C
	// allow refuses a change for which there is no room. It is asked about the events that were decided, each time
	// that they are, and about none before others are asked what a decision needs to know. nil: nothing is refused.
	allow func(ctx context.Context, decided []domain.Event) error
	// urgent says that the change takes something away, or gives it back: it goes before others and is tried until
	// its context ends.
	urgent bool
	// also are changes of other aggregates that are appended with this one, and behind it. They are appended
	// even if this one changes nothing.
	also []domain.Change
}

// execute does what is asked of an aggregate and returns its state as it is then, once the events are durable.
//
// Who may not ask is told so before joining the queue in which the aggregate's owner waits. A conflict is decided
// anew on the new state. What others have to be asked about is asked outside of the queue, and once.
//
// It returns the error of admit, allow or the decider, domain.ErrConflict when others keep changing the aggregate
// at the same time, domain.ErrOutcomeUnknown, and an error that wraps domain.ErrUnavailable.
func (a aggregates[S, C]) execute(ctx context.Context, q request[S, C]) (S, error) {
	if q.admit != nil {
		if state, err := a.admitted(ctx, q.id, q.admit); err != nil {
			return state, err
		}
	}
	var state S
	err := a.askingOthers(ctx, q.actor.IP, func(known oauth.Evidence) error {
		return a.inTurn(ctx, a.decider.Aggregate(q.id), q.urgent, func() (err error) {
			state, err = a.attempt(ctx, q, known)
			return err
		})
	})
	return state, err
}

// admitted returns the state of an aggregate when admit admits to it, else admit's error. It knows at least every
// change that this process acknowledged before. Only the log refuses: a snapshot may be behind.
func (a aggregates[S, C]) admitted(ctx context.Context, id string, admit func(S) error) (S, error) {
	snapshot, err := a.known(ctx, id)
	if err != nil {
		return snapshot.State, err
	}
	if a.serves(id, snapshot) && admit(snapshot.State) == nil {
		return snapshot.State, nil
	}
	state, _, err := a.loadBeyond(ctx, id, snapshot)
	if err == nil {
		err = admit(state)
	}
	return state, err
}

// current returns the state of an aggregate as the log has it now. A snapshot says that where this process alone appends to
// the log, and it lacks no change that the process made.
func (a aggregates[S, C]) current(ctx context.Context, id string) (S, error) {
	snapshot, err := a.known(ctx, id)
	if err != nil || a.Alone && a.serves(id, snapshot) {
		return snapshot.State, err
	}
	state, _, err := a.loadBeyond(ctx, id, snapshot)
	return state, err
}

// attempt is execute without a second try: it returns an *oauth.Missing for what others have to be asked first,
// and domain.ErrConflict when somebody else changes the aggregate meanwhile.
//
// What is decided on a snapshot is right if it is appended, since the log refuses it when the aggregate has changed
// since. Whatever else comes of it, be it a refusal or nothing to change, is decided on the log.
func (a aggregates[S, C]) attempt(ctx context.Context, q request[S, C], known oauth.Evidence) (S, error) {
	snapshot, err := a.known(ctx, q.id)
	if err != nil {
		return snapshot.State, err
	}
	if a.serves(q.id, snapshot) {
		decided, err := a.decide(ctx, q, snapshot.State, a.Now(), known)
		if err == nil && len(decided) > 0 {
			state, err := a.append(ctx, q, snapshot.State, snapshot.Last, decided)
			if !errors.Is(err, domain.ErrConflict) {
				return state, err
			}
		}
	}
	state, last, err := a.loadBeyond(ctx, q.id, snapshot)
	if err != nil {
		return state, err
	}
	decided, err := a.decide(ctx, q, state, a.Now(), known)
	if err != nil {
		return state, err
	}
	return a.append(ctx, q, state, last, decided)
}

// append appends what was decided on a state, and what was asked for with it, and returns the state after it. last is
// the sequence of the last event in the state.
func (a aggregates[S, C]) append(
	ctx context.Context, q request[S, C], state S, last uint64, decided []domain.Envelope,
) (S, error) {
	var changes []domain.Change
	if len(decided) > 0 {
		changes = append(changes, domain.Change{Expected: last, Events: decided})
	}
	if changes = append(changes, q.also...); len(changes) == 0 {
		return state, nil
	}
	seq, err := a.Log.Append(ctx, changes...)
	if err != nil {
		return state, err
	}
	a.latest.note(a.decider.Aggregate(q.id), seq)
	return a.decider.Fold(state, decided), nil
}

// creation is an aggregate that was decided on and is not appended yet.
type creation[S any] struct {
	state  S
	change domain.Change
}

// create decides on an aggregate whose id was made just now, which nobody else can know: its history is empty, and
// no conflict is possible. It appends nothing. It returns the errors of allow and of the decider.
func (a aggregates[S, C]) create(ctx context.Context, q request[S, C], now time.Time) (created creation[S], err error) {
	err = a.askingOthers(ctx, q.actor.IP, func(known oauth.Evidence) error {
		var none S
		events, err := a.decide(ctx, q, none, now, known)
		created = creation[S]{a.decider.Fold(none, events), domain.Change{Events: events}}
		return err
	})
	return created, err
}

// decide decides on a state and puts what follows into envelopes. It returns the errors of admit, of allow and of the
// decider, among them an *oauth.Missing.
func (a aggregates[S, C]) decide(
	ctx context.Context, q request[S, C], state S, now time.Time, known oauth.Evidence,
) ([]domain.Envelope, error) {
	if q.admit != nil {
		if err := q.admit(state); err != nil {
			return nil, err
		}
	}
	decided, err := a.decider.Decide(a.Policy, state, q.command(now, known))
	if missing := (*oauth.Missing)(nil); err != nil && !errors.As(err, &missing) {
		return nil, err
	}
	if q.allow != nil {
		if refused := q.allow(ctx, decided); refused != nil {
			return nil, refused
		}
	}
	if err != nil {
		return nil, err
	}
	envelopes := make([]domain.Envelope, len(decided))
	for i, event := range decided {
		envelopes[i] = domain.Envelope{
			ID:        newID(now),
			Time:      now.UTC().Truncate(time.Microsecond),
			Aggregate: a.decider.Aggregate(q.id),
			Actor:     q.actor,
			Event:     event,
		}
	}
	return envelopes, nil
}

// load returns the state of an aggregate as the log has it now, the zero state for an id that was never issued,
// and the sequence of its last event.
func (a aggregates[S, C]) load(ctx context.Context, id string) (state S, last uint64, err error) {
	snapshot, err := a.known(ctx, id)
	if err != nil {
		return state, 0, err
	}
	return a.loadBeyond(ctx, id, snapshot)
}

// known returns the snapshot of an aggregate, the zero snapshot when none can be read. Its only error is that of
// the context.
func (a aggregates[S, C]) known(ctx context.Context, id string) (domain.Snapshot[S], error) {
	if !a.isID(id) {
		return domain.Snapshot[S]{}, nil
	}
	snapshot, err := a.snapshot(ctx, id)
	if err == nil {
		return snapshot, nil
	}
	if ctx.Err() != nil {
		return domain.Snapshot[S]{}, ctx.Err()
	}
	a.Logger.WarnContext(ctx, "no snapshot can be read: the whole history is, which takes longer", "of", a.decider.Kind, "id", id, "err", err)
	return domain.Snapshot[S]{}, nil
}

// serves reports whether a snapshot may be used without the log: it holds the aggregate, is kept current, and lacks
// no change that this process knows of.
func (a aggregates[S, C]) serves(id string, snapshot domain.Snapshot[S]) bool {
	return snapshot.Last > 0 && !snapshot.Halted && snapshot.At >= a.latest.of(a.decider.Aggregate(id))
}

// loadBeyond returns a snapshot with what the log holds beyond it, and the sequence of the last event.
func (a aggregates[S, C]) loadBeyond(ctx context.Context, id string, snapshot domain.Snapshot[S]) (state S, last uint64, err error) {
	if !a.isID(id) {
		return state, 0, nil
	}
	aggregate := a.decider.Aggregate(id)
	beyond, err := a.Log.Load(ctx, aggregate, snapshot.At, func(e domain.Envelope) {
		snapshot.State = a.decider.Evolve(snapshot.State, e.Aggregate, e.Event)
	})
	if err != nil {
		return state, 0, fmt.Errorf("load %s: %w", a.decider.Kind, err)
	}
	if beyond > 0 {
		a.latest.note(aggregate, beyond)
	}
	return snapshot.State, max(snapshot.Last, beyond), nil
}
