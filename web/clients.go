package web

import (
	"net/http"
	"net/url"
	"strconv"

	"github.com/labstack/echo/v4"

	"roster/domain"
	"roster/projections/readmodel"
	"roster/web/ui"
)

// clientListPath is the address of the list of clients.
const clientListPath = "/admin/clients"

// How many clients a page shows, and how long what is searched for may be.
const (
	clientsShown = 50
	searchLimit  = 200 // characters of words
	filterLimit  = 500 // bytes of the value of a filter
)

// A clientList is what the list of clients shows.
type clientList struct {
	Filters clientFilters
	Page    readmodel.ClientPage
	Counts  []statusCount // of all clients, whatever is searched for
	Before  int           // how many clients are on the pages before this one, -1: not known
	Later   bool          // it is not the first page
	Seen    uint64        // live updates go on after this sequence
	Trusts  func(issuer string) bool
	Address string // the query of the list's own address, to which the pages of its clients lead back
}

// clients lists and finds clients.
func (w *Web) clients(c echo.Context) error {
	filters, tidy, err := clientFiltersOf(c.QueryParams())
	if err != nil {
		return err
	}
	if !tidy {
		return c.Redirect(http.StatusSeeOther, filters.Path())
	}
	query, err := filters.query(w.clock())
	if err != nil {
		return err
	}
	query.Limit, query.Cursor, query.Count = clientsShown, c.QueryParam("cursor"), true
	ctx := c.Request().Context()
	// The position is taken before the clients, so that none can fall between page and stream.
	seen := w.reader.Health().Applied
	found, err := w.reader.Clients(ctx, query)
	if err != nil {
		return err
	}
	overview, err := w.reader.Overview(ctx, w.clock(), 1)
	if err != nil {
		return err
	}
	list := clientList{
		Filters: filters, Page: found, Counts: statusCounts(overview), Before: clientsBefore(c.QueryParams()), Later: query.Cursor != "",
		Seen: seen, Trusts: w.registrar.Issuers.Trust, Address: c.QueryParams().Encode(),
	}
	return w.render(c, http.StatusOK, clientsPage(w.page(c, "Clients", "Clients"), list, w.sample))
}

// clientsBefore returns how many clients an address says are on the pages before, or -1 when it does not say.
// A cursor does not tell. The number is only shown, so it does no harm when it is wrong.
func clientsBefore(given url.Values) int {
	if given.Get("cursor") == "" {
		return 0
	}
	n, err := strconv.ParseUint(given.Get("shown"), 10, 31)
	if err != nil {
		return -1
	}
	return int(n)
}

// Tabs lead to the clients of each status. Their counts are of all clients, so a search has none.
func (l clientList) Tabs() []ui.Tab {
	tab := func(label string, status domain.Status, clients int) ui.Tab {
		t := ui.Tab{Link: ui.Link{Text: label, Path: l.Filters.With("status", string(status)), Current: l.Filters.Value("status") == string(status)}}
		if _, alone := l.Filters.status(); alone {
			t.Count = ui.Number(clients)
		}
		return t
	}
	tabs := []ui.Tab{tab("All", "", l.Total())}
	for _, s := range l.Counts {
		tabs = append(tabs, tab(s.Label, s.Status, s.Clients))
	}
	return tabs
}

// Pager leads to the first page and to the next one.
func (l clientList) Pager() (links []ui.PagerLink) {
	if l.Later {
		links = append(links, ui.PagerLink{Text: "First page", Path: l.Filters.Path()})
	}
	if l.Page.NextCursor != "" {
		shown := ""
		if l.Before >= 0 {
			shown = strconv.Itoa(l.Before + len(l.Page.Clients))
		}
		links = append(links, ui.PagerLink{Text: "Next page", Next: true, Path: l.Filters.Path("cursor", l.Page.NextCursor, "shown", shown)})
	}
	return links
}

// Summary says which clients of how many the list shows: "1–50 of 1,587".
func (l clientList) Summary() string {
	n := len(l.Page.Clients)
	switch {
	case n == 0:
		return "No clients found"
	case l.Before == 0 && l.Page.NextCursor == "":
		return ui.Quantity(n, "client", "clients")
	case l.Before < 0:
		return ui.Number(n) + " of " + l.count(n)
	}
	last := l.Before + n
	least := last
	if l.Page.NextCursor != "" {
		least++
	}
	return ui.Number(l.Before+1) + "–" + ui.Number(last) + " of " + l.count(least)
}

// count writes how many clients the query selects, at least so many as are known to.
func (l clientList) count(least int) string {
	total := l.Page.Total
	if status, alone := l.Filters.status(); alone {
		total = l.Total()
		for _, s := range l.Counts {
			if status == s.Status {
				total = s.Clients
			}
		}
	} else if total >= readmodel.MaxTotal {
		return ui.Number(max(least, readmodel.MaxTotal-1)) + "+"
	}
	return ui.Number(max(total, least))
}

// Total returns how many clients there are.
func (l clientList) Total() (n int) {
	for _, s := range l.Counts {
		n += s.Clients
	}
	return n
}
