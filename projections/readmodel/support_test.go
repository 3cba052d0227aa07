package readmodel_test

import (
	"context"
	"flag"
	"fmt"
	"log/slog"
	"testing"
	"time"

	"github.com/google/uuid"
	"pgregory.net/rapid"

	"roster/domain"
	"roster/domain/oauth"
	"roster/eventstore"
	"roster/eventstore/memory"
	"roster/projections/readmodel"
)

// Each history of a property opens and closes files several times: fewer than rapid's 100 do.
// The command line wins.
func init() { _ = flag.Set("rapid.checks", "40") }

// start is when the first thing happens in these tests.
var start = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// history is one client's events to come, as a log takes them.
type history struct {
	id     string
	now    time.Time
	events []domain.Envelope
}

// newHistory begins a client whose id follows from the seed and ascends with the time.
func newHistory(seed string, now time.Time) *history {
	u := uuid.NewSHA1(uuid.Nil, []byte(seed))
	for i, ms := 5, now.UnixMilli(); i >= 0; i, ms = i-1, ms>>8 {
		u[i] = byte(ms)
	}
	return &history{id: u.String(), now: now}
}

func (h *history) add(event domain.Event) {
	h.events = append(h.events, domain.Envelope{
		ID:        fmt.Sprintf("%s-%d-%d", h.id, h.now.UnixMicro(), len(h.events)),
		Time:      h.now,
		Aggregate: domain.ClientAggregate(h.id),
		Actor:     domain.Actor{Kind: domain.ActorClient, ID: h.id, IP: "192.0.2.7"},
		Event:     event,
	})
}

func (h *history) register(m oauth.Metadata) {
	h.add(domain.ClientRegistered{
		Metadata:                m,
		IssuedAt:                h.now.Truncate(time.Second),
		RegistrationAccessToken: domain.DigestOf("token of " + h.id),
		Secret:                  &domain.Secret{Digest: domain.DigestOf("secret of " + h.id)},
	})
}

// appendTo appends all events of the histories, one history after the other, and returns the last sequence.
func appendTo(tb testing.TB, log eventstore.Log, histories ...*history) (last uint64) {
	tb.Helper()
	for _, h := range histories {
		var err error
		if last, err = log.Append(tb.Context(), domain.Change{Events: h.events}); err != nil {
			tb.Fatal(err)
		}
	}
	return last
}

// appendOne appends one event wherever its aggregate stands.
func appendOne(tb rapid.TB, log *memory.Log, e domain.Envelope) uint64 {
	tb.Helper()
	expected, err := log.Load(context.Background(), e.Aggregate, 0, func(domain.Envelope) {})
	if err != nil {
		tb.Fatal(err)
	}
	seq, err := log.Append(context.Background(), domain.Change{Expected: expected, Events: []domain.Envelope{e}})
	if err != nil {
		tb.Fatal(err)
	}
	return seq
}

// model is a read model whose projector runs.
type model struct {
	*readmodel.ReadModel
	tb   testing.TB
	log  readmodel.Log
	dir  string
	stop func() error
}

func run(tb testing.TB, dir string, log readmodel.Log) *model {
	tb.Helper()
	return runWith(tb, readmodel.Options{Dir: dir, Log: log})
}

func runWith(tb testing.TB, o readmodel.Options) *model {
	tb.Helper()
	m := &model{ReadModel: openWith(tb, o), tb: tb, log: o.Log, dir: o.Dir}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- m.Run(ctx) }()
	m.stop = func() error {
		cancel()
		return <-ended
	}
	tb.Cleanup(m.close)
	return m
}

func open(tb testing.TB, dir string, log readmodel.Log) *readmodel.ReadModel {
	tb.Helper()
	return openWith(tb, readmodel.Options{Dir: dir, Log: log})
}

func openWith(tb testing.TB, o readmodel.Options) *readmodel.ReadModel {
	tb.Helper()
	o.Logger = slog.New(slog.DiscardHandler)
	m, err := readmodel.Open(tb.Context(), o)
	if err != nil {
		tb.Fatal(err)
	}
	return m
}

// close stops the projector and closes the model; the second time it does nothing.
func (m *model) close() {
	m.tb.Helper()
	if m.stop == nil {
		return
	}
	if err := m.stop(); err != nil {
		m.tb.Errorf("projector: %v", err)
	}
	if err := m.Close(); err != nil {
		m.tb.Errorf("close: %v", err)
	}
	m.stop = nil
}

// caughtUp waits until everything in the log is applied.
func (m *model) caughtUp() {
	m.tb.Helper()
	last, err := m.log.Last(context.Background())
	if err != nil {
		m.tb.Fatal(err)
	}
	if err := m.Wait(context.Background(), last); err != nil {
		m.tb.Fatal(err)
	}
}
