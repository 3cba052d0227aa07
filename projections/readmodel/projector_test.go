package readmodel_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"roster/domain"
	"roster/domain/oauth"
	"roster/eventstore"
	"roster/eventstore/memory"
	"roster/projections"
	"roster/projections/readmodel"
)

// brokenLog is a log whose subscriptions change what they answer.
type brokenLog struct {
	*memory.Log
	next func(read func() ([]eventstore.Recorded, error)) ([]eventstore.Recorded, error)
}

func (l brokenLog) Subscribe(ctx context.Context, after uint64) (eventstore.Subscription, error) {
	s, err := l.Log.Subscribe(ctx, after)
	return brokenSubscription{s, l.next}, err
}

type brokenSubscription struct {
	eventstore.Subscription
	next func(read func() ([]eventstore.Recorded, error)) ([]eventstore.Recorded, error)
}

func (s brokenSubscription) Next(ctx context.Context, max int) ([]eventstore.Recorded, error) {
	return s.next(func() ([]eventstore.Recorded, error) { return s.Subscription.Next(ctx, max) })
}

// unknown is an event that this program does not know.
type unknown struct{ domain.Event }

func (unknown) Type() string { return "ClientTurnedInside" }

// An event that cannot be read or applied stops the projector: what came before it in the same batch is
// not applied either, everyone who waits is told, and after a restart it is the same.
func TestStopsAtWhatItCannotApply(t *testing.T) {
	t.Parallel()
	lost := errors.New("the log lost an event")
	for _, test := range []struct {
		name  string
		event func(*eventstore.Recorded)
		err   error
		text  string
	}{
		{name: "cannot be read", err: lost, text: "read the log: the log lost an event"},
		{
			name: "type that is not known", err: eventstore.ErrUnknownSchema, text: "apply event 4",
			event: func(e *eventstore.Recorded) { e.Event = unknown{domain.ClientDeleted{}} },
		},
		{
			name: "client that was never registered", text: "apply event 4: client nobody was never registered",
			event: func(e *eventstore.Recorded) { e.Aggregate = domain.ClientAggregate("nobody") },
		},
		{
			name: "client that is registered already", text: "apply event 4: save client",
			event: func(e *eventstore.Recorded) { e.Event = domain.ClientRegistered{Metadata: oauth.Metadata{}} },
		},
		{
			name: "another aggregate", text: "apply event 4: it is about a grant, not a client or an initial access token",
			event: func(e *eventstore.Recorded) { e.Aggregate.Kind = "grant" },
		},
		{
			name: "token that was never issued", text: "apply event 4: initial access token nothing was never issued",
			event: func(e *eventstore.Recorded) {
				e.Aggregate, e.Event = domain.TokenAggregate("nothing"), domain.InitialAccessTokenRevoked{}
			},
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			a, b := registered("a"), registered("b")
			log := brokenLog{Log: memory.New()}
			log.next = func(read func() ([]eventstore.Recorded, error)) ([]eventstore.Recorded, error) {
				batch, err := read()
				for i := range batch {
					if batch[i].Seq != 4 {
						continue
					}
					if test.event == nil {
						return nil, lost
					}
					test.event(&batch[i])
				}
				return batch, err
			}
			appendTo(t, log.Log, a, b)
			m := run(t, dir, log)
			m.caughtUp()

			waiting := make(chan error, 1)
			go func() { waiting <- m.Wait(context.Background(), 4) }()
			c := registered("c")
			deleted := &history{id: a.id, now: start}
			deleted.add(domain.ClientDeleted{})
			if _, err := log.Append(t.Context(), domain.Change{Events: c.events}, domain.Change{Expected: 1, Events: deleted.events}); err != nil {
				t.Fatal(err)
			}
			if err := <-waiting; err == nil || !strings.Contains(err.Error(), test.text) || test.err != nil && !errors.Is(err, test.err) {
				t.Errorf("waiting: %v, want %q", err, test.text)
			}
			if err := m.stop(); err == nil || !strings.Contains(err.Error(), test.text) {
				t.Errorf("run: %v, want %q", err, test.text)
			}
			m.stop = nil
			if h := m.Health(); h.Applied != 2 || h.Err == nil || !strings.Contains(h.Err.Error(), test.text) {
				t.Errorf("health %+v, want 2 events applied and %q", h, test.text)
			}
			if err := m.Wait(t.Context(), 3); err == nil || !strings.Contains(err.Error(), test.text) {
				t.Errorf("wait: %v, want %q", err, test.text)
			}
			if err := m.Wait(t.Context(), 2); err != nil {
				t.Errorf("wait for what is applied: %v", err)
			}
			if _, err := m.Client(t.Context(), c.id); !errors.Is(err, readmodel.ErrUnavailable) {
				t.Errorf("client of the same batch, which the log knows: %v, want %v", err, readmodel.ErrUnavailable)
			}
			if got, err := m.Client(t.Context(), a.id); err != nil || got.Status != domain.Active {
				t.Errorf("client: %v, %v", got.Status, err)
			}
			if got, err := m.ClientSnapshot(t.Context(), a.id); err != nil || got.At != 2 || !got.Halted {
				t.Errorf("snapshot of a client: %+v, %v", got, err)
			}
			if err := m.Close(); err != nil {
				t.Fatal(err)
			}

			again := open(t, dir, log)
			defer again.Close()
			if err := again.Run(t.Context()); err == nil || !strings.Contains(err.Error(), test.text) {
				t.Errorf("run again: %v, want %q", err, test.text)
			}
		})
	}
}

