package jetstream_test

import (
	"log/slog"
	"testing"

	"github.com/google/uuid"

	"roster/domain"
	"roster/eventstore"
	"roster/eventstore/jetstream"
	"roster/eventstore/storetest"
)

func TestLog(t *testing.T) {
	testLog(t, func(*jetstream.Log) {})
}

// A log whose subscriptions read all they can from its files passes the suite as well.
func TestLogWithHistory(t *testing.T) {
	testLog(t, func(log *jetstream.Log) { log.ReadHistory(1) })
}

func testLog(t *testing.T, prepare func(*jetstream.Log)) {
	dirs := map[eventstore.Log]string{}
	open := func(t testing.TB, dir string) eventstore.Log {
		log := openLog(t, dir)
		prepare(log)
		dirs[log] = dir
		return log
	}
	storetest.Run(t, storetest.Harness{
		Open: func(t testing.TB) eventstore.Log { return open(t, t.TempDir()) },
		Reopen: func(t testing.TB, log eventstore.Log) eventstore.Log {
			if err := log.(*jetstream.Log).Close(); err != nil {
				t.Fatal(err)
			}
			return open(t, dirs[log])
		},
		Inject: func(log eventstore.Log, fault storetest.Fault) { log.(*jetstream.Log).Inject(fault) },
		Put:    put,
	})
}

func put(t testing.TB, log eventstore.Log, r eventstore.Encoded) uint64 {
	t.Helper()
	seq, err := log.(*jetstream.Log).Put(t.Context(), r)
	if err != nil {
		t.Fatal(err)
	}
	return seq
}

// openLog opens a log that is closed with the test.
func openLog(t testing.TB, dir string) *jetstream.Log {
	t.Helper()
	log, err := jetstream.Open(t.Context(), jetstream.Options{Dir: dir, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := log.Close(); err != nil {
			t.Error(err)
		}
	})
	return log
}

func newClient() domain.Aggregate {
	return domain.ClientAggregate(uuid.Must(uuid.NewV7()).String())
}

func registration() domain.Change {
	return domain.Change{Events: []domain.Envelope{storetest.Registered(newClient())}}
}
