package api

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"roster/api/front"
	"roster/domain/access"
	"roster/projections/readmodel"
)

// timeTravelEndpoints are what auditors read of the past.
func (a *API) timeTravelEndpoints() []endpoint {
	return []endpoint{{
		method: http.MethodGet, path: "/api/v1/registry", may: access.Administrator, stream: true, handle: a.registryAt,
		operation: operation{
			id: "readRegistry", summary: "Read the registry as it stood",
			parameters: []object{required(parameter("at", "the sequence of an event, or a time (RFC 3339); one to come is the present",
				object{"type": "string", "examples": []string{"42", "2026-01-02T15:04:05Z"}}))},
			status: http.StatusOK, content: object{front.Lines: object{"schema": reference("schemas", "Client")}}, refusals: []int{http.StatusBadRequest},
		},
	}}
}

// registryAt answers with the registry as it stood at a moment of its history, one client a line. A moment
// that is still to come is the present.
func (a *API) registryAt(c echo.Context, _ caller) error {
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
		return s.Line(viewOf(client))
	})
	if err != nil {
		return err
	}
	return s.Send()
}
