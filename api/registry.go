package api

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"roster/api/front"
	"roster/domain"
	"roster/projections/readmodel"
)

// registry answers with the registry as it stood at a moment of its history, one client a line. A moment
// that is still to come is the present.
func (a *API) registry(c echo.Context, _ domain.Actor) error {
	q := queryOf(c, "at")
	at := q.moment("at")
	if q.err != nil {
		return q.err
	}
	s := front.NewStream(c, front.Lines)
	if c.Request().Method == http.MethodHead {
		return s.Send()
	}
	err := a.Reader.RegistryAt(c.Request().Context(), at, func(client readmodel.Client) error {
		view, err := viewOf(client)
		if err != nil {
			return err
		}
		return s.Line(view)
	})
	if err != nil {
		return err
	}
	return s.Send()
}
