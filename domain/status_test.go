package domain_test

import (
	"slices"
	"testing"

	"roster/domain"
)

// Every status that events lead to is in the table, with what it means for the client.
func TestStatuses(t *testing.T) {
	first := registered(t, webApp)
	for _, test := range []struct {
		events                                   []domain.Event
		status                                   domain.Status
		registered, managesItself, counts, ended bool
	}{
		{nil, "", false, false, false, false},
		{[]domain.Event{first}, domain.Active, true, true, true, false},
		{[]domain.Event{first, domain.ClientRevoked{}}, domain.Revoked, false, false, false, true},
		{[]domain.Event{first, domain.ClientDeleted{}}, domain.Deleted, false, false, false, true},
		{[]domain.Event{first, domain.ClientSuspended{}}, domain.Suspended, true, false, true, false},
		{[]domain.Event{first, domain.ClientSuspended{}, domain.ClientResumed{}}, domain.Active, true, true, true, false},
		{[]domain.Event{first, domain.ClientSuspended{}, domain.ClientRevoked{}}, domain.Revoked, false, false, false, true},
		{[]domain.Event{first, domain.ClientRevoked{}, domain.ClientSuspended{}}, domain.Revoked, false, false, false, true},
		{[]domain.Event{first, domain.ClientRevoked{}, domain.ClientResumed{}}, domain.Revoked, false, false, false, true},
		{[]domain.Event{domain.ClientSuspended{}}, domain.Lost, false, false, false, true},
		{[]domain.Event{domain.ClientResumed{}}, domain.Lost, false, false, false, true},
		{[]domain.Event{domain.ClientUpdated{}}, domain.Lost, false, false, false, true},
	} {
		var c domain.Client
		for _, event := range test.events {
			c = domain.Clients.Evolve(c, domain.ClientAggregate(clientID), event)
		}
		if c.Status != test.status || c.IsRegistered() != test.registered || c.MayManageItself() != test.managesItself ||
			c.Counts() != test.counts || c.Ended() != test.ended {
			t.Errorf("after %v the client is %+v", test.events, c)
		}
		if known := test.status != ""; c.Status.Known() != known || (c.Status.Label() != "") != known {
			t.Errorf("status %q is known: %v, want %v", c.Status, c.Status.Known(), known)
		}
	}
	names := domain.StatusNames()
	if slices.Sort(names); len(slices.Compact(names)) != len(domain.Statuses) {
		t.Errorf("a status stands twice among %v", names)
	}
	for _, f := range domain.Statuses {
		if f.Label == "" || f.Meaning == "" || f.Ended && (f.ManagesItself || f.Served || f.Counts) {
			t.Errorf("%+v", f)
		}
	}
}
