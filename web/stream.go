package web

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/labstack/echo/v4"

	"roster/api/front"
)

const (
	// streamBurst is how many events a stream sends at a time. A reader further behind gets the newest
	// ones, after a `gap` that says so.
	streamBurst = 100
	// streamPace is the least time between two sendings, so that a busy registry does not flood a page.
	streamPace = 250 * time.Millisecond
	// streamBeat is how often a silent stream sends a beat and checks that its session has not ended.
	streamBeat = 15 * time.Second
	// streamQuery is how long the read model may take for what is sent at a time.
	streamQuery = 10 * time.Second
)

// stream follows the log as server-sent events: `entry` is a table row with its sequence as id, `gap` says that
// events were left out, `beat` that everything so far was sent, and `signed-out` that there is no session, or no
// longer one. It starts after Last-Event-ID or the parameter after. Following it does not keep a session alive.
func (w *Web) stream(c echo.Context) error {
	ctx, cancel := context.WithCancel(c.Request().Context())
	defer cancel()
	defer context.AfterFunc(w.stop, cancel)()

	log, err := eventLogOf(c.QueryParams())
	if err != nil {
		return err
	}
	after, err := startOf(c)
	if err != nil {
		return err
	}
	ctx, err = w.sessions.load(c.Request().WithContext(ctx))
	if err != nil {
		return err
	}
	out := front.NewStream(c, front.ServerEvents)
	if err := w.follow(ctx, out, log, after); err != nil && ctx.Err() == nil {
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

// follow sends the events that log selects after a sequence, until the context ends or the reader is gone.
func (w *Web) follow(ctx context.Context, out *front.Stream, log eventLog, after uint64) error {
	for {
		alive, err := w.sessions.alive(ctx)
		if err != nil {
			return err
		}
		if !alive {
			return errors.Join(out.Event(front.Event{Name: "signed-out"}), out.Send())
		}
		// The position is taken before the events, so that none is passed over.
		applied := w.reader.Health().Applied
		rows, gap, err := w.since(ctx, log, after)
		if err != nil {
			return err
		}
		if gap {
			if err := out.Event(front.Event{Name: "gap"}); err != nil {
				return err
			}
		}
		for _, row := range rows {
			var line bytes.Buffer
			if err := eventLine(log.activityFilter, row).Render(ctx, &line); err != nil {
				return fmt.Errorf("render event: %w", err)
			}
			if err := out.Event(front.Event{Name: "entry", ID: row.Seq, Data: line.Bytes()}); err != nil {
				return err
			}
			after = row.Seq
		}
		after = max(after, applied)
		if err := errors.Join(out.Event(front.Event{Name: "beat"}), out.Send()); err != nil {
			return err
		}
		if err := pause(ctx, streamPace); err != nil {
			return err
		}
		if err := w.waitBeyond(ctx, after); err != nil {
			return err
		}
	}
}

// since returns the events that log selects after a sequence, in order, and whether older ones were left out.
func (w *Web) since(ctx context.Context, log eventLog, after uint64) (rows []eventRow, gap bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, streamQuery)
	defer cancel()
	query := log.query
	query.After, query.Newest, query.Limit = after, true, streamBurst+1
	recorded, err := w.reader.Events(ctx, query)
	if err != nil {
		return nil, false, fmt.Errorf("live events: %w", err)
	}
	if len(recorded) > streamBurst {
		recorded, gap = recorded[:streamBurst], true
	}
	slices.Reverse(recorded)
	rows, err = w.eventRows(ctx, recorded)
	return rows, gap, err
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
