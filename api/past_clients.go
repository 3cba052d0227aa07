package api

import (
	"context"
	"errors"
	"net/http"

	"github.com/labstack/echo/v4"

	"roster/api/document"
	"roster/domain"
	"roster/projections/readmodel"
)

// clientPage is a page of clients, as they are or as they stood.
type clientPage struct {
	Clients        []document.Client  `json:"clients"`
	NextCursor     string             `json:"next_cursor,omitzero"` // absent on the last page
	AsOf           *document.Position `json:"as_of,omitzero"`       // absent: now
	SearchedBackTo *document.Position `json:"searched_back_to,omitzero"`
}

func (a *API) clientPageOf(clients []readmodel.ListedClient, next string) clientPage {
	page := clientPage{Clients: make([]document.Client, len(clients)), NextCursor: next}
	for i, client := range clients {
		page.Clients[i] = document.OfClient(client.Client, a.trusts())
	}
	return page
}

// pin returns the event that a parameter of a query asks for. It refuses a moment that is still to come.
func (a *API) pin(ctx context.Context, name string, at readmodel.Moment) (readmodel.Position, error) {
	found, err := readmodel.Pin(ctx, a.Reader, at, a.Now())
	if notYet := (*readmodel.NotYetError)(nil); errors.As(err, &notYet) {
		return found, invalidRequest(http.StatusBadRequest, name, "query parameter "+name+": "+notYet.Error())
	}
	return found, err
}

// listPastClients answers with a page of clients as they stood at a position.
func (a *API) listPastClients(c echo.Context, position readmodel.Position, selected readmodel.ClientQuery) error {
	ctx := c.Request().Context()
	found, err := a.Reader.ClientsAt(ctx, position, selected)
	if err != nil {
		return err
	}
	page, asOf := a.clientPageOf(found.Clients, found.NextCursor), document.OfPosition(position)
	page.AsOf = &asOf
	if found.Searched.Seq != 0 {
		searched := document.OfPosition(found.Searched)
		page.SearchedBackTo = &searched
	}
	return answer(c, http.StatusOK, page)
}

// showPastClient answers with a client as it stood at a moment.
func (a *API) showPastClient(c echo.Context, at readmodel.Moment) error {
	ctx := c.Request().Context()
	position, err := a.pin(ctx, "at", at)
	if err != nil {
		return err
	}
	client, err := a.Reader.ClientAt(ctx, domain.CanonicalID(c.Param("client_id")), position)
	if err != nil {
		return err
	}
	return answer(c, http.StatusOK, document.OfClient(client, a.trusts()).At(position))
}

// momentParameter is a parameter that is a moment of the log.
func momentParameter(name, description string) object {
	return parameter(name, description, object{"type": "string", "examples": []string{"42", "2026-01-02T15:04:05Z"}})
}

// pastParameter asks for clients as they stood.
var pastParameter = momentParameter("at", "as the registry stood then: the sequence of an event, or a time (RFC 3339) that has passed")

// positionSchema describes a document.Position.
var positionSchema = closed(properties(object{
	"seq":  object{"type": "integer", "minimum": 0, "description": "sequence of the event; 0: before the first"},
	"time": dateTime,
}, "seq"), nil)
