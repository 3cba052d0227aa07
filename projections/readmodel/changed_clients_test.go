package readmodel_test

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"roster/domain"
	"roster/domain/oauth"
	"roster/eventstore/memory"
	"roster/projections/readmodel"
)

// changedSince folds the log: the clients with an event beyond a sequence, in the order of their last events.
func (r reference) changedSince(after uint64) (changed []readmodel.ChangedClient) {
	for _, c := range r.clients() {
		if last := r.last(c.ID); last > after {
			changed = append(changed, readmodel.ChangedClient{Client: c, Last: last})
		}
	}
	slices.SortFunc(changed, func(a, b readmodel.ChangedClient) int { return int(a.Last) - int(b.Last) })
	return changed
}

// allChanged goes from one page to the next up to the end, which must be at a sequence.
func allChanged(t rapid.TB, m readmodel.Reader, after, end uint64) (changed []readmodel.ChangedClient) {
	t.Helper()
	for {
		page, err := m.ChangedClients(context.Background(), after)
		if err != nil || page.UpTo < after || page.UpTo == after && !page.End {
			t.Fatalf("changed beyond %d: up to %d, at the end: %v, %v", after, page.UpTo, page.End, err)
		}
		changed = append(changed, page.Clients...)
		if after = page.UpTo; page.End {
			if after != end {
				t.Fatalf("the end is at %d, want %d", after, end)
			}
			return changed
		}
	}
}

func (r reference) checkChanges(t rapid.TB, m readmodel.Reader) {
	t.Helper()
	last := uint64(len(r))
	for after := range last + 2 {
		if d := diff(r.changedSince(after), allChanged(t, m, after, max(after, last))); d != "" {
			t.Fatalf("changed beyond %d (-want +got):\n%s", after, d)
		}
	}
}

// Whoever follows the changes page by page, while clients are changed, has each client as the log has it in the end.
func TestChangesAreFollowed(t *testing.T) {
	log := memory.New()
	m := run(t, t.TempDir(), log)
	const clients, changes = 400, 3
	all := make([]*history, clients)
	for i := range all {
		all[i] = newHistory(fmt.Sprint("client ", i), start.Add(time.Duration(i)*time.Millisecond))
		all[i].register(oauth.Metadata{"client_name": oauth.Text("first")})
	}
	appendTo(t, log, all...)
	written := make(chan struct{})
	go func() {
		defer close(written)
		for n := range changes {
			for i, h := range all {
				event := domain.ClientUpdated{Metadata: oauth.Metadata{"client_name": oauth.Text(fmt.Sprint("name ", n))}}
				h.add(event)
				appendOne(t, log, h.events[len(h.events)-1])
				if n == changes-1 && i%2 == 0 {
					h.add(domain.ClientRevoked{})
					appendOne(t, log, h.events[len(h.events)-1])
				}
			}
		}
	}()
	have := map[string]domain.Client{}
	var after uint64
	follow := func() (end bool) {
		page, err := m.ChangedClients(t.Context(), after)
		if err != nil {
			t.Error(err)
			return true
		}
		for _, c := range page.Clients {
			if c.Last <= after || c.Last > page.UpTo {
				t.Errorf("client with the last event %d, behind %d and up to %d", c.Last, after, page.UpTo)
			}
			after = c.Last
			have[c.ID] = c.Client.Client
		}
		after = page.UpTo
		return page.End
	}
	for done := false; !done; {
		select {
		case <-written:
			done = true
		default:
		}
		follow()
	}
	m.caughtUp()
	for !follow() {
	}
	want := map[string]domain.Client{}
	for _, c := range referenceOf(t, log).clients() {
		want[c.ID] = c.Client
	}
	if d := diff(want, have); d != "" {
		t.Errorf("(-log +followed):\n%s", d)
	}
}
