package web

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/labstack/echo/v4"

	"roster/domain"
	"roster/projections/readmodel"
)

// How many clients a page shows, and how long the text searched for may be.
const (
	clientsShown = 50
	searchLimit  = 200
)

// A clientList is what the list of clients shows.
type clientList struct {
	Query  readmodel.ClientQuery
	Page   readmodel.ClientPage
	Counts readmodel.Overview // of all clients, whatever is searched for
}

// clients lists and finds clients.
func (w *Web) clients(c echo.Context) error {
	query, err := clientQueryOf(c.QueryParams())
	if err != nil {
		return err
	}
	ctx := c.Request().Context()
	found, err := w.reader.Clients(ctx, query)
	if err != nil {
		return err
	}
	counts, err := w.reader.Overview(ctx, w.clock(), 1)
	if err != nil {
		return err
	}
	return w.render(c, http.StatusOK,
		clientsPage(w.page(c, "Clients", "Clients"), clientList{query, found, counts}, w.publicURL))
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
		return q, badRequest("The text to search for may have up to 200 characters.")
	}
	if q.Status != "" && !q.Status.Known() {
		names := domain.StatusNames()
		last := len(names) - 1
		return q, badRequest("A client is " + strings.Join(names[:last], ", ") + " or " + names[last] + "; there is no other status.")
	}
	return q, nil
}

// Where returns the address of this list with another status, from its first page.
func (l clientList) Where(status domain.Status) string {
	return addressOf("/admin/clients", "q", l.Query.Text, "status", string(status))
}

// Next returns the address of the page that follows.
func (l clientList) Next() string {
	return addressOf("/admin/clients", "q", l.Query.Text, "status", string(l.Query.Status), "cursor", l.Page.NextCursor)
}

// Summary says how much the list shows, and no more than is known.
func (l clientList) Summary() string {
	n := len(l.Page.Clients)
	what := counted(n, "client", "clients")
	switch {
	case n == 0:
		return "No client found"
	case l.Page.NextCursor != "" && l.Query.Cursor == "":
		return "The newest " + what + ", more follow"
	case l.Page.NextCursor != "":
		return what + ", more follow"
	case l.Query.Cursor != "":
		return "The last " + what
	}
	return what
}

// Total returns how many clients there are.
func (l clientList) Total() int {
	total := 0
	for _, n := range l.Counts.Clients {
		total += n
	}
	return total
}

// Statuses returns the statuses that the list can be narrowed to.
func (l clientList) Statuses() []domain.StatusFacts {
	return slices.DeleteFunc(slices.Clone(domain.Statuses), func(f domain.StatusFacts) bool {
		return f.Rare && l.Counts.Clients[f.Status] == 0
	})
}

// addressOf returns a path with those parameters, given as names and values, that are not empty.
func addressOf(path string, params ...string) string {
	query := url.Values{}
	for i := 0; i+1 < len(params); i += 2 {
		if params[i+1] != "" {
			query.Set(params[i], params[i+1])
		}
	}
	if len(query) == 0 {
		return path
	}
	return path + "?" + query.Encode()
}

// clientPath returns the address of a client's page.
func clientPath(id string) string { return "/admin/clients/" + url.PathEscape(id) }

// sampleRegistration is a command that registers a client.
func sampleRegistration(publicURL string) string {
	return "curl -X POST " + strings.TrimSuffix(publicURL, "/") + "/identity/connect/register \\\n" +
		"  -H 'Content-Type: application/json' \\\n" +
		`  -d '{"client_name": "my first client",` + "\n" +
		`       "redirect_uris": ["https://client.example.com/callback"]}'`
}
