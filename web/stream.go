package web

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/a-h/templ"
	"github.com/labstack/echo/v4"

	"roster/api/front"
	"roster/web/ui"
)

const (
	// streamBurst is how many events a stream sends at a time. A reader further behind gets the newest
	// ones, after a `gap` that says how many were left out.
	streamBurst = 100
	// streamPace is the least time between two sendings of events, so that a busy registry does not flood a page.
	streamPace = 250 * time.Millisecond
	// newsPace is the least time between two sendings of news, for each of which a page is made anew.
	newsPace = 2 * time.Second
	// streamBeat is how often a silent stream sends a beat and checks that its session has not ended.
	streamBeat = 15 * time.Second
	// streamQuery is how long the read model may take for what is sent at a time.
	streamQuery = 10 * time.Second
)

// stream follows the log as server-sent events: `entry` is a table row with its sequence as id, `gap` a row that says
// how many events were left out and leads to them, `beat` says that everything so far was sent, and `signed-out` that
// there is no session, or no longer one. It starts after Last-Event-ID or the parameter after. Following it does not
// keep a session alive.
func (w *Web) stream(c echo.Context) error {
	log, err := eventLogOf(c.QueryParams())
	if err != nil {
		return err
	}
	return w.live(c, streamPace, func(ctx context.Context, out *front.Stream, after uint64) (uint64, error) {
		return w.sendEvents(ctx, out, log, after)
	})
}

// news is stream with one `news` in place of events, with the sequence of the newest event as its id: it tells a page
// that what it shows has changed.
func (w *Web) news(c echo.Context) error {
	return w.live(c, newsPace, func(_ context.Context, out *front.Stream, after uint64) (uint64, error) {
		applied := w.reader.Health().Applied
		if applied <= after {
			return after, nil
		}
		return applied, out.Event(front.Event{Name: "news", ID: applied})
	})
}

// newsPath returns the address of news after a sequence.
func newsPath(after uint64) string { return fmt.Sprintf("/admin/news?after=%d", after) }

// A sending adds to a stream what happened after a sequence, and returns the sequence up to which it did.
type sending func(ctx context.Context, out *front.Stream, after uint64) (uint64, error)

// live answers with a stream that sends at some pace, until the caller goes, the session ends or the server stops.
func (w *Web) live(c echo.Context, pace time.Duration, send sending) error {
	ctx, cancel := context.WithCancel(c.Request().Context())
	defer cancel()
	defer context.AfterFunc(w.stop, cancel)()

	after, err := startOf(c)
	if err != nil {
		return err
	}
	ctx, err = w.sessions.load(c.Request().WithContext(ctx))
	if err != nil {
		return err
	}
	out := front.NewStream(c, front.ServerEvents)
	if err := w.follow(ctx, out, after, pace, send); err != nil && ctx.Err() == nil {
		return fmt.Errorf("live events: %w", err)
	}
	return nil
}

// startOf returns the sequence after which a stream starts: where a broken one ended, or as asked.
func startOf(c echo.Context) (uint64, error) {
	if last := c.Request().Header.Get("Last-Event-ID"); last != "" {
		if seq, err := strconv.ParseUint(last, 10, 63); err == nil {
			return seq, nil
		}
	}
	return sequenceOf(c.QueryParams(), "after")
}

// follow sends what happens after a sequence, until the context ends or the reader is gone.
func (w *Web) follow(ctx context.Context, out *front.Stream, after uint64, pace time.Duration, send sending) error {
	for {
		alive, err := w.sessions.alive(ctx)
		if err != nil {
			return err
		}
		if !alive {
			return errors.Join(out.Event(front.Event{Name: "signed-out"}), out.Send())
		}
		if after, err = send(ctx, out, after); err != nil {
			return err
		}
		if err := errors.Join(out.Event(front.Event{Name: "beat"}), out.Send()); err != nil {
			return err
		}
		if err := pause(ctx, pace); err != nil {
			return err
		}
		if err := w.waitBeyond(ctx, after); err != nil {
			return err
		}
	}
}

// sendEvents is a sending of the events that log selects.
func (w *Web) sendEvents(ctx context.Context, out *front.Stream, log eventLog, after uint64) (uint64, error) {
	// The position is taken before the events, so that none is passed over.
	applied := w.reader.Health().Applied
	rows, gap, err := w.since(ctx, log, after)
	if err != nil {
		return after, err
	}
	if gap != nil {
		if err := sendRow(ctx, out, front.Event{Name: "gap"}, eventGap(log, *gap)); err != nil {
			return after, err
		}
	}
	for _, row := range rows {
		if err := sendRow(ctx, out, front.Event{Name: "entry", ID: row.Seq}, eventLine(log.activityFilter, row)); err != nil {
			return after, err
		}
		after = row.Seq
	}
	return max(after, applied), nil
}

// sendRow adds an event whose data is a row of the table.
func sendRow(ctx context.Context, out *front.Stream, event front.Event, row templ.Component) error {
	var markup bytes.Buffer
	if err := row.Render(ctx, &markup); err != nil {
		return fmt.Errorf("render event: %w", err)
	}
	event.Data = markup.Bytes()
	return out.Event(event)
}

// A gap is events that a stream left out.
type gap struct {
	Before  uint64 // they are below this sequence
	Missing int
	More    bool // there are more than Missing
}

// text says how many events were left out.
func (g gap) text() string {
	text := ui.Quantity(g.Missing, "event is", "events are") + " not shown here."
	if g.More {
		return "More than " + text
	}
	return text
}

// countedBehind is the most events behind which a reader can be for those that are left out to be counted one by one.
const countedBehind = 1000

// since returns the events that log selects after a sequence, in order, and how many older ones it left out, nil for
// none.
func (w *Web) since(ctx context.Context, log eventLog, after uint64) ([]eventRow, *gap, error) {
	ctx, cancel := context.WithTimeout(ctx, streamQuery)
	defer cancel()
	query := log.query
	query.After, query.Newest, query.Limit = after, true, countedBehind
	recorded, err := w.reader.Events(ctx, query)
	if err != nil {
		return nil, nil, fmt.Errorf("live events: %w", err)
	}
	var left *gap
	if missing := len(recorded) - streamBurst; missing > 0 {
		left = &gap{Before: recorded[streamBurst-1].Seq, Missing: missing, More: len(recorded) == countedBehind}
		if !log.Any() { // the sequences count them
			left.Missing, left.More = int(left.Before-after-1), false
		}
		recorded = recorded[:streamBurst]
	}
	slices.Reverse(recorded)
	rows, err := w.eventRows(ctx, recorded)
	return rows, left, err
}

// waitBeyond waits until something is applied after a sequence, or for a beat.
func (w *Web) waitBeyond(ctx context.Context, seq uint64) error {
	beat, cancel := context.WithTimeout(ctx, streamBeat)
	defer cancel()
	err := w.reader.Wait(beat, seq+1)
	if err != nil && beat.Err() != nil {
		return ctx.Err()
	}
	return err
}

// pause waits, or returns the context's error.
func pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}
