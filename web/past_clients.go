package web

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"roster/domain"
	"roster/projections/readmodel"
	"roster/web/ui"
)

// A pastClientList is what the list of clients of the past shows.
type pastClientList struct {
	At      readmodel.Position
	Filters clientFilters
	Later   bool // it is not the first page
	Page    readmodel.PastClientPage
	Counts  []statusCount // of all clients there were, whatever is searched for
}

// pastClients lists and finds clients as they stood.
func (w *Web) pastClients(c echo.Context, at readmodel.Position) error {
	filters, _, err := clientFiltersOf(c.QueryParams())
	if err != nil {
		return err
	}
	filters.At = atOf(at)
	query, err := filters.query(at.Time) // from when the days count until a secret expires
	if err != nil {
		return err
	}
	if query.Order != readmodel.NewestFirst {
		return badRequest{"sort", "Clients of the past are listed in the order of registration, the newest first."}
	}
	query.Limit, query.Cursor = clientsShown, c.QueryParam("cursor")
	ctx := c.Request().Context()
	found, err := w.reader.ClientsAt(ctx, at, query)
	if err != nil {
		return err
	}
	overview, err := w.reader.OverviewAt(ctx, at, 0)
	if err != nil {
		return err
	}
	list := pastClientList{At: at, Filters: filters, Later: query.Cursor != "", Page: found, Counts: statusCounts(overview)}
	return w.render(c, http.StatusOK, pastClientsPage(w.pastPage(c, "Clients", "Clients", at), list))
}

// Tabs lead to the clients that had each status. Their counts are of all clients, so a search has none.
func (l pastClientList) Tabs() []ui.Tab {
	tab := func(label string, status domain.Status, clients int) ui.Tab {
		t := ui.Tab{Link: ui.Link{Text: label, Path: l.Filters.With("status", string(status)), Current: l.Filters.Value("status") == string(status)}}
		if _, alone := l.Filters.status(); alone {
			t.Count = ui.Number(clients)
		}
		return t
	}
	total := 0
	for _, s := range l.Counts {
		total += s.Clients
	}
	tabs := []ui.Tab{tab("All", "", total)}
	for _, s := range l.Counts {
		tabs = append(tabs, tab(s.Label, s.Status, s.Clients))
	}
	return tabs
}

// Cut reports whether the search stopped before the page was full.
func (l pastClientList) Cut() bool { return l.Page.Searched.Seq != 0 }

// Next is the address of the page that follows.
func (l pastClientList) Next() string { return l.Filters.Path("cursor", l.Page.NextCursor) }

// Pager leads to the first page and to the next one.
func (l pastClientList) Pager() (links []ui.PagerLink) {
	if l.Later {
		links = append(links, ui.PagerLink{Text: "First page", Path: l.Filters.Path()})
	}
	switch {
	case l.Cut():
		links = append(links, ui.PagerLink{Text: "Keep looking", Next: true, Path: l.Next()})
	case l.Page.NextCursor != "":
		links = append(links, ui.PagerLink{Text: "Next page", Next: true, Path: l.Next()})
	}
	return links
}

// pastClientPath returns the address of a client's page as of a position.
func pastClientPath(id string, at readmodel.Position) string {
	return addressOf(clientPath(id), atParam, atOf(at))
}
