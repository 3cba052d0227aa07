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
// order changed, or a whole value of another kind.
func removed(c oauth.MemberChange) []string { return beyond(c.Before, c.After) }
func added(c oauth.MemberChange) []string   { return beyond(c.After, c.Before) }

// beyond returns the items of a list that another list lacks, or all of a value of another kind.
func beyond(value, other oauth.Value) []string {
	if value == nil {
		return nil
	}
	list, isList := value.(oauth.List)
	others, both := other.(oauth.List)
	if !isList {
		return []string{oneLine(value)}
	}
	if both && sameItems(list, others) {
		return []string{oneLine(list)}
	}
	return slices.DeleteFunc(slices.Clone(list), func(item string) bool { return slices.Contains(others, item) })
}

// sameItems reports whether two lists hold the same items, in whatever order.
func sameItems(a, b oauth.List) bool {
	return slices.Equal(slices.Sorted(slices.Values(a)), slices.Sorted(slices.Values(b)))
}
