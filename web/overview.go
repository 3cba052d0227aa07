package web

import (
	"net/http"
	"slices"
	"strconv"

	"github.com/labstack/echo/v4"

	"roster/projections/readmodel"
)

// How many days the overview's chart may show, and how many events are the latest.
var chartDays = []int{30, 90, 365}

const latestEvents = 8

// overview shows how the registry stands.
func (w *Web) overview(c echo.Context) error {
	days, err := daysOf(c)
	if err != nil {
		return err
	}
	ctx := c.Request().Context()
	counts, err := w.reader.Overview(ctx, w.clock(), days)
	if err != nil {
		return err
	}
	latest, err := w.reader.Events(ctx, readmodel.EventQuery{Newest: true, Limit: latestEvents})
	if err != nil {
		return err
	}
	rows, err := w.eventRows(ctx, latest)
	if err != nil {
		return err
	}
	return w.render(c, http.StatusOK,
		overviewPage(w.page(c, "Overview", "Overview"), counts, newChart(counts.Daily), rows, w.publicURL))
}

// daysOf returns how many days a request wants to see.
func daysOf(c echo.Context) (int, error) {
	given := c.QueryParam("days")
	if given == "" {
		return chartDays[0], nil
	}
	days, err := strconv.Atoi(given)
	if err != nil || !slices.Contains(chartDays, days) {
		return 0, badRequest("The overview shows 30, 90 or 365 days.")
	}
	return days, nil
}
