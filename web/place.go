package web

import (
	"net/url"

	"github.com/labstack/echo/v4"
)

// A clientPlace is where the pages of one client are, and from which list of clients they were reached: they lead back
// to what was searched for.
type clientPlace struct {
	id   string
	list string // query of the list's address; empty: all clients
}

// placeOf returns the place of a client's page. A list that the address does not name is that of all clients.
func placeOf(c echo.Context, id string) clientPlace {
	list, err := url.ParseQuery(c.QueryParam("list"))
	if err != nil {
		return clientPlace{id: id}
	}
	return clientPlace{id, list.Encode()}
}

// page returns the address of the client.
func (p clientPlace) page() string { return addressOf(clientPath(p.id), "list", p.list) }

// act returns the address of the page that asks for an act, and of its form.
func (p clientPlace) act(a act) string {
	return addressOf(clientPath(p.id)+"/"+a.verb, "list", p.list)
}

// back returns the address of the list.
func (p clientPlace) back() string {
	if p.list == "" {
		return clientListPath
	}
	return "/admin/clients?" + p.list
}

// backText says where back leads.
func (p clientPlace) backText() string {
	if p.list == "" {
		return "Clients"
	}
	return "Clients found"
}
