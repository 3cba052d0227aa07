package web

import (
	"context"
	"fmt"
	"net/http"

	"github.com/labstack/echo/v4"

	"roster/domain"
	"roster/projections/readmodel"
)

// A pastEvent is an event of the past, with the name that the client it is about had at the moment that is shown.
type pastEvent struct {
	readmodel.Event
	Client, Name string // Client is empty: the event is about no client
}

// A pastOverviewView is what the overview of the past shows.
type pastOverviewView struct {
	At     readmodel.Position
	Counts []statusCount
	Events int
	Chart  daysChart // up to then
	Latest []pastEvent
}

// pastOverview shows the state of the registry as it stood, at a glance.
func (w *Web) pastOverview(c echo.Context, at readmodel.Position) error {
	days, err := daysOf(c)
	if err != nil {
		return err
	}
	ctx := c.Request().Context()
	counts, err := w.reader.OverviewAt(ctx, at, daysCounted(days, at.Time))
	if err != nil {
		return err
	}
	latest, err := w.reader.Events(ctx, readmodel.EventQuery{Before: at.Seq + 1, Newest: true, Limit: latestEvents})
	if err != nil {
		return err
	}
	view := pastOverviewView{At: at, Counts: statusCounts(counts), Events: counts.Events, Chart: newDaysChart(days, counts.Daily, at.Seq)}
	for _, e := range latest {
		shown, err := w.pastEventOf(ctx, e, at)
		if err != nil {
			return err
		}
		view.Latest = append(view.Latest, shown)
	}
	return w.render(c, http.StatusOK, pastOverviewPage(w.pastPage(c, "Overview", "Overview", at), view))
}

// pastEventOf finds the name of the client that an event is about.
func (w *Web) pastEventOf(ctx context.Context, e readmodel.Event, at readmodel.Position) (pastEvent, error) {
	if e.Aggregate != domain.ClientAggregate(e.Aggregate.ID) {
		return pastEvent{Event: e}, nil
	}
	found, err := w.reader.ClientAt(ctx, e.Aggregate.ID, at)
	if err != nil {
		return pastEvent{}, fmt.Errorf("name of a client: %w", err)
	}
	return pastEvent{e, e.Aggregate.ID, found.Metadata.Name()}, nil
}
