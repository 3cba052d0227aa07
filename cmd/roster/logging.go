package main

import (
	"context"
	"io"
	"log/slog"
	"sync"
	"time"
)

// loggingSettings are what the service logs.
type loggingSettings struct {
	LogLevel  string `help:"Least level of log lines: debug, info, warn or error." enum:"debug,info,warn,error" default:"info" placeholder:"LEVEL"`
	LogFormat string `help:"Format of log lines on standard error: text or json." enum:"text,json" default:"text" placeholder:"FORMAT"`
}

// logger returns what the service logs with. Lines below a warning are written together, 20 ms late at most; flush
// writes those that are left at the end.
func (s loggingSettings) logger(stderr io.Writer) (logger *slog.Logger, flush func()) {
	var level slog.Level
	_ = level.UnmarshalText([]byte(s.LogLevel)) // the settings name levels alone
	options := &slog.HandlerOptions{Level: level}
	gathered := newGathering(stderr)
	var handler slog.Handler = slog.NewTextHandler(gathered, options)
	if s.LogFormat == "json" {
		handler = slog.NewJSONHandler(gathered, options)
	}
	return slog.New(promptly{handler, gathered}), gathered.flush
}

// promptly is a handler whose warnings and errors are written at once, with all lines before them.
type promptly struct {
	slog.Handler
	gathered *gathering
}

// Handle implements slog.Handler.
func (h promptly) Handle(ctx context.Context, r slog.Record) error {
	err := h.Handler.Handle(ctx, r)
	if r.Level >= slog.LevelWarn {
		h.gathered.flush()
	}
	return err
}

// WithAttrs implements slog.Handler.
func (h promptly) WithAttrs(attributes []slog.Attr) slog.Handler {
	return promptly{h.Handler.WithAttrs(attributes), h.gathered}
}

// WithGroup implements slog.Handler.
func (h promptly) WithGroup(name string) slog.Handler {
	return promptly{h.Handler.WithGroup(name), h.gathered}
}

const (
	gatheringTime = 20 * time.Millisecond
	gatheringSize = 32 << 10
)

// gathering writes together what comes within gatheringTime, or gatheringSize bytes of it: a system call a line costs
// more than the line. It may be used concurrently. What it cannot write is lost.
type gathering struct {
	mu    sync.Mutex
	to    io.Writer
	lines []byte
	timer *time.Timer // calls flush, if there are lines
}

func newGathering(to io.Writer) *gathering {
	g := &gathering{to: to, lines: make([]byte, 0, gatheringSize)}
	g.timer = time.AfterFunc(gatheringTime, g.flush)
	return g
}

// Write adds a whole line. It never fails.
func (g *gathering) Write(line []byte) (int, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if len(g.lines) == 0 {
		g.timer.Reset(gatheringTime)
	}
	g.lines = append(g.lines, line...)
	if len(g.lines) >= gatheringSize {
		g.write()
	}
	return len(line), nil
}

// flush writes what was gathered.
func (g *gathering) flush() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.write()
}

// write writes what was gathered. It is called with mu locked.
func (g *gathering) write() {
	if len(g.lines) > 0 {
		_, _ = g.to.Write(g.lines)
		g.lines = g.lines[:0]
	}
}
