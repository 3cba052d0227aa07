package jetstream_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	natsjs "github.com/nats-io/nats.go/jetstream"

	"roster/domain"
	"roster/domain/oauth"
	"roster/eventstore"
	"roster/eventstore/jetstream"
	"roster/eventstore/storetest"
)

// startNATS starts an external server. A port of -1 is any.
func startNATS(t testing.TB, dir string, port int, options ...func(*server.Options)) *server.Server {
	t.Helper()
	o := &server.Options{Host: "127.0.0.1", Port: port, JetStream: true, StoreDir: dir, NoSigs: true, NoLog: true}
	for _, set := range options {
		set(o)
	}
	ns, err := server.NewServer(o)
	if err != nil {
		t.Fatal(err)
	}
	ns.Start()
	t.Cleanup(func() { stopNATS(ns) })
	if !ns.ReadyForConnections(30 * time.Second) {
		t.Fatal("server is not ready")
	}
	return ns
}

func stopNATS(ns *server.Server) {
	ns.Shutdown()
	ns.WaitForShutdown()
}

func openURL(t testing.TB, url string) *jetstream.Log {
	t.Helper()
	log, err := jetstream.Open(t.Context(), jetstream.Options{URL: url, Logger: slog.New(slog.DiscardHandler)})
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

func TestExternalLog(t *testing.T) {
	storetest.Run(t, storetest.Harness{
		Open:   func(t testing.TB) eventstore.Log { return openURL(t, startNATS(t, t.TempDir(), -1).ClientURL()) },
		Inject: func(log eventstore.Log, fault storetest.Fault) { log.(*jetstream.Log).Inject(fault) },
		Put:    put,
	})
}

// Several processes share one external log.
func TestTwoProcesses(t *testing.T) {
	url := startNATS(t, t.TempDir(), -1).ClientURL()
	a, b := openURL(t, url), openURL(t, url)
	if a.Identity() != b.Identity() {
		t.Errorf("identities %v and %v of one log", a.Identity(), b.Identity())
	}
	change := registration()
	client := change.Events[0].Aggregate
	seq, err := a.Append(t.Context(), change)
	if err != nil {
		t.Fatal(err)
	}
	if history, last, err := storetest.History(t, b, client, 0); err != nil || len(history) != 1 || last != seq {
		t.Errorf("Load = %v, %d, %v", history, last, err)
	}
	if _, err := b.Append(t.Context(), domain.Change{Events: []domain.Envelope{storetest.Registered(client)}}); !errors.Is(err, domain.ErrConflict) {
		t.Errorf("Append = %v, want ErrConflict", err)
	}
	// What one has acknowledged is nothing that the other has answered for.
	if a.Acknowledged() != seq || b.Acknowledged() != 0 {
		t.Errorf("acknowledged are %d and %d, want %d and 0", a.Acknowledged(), b.Acknowledged(), seq)
	}
	later, err := b.Append(t.Context(), domain.Change{Expected: seq, Events: []domain.Envelope{storetest.Revoked(client)}})
	if err != nil {
		t.Fatal(err)
	}
	if a.Acknowledged() != seq || b.Acknowledged() != later {
		t.Errorf("acknowledged are %d and %d, want %d and %d", a.Acknowledged(), b.Acknowledged(), seq, later)
	}
}

// A subscription and a log outlive the loss of their server.
func TestReconnect(t *testing.T) {
	dir := t.TempDir()
	ns := startNATS(t, dir, -1)
	log := openURL(t, ns.ClientURL())
	if _, err := log.Append(t.Context(), registration()); err != nil {
		t.Fatal(err)
	}
	sub, err := log.Subscribe(t.Context(), 0)
	if err != nil {
		t.Fatal(err)
	}
	defer sub.Close()
	if _, err := sub.Next(t.Context(), 10); err != nil {
		t.Fatal(err)
	}

	port := ns.Addr().(*net.TCPAddr).Port
	stopNATS(ns)
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	if _, err := log.Append(ctx, registration()); err == nil {
		t.Error("an append without a server succeeded")
	}
	if err := log.Ready(ctx); err == nil {
		t.Error("a log without a server is ready")
	}
	startNATS(t, dir, port)

	change := registration()
	for {
		if _, err := log.Append(t.Context(), change); err == nil {
			break
		}
		if t.Context().Err() != nil {
			t.Fatal("the log did not recover")
		}
	}
	if err := log.Ready(t.Context()); err != nil {
		t.Error(err)
	}
	for {
		batch, err := sub.Next(t.Context(), 10)
		if err != nil {
			t.Fatal(err)
		}
		if batch[len(batch)-1].ID == change.Events[0].ID {
			return
		}
	}
}

// A stream that could lose events is refused, with what is wrong and what would be right.
func TestUnfitStream(t *testing.T) {
	tests := []struct {
		change func(*natsjs.StreamConfig)
		want   string
	}{
		{func(c *natsjs.StreamConfig) { c.Storage = natsjs.MemoryStorage }, "storage is Memory, must be File"},
		{func(c *natsjs.StreamConfig) { c.Retention = natsjs.InterestPolicy }, "retention is Interest, must be Limits"},
		{func(c *natsjs.StreamConfig) { c.MaxAge = time.Hour }, "max_age is 1h0m0s, must be unlimited"},
		{func(c *natsjs.StreamConfig) { c.MaxMsgs = 10 }, "max_msgs is 10, must be unlimited"},
		{func(c *natsjs.StreamConfig) { c.MaxBytes = 10 }, "max_bytes is 10, must be unlimited"},
		{func(c *natsjs.StreamConfig) { c.MaxMsgsPerSubject = 1 }, "max_msgs_per_subject is 1, must be unlimited"},
		{func(c *natsjs.StreamConfig) { c.Discard = natsjs.DiscardOld }, "discard is DiscardOld, must be DiscardNew"},
		{func(c *natsjs.StreamConfig) { c.DenyDelete = false }, "deny_delete is false, must be true"},
		{func(c *natsjs.StreamConfig) { c.DenyPurge = false }, "deny_purge is false, must be true"},
		{func(c *natsjs.StreamConfig) { c.AllowRollup = true; c.DenyPurge = false }, "allow_rollup_hdrs is true, must be false"},
		{func(c *natsjs.StreamConfig) { c.AllowMsgTTL = true }, "allow_msg_ttl is true, must be false"},
		{func(c *natsjs.StreamConfig) { c.AllowAtomicPublish = false }, "allow_atomic is false, must be true"},
		{func(c *natsjs.StreamConfig) { c.AllowDirect = false }, "allow_direct is false, must be true"},
		{func(c *natsjs.StreamConfig) { c.NoAck = true; c.AllowAtomicPublish = false }, "no_ack is true, must be false"},
		{func(c *natsjs.StreamConfig) { c.Compression = natsjs.S2Compression }, "compression is S2, must be None"},
		{func(c *natsjs.StreamConfig) { c.Subjects = []string{"roster.>"} }, "subjects is [roster.>], must be [roster.*.*]"},
		{func(c *natsjs.StreamConfig) { c.PersistMode = natsjs.AsyncPersistMode; c.AllowAtomicPublish = false }, "persist_mode is"},
	}
	ns := startNATS(t, t.TempDir(), -1)
	nc, err := nats.Connect(ns.ClientURL())
	if err != nil {
		t.Fatal(err)
	}
	defer nc.Close()
	js, err := natsjs.New(nc)
	if err != nil {
		t.Fatal(err)
	}
	// A server that deletes its last stream removes the directory of all streams a moment later, even while the
	// next one is being made in it.
	if _, err := js.CreateStream(t.Context(), natsjs.StreamConfig{Name: "other", Subjects: []string{"other"}}); err != nil {
		t.Fatal(err)
	}
	for _, test := range tests {
		config := jetstream.StreamConfig()
		test.change(&config)
		if _, err := js.CreateStream(t.Context(), config); err != nil {
			t.Fatalf("%s: %v", test.want, err)
		}
		log, err := jetstream.Open(t.Context(), jetstream.Options{URL: ns.ClientURL()})
		if err == nil {
			log.Close()
			t.Errorf("%s: the stream was accepted", test.want)
		} else if !strings.Contains(err.Error(), test.want) {
			t.Errorf("error %q does not say %q", err, test.want)
		}
		stream, err := js.Stream(t.Context(), jetstream.StreamName)
		if err != nil {
			t.Fatal(err)
		}
		if got := stream.CachedInfo().Config; fmt.Sprint(got.MaxAge, got.MaxMsgs, got.MaxMsgsPerSubject, got.DenyDelete) !=
			fmt.Sprint(config.MaxAge, config.MaxMsgs, config.MaxMsgsPerSubject, config.DenyDelete) {
			t.Errorf("%s: the stream was changed", test.want)
		}
		if err := js.DeleteStream(t.Context(), jetstream.StreamName); err != nil {
			t.Fatal(err)
		}
	}
	// Fewer replicas than asked for.
	if _, err := js.CreateStream(t.Context(), jetstream.StreamConfig()); err != nil {
		t.Fatal(err)
	}
	_, err = jetstream.Open(t.Context(), jetstream.Options{URL: ns.ClientURL(), Replicas: 3})
	if err == nil || !strings.Contains(err.Error(), "num_replicas is 1, must be at least 3") {
		t.Errorf("Open = %v", err)
	}
}

func TestNoServer(t *testing.T) {
	_, err := jetstream.Open(t.Context(), jetstream.Options{URL: "nats://someone:secret@127.0.0.1:1"})
	if err == nil || !strings.Contains(err.Error(), "nats://127.0.0.1:1") || strings.Contains(err.Error(), "secret") {
		t.Errorf("Open = %v, want an error with the address and no password", err)
	}
}

func TestLock(t *testing.T) {
	dir := t.TempDir()
	log := openLog(t, dir)
	_, err := jetstream.Open(t.Context(), jetstream.Options{Dir: dir})
	if !errors.Is(err, jetstream.ErrLocked) || !strings.Contains(err.Error(), dir) {
		t.Errorf("Open = %v, want ErrLocked and the directory", err)
	}
	// Nothing has happened to the one that holds it.
	if _, err := log.Append(t.Context(), registration()); err != nil {
		t.Error(err)
	}
	if err := log.Close(); err != nil {
		t.Error(err)
	}
	openLog(t, dir)
}

// A publication that is never answered ends with its context.
func TestAppendCancelled(t *testing.T) {
	log := openLog(t, t.TempDir())
	for _, stored := range []bool{false, true} {
		ctx, cancel := context.WithCancel(t.Context())
		log.Unanswered(stored, cancel)
		_, err := log.Append(ctx, registration())
		if stored && err != nil {
			t.Errorf("an event that is stored: %v", err)
		}
		if !stored && (!errors.Is(err, domain.ErrOutcomeUnknown) || !errors.Is(err, context.Canceled)) {
			t.Errorf("an event that was lost: %v, want ErrOutcomeUnknown and context.Canceled", err)
		}
	}
}

// Those who read long histories and the whole log at the same time never ask for so much at once that a server
// cuts the connection, and with it off all other work. This server does so at less than others.
func TestReadersAreNotCutOff(t *testing.T) {
	ns := startNATS(t, t.TempDir(), -1, func(o *server.Options) { o.MaxPending = 24 << 20 })
	log := openURL(t, ns.ClientURL())
	a := domain.ClientAggregate("c1")
	const batches, each = 14, 50 // of 60 kB: 42 MB
	var last uint64
	for range batches {
		change := domain.Change{Expected: last}
		for range each {
			event := storetest.Updated(a)
			event.Event = domain.ClientUpdated{Metadata: oauth.Metadata{"client_name": oauth.Text(strings.Repeat("a", 60_000))}}
			change.Events = append(change.Events, event)
		}
		var err error
		if last, err = log.Append(t.Context(), change); err != nil {
			t.Fatal(err)
		}
	}
	sub, err := log.Subscribe(t.Context(), 0)
	if err != nil {
		t.Fatal(err)
	}
	defer sub.Close()
	var reading sync.WaitGroup
	for range 4 {
		reading.Go(func() {
			loaded := 0
			if _, err := log.Load(t.Context(), a, 0, func(domain.Envelope) { loaded++ }); err != nil || loaded != batches*each {
				t.Errorf("%d events, %v", loaded, err)
			}
		})
	}
	for read := 0; read < batches*each; {
		events, err := sub.Next(t.Context(), each)
		if err != nil {
			t.Fatal(err)
		}
		read += len(events)
	}
	reading.Wait()
	if cut := ns.NumSlowConsumers(); cut != 0 {
		t.Errorf("the server cut the connection %d times", cut)
	}
}
