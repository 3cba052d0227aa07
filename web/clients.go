package web

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/labstack/echo/v4"

	"roster/domain"
	"roster/projections/readmodel"
	"roster/web/ui"
)

// How many clients a page shows, and how long the text searched for may be.
const (
	clientsShown = 50
	searchLimit  = 200
)

// A clientList is what the list of clients shows.
type clientList struct {
	Query   readmodel.ClientQuery
	Page    readmodel.ClientPage
	Counts  []statusCount // of all clients, whatever is searched for
	Before  int           // how many clients are on the pages before this one, -1: not known
	Seen    uint64        // live updates go on after this sequence
	Address string        // the query of the list's own address, to which the pages of its clients lead back
}

// clients lists and finds clients.
func (w *Web) clients(c echo.Context) error {
	query, err := clientQueryOf(c.QueryParams())
	if err != nil {
		return err
	}
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
	list := clientList{Query: query, Page: found, Counts: statusCounts(overview), Before: clientsBefore(c.QueryParams()), Seen: seen, Address: c.QueryParams().Encode()}
	return w.render(c, http.StatusOK, clientsPage(w.page(c, "Clients", "Clients"), list, w.sample))
}

// clientQueryOf reads what to look for from an address.
func clientQueryOf(given url.Values) (readmodel.ClientQuery, error) {
	q := readmodel.ClientQuery{
		Text:   strings.TrimSpace(given.Get("q")),
		Status: domain.Status(given.Get("status")),
		Limit:  clientsShown,
		Cursor: given.Get("cursor"),
	}
	if utf8.RuneCountInString(q.Text) > searchLimit {
		return q, badRequest{"q", "The text to search for may have up to 200 characters."}
	}
	if q.Status != "" && !q.Status.Known() {
		names := domain.StatusNames()
		last := len(names) - 1
		return q, badRequest{"status", "A client is " + strings.Join(names[:last], ", ") + " or " + names[last] + ". There is no other status."}
	}
	return q, nil
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

// Path returns the address of the first page of this list with another status; empty: any.
func (l clientList) Path(status domain.Status) string {
	return addressOf("/admin/clients", "q", l.Query.Text, "status", string(status))
}

// Tabs lead to the clients of each status. Their counts are of all clients, so a search has none.
func (l clientList) Tabs() []ui.Tab {
	tab := func(label string, status domain.Status, clients int) ui.Tab {
		t := ui.Tab{Link: ui.Link{Text: label, Path: l.Path(status), Current: l.Query.Status == status}}
		if l.Query.Text == "" {
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
	if l.Query.Cursor != "" {
		links = append(links, ui.PagerLink{Text: "First page", Path: l.Path(l.Query.Status)})
	}
	if l.Page.NextCursor != "" {
		shown := ""
		if l.Before >= 0 {
			shown = strconv.Itoa(l.Before + len(l.Page.Clients))
		}
		links = append(links, ui.PagerLink{Text: "Next page", Next: true, Path: addressOf("/admin/clients", "q", l.Query.Text,
			"status", string(l.Query.Status), "cursor", l.Page.NextCursor, "shown", shown)})
	}
	return links
}

// Summary says which clients of how many the list shows, as far as it is known: "1–50 of 1,587".
func (l clientList) Summary() string {
	n := len(l.Page.Clients)
	switch {
	case n == 0:
		return "No clients found"
	case l.Before < 0, l.Before == 0 && l.Page.NextCursor == "":
		return ui.Quantity(n, "client", "clients")
	}
	last := l.Before + n
	shown := ui.Number(l.Before+1) + "–" + ui.Number(last)
	total, known := l.matching()
	switch {
	case l.Page.NextCursor == "":
		return shown + " of " + ui.Number(last)
	case known:
		return shown + " of " + ui.Number(max(total, last+1))
	}
	return shown + " of many"
}

// matching returns how many clients the query selects, when that is known without counting them.
func (l clientList) matching() (n int, known bool) {
	if l.Query.Text != "" {
		return 0, false
	}
	if l.Query.Status == "" {
		return l.Total(), true
	}
	for _, s := range l.Counts {
		if s.Status == l.Query.Status {
			return s.Clients, true
		}
	}
	return 0, false
}

// Total returns how many clients there are.
func (l clientList) Total() (n int) {
	for _, s := range l.Counts {
		n += s.Clients
	}
	return n
}
