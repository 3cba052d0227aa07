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

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"golang.org/x/sync/semaphore"

	"roster/domain"
	"roster/eventstore"
)

// Options says where a log is.
type Options struct {
	Dir      string       // data directory; the embedded server's store is its subdirectory "log"
	URL      string       // comma-separated URLs of an external JetStream; empty: an embedded server
	Replicas int          // least number of replicas on an external cluster; 0: 1
	Logger   *slog.Logger // nil: slog.Default()

	Witness    Witness // holds a copy of what the log acknowledged; nil: none
	AcceptLoss bool    // open the log even if acknowledged events are missing
	SealingKey string  // id of the sealing key that a new log is founded with; empty: none
}

const (
	// maxInFlight bounds the appends under way at a time. Further ones wait.
	maxInFlight = 1024
	// maxBatches bounds the batches under way at a time. A server allows 50 a stream, of all processes together.
	maxBatches = 32
	// ackTimeout bounds the wait for an acknowledgement, settleTimeout the wait for finding out afterwards
	// what became of an append.
	ackTimeout    = 5 * time.Second
	settleTimeout = 5 * time.Second
	// lookupTimeout bounds one lookup of a stream: a cluster without a leader does not answer.
	lookupTimeout = 2 * time.Second
	// reconnectWait is the pause between attempts to reconnect to an embedded server.
	reconnectWait = 50 * time.Millisecond
)

// errLogClosed is the error of every call to a closed log.
var errLogClosed = errors.New("event log is closed")

// Log is an eventstore.Log on JetStream. It may be used concurrently.
//
// With an embedded server, what Append acknowledged and what Load and Next returned is synced to disk. With an
// external cluster, it is as durable as the cluster makes what it acknowledges.
type Log struct {
	logger   *slog.Logger
	identity eventstore.Identity
	nc       *nats.Conn
	js       jetstream.JetStream
	request  func(context.Context, *nats.Msg) (*nats.Msg, error) // of nc
	batch    func(context.Context, batchRequest) ([]message, error)
	slots    *semaphore.Weighted // maxInFlight; Close takes them all
	batches  *semaphore.Weighted // maxBatches
	reads    *semaphore.Weighted // readWeight
	replicas int                 // that the stream must have
	barrier  *barrier            // nil: an acknowledgement is enough

	handover *handover // from Append to a subscription

	historyLeast uint64 // historyLeast, but in tests

	acknowledged atomic.Uint64 // the highest sequence that Append returned

	survey     *survey // what the log held when it was opened
	lost       []Span  // acknowledged events whose loss Open accepted
	foundedKey string
	opened     uint64 // the stream's last sequence when it was opened

	embedded *embedded // nil: external
	keeper   *keeper   // of embedded
	unlock   func() error
	closed   atomic.Bool
}

var _ eventstore.Log = (*Log)(nil)

// Open opens the log, and creates it if there is none. It returns ErrLocked when another process uses the
// directory, an error that lists what is wrong when the stream's configuration could lose events, and a
// *LossError when acknowledged events are missing, unless Options accept that. In these cases an embedded log is
// unchanged. The context bounds only the call.
func Open(ctx context.Context, o Options) (log *Log, err error) {
	l := &Log{
		logger:  o.Logger,
		slots:   semaphore.NewWeighted(maxInFlight),
		batches: semaphore.NewWeighted(maxBatches),
		reads:   semaphore.NewWeighted(readWeight),

		handover: newHandover(),

		historyLeast: historyLeast,
	}
	if l.logger == nil {
		l.logger = slog.Default()
	}
	defer func() {
		if err != nil {
			l.shutDown()
		}
	}()
	if o.Witness == nil {
		o.Witness = unknowing{}
	}
	if o.URL == "" {
		err = l.embed(ctx, o)
	} else {
		err = l.dial(o.URL)
	}
	if err != nil {
		return nil, err
	}
	l.replicas = 1
	if o.URL != "" {
		l.replicas = max(o.Replicas, 1)
	}
	if err := l.openStream(ctx, o, l.replicas); err != nil {
		return nil, err
	}
	if o.URL == "" {
		// This comes after openStream: when a server deletes its last stream, which the probe's would be, it
		// removes the directory of all streams, even while another stream is being created in it.
		if err := l.watchOver(ctx, filepath.Join(o.Dir, "log")); err != nil {
			return nil, err
		}
	}
	return l, nil
}

// embed locks the store's directory and starts a server on it, once its files are found to be whole.
func (l *Log) embed(ctx context.Context, o Options) (err error) {
	dir := filepath.Join(o.Dir, "log")
	if l.unlock, err = Lock(dir); err != nil {
		return err
	}
	if err := l.checkBlocks(ctx, dir, o); err != nil {
		return err
	}
	return l.startEmbedded(dir, false)
}

