package web

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"

	"github.com/labstack/echo/v4"

	"roster/projections/readmodel"
	"roster/web/ui"
)

// How many days the overview's chart may show, and how many events are the latest.
var chartDays = []int{30, 90, 365}

const latestEvents = 8

// An overviewView is what the overview shows.
type overviewView struct {
	Counts []statusCount
	Events int
	Chart  ui.Chart
	Latest []eventRow
	Seen   uint64 // live updates go on after this sequence
}

// overview shows the state of the registry at a glance.
func (w *Web) overview(c echo.Context) error {
	days, err := daysOf(c)
	if err != nil {
		return err
	}
	ctx := c.Request().Context()
	// The position is taken before what is shown, so that nothing can fall between page and stream.
	seen := w.reader.Health().Applied
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
	view := overviewView{Counts: statusCounts(counts), Events: counts.Events, Chart: ui.NewChart(chartOf(counts.Daily)), Latest: rows, Seen: seen}
	return w.render(c, http.StatusOK, overviewPage(w.page(c, "Overview", "Overview"), view, w.sample))
}

// chartOf returns the days as the chart takes them.
func chartOf(daily []readmodel.Day) []ui.Day {
	days := make([]ui.Day, len(daily))
	for i, d := range daily {
		days[i] = ui.Day(d)
	}
	return days
}

// daysOf returns how many days a request wants to see.
func daysOf(c echo.Context) (int, error) {
	given := c.QueryParam("days")
	if given == "" {
		return chartDays[0], nil
	}
	days, err := strconv.Atoi(given)
	if err != nil || !slices.Contains(chartDays, days) {
		return 0, badRequest{"days", "The overview shows 30, 90 or 365 days."}
	}
	return days, nil
}

// chartPath returns the address of the overview's chart of some days.
func chartPath(days int) string { return fmt.Sprintf("/admin/?days=%d#chart", days) }
