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
	lately, err := w.lately(ctx)
	if err != nil {
		return err
	}
	if view.Concerns, err = w.concerns(ctx, lately); err != nil {
		return err
	}
	if view.Software, err = w.rankSoftware(ctx); err != nil {
		return err
	}
	view.Addresses = rankAddresses(lately)
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

// rankSoftware finds the software that most active clients are.
func (w *Web) rankSoftware(ctx context.Context) (ranks []ui.Rank, err error) {
	active := string(domain.Active)
	software, err := w.reader.RankClients(ctx, readmodel.BySoftware, readmodel.ClientQuery{Status: domain.Active}, ranksShown)
	for _, r := range software {
		ranks = append(ranks, ui.Rank{Text: r.Value, Count: r.Clients, Path: addressOf(clientListPath, "status", active, "software", r.Value)})
	}
	return ranks, err
}

// rankAddresses are the addresses that most of the clients of the last day were registered from.
func rankAddresses(lately registrations) (ranks []ui.Rank) {
	registered := period(lately.since, time.Time{})
	for _, r := range lately.addresses[:min(ranksShown, len(lately.addresses))] {
		ranks = append(ranks, ui.Rank{Text: r.Value, Count: r.Clients, Path: addressOf(clientListPath, "ip", r.Value, "registered", registered)})
	}
	return ranks
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