// openStream makes the stream or verifies it, and holds it against the witness.
func (l *Log) openStream(ctx context.Context, o Options, replicas int) error {
	config := streamConfig(StreamName, allSubjects, replicas)
	if l.embedded != nil {
		config.Duplicates = embeddedDuplicateWindow
	}
	if o.SealingKey != "" {
		config.Metadata = map[string]string{metadataSealingKey: o.SealingKey}
	}
	info, err := createOrVerify(ctx, l.js, config, l.survey)
	if err != nil {
		return err
	}
	l.identity = eventstore.Identity{Name: info.Config.Name, Created: info.Created.UTC()}
	l.foundedKey = info.Config.Metadata[metadataSealingKey]
	l.opened = info.State.LastSeq
	return l.checkStream(ctx, o)
}

// watchOver chooses how appends are synced and watches over the server from then on.
func (l *Log) watchOver(ctx context.Context, dir string) error {
	disk := newSpace(dir, l.logger)
	if err := l.chooseSync(ctx, dir, disk); err != nil {
		return fmt.Errorf("sync event log: %w", err)
	}
	l.keeper = keep(l, disk)
	return nil
}

// chooseSync starts the barrier. If the server's files are not where the barrier looks for them, it starts the
// server again such that the server syncs every message itself.
func (l *Log) chooseSync(ctx context.Context, dir string, disk *space) error {
	if err := probe(ctx, l.js, dir); err != nil {
		if disk.check() != nil {
			return fmt.Errorf("%w: %w", domain.ErrDiskFull, err)
		}
		l.logger.Warn("files of the embedded NATS server are not laid out as expected: every event is synced by itself, which is slower", "err", err)
		l.nc.Close()
		l.embedded.stop()
		return l.startEmbedded(dir, true)
	}
	l.barrier = newBarrier(dir, StreamName)
	l.barrier.synced = l.opened // start syncs all of it
	return l.barrier.start()
}

func (l *Log) startEmbedded(dir string, syncAlways bool) (err error) {
	l.embedded = &embedded{dir: dir, syncAlways: syncAlways, logger: l.logger}
	if err := l.embedded.start(); err != nil {
		return err
	}
	return l.connect("", nats.InProcessServer(l.embedded), nats.ReconnectWait(reconnectWait))
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
		// Buffer nothing while disconnected: it would be published after its caller was told that it failed.
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

// SealingKey returns the id of the key that the log was founded with; empty: it was founded with none.
func (l *Log) SealingKey() string { return l.foundedKey }

// Lost returns the acknowledged events whose loss was accepted when the log was opened. The caller must append a
// domain.LossAccepted for each range.
func (l *Log) Lost() []Span { return l.lost }

// Disowned reports whether the witness holds events that the log does not have and whose loss was accepted. The
// witness must then be built again from the log.
func (l *Log) Disowned() bool { return len(l.lost) > 0 || l.survey.outdated }

// Ready returns why events cannot be appended now, or nil. It finds out what it can without appending.
func (l *Log) Ready(ctx context.Context) error {
	if err := l.writable(); err != nil {
		return err
	}
	if l.keeper != nil {
		if err := l.keeper.space.check(); err != nil {
			return err
		}
	}
	stream, err := l.js.Stream(ctx, StreamName)
	if err != nil {
		return fmt.Errorf("look up stream %s: %w", StreamName, unavailable(err))
	}
	if cluster := stream.CachedInfo().Cluster; cluster != nil && cluster.Name != "" && cluster.Leader == "" {
		return fmt.Errorf("%w: stream %s has no leader", domain.ErrUnavailable, StreamName)
	}
	return nil
}

// writable returns why events cannot be appended now, or nil, without asking the server.
func (l *Log) writable() error {
	switch {
	case l.closed.Load():
		return errLogClosed
	case l.barrier != nil && l.barrier.failure() != nil:
		return l.barrier.failure()
	}
	if life := l.life(); life.Err() != nil {
		return context.Cause(life)
	}
	return nil
}

// life returns a context that ends when an embedded server cannot write any more. Its cause says why.
func (l *Log) life() context.Context {
	if l.embedded == nil {
		return context.Background()
	}
	return l.embedded.life()
}

// Broken returns a channel that receives an error when a sync has failed. What is on disk is then unknown, and the
// log refuses all events until it is opened again. It is nil where the server syncs by itself.
func (l *Log) Broken() <-chan error {
	if l.barrier == nil {
		return nil
	}
	return l.barrier.broken
}

// Close waits for the appends under way, ends subscriptions and stops an embedded server. Closing
// twice is no error.
func (l *Log) Close() error {
	if l.closed.Swap(true) {
		return nil
	}
	// Every append is bounded in time, and so is this wait.
	if err := l.slots.Acquire(context.Background(), maxInFlight); err != nil {
		return err
	}
	// Appends that still wait for a slot must get one, to return errLogClosed.
	defer l.slots.Release(maxInFlight)
	return l.shutDown()
}

// shutDown stops all that Open has started. Open itself calls it when it fails halfway.
func (l *Log) shutDown() error {
	if l.keeper != nil {
		l.keeper.stop()
	}
	if l.nc != nil {
		l.nc.Close()
	}
	if l.barrier != nil {
		l.barrier.stop()
	}
	if l.embedded != nil {
		l.embedded.stop()
	}
	if l.unlock != nil {
		return l.unlock()
	}
	return nil
}
