package api

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"roster/api/front"
	"roster/domain"
	"roster/projections/readmodel"
)

// probeTimeout bounds what a probe waits for.
const probeTimeout = time.Second

// condition is how the service stands, and in plain words why it is not ready.
type condition struct {
	Status  string   `json:"status"` // "ok", "ready" or "unavailable"
	Reasons []string `json:"reasons,omitzero"`
}

// healthz answers that the process is alive.
func (a *API) healthz(c echo.Context) error {
	return answer(c, http.StatusOK, condition{Status: "ok"})
}

// readyz answers whether the log can be written and the read model has caught up with it.
func (a *API) readyz(c echo.Context) error {
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
