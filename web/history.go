package web

import (
	"context"
	"fmt"
	"slices"
	"strconv"

	"github.com/a-h/templ"
	"github.com/labstack/echo/v4"

	"roster/domain"
	"roster/domain/oauth"
	"roster/projections/readmodel"
	"roster/web/ui"
)

// historyShown is how many events of a client its history shows on a page.
const historyShown = 25

// A history is a page of what happened to a client.
type history struct {
	Steps []step // the newest first
	Older uint64 // it goes on below this sequence; 0: this is all of it
	Later bool   // it does not begin with the newest event
}

// A step is one event in a client's history.
type step struct {
	eventRow
	Registered int // how many members it was registered with; 0: it is not a registration
	Changes    []oauth.MemberChange
	LeftOut    oauth.Metadata // what was asked for and not registered
	Secret     string         // what happened to the client secret; empty: nothing
	Reason     string         // why an administrator did it; empty: no reason was given
}

// historyContent is the tab with what happened to a client, a page of it at a time.
func (w *Web) historyContent(c echo.Context, v clientView) (templ.Component, error) {
	before, err := sequenceOf(c.QueryParams(), "before")
	if err != nil {
		return nil, err
	}
	h, err := w.history(c.Request().Context(), v, before, historyShown)
	if err != nil {
		return nil, err
	}
	return clientHistory(v, h), nil
}

// history returns a client's newest events below a sequence, at most limit of them; 0: from the newest one of the moment
// that is shown.
func (w *Web) history(ctx context.Context, v clientView, before uint64, limit int) (h history, err error) {
	h.Later = before > 0
	// One more than is shown: what the oldest one shown changed is the difference from it.
	recorded, err := w.reader.Events(ctx, readmodel.EventQuery{
		ClientID: v.ID, Before: v.before(before), Newest: true, Limit: limit + 1,
	})
	if err != nil {
		return h, fmt.Errorf("history of a client: %w", err)
	}
	var state domain.Client
	for i, e := range slices.Backward(recorded) {
		former := state
		state = domain.Clients.Evolve(state, e.Aggregate, e.Event)
		if i == limit {
			continue
		}
		h.Steps = append(h.Steps, stepOf(e, former, state))
	}
	slices.Reverse(h.Steps)
	if len(recorded) > limit {
		h.Older = h.Steps[len(h.Steps)-1].Seq
	}
	return h, nil
}

// before returns below which sequence the events are that are shown below a sequence: none is later than the moment that
// is shown. 0: any.
func (v clientView) before(seq uint64) uint64 {
	if v.Past != nil && (seq == 0 || seq > v.Past.Seq) {
		return v.Past.Seq + 1
	}
	return seq
}

// log returns the address of the client's events in the event log, up to the moment that is shown.
func (v clientView) log() string {
	before := ""
	if v.Past != nil {
		before = strconv.FormatUint(v.before(0), 10)
	}
	return addressOf(activityPath, "client", v.ID, "before", before)
}

// historyPages lead to the newest events and to older ones.
func (v clientView) historyPages(h history) (links []ui.PagerLink) {
	if h.Later {
		links = append(links, ui.PagerLink{Text: "Back to the newest", Path: v.tab(historyTab)})
	}
	if h.Older > 0 {
		links = append(links, ui.PagerLink{Text: "Older history", Next: true, Path: v.tab(historyTab, "before", strconv.FormatUint(h.Older, 10))})
	}
	return links
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
