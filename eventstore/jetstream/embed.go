package jetstream

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"sync"
	"time"

	"github.com/nats-io/nats-server/v2/server"
)

// startTimeout bounds how long an embedded server may take from having read its store to being ready.
const startTimeout = 30 * time.Second

// startServer starts a server that stores under dir and listens on no network address. With syncAlways
// it syncs every message before it acknowledges it.
func startServer(dir string, syncAlways bool, logger *slog.Logger) (*server.Server, error) {
	ns, err := server.NewServer(&server.Options{
		ServerName: "roster",
		DontListen: true,
		JetStream:  true,
		StoreDir:   dir,
		SyncAlways: syncAlways,
		NoSigs:     true,
		// The server cuts connections whose reader is too slow. Here it is in the same process: what it has
		// not read yet takes the same memory on either side, and what is asked for at once is bounded there.
		MaxPending:    math.MaxInt64,
		WriteDeadline: time.Hour,
	})
	if err != nil {
		return nil, fmt.Errorf("set up embedded NATS server: %w", err)
	}
	log := &serverLog{logger: logger}
	ns.SetLoggerV2(log, false, false, false)
	ns.Start()
	if !ns.ReadyForConnections(startTimeout) || !ns.JetStreamEnabled() {
		stopServer(ns)
		return nil, fmt.Errorf("start embedded NATS server in %s: %w", dir, log.reason())
	}
	return ns, nil
}

func stopServer(ns *server.Server) {
	ns.Shutdown()
	ns.WaitForShutdown()
}

// serverLog passes on what a server says that somebody should know.
type serverLog struct {
	logger *slog.Logger

	mu   sync.Mutex
	last string // the last error
}

// reason returns the last error as the cause of a start that failed.
func (l *serverLog) reason() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.last == "" {
		return errors.New("it did not get ready")
	}
	return errors.New(l.last)
}

func (l *serverLog) log(level slog.Level, format string, v []any) {
	message := fmt.Sprintf(format, v...)
	if level >= slog.LevelError {
		l.mu.Lock()
		l.last = message
		l.mu.Unlock()
	}
	l.logger.Log(context.Background(), level, "embedded NATS server", "message", message)
}

func (l *serverLog) Fatalf(format string, v ...any) { l.log(slog.LevelError, format, v) }
func (l *serverLog) Errorf(format string, v ...any) { l.log(slog.LevelError, format, v) }
func (l *serverLog) Warnf(format string, v ...any)  { l.log(slog.LevelWarn, format, v) }
func (l *serverLog) Noticef(string, ...any)         {}
func (l *serverLog) Debugf(string, ...any)          {}
func (l *serverLog) Tracef(string, ...any)          {}