// A projector that ends anywhere between two batches goes on there: nothing is applied twice or left out.
func TestGoesOnBetweenBatches(t *testing.T) {
	t.Parallel()
	log := memory.New()
	for i := range 40 {
		appendTo(t, log, registered(fmt.Sprint(i)))
	}
	dir := t.TempDir()
	down := errors.New("down")
	for end := uint64(0); end < 40; end += 7 {
		first := true
		m := open(t, dir, brokenLog{log, func(read func() ([]eventstore.Recorded, error)) ([]eventstore.Recorded, error) {
			if !first {
				return nil, down
			}
			first = false
			batch, err := read()
			return batch[:min(7, len(batch))], err
		}})
		if applied := m.Health().Applied; applied != end {
			t.Fatalf("opened at %d, want %d", applied, end)
		}
		if err := m.Run(t.Context()); !errors.Is(err, down) {
			t.Fatal(err)
		}
		if err := m.Close(); err != nil {
			t.Fatal(err)
		}
	}
	m := run(t, dir, log)
	m.caughtUp()
	referenceOf(t, log).check(t, m, func() (readmodel.ClientQuery, readmodel.EventQuery) {
		return readmodel.ClientQuery{Limit: 9}, readmodel.EventQuery{Limit: 100}
	})
}

func TestWait(t *testing.T) {
	t.Parallel()
	log := memory.New()
	m := run(t, t.TempDir(), log)
	if err := m.Wait(t.Context(), 0); err != nil {
		t.Errorf("wait for nothing: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	gone := make(chan error, 1)
	go func() { gone <- m.Wait(ctx, 1) }()
	cancel()
	if err := <-gone; !errors.Is(err, context.Canceled) {
		t.Errorf("wait: %v, want %v", err, context.Canceled)
	}

	// Many wait, each for an event of its own, while these are appended.
	const n = 2000
	ended := make([]error, n+1)
	var all sync.WaitGroup
	for seq := uint64(1); seq <= n; seq++ {
		all.Go(func() {
			if ended[seq] = m.Wait(context.Background(), seq); ended[seq] == nil && m.Health().Applied < seq {
				ended[seq] = fmt.Errorf("woken at %d", m.Health().Applied)
			}
		})
	}
	for i := range n {
		appendTo(t, log, registered(fmt.Sprint(i)))
	}
	all.Wait()
	for seq, err := range ended {
		if err != nil {
			t.Errorf("wait for %d: %v", seq, err)
		}
	}

	waiting := make(chan error, 1)
	go func() { waiting <- m.Wait(context.Background(), n+1) }()
	m.close()
	if err := <-waiting; !errors.Is(err, projections.ErrStopped) {
		t.Errorf("wait: %v, want %v", err, projections.ErrStopped)
	}
}

// Readers read while the projector writes, and what was waited for is there.
func TestReadWhileWriting(t *testing.T) {
	t.Parallel()
	log := memory.New()
	m := run(t, t.TempDir(), log)
	const writers, each = 4, 50
	done := make(chan struct{})
	var readers, all sync.WaitGroup
	for range 3 {
		readers.Go(func() {
			for {
				select {
				case <-done:
					return
				default:
				}
				if _, err := m.Clients(context.Background(), readmodel.ClientQuery{Text: "1", Limit: 10}); err != nil {
					t.Error(err)
				}
				registryAt(t, m, readmodel.Moment{Seq: m.Health().Applied})
				o, err := m.Overview(context.Background(), start, 1)
				if err != nil || o.Clients[domain.Active] != o.Events {
					t.Errorf("overview %+v, %v", o, err)
				}
			}
		})
	}
	for w := range writers {
		all.Go(func() {
			for i := range each {
				h := registered(fmt.Sprintf("%d of %d", i, w))
				if err := m.Wait(context.Background(), appendTo(t, log, h)); err != nil {
					t.Error(err)
				}
				if _, err := m.Client(context.Background(), h.id); err != nil {
					t.Errorf("client that was waited for: %v", err)
				}
			}
		})
	}
	all.Wait()
	close(done)
	readers.Wait()
	if h := m.Health(); h.Applied != writers*each || h.Last != h.Applied || h.Err != nil {
		t.Errorf("health %+v", h)
	}
}

// Health tells a read model that is behind its log from one that is not, before the projector runs too.
func TestHealthBehind(t *testing.T) {
	t.Parallel()
	log := memory.New()
	appendTo(t, log, registered("a"), registered("b"))
	m := open(t, t.TempDir(), log)
	defer m.Close()
	if h := m.Health(); h != (readmodel.Health{Last: 2, Trouble: readmodel.ErrRebuilding}) {
		t.Errorf("health %+v", h)
	}
}

func TestEventLineOfToken(t *testing.T) {
	t.Parallel()
	e := readmodel.Event{Seq: 7, Envelope: domain.Envelope{
		ID: "e", Time: start, Aggregate: domain.TokenAggregate("t"), Actor: domain.Actor{Kind: domain.ActorClient, ID: "c"},
		Event: domain.InitialAccessTokenUsed{ClientID: "c"},
	}}
	got, err := json.Marshal(e)
	if err != nil {
		t.Fatal(err)
	}
	want := `{"seq":7,"time":"2026-03-01T12:00:00Z","id":"e","type":"InitialAccessTokenUsed","initial_access_token":"t",` +
		`"actor":{"kind":"client","id":"c"},"data":{"client_id":"c"}}`
	if string(got) != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func TestEventLine(t *testing.T) {
	t.Parallel()
	h := newHistory("a", start)
	h.add(domain.ClientRevoked{Reason: "<leaked>"})
	e := readmodel.Event{Seq: 7, Envelope: h.events[0]}
	got, err := json.Marshal(e)
	if err != nil {
		t.Fatal(err)
	}
	want := fmt.Sprintf(`{"seq":7,"time":"2026-03-01T12:00:00Z","id":%q,"type":"ClientRevoked","client_id":%q,`+
		`"actor":{"kind":"client","id":%[2]q,"ip":"192.0.2.7"},"data":{"reason":"\u003cleaked\u003e"}}`, e.ID, h.id)
	if string(got) != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}
