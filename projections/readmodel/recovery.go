package readmodel

import (
	"context"
	"errors"
	"fmt"
	"os"
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

// isNew reports whether the error is another than that of the attempt before.
func (b *backoff) isNew(err error) bool {
	last := b.last
	b.last = err.Error()
	return b.last != last
}

// wait waits longer from time to time, or returns the context's error.
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

const (
	// checkSize is the largest file that is checked, checkTimeout the time that it may take.
	checkSize    = 1 << 30
	checkTimeout = time.Minute
)

// check looks for damage in the file before somebody comes upon it. It reads the whole file once, which a
// large one is not worth: what is read finds its damage, too.
func (m *ReadModel) check(ctx context.Context, v *view) {
	if info, err := os.Stat(m.path); err != nil || info.Size() > checkSize {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, checkTimeout)
	defer cancel()
	var found string
	err := v.db.QueryRowContext(ctx, `PRAGMA quick_check(1)`).Scan(&found)
	if err == nil && found != "ok" {
		err = fmt.Errorf("%w: %s", errDamaged, found)
	}
	m.report(err)
}

// report has the file built anew when an error says that it is damaged.
func (m *ReadModel) report(err error) {
	if !isDamage(err) {
		return
	}
	select {
	case m.damage <- err:
	default: // it is known already
	}
}

// errDamaged says what a check of the file found.
var errDamaged = errors.New("file is damaged")
