package jetstream

import (
	"context"
	"strings"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"roster/eventstore"
	"roster/eventstore/storetest"
)

// Inject makes the next append suffer a fault at the connection.
func (l *Log) Inject(fault storetest.Fault) {
	f := &faulty{JetStream: l.js, request: l.request, log: l, fault: fault}
	l.js, l.request = f, f.Request
}

// faulty stands between a log and its connection until it has done its damage.
type faulty struct {
	jetstream.JetStream
	request func(context.Context, *nats.Msg) (*nats.Msg, error)
	log     *Log
	fault   storetest.Fault
}

func (f *faulty) restore() { f.log.js, f.log.request = f.JetStream, f.request }

// sent restores the connection, unless the inquiry after the publication is to fail, too.
func (f *faulty) sent() {
	if f.fault != storetest.Unacked {
		f.restore()
	}
}

func (f *faulty) PublishMsgAsync(msg *nats.Msg, opts ...jetstream.PublishOpt) (jetstream.PubAckFuture, error) {
	f.sent()
	switch f.fault {
	case storetest.NotStored:
		return nil, nats.ErrDisconnected
	case storetest.Unacked, storetest.Recovered:
		future, err := f.JetStream.PublishMsgAsync(msg, opts...)
		if err != nil {
			return nil, err
		}
		<-future.Ok()
	}
	return unacked{}, nil
}

func (f *faulty) Request(ctx context.Context, msg *nats.Msg) (*nats.Msg, error) {
	switch {
	case msg.Header.Get(headerBatchCommit) != "":
		f.sent()
		switch f.fault {
		case storetest.NotStored:
			return nil, nats.ErrNoResponders
		case storetest.Unacked, storetest.Recovered:
			if _, err := f.request(ctx, msg); err != nil {
				return nil, err
			}
		}
		return nil, nats.ErrTimeout
	case strings.HasPrefix(msg.Subject, "$JS.API.STREAM.MSG.GET."):
		f.restore()
		return nil, nats.ErrTimeout
	}
	return f.request(ctx, msg)
}

// unacked is the future of a message whose acknowledgement never comes.
type unacked struct{ jetstream.PubAckFuture }

func (unacked) Ok() <-chan *jetstream.PubAck { return nil }

func (unacked) Err() <-chan error {
	c := make(chan error, 1)
	c <- jetstream.ErrAsyncPublishTimeout
	return c
}

// Put stores an event that this program may not know.
func (l *Log) Put(ctx context.Context, r eventstore.Encoded) (seq uint64, err error) {
	ack, err := l.js.PublishMsg(ctx, messageOf(r))
	if err != nil {
		return 0, err
	}
	return ack.Sequence, nil
}

// InterceptSync puts f in the place of each sync of a file or directory. It must be called before the
// first append.
func (l *Log) InterceptSync(f func(path string, sync func() error) error) {
	l.barrier.fsync = func(path string) error {
		return f(path, func() error { return syncFile(path) })
	}
}

// Blocks is the directory of the stream's block files.
func (l *Log) Blocks() string { return l.barrier.blocks }

// SyncsItself reports whether the log relies on the server to sync each event.
func (l *Log) SyncsItself() bool { return l.barrier != nil }

// Received is how many messages a subscription has that Next has not taken.
func Received(s eventstore.Subscription) int { return len(s.(*subscription).msgs) }

// StreamConfig is the configuration of the log's stream.
func StreamConfig() jetstream.StreamConfig { return streamConfig(StreamName, allSubjects, 1) }

// Unanswered makes the next message get no answer, whether it was stored or not. sent is called once it is.
func (l *Log) Unanswered(stored bool, sent func()) {
	l.js = &silent{JetStream: l.js, log: l, stored: stored, sent: sent}
}

type silent struct {
	jetstream.JetStream
	log    *Log
	stored bool
	sent   func()
}

func (s *silent) PublishMsgAsync(msg *nats.Msg, opts ...jetstream.PublishOpt) (jetstream.PubAckFuture, error) {
	s.log.js = s.JetStream
	defer s.sent()
	if s.stored {
		future, err := s.JetStream.PublishMsgAsync(msg, opts...)
		if err != nil {
			return nil, err
		}
		<-future.Ok()
	}
	return never{}, nil
}

// never is a future that does not come.
type never struct{ jetstream.PubAckFuture }

func (never) Ok() <-chan *jetstream.PubAck { return nil }
func (never) Err() <-chan error            { return nil }

// ReadHistory makes subscriptions read the history of the log from its files if they are so many events behind.
func (l *Log) ReadHistory(least uint64) { l.historyLeast = least }
