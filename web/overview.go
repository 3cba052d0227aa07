package web

import (
	"context"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/labstack/echo/v4"

	"roster/domain"
	"roster/projections/readmodel"
	"roster/web/ui"
)

// How much of something an overview shows.
const (
	actsShown    = 8
	latestEvents = 5
	ranksShown   = 5
)

// An overviewView is what the overview shows.
type overviewView struct {
	Concerns  []ui.Concern
	Counts    []statusCount
	Events    int
	Chart     daysChart
	Software  []ui.Rank // of active clients
	Addresses []ui.Rank // of clients that were registered in the last day
	Acts      []eventRow
	Latest    []eventRow
	Seen      uint64 // live updates go on after this sequence
}

// overview shows the state of the registry at a glance.
func (w *Web) overview(c echo.Context) error {
	days, err := daysOf(c)
	if err != nil {
		return err
	}
	ctx := c.Request().Context()
	// The position is taken before what is shown, so that nothing can fall between page and stream.
	view := overviewView{Seen: w.reader.Health().Applied}
	counts, err := w.reader.Overview(ctx, w.clock(), daysCounted(days, w.clock()))
	if err != nil {
		return err
	}
	view.Counts, view.Events = statusCounts(counts), counts.Events
	view.Chart = newDaysChart(days, counts.Daily, 0)
	if view.Concerns, err = w.concerns(ctx); err != nil {
		return err
	}
	if err := w.rank(ctx, &view); err != nil {
		return err
	}
	if view.Acts, err = w.newest(ctx, readmodel.EventQuery{ActorKind: domain.ActorAdmin, Limit: actsShown}); err != nil {
		return err
	}
	if view.Latest, err = w.newest(ctx, readmodel.EventQuery{Limit: latestEvents}); err != nil {
		return err
	}
	return w.render(c, http.StatusOK, overviewPage(w.page(c, "Overview", "Overview"), view, w.sample))
}

// newest returns the newest events that a query selects.
func (w *Web) newest(ctx context.Context, q readmodel.EventQuery) ([]eventRow, error) {
	q.Newest = true
	found, err := w.reader.Events(ctx, q)
	if err != nil {
		return nil, err
	}
	return w.eventRows(ctx, found)
}

// rank finds the software that most clients are, and the addresses that most of them come from now.
func (w *Web) rank(ctx context.Context, view *overviewView) error {
	active := string(domain.Active)
	software, err := w.reader.RankClients(ctx, readmodel.BySoftware, readmodel.ClientQuery{Status: domain.Active}, ranksShown)
	if err != nil {
		return err
	}
	for _, r := range software {
		view.Software = append(view.Software, ui.Rank{Text: r.Value, Count: r.Clients, Path: addressOf(clientListPath, "status", active, "software", r.Value)})
	}
	since := w.clock().UTC().Add(-lastDay).Truncate(time.Second)
	addresses, err := w.reader.RankClients(ctx, readmodel.ByIP, readmodel.ClientQuery{Registered: readmodel.Period{From: since}}, ranksShown)
	if err != nil {
		return err
	}
	for _, r := range addresses {
		view.Addresses = append(view.Addresses, ui.Rank{
			Text: r.Value, Count: r.Clients, Path: addressOf(clientListPath, "ip", r.Value, "registered", period(since, time.Time{})),
		})
	}
	return nil
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
