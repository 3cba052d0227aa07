package web

import (
	"net/url"
	"testing"

	"roster/domain"
	"roster/projections/readmodel"
)

func TestEveryStatusOfATokenIsShown(t *testing.T) {
	for _, s := range domain.InitialAccessTokenStatuses {
		if tokenStatusLabels[s] == "" || tokenStatusTones[s] == "" {
			t.Errorf("%s has no label or no tone", s)
		}
	}
}

func TestEveryStatusHasATone(t *testing.T) {
	for _, s := range domain.Statuses {
		if toneOf(s.Status) == "" {
			t.Errorf("%s has no tone", s.Status)
		}
	}
	if len(statusTones) != len(domain.Statuses) {
		t.Errorf("%d tones for %d statuses", len(statusTones), len(domain.Statuses))
	}
}

func TestTheSummaryOfAList(t *testing.T) {
	clients := func(n int) readmodel.ClientPage {
		return readmodel.ClientPage{Clients: make([]readmodel.ListedClient, n)}
	}
	more := func(n int) readmodel.ClientPage {
		p := clients(n)
		p.NextCursor = "more"
		return p
	}
	of := func(p readmodel.ClientPage, total int) readmodel.ClientPage {
		p.Total = total
		return p
	}
	filtersOf := func(query string) clientFilters {
		given, err := url.ParseQuery(query)
		if err != nil {
			t.Fatal(err)
		}
		filters, _, err := clientFiltersOf(given)
		if err != nil {
			t.Fatal(err)
		}
		return filters
	}
	counts := statusCounts(readmodel.Overview{Clients: map[domain.Status]int{domain.Active: 1500, domain.Revoked: 87}})
	for _, c := range []struct {
		list clientList
		want string
	}{
		{clientList{Page: clients(0)}, "No clients found"},
		{clientList{Page: clients(1)}, "1 client"},
		{clientList{Page: clients(50)}, "50 clients"},
		{clientList{Page: more(50)}, "1–50 of 1,587"},
		{clientList{Page: more(50), Before: 50}, "51–100 of 1,587"},
		{clientList{Page: clients(37), Before: 1550}, "1,551–1,587 of 1,587"},
		{clientList{Page: clients(40), Before: 1550}, "1,551–1,590 of 1,590"}, // some registered meanwhile
		{clientList{Page: more(50), Before: 1550}, "1,551–1,600 of 1,601"},
		{clientList{Page: more(50), Filters: filtersOf("status=revoked")}, "1–50 of 87"},
		{clientList{Page: more(50), Filters: filtersOf("status=revoked&sort=name")}, "1–50 of 87"},
		{clientList{Page: of(more(50), 10_000), Filters: filtersOf("q=a")}, "1–50 of 10,000"},
		{clientList{Page: of(more(50), 10_001), Filters: filtersOf("q=a")}, "1–50 of 10,000+"},
		{clientList{Page: of(more(50), 10_001), Filters: filtersOf("owner=a"), Before: 10_000}, "10,001–10,050 of 10,051+"},
		{clientList{Page: of(clients(5), 55), Filters: filtersOf("q=a"), Before: 50}, "51–55 of 55"},
		{clientList{Page: more(50), Before: -1}, "50 of 1,587"},
	} {
		c.list.Counts = counts
		if got := c.list.Summary(); got != c.want {
			t.Errorf("%d clients after %d: %q, want %q", len(c.list.Page.Clients), c.list.Before, got, c.want)
		}
	}
}
