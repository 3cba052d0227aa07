// Package jetstream is the event log on NATS JetStream, in a server inside this process or in an
// external cluster.
package jetstream

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"sync/atomic"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"golang.org/x/sync/semaphore"

	"roster/eventstore"
)

// Options says where a log is.
type Options struct {
	Dir      string       // data directory; the embedded server's store is its subdirectory "log"
	URL      string       // comma-separated URLs of an external JetStream; empty: an embedded server
	Replicas int          // least number of replicas on an external cluster; 0: 1
	Logger   *slog.Logger // nil: slog.Default()
}

const (
	// maxInFlight bounds the appends under way. The others wait for their turn.
	maxInFlight = 1024
	// maxBatches is less than the 50 batches that a server lets a stream have under way, all processes together.
	maxBatches = 32
	// ackTimeout bounds the wait for an acknowledgement, settleTimeout that for finding out afterwards
	// what became of an append.
	ackTimeout    = 5 * time.Second
	settleTimeout = 5 * time.Second
)

// errLogClosed is what a closed log answers to everything.
var errLogClosed = errors.New("event log is closed")

// Log is an eventstore.Log on JetStream. It may be used concurrently.
//
// Its embedded form promises: what Append acknowledged, and what Load returned, is synced to disk.
// With an external cluster the promise is the cluster's.
type Log struct {
	logger   *slog.Logger
	identity eventstore.Identity
	nc       *nats.Conn
	js       jetstream.JetStream
	request  func(context.Context, *nats.Msg) (*nats.Msg, error) // of nc
	batch    func(context.Context, batchRequest) ([]message, error)
	slots    *semaphore.Weighted // maxInFlight; Close takes them all
	batches  *semaphore.Weighted // maxBatches
	barrier  *barrier            // nil: an acknowledgement is enough

	server *server.Server // nil: external
	unlock func() error
	closed atomic.Bool
}

var _ eventstore.Log = (*Log)(nil)

// Open opens the log, and makes it if there is none. It returns ErrLocked when another process has the
// directory, and an error that says so when the stream could lose events. The context bounds the opening only.
func Open(ctx context.Context, o Options) (log *Log, err error) {
	l := &Log{
		logger:  o.Logger,
		slots:   semaphore.NewWeighted(maxInFlight),
		batches: semaphore.NewWeighted(maxBatches),
	}
	if l.logger == nil {
		l.logger = slog.Default()
	}
	defer func() {
		if err != nil {
			l.shutDown()
		}
	}()
	if o.URL == "" {
		err = l.embed(filepath.Join(o.Dir, "log"))
	} else {
		err = l.dial(o.URL)
	}
	if err != nil {
		return nil, err
	}
	replicas := 1
	if o.URL != "" {
		replicas = max(o.Replicas, 1)
	}
	info, err := createOrVerify(ctx, l.js, replicas)
	if err != nil {
		return nil, err
	}
	l.identity = eventstore.Identity{Name: info.Config.Name, Created: info.Created.UTC()}
	if info.State.NumDeleted > 0 {
		l.logger.Warn("event log has gaps in its sequence; after a loss of power that is no loss of events", "missing", info.State.NumDeleted)
	}
	if o.URL == "" {
		// The stream is there by now: a server that deletes its last stream, as the probe would be, removes
		// the directory of all streams, even while another is being made in it.
		if err := l.chooseSync(ctx, filepath.Join(o.Dir, "log")); err != nil {
			return nil, fmt.Errorf("sync event log: %w", err)
		}
	}
	return l, nil
}

// embed locks the store's directory and starts a server on it.
func (l *Log) embed(dir string) (err error) {
	if l.unlock, err = Lock(dir); err != nil {
		return err
	}
	return l.startEmbedded(dir, false)
}

// chooseSync starts the barrier. Should the server's files not be where the barrier looks for them, the
// server is started anew and syncs every message itself.
func (l *Log) chooseSync(ctx context.Context, dir string) error {
	if err := probe(ctx, l.js, dir); err != nil {
		l.logger.Warn("files of the embedded NATS server are not laid out as expected: every event is synced by itself, which is slower", "err", err)
		l.nc.Close()
		stopServer(l.server)
		return l.startEmbedded(dir, true)
	}
	l.barrier = newBarrier(dir, StreamName)
	return l.barrier.start()
}

func (l *Log) startEmbedded(dir string, syncAlways bool) (err error) {
	if l.server, err = startServer(dir, syncAlways, l.logger); err != nil {
		return err
	}
	return l.connect("", nats.InProcessServer(l.server))
}

func (l *Log) dial(urls string) error {
	if err := CheckURLs(urls); err != nil {
		return fmt.Errorf("connect to NATS: %w", err)
	}
	if err := l.connect(urls); err != nil {
		return fmt.Errorf("connect to NATS at %s: %w", redact(urls), err)
	}
	return nil
}

func (l *Log) connect(urls string, options ...nats.Option) (err error) {
	l.nc, err = nats.Connect(urls, append(options,
		nats.Name("roster"),
		nats.MaxReconnects(-1),
		// Nothing is published later than its caller believes.
		nats.ReconnectBufSize(-1),
		nats.DisconnectErrHandler(func(_ *nats.Conn, err error) {
			if err != nil {
				l.logger.Warn("connection to NATS lost", "err", err)
			}
		}),
		nats.ReconnectHandler(func(*nats.Conn) { l.logger.Info("connection to NATS restored") }),
		nats.ErrorHandler(func(_ *nats.Conn, _ *nats.Subscription, err error) {
			l.logger.Warn("NATS reports an error", "err", err)
		}),
	)...)
	if err != nil {
		return err
	}
	l.request, l.batch = l.nc.RequestMsgWithContext, l.getBatch
	l.js, err = jetstream.New(l.nc,
		jetstream.WithPublishAsyncMaxPending(2*maxInFlight),
		jetstream.WithPublishAsyncTimeout(ackTimeout))
	return err
}

// Identity implements eventstore.Log.
func (l *Log) Identity() eventstore.Identity { return l.identity }

// Ready returns nil when the log can be appended to, as far as can be told without appending.
func (l *Log) Ready(ctx context.Context) error {
	if l.closed.Load() {
		return errLogClosed
	}
	if l.barrier != nil {
		if err := l.barrier.failure(); err != nil {
			return err
		}
	}
	stream, err := l.js.Stream(ctx, StreamName)
	if err != nil {
		return fmt.Errorf("look up stream %s: %w", StreamName, err)
	}
	if cluster := stream.CachedInfo().Cluster; cluster != nil && cluster.Name != "" && cluster.Leader == "" {
		return fmt.Errorf("stream %s has no leader", StreamName)
	}
	return nil
}

// Close waits for the appends under way, ends subscriptions and stops an embedded server. Closing
// twice is no error.
func (l *Log) Close() error {
	if l.closed.Swap(true) {
		return nil
	}
	// Every append is bounded in time, so this wait is, too.
	if err := l.slots.Acquire(context.Background(), maxInFlight); err != nil {
		return err
	}
	// Those that come too late get their turn, to be told so.
	defer l.slots.Release(maxInFlight)
	return l.shutDown()
}

// shutDown undoes what Open did, as far as it came.
func (l *Log) shutDown() error {
	if l.nc != nil {
		l.nc.Close()
	}
	if l.barrier != nil {
		l.barrier.stop()
	}
	if l.server != nil {
		stopServer(l.server)
	}
	if l.unlock != nil {
		return l.unlock()
	}
	return nil
}
