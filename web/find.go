package web

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"strings"

	"github.com/labstack/echo/v4"

	"roster/domain"
	"roster/domain/registrar"
	"roster/projections/readmodel"
	"roster/web/ui"
)

// findPath is where the search of the header goes.
const findPath = "/admin/find"

// finderOf returns the search of a page's header. On a page of the past it stays in the past.
func finderOf(c echo.Context) ui.Finder {
	finder := ui.Finder{Path: findPath}
	if at := c.QueryParam(atParam); at != "" {
		finder.Kept = []ui.Hidden{{Name: atParam, Value: at}}
	}
	return finder
}

// find leads to what somebody looks for: the page of the event with that number, or of the client or initial access token
// with that id, else the clients that a search finds.
func (w *Web) find(c echo.Context) error {
	asked := strings.TrimSpace(c.QueryParam("q"))
	at := c.QueryParam(atParam)
	named, err := w.pageOf(c.Request().Context(), asked, at)
	if err != nil {
		return err
	}
	if named == "" {
		named = addressOf(clientListPath, "q", asked, atParam, at)
	}
	return c.Redirect(http.StatusSeeOther, named)
}

// pageOf returns the address of the page of what a number or an id names, empty when it names nothing. A client is shown as
// it stood at a moment; at is empty for now.
func (w *Web) pageOf(ctx context.Context, name, at string) (string, error) {
	if seq, ok := eventNumber(name); ok {
		found, err := w.neighbour(ctx, readmodel.EventQuery{After: seq - 1, Before: seq + 1})
		if err != nil || found == nil {
			return "", err
		}
		return eventPath(seq), nil
	}
	id := domain.CanonicalID(name)
	if !registrar.IsID(id) {
		return "", nil
	}
	if _, err := w.reader.Client(ctx, id); !errors.Is(err, domain.ErrNotFound) {
		return addressOf(clientPath(id), atParam, at), err
	}
	if _, err := w.reader.InitialAccessToken(ctx, id); !errors.Is(err, domain.ErrNoSuchInitialAccessToken) {
		return tokenPath(id), err
	}
	return "", nil
}

// eventNumber reads the number of an event as pages and people write it: 1234, 1,234 or #1234.
func eventNumber(text string) (seq uint64, ok bool) {
	seq, err := strconv.ParseUint(strings.ReplaceAll(strings.TrimPrefix(text, "#"), ",", ""), 10, 63)
	return seq, err == nil && seq > 0
}
