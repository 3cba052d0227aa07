package api

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"roster/api/front"
	"roster/domain"
	"roster/domain/access"
	"roster/projections/readmodel"
)

// operationsEndpoints are for those who run the service, and for programs that want to know what it can do.
func (a *API) operationsEndpoints() []endpoint {
	exposition := a.exposition()
	schemas := object{"Condition": closed(properties(object{
		"status":  object{"type": "string", "enum": []string{"ok", "ready", "unavailable"}},
		"reasons": object{"type": "array", "items": text},
	}, "status"), nil)}
	return []endpoint{
		{
			method: http.MethodGet, path: "/healthz", may: access.Anyone, handle: a.healthz,
			operation: operation{
				id: "healthz", summary: "Tell whether the process is alive", status: http.StatusOK, content: jsonContent("Condition"), schemas: schemas,
			},
		},
		{
			method: http.MethodGet, path: "/readyz", may: access.Anyone, handle: a.readyz,
			operation: operation{
				id: "readyz", summary: "Tell whether the service has caught up with the log and can write it", status: http.StatusOK, content: jsonContent("Condition"),
				others:  map[int]object{http.StatusServiceUnavailable: answered("not ready, and why", jsonContent("Condition"))},
				schemas: schemas,
			},
		},
		{
			method: http.MethodGet, path: "/metrics", may: access.Anyone,
			handle: func(c echo.Context, _ caller) error { return exposition(c) },
			operation: operation{
				id: "metrics", summary: "Read the metrics of Prometheus", status: http.StatusOK, content: object{"text/plain": object{"schema": object{"type": "string"}}},
			},
		},
		{
			method: http.MethodGet, path: "/openapi.json", may: access.Anyone, handle: a.serveDocument,
			operation: operation{
				id: "openapi", summary: "Read this document", status: http.StatusOK, content: object{echo.MIMEApplicationJSON: object{"schema": object{"type": "object"}}},
			},
		},
	}
}

// serveDocument answers with the OpenAPI document.
func (a *API) serveDocument(c echo.Context, _ caller) error {
	return c.Blob(http.StatusOK, echo.MIMEApplicationJSON, a.document)
}

// probeTimeout bounds what a probe waits for.
const probeTimeout = time.Second

// condition is how the service stands, and in plain words why it is not ready.
type condition struct {
	Status  string   `json:"status"` // "ok", "ready" or "unavailable"
	Reasons []string `json:"reasons,omitzero"`
}

// healthz answers that the process is alive.
func (a *API) healthz(c echo.Context, _ caller) error {
	return answer(c, http.StatusOK, condition{Status: "ok"})
}

// readyz answers whether the log can be written and the read model has caught up with it.
func (a *API) readyz(c echo.Context, _ caller) error {
	ctx, cancel := context.WithTimeout(c.Request().Context(), probeTimeout)
	defer cancel()
	var reasons []string
	if err := a.Ready(ctx); err != nil {
		reason := "the event log cannot be written"
		if errors.Is(err, domain.ErrDiskFull) {
			reason = "the disk is full"
		}
		reasons = append(reasons, reason)
		a.Logger.Warn("event log is not ready", "error", err)
	}
	health := a.Reader.Health()
	switch {
	case errors.Is(health.Err, readmodel.ErrUnknownEvent):
		reasons = append(reasons, "the read model has stopped at an event that a newer version of Roster wrote; run that version")
	case health.Err != nil:
		reasons = append(reasons, "the read model has stopped; the service's log says why")
	case errors.Is(health.Trouble, readmodel.ErrRebuilding):
		reasons = append(reasons, "the read model is being built from the event log")
	case health.Trouble != nil:
		reasons = append(reasons, "the read model cannot go on at present; the service's log says why")
	// Under load the read model is always a little behind. What counts is that it has caught up with
	// where the log stood when it was asked.
	case a.Reader.Wait(ctx, health.Last) != nil:
		reasons = append(reasons, "the read model has not caught up with the event log")
	}
	if reasons != nil {
		front.SetRetryAfter(c.Response().Header(), time.Second)
		return answer(c, http.StatusServiceUnavailable, condition{Status: "unavailable", Reasons: reasons})
	}
	return answer(c, http.StatusOK, condition{Status: "ready"})
}
