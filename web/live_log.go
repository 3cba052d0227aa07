package web

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/labstack/echo/v4"

	"roster/api/front"
	"roster/projections/readmodel"
)

const (
	// logPace is the least time between two sendings of a live log.
	logPace = 250 * time.Millisecond
	// logBurst is how many events a live log looks at a time. For a reader who is further behind older ones are left out.
	logBurst = 1000
	// logQuery is how long the read model may take for what is sent at a time.
	logQuery = 10 * time.Second
)

// stream follows the log as news does, with `rows` in place of `news`: the rows of a table that come on top, the oldest
// first, with the sequence up to which they tell all as the id. A row has a sequence or, where it stands for many events,
// the name of its fold. A fold that has grown is sent again, with how many events are new in it.
func (w *Web) stream(c echo.Context) error {
	log, err := eventLogOf(c.QueryParams())
	if err != nil {
		return err
	}
	shown := newFolding(w.clock())
	return w.live(c, logPace, func(ctx context.Context, out *front.Stream, after uint64) (uint64, error) {
		return w.sendRows(ctx, out, log, shown, after)
	})
}

// sendRows is a sending of what a log selects.
func (w *Web) sendRows(ctx context.Context, out *front.Stream, log eventLog, shown *folding, after uint64) (uint64, error) {
	// The position is taken before the events, so that none is passed over.
	applied := w.reader.Health().Applied
	events, left, err := w.since(ctx, log, after)
	if err != nil || len(events) == 0 {
		return max(after, applied), err
	}
	single, folds := shown.add(w.clock(), left, events)
	rows, err := w.eventRows(ctx, single)
	if err != nil {
		return after, err
	}
	var markup bytes.Buffer
	for _, f := range folds {
		if err := eventFold(log, *f).Render(ctx, &markup); err != nil {
			return after, fmt.Errorf("render events: %w", err)
		}
	}
	for _, row := range rows {
		if err := eventLine(log.activityFilter, row).Render(ctx, &markup); err != nil {
			return after, fmt.Errorf("render event: %w", err)
		}
	}
	after = max(applied, events[len(events)-1].Seq)
	return after, out.Event(front.Event{Name: "rows", ID: after, Data: markup.Bytes()})
}

// since returns the events that a log selects after a sequence, in order, and what was left out before them, nil for
// nothing.
func (w *Web) since(ctx context.Context, log eventLog, after uint64) (events []readmodel.Event, left *fold, err error) {
	ctx, cancel := context.WithTimeout(ctx, logQuery)
	defer cancel()
	query := log.query
	query.After, query.Newest, query.Limit = max(query.After, after), true, logBurst
	if events, err = w.reader.Events(ctx, query); err != nil {
		return nil, nil, fmt.Errorf("live events: %w", err)
	}
	slices.Reverse(events)
	if len(events) == logBurst && events[0].Seq > query.After+1 {
		left = &fold{First: query.After + 1, Last: events[0].Seq - 1, At: events[0].Time}
		if !log.Any() { // the sequences count them
			left.Events = int(left.Last - left.First + 1)
		}
	}
	return events, left, nil
}
