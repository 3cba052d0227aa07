package web

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/labstack/echo/v4"

	"roster/api/front"
)

const (
	// newsPace is the least time between two sendings of news, for each of which a page is made anew.
	newsPace = 2 * time.Second
	// streamBeat is how often a silent stream sends a beat and checks that its session has not ended.
	streamBeat = 15 * time.Second
)

// news is a stream of server-sent events: `news`, with the sequence of the newest event as its id, tells a page that what
// it shows has changed, `beat` that everything so far was sent, and `signed-out` that there is no session, or no longer
// one. It starts after Last-Event-ID or the parameter after. Following it does not keep a session alive.
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
