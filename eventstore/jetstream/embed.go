package jetstream

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"net"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/nats-io/nats-server/v2/server"

	"roster/domain"
)

// startTimeout bounds how long an embedded server may take from having read its store to being ready.
const startTimeout = 30 * time.Second

// An embedded is a server inside this process that stores under a directory and listens on no network
// address. It can be stopped and started again: its clients then reconnect by themselves.
type embedded struct {
	dir        string
	syncAlways bool // the server syncs every message before it acknowledges it
	logger     *slog.Logger

	mu     sync.Mutex
	server *server.Server          // nil: none runs
	alive  context.Context         // ends, with the cause, when the server's store fails
	fail   context.CancelCauseFunc // ends alive
}

// start starts the server. None may run.
func (e *embedded) start() error {
	ns, err := server.NewServer(&server.Options{
		ServerName: "roster",
		DontListen: true,
		JetStream:  true,
		StoreDir:   e.dir,
		SyncAlways: e.syncAlways,
		NoSigs:     true,
		// A server cuts connections whose reader is slow, to save memory. Here the reader is in the same process
		// and bounds what it requests.
		MaxPending:    math.MaxInt64,
		WriteDeadline: time.Hour,
		// By default the server uses at most three quarters of what was free when it started, even after more
		// space was made. The type space decides how much is kept free.
		JetStreamMaxStore: 1 << 60,
	})
	if err != nil {
		return fmt.Errorf("set up embedded NATS server: %w", err)
	}
	alive, fail := context.WithCancelCause(context.Background())
	log := &serverLog{logger: e.logger, storeFailed: fail}
	ns.SetLoggerV2(log, false, false, false)
	ns.Start()
	if !ns.ReadyForConnections(startTimeout) || !ns.JetStreamEnabled() {
		stopServer(ns)
		return fmt.Errorf("start embedded NATS server in %s: %w", e.dir, log.reason())
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.server, e.alive, e.fail = ns, alive, fail
	return nil
}

// stop stops the server, if one runs.
func (e *embedded) stop() {
	e.mu.Lock()
	ns := e.server
	e.server = nil
	e.mu.Unlock()
	if ns != nil {
		stopServer(ns)
	}
}

func stopServer(ns *server.Server) {
	ns.Shutdown()
	ns.WaitForShutdown()
}

// InProcessConn implements nats.InProcessConnProvider.
func (e *embedded) InProcessConn() (net.Conn, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.server == nil {
		return nil, errors.New("embedded NATS server is being started")
	}
	return e.server.InProcessConn()
}

// life returns a context that ends when the store of the server that runs now fails.
func (e *embedded) life() context.Context {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.alive
}

// check ends life if the server has disabled JetStream, which it does not report.
func (e *embedded) check() {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.server != nil && !e.server.JetStreamEnabled() {
		e.fail(fmt.Errorf("%w: the embedded NATS server has disabled JetStream", domain.ErrUnavailable))
	}
}

// serverLog passes the server's warnings and errors on to a logger.
type serverLog struct {
	logger      *slog.Logger
	storeFailed context.CancelCauseFunc

	mu   sync.Mutex
	last string // the last error
}

// reason returns the last error that the server logged, as the cause of a failed start.
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
	// After this error the store refuses every write, and the server reports it nowhere else.
	if level >= slog.LevelError && strings.Contains(strings.ToLower(format), "critical write error") {
		cause := domain.ErrUnavailable
		if strings.Contains(message, syscall.ENOSPC.Error()) || strings.Contains(message, syscall.EDQUOT.Error()) {
			cause = domain.ErrDiskFull
		}
		l.storeFailed(fmt.Errorf("%w: %s", cause, message))
	}
}

func (l *serverLog) Fatalf(format string, v ...any) { l.log(slog.LevelError, format, v) }
func (l *serverLog) Errorf(format string, v ...any) { l.log(slog.LevelError, format, v) }
func (l *serverLog) Warnf(format string, v ...any)  { l.log(slog.LevelWarn, format, v) }
func (l *serverLog) Noticef(string, ...any)         {}
func (l *serverLog) Debugf(string, ...any)          {}
func (l *serverLog) Tracef(string, ...any)          {}
