package main

import (
	"bytes"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// lockedText is what a logger wrote, from whatever goroutine.
type lockedText struct {
	mu sync.Mutex
	b  bytes.Buffer
	n  int // writes
}

func (l *lockedText) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.n++
	return l.b.Write(p)
}

func (l *lockedText) take() (text string, writes int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	text, writes = l.b.String(), l.n
	l.b.Reset()
	l.n = 0
	return text, writes
}

// Lines are written together and in their order, soon, at once with a warning, and at the end.
func TestLinesAreGathered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		written := &lockedText{}
		logger, flush := loggingSettings{LogLevel: "info", LogFormat: "text"}.logger(written)
		logger = logger.With("of", "a test").WithGroup("group")
		expect := func(when string, writes int, messages ...string) {
			t.Helper()
			synctest.Wait()
			text, n := written.take()
			lines := strings.SplitAfter(text, "\n")
			if n != writes || len(lines) != len(messages)+1 {
				t.Fatalf("%s: %d writes of %q", when, n, text)
			}
			for i, message := range messages {
				if !strings.Contains(lines[i], "msg="+message+` of="a test" group.at=1`) {
					t.Errorf("%s: line %d is %q, want %s", when, i, lines[i], message)
				}
			}
		}
		logger.Info("one", "at", 1)
		logger.Info("two", "at", 1)
		expect("before its time", 0)
		time.Sleep(gatheringTime)
		expect("after its time", 1, "one", "two")

		logger.Info("three", "at", 1)
		logger.Warn("four", "at", 1)
		expect("with a warning", 1, "three", "four")

		logger.Info("five", "at", 1)
		flush()
		expect("at the end", 1, "five")
		time.Sleep(gatheringTime)
		expect("with nothing to write", 0)

		for range gatheringSize / len(`time=2000-01-01T00:00:00.000Z level=INFO msg=six of="a test" group.at=1`) {
			logger.Info("six", "at", 1)
		}
		synctest.Wait()
		if text, n := written.take(); n != 1 || len(text) < gatheringSize {
			t.Errorf("much: %d writes, %d bytes", n, len(text))
		}
	})
}
