package projections

import (
	"context"
	"time"
)

const (
	firstPause = 100 * time.Millisecond
	longPause  = 5 * time.Second
)

// A backoff paces attempts that fail again and again, and their lines in the log.
type backoff struct {
	pause time.Duration
	last  string // the last error
}

// isNew reports whether the error differs from that of the attempt before.
func (b *backoff) isNew(err error) bool {
	last := b.last
	b.last = err.Error()
	return b.last != last
}

// wait waits twice as long as the time before, up to longPause, or returns the context's error.
func (b *backoff) wait(ctx context.Context) error {
	b.pause = min(max(2*b.pause, firstPause), longPause)
	timer := time.NewTimer(b.pause)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
