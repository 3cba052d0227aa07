package web

import (
	"context"
	"fmt"
	"slices"

	"roster/domain"
	"roster/domain/oauth"
	"roster/projections/readmodel"
	"roster/web/ui"
)

// historyShown is how many events of a client a page shows.
const historyShown = 25

// A step is one event in a client's history.
type step struct {
	eventRow
	Registered int // how many members it was registered with; 0: it is not a registration
	Changes    []oauth.MemberChange
	LeftOut    oauth.Metadata // what was asked for and not registered
	Secret     string         // what happened to the client secret; empty: nothing
	Reason     string         // why an administrator did it; empty: no reason was given
}

// history returns a client's newest events below a sequence, newest first; 0: from the newest one.
// older is the sequence below which it goes on, 0 when that was all.
func (w *Web) history(ctx context.Context, id string, before uint64) (steps []step, older uint64, err error) {
	// One more than is shown: what the oldest one shown changed is the difference from it.
	recorded, err := w.reader.Events(ctx, readmodel.EventQuery{
		ClientID: id, Before: before, Newest: true, Limit: historyShown + 1,
	})
	if err != nil {
		return nil, 0, fmt.Errorf("history of a client: %w", err)
	}
	var state domain.Client
	for i, e := range slices.Backward(recorded) {
		former := state
		state = domain.Clients.Evolve(state, e.Aggregate, e.Event)
		if i == historyShown {
			continue
		}
		steps = append(steps, stepOf(e, former, state))
	}
	slices.Reverse(steps)
	if len(recorded) > historyShown {
		older = steps[len(steps)-1].Seq
	}
	return steps, older, nil
}

// stepOf returns what an event changed, given the client before and after it.
func stepOf(e readmodel.Event, former, state domain.Client) step {
	s := step{eventRow: rowOfEvent(e), Reason: domain.ReasonOf(e.Event)}
	switch event := e.Event.(type) {
	case domain.ClientRegistered:
		s.Registered = len(event.Metadata)
		s.Changes = oauth.Diff(nil, event.Metadata)
		s.LeftOut = event.LeftOut
		s.Secret = secretChange(event.Secret, false)
	case domain.ClientUpdated:
		s.Changes = oauth.Diff(former.Metadata, state.Metadata)
		s.LeftOut = event.LeftOut
		s.Secret = secretChange(event.SecretIssued, event.SecretEnded)
	}
	return s
}

// secretChange says what an event did to the client secret.
func secretChange(issued *domain.Secret, ended bool) string {
	switch {
	case ended:
		return "The client secret stopped working."
	case issued == nil:
		return ""
	case issued.ExpiresAt.IsZero():
		return "A client secret was issued that does not expire."
	}
	return "A client secret was issued that expires on " + ui.Minute(issued.ExpiresAt) + "."
}

// removed returns what a change took away, and added what it brought: the items of a list, unless only their
// order changed, the keys of a key set, or a whole value of another kind.
func removed(c oauth.MemberChange) []string { return beyond(c.Name, c.Before, c.After) }
func added(c oauth.MemberChange) []string   { return beyond(c.Name, c.After, c.Before) }

// beyond returns what a member's value has that another value of it lacks, or all of a value of no list.
func beyond(name string, value, other oauth.Value) []string {
	switch v := value.(type) {
	case nil:
		return nil
	case oauth.List:
		if len(v) == 0 {
			return []string{"none"}
		}
		others, both := other.(oauth.List)
		if both && sameItems(v, others) {
			return []string{oneLine(v)}
		}
		return slices.DeleteFunc(slices.Clone(v), func(item string) bool { return slices.Contains(others, item) })
	case oauth.Object:
		return objectBeyond(v, other)
	}
	if name == statementMember {
		return []string{statementLine(oneLine(value))}
	}
	return []string{oneLine(value)}
}

// objectBeyond returns the keys of a key set that another one lacks, and all of any other object. It also returns all
// of a key set that differs from the other in nothing that its keys are told by.
func objectBeyond(value oauth.Object, other oauth.Value) []string {
	keys, isSet := value.Keys()
	former, _ := other.(oauth.Object)
	others, _ := former.Keys()
	if !isSet || sameKeys(keys, others) {
		return []string{indented(value)}
	}
	return keysBeyond(keys, others)
}

// sameKeys reports whether two key sets have the same keys, as far as people are told of them.
func sameKeys(a, b []oauth.Key) bool {
	return len(keysBeyond(a, b)) == 0 && len(keysBeyond(b, a)) == 0
}

// sameItems reports whether two lists hold the same items, in whatever order.
func sameItems(a, b oauth.List) bool {
	return slices.Equal(slices.Sorted(slices.Values(a)), slices.Sorted(slices.Values(b)))
}
