package jetstream

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"pgregory.net/rapid"

	"roster/domain"
	"roster/eventstore"
	"roster/eventstore/storetest"
)

// Batches of other processes can leave no room for one more. It is stored once there is.
func TestBatchOnABusyServer(t *testing.T) {
	log, err := Open(t.Context(), Options{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	part := func(id, sequence string) *nats.Msg {
		return &nats.Msg{Subject: "roster.client." + id, Data: []byte("{}"), Header: nats.Header{headerBatchID: {id}, headerBatchSequence: {sequence}}}
	}
	const most = 50
	for i := range most {
		if _, err := log.nc.RequestMsgWithContext(t.Context(), part(fmt.Sprint("other", i), "1")); err != nil {
			t.Fatal(err)
		}
	}
	refused := 0
	log.request = func(ctx context.Context, msg *nats.Msg) (*nats.Msg, error) {
		reply, err := log.nc.RequestMsgWithContext(ctx, msg)
		if err == nil && strings.Contains(string(reply.Data), `"error"`) {
			refused++
			for i := range most { // a gap ends a batch
				if err := log.nc.PublishMsg(part(fmt.Sprint("other", i), "3")); err != nil {
					t.Error(err)
				}
			}
		}
		return reply, err
	}
	one, other := domain.ClientAggregate("01"), domain.ClientAggregate("02")
	seq, err := log.Append(t.Context(),
		domain.Change{Events: []domain.Envelope{storetest.Registered(one)}},
		domain.Change{Events: []domain.Envelope{storetest.Registered(other)}})
	if err != nil || seq != 2 || refused == 0 {
		t.Errorf("Append = %d, %v after %d refusals", seq, err, refused)
	}
}

// A file that was synced may grow until the server turns to the next: then it is synced again.
func TestBarrierCrossesBlocks(t *testing.T) {
	store := t.TempDir()
	b := newBarrier(store, StreamName)
	if err := os.MkdirAll(b.blocks, 0o700); err != nil {
		t.Fatal(err)
	}
	begin := func(n int) {
		if err := os.WriteFile(b.block(n), nil, 0o600); err != nil {
			t.Error(err)
		}
	}
	begin(1)
	if err := b.start(); err != nil {
		t.Fatal(err)
	}
	defer b.stop()
	var synced []string
	during := func() {}
	b.fsync = func(path string) error {
		synced = append(synced, filepath.Base(path))
		during()
		return nil
	}
	want := func(seq uint64, names ...string) {
		t.Helper()
		synced = nil
		if err := b.wait(t.Context(), seq); err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(synced, names) {
			t.Errorf("synced %v, want %v", synced, names)
		}
	}
	want(1, "1.blk")
	want(1) // is on disk already
	during = func() { during = func() {}; begin(2) }
	want(2, "1.blk")
	want(3, "1.blk", "2.blk", "msgs")
	want(4, "2.blk")
	begin(3)
	begin(4)
	want(5, "2.blk", "3.blk", "4.blk", "msgs")
	want(6, "4.blk")
}

// What stands beside an event's body is stored in headers that never change, either.
func TestHeaders(t *testing.T) {
	event := domain.Envelope{
		ID:        "0197a3c5-7e1b-7c3d-9f42-0123456789ab",
		Time:      time.Date(2026, 1, 2, 3, 4, 5, 678901000, time.UTC),
		Aggregate: domain.ClientAggregate("s6BhdRkqt3"),
		Actor:     domain.Actor{Kind: domain.ActorAdmin, ID: "Jörg\r\nNats-Rollup: all"},
		Event:     domain.ClientDeleted{},
	}
	const who = "admin:J%C3%B6rg%0D%0ANats-Rollup:%20all"
	msg, err := encode(event)
	if err != nil {
		t.Fatal(err)
	}
	want := &nats.Msg{
		Subject: "roster.client.s6BhdRkqt3",
		Header: nats.Header{
			"Nats-Msg-Id": {".AZejxX4bfD2fQgEjRWeJqw"},
			"Roster":      {"ClientDeleted 1 1767323045.678901 " + who},
		},
		Data: []byte(`{"data":{}}`),
	}
	if diff := cmp.Diff(want.Header, msg.Header); diff != "" || msg.Subject != want.Subject || string(msg.Data) != string(want.Data) {
		t.Errorf("%s %s\n%s", msg.Subject, msg.Data, diff)
	}
	for name, header := range map[string]nats.Header{
		"now": want.Header,
		"formerly": {
			"Nats-Msg-Id":    {"0197a3c5-7e1b-7c3d-9f42-0123456789ab"},
			"Roster-Type":    {"ClientDeleted"},
			"Roster-Version": {"1"},
			"Roster-By":      {"2026-01-02T03:04:05.678901Z " + who},
		},
		"at first": {
			"Nats-Msg-Id":       {"0197a3c5-7e1b-7c3d-9f42-0123456789ab"},
			"Roster-Type":       {"ClientDeleted"},
			"Roster-Version":    {"1"},
			"Roster-Time":       {"2026-01-02T03:04:05.678901Z"},
			"Roster-Actor-Kind": {"admin"},
			"Roster-Actor-Id":   {"J%C3%B6rg%0D%0ANats-Rollup:%20all"},
		},
	} {
		got, err := decode(7, want.Subject, header, want.Data)
		if diff := cmp.Diff(event, got.Envelope); diff != "" || err != nil {
			t.Errorf("%s: %v\n%s", name, err, diff)
		}
	}
	page, err := os.ReadFile(filepath.Join("..", "..", "docs", "log.md"))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range append(formerHeaders[:], jetstream.MsgIDHeader, headerEvent) {
		if !strings.Contains(string(page), "| `"+name+"` |") {
			t.Errorf("docs/log.md does not describe header %s", name)
		}
	}
}

// An id is packed where it is a UUID as Roster writes it, and nowhere else.
func TestIDs(t *testing.T) {
	for id, want := range map[string]string{
		"0197a3c5-7e1b-7c3d-9f42-0123456789ab": ".AZejxX4bfD2fQgEjRWeJqw",
		"0197A3C5-7E1B-7C3D-9F42-0123456789AB": "0197A3C5-7E1B-7C3D-9F42-0123456789AB",
		"0197a3c57e1b7c3d9f420123456789ab":     "0197a3c57e1b7c3d9f420123456789ab",
		"AZejxX4bfD2fQgEjRWeJqw":               "AZejxX4bfD2fQgEjRWeJqw",
	} {
		header := nats.Header{jetstream.MsgIDHeader: {formatID(id)}}
		if got := header.Get(jetstream.MsgIDHeader); got != want {
			t.Errorf("%s is written as %s, want %s", id, got, want)
		}
		if got := idOf(header); got != id {
			t.Errorf("%s is read as %s", id, got)
		}
	}
	for _, wrong := range []string{"", ".", ".AZejxX4bfD2fQgEjRWeJ", ".0197a3c5-7e1b-7c3d-9f42-0123456789ab"} {
		if got := idOf(nats.Header{jetstream.MsgIDHeader: {wrong}}); got != "" {
			t.Errorf("%q is read as %s", wrong, got)
		}
	}
}

// When and by whom an event was decided is read in all forms that were ever written.
func TestDecidedBy(t *testing.T) {
	const (
		event = "ClientDeleted 1 1767323045.678901"
		when  = "2026-01-02T03:04:05.678901Z"
		admin = "J%C3%B6rg:%0D%0A"
	)
	at := time.Date(2026, 1, 2, 3, 4, 5, 678901000, time.UTC)
	for name, test := range map[string]struct {
		event, by, time, kind, id string // headers
		want                      domain.Actor
	}{
		"itself":                  {event: event, want: domain.Actor{Kind: domain.ActorClient, ID: "c1"}},
		"an administrator":        {event: event + " admin:" + admin, want: domain.Actor{Kind: domain.ActorAdmin, ID: "Jörg:\r\n"}},
		"of the client's name":    {event: event + " admin", want: domain.Actor{Kind: domain.ActorAdmin, ID: "c1"}},
		"another client":          {event: event + " client:c2", want: domain.Actor{Kind: domain.ActorClient, ID: "c2"}},
		"nobody":                  {event: event + " system:", want: domain.Actor{Kind: domain.ActorSystem}},
		"formerly, itself":        {by: when + " client", want: domain.Actor{Kind: domain.ActorClient, ID: "c1"}},
		"formerly, administrator": {by: when + " admin:" + admin, want: domain.Actor{Kind: domain.ActorAdmin, ID: "Jörg:\r\n"}},
		"formerly, the program":   {by: when + " system:roster", want: domain.Actor{Kind: domain.ActorSystem, ID: "roster"}},
		"formerly, nobody":        {by: when + " system:", want: domain.Actor{Kind: domain.ActorSystem}},
		"at first, itself":        {time: when, kind: "client", id: "c1", want: domain.Actor{Kind: domain.ActorClient, ID: "c1"}},
		"at first, administrator": {time: when, kind: "admin", id: admin, want: domain.Actor{Kind: domain.ActorAdmin, ID: "Jörg:\r\n"}},
		"at first, nobody":        {time: when, kind: "system", want: domain.Actor{Kind: domain.ActorSystem}},
		"two forms":               {event: event, by: when + " client"},
		"two former forms":        {by: when + " client", time: when},
		"two forms of the actor":  {by: when + " client", id: "c1"},
		"none":                    {},
		"no time":                 {event: "ClientDeleted 1"},
		"formerly, no time":       {by: "client"},
		"too fine a time":         {event: "ClientDeleted 1 1767323045.6789010000"},
		"a fraction of no digits": {event: "ClientDeleted 1 1767323045.+678901"},
		"no escape":               {event: event + " admin:%zz"},
	} {
		header := nats.Header{
			jetstream.MsgIDHeader: {"id"}, headerEvent: {test.event}, headerBy: {test.by},
			headerTime: {test.time}, headerActorKind: {test.kind}, headerActorID: {test.id},
		}
		if test.event == "" || test.by != "" {
			header[headerType], header[headerVersion] = []string{"ClientDeleted"}, []string{"1"}
		}
		maps.DeleteFunc(header, func(_ string, values []string) bool { return values[0] == "" })
		got, err := decodeEnvelope("roster.client.c1", header, []byte(`{"data":{}}`))
		refused := test.want == (domain.Actor{})
		if refused != (err != nil) || !refused && (got.Actor != test.want || !got.Time.Equal(at)) {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
}

// A header of the envelope that is not known is of a newer program. Those of others are ignored.
func TestUnknownHeader(t *testing.T) {
	want := storetest.Revoked(domain.ClientAggregate("c1"))
	msg, err := encode(want)
	if err != nil {
		t.Fatal(err)
	}
	msg.Header.Set("Nats-Expected-Stream", StreamName)
	msg.Header.Set("Traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")
	got, err := decode(7, msg.Subject, msg.Header, msg.Data)
	if diff := cmp.Diff(want, got.Envelope); diff != "" || err != nil {
		t.Errorf("%v: %s", err, diff)
	}
	msg.Header.Set("Roster-Tenant", "acme")
	_, err = decode(7, msg.Subject, msg.Header, msg.Data)
	if !errors.Is(err, eventstore.ErrUnknownSchema) {
		t.Fatalf("decode = %v, want ErrUnknownSchema", err)
	}
	for _, want := range []string{"sequence 7", `"ClientRevoked" version 1`, "Roster-Tenant"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q does not say %s", err, want)
		}
	}
}

func TestMessageRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := storetest.Revoked(domain.ClientAggregate("c1"))
		want.Actor = domain.Actor{Kind: domain.ActorAdmin, ID: rapid.OneOf(rapid.String(), rapid.Just("c1")).Draw(t, "actor")}
		want.Event = domain.ClientRevoked{Reason: rapid.String().Draw(t, "reason")}
		want.Time = time.UnixMicro(rapid.Int64Range(0, 1<<51).Draw(t, "time")).UTC()
		msg, err := encode(want)
		if err != nil {
			t.Fatal(err)
		}
		for name, values := range msg.Header {
			if strings.ContainsAny(values[0], "\r\n") || strings.TrimSpace(values[0]) != values[0] {
				t.Fatalf("header %s is not one line: %q", name, values[0])
			}
		}
		got, err := decode(7, msg.Subject, msg.Header, msg.Data)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got.Envelope); diff != "" || got.Seq != 7 {
			t.Fatal(diff)
		}
	})
}

func FuzzDecodeMessage(f *testing.F) {
	f.Add("roster.client.c1", ".AZejxX4bfD2fQgEjRWeJqw", "ClientDeleted 1 1767323045.5 admin:a", "", "", "", "", "", []byte(`{"data":{}}`))
	f.Add("roster.client.c1", "id", "", "ClientDeleted", "1", "", "2026-01-02T03:04:05Z", "admin", []byte(`{"data":{}}`))
	f.Add("roster.client.c1", "id", "", "ClientDeleted", "1", "2026-01-02T03:04:05Z client", "", "", []byte(`{"data":{}}`))
	f.Fuzz(func(t *testing.T, subject, id, event, eventType, version, by, at, actor string, body []byte) {
		_, _ = decodeEnvelope(subject, nats.Header{
			jetstream.MsgIDHeader: {id}, headerEvent: {event}, headerType: {eventType}, headerVersion: {version},
			headerBy: {by}, headerTime: {at}, headerActorID: {actor},
		}, body)
	})
}

// A replica may be behind the leader, which alone knows the last event for certain.
func TestLoadFromAReplicaThatIsBehind(t *testing.T) {
	log, err := Open(t.Context(), Options{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	var want []domain.Envelope
	last := uint64(0)
	for range 5 {
		event := storetest.Revoked(domain.ClientAggregate("c1"))
		want = append(want, event)
		if last, err = log.Append(t.Context(), domain.Change{Expected: last, Events: []domain.Envelope{event}}); err != nil {
			t.Fatal(err)
		}
	}
	for behind := range 6 {
		log.batch = func(ctx context.Context, r batchRequest) ([]message, error) {
			msgs, err := log.getBatch(ctx, r)
			return slices.DeleteFunc(msgs, func(m message) bool { return m.Seq > last-uint64(behind) }), err
		}
		history, seq, err := storetest.History(t, log, domain.ClientAggregate("c1"), 0)
		if err != nil || seq != last {
			t.Errorf("%d behind: sequence %d, error %v", behind, seq, err)
		}
		if diff := cmp.Diff(want, history); diff != "" {
			t.Errorf("%d behind: %s", behind, diff)
		}
	}
}

// An event that is in the stream and is not delivered is a loss; what the stream lacks is none.
func TestMissingEvent(t *testing.T) {
	log, err := Open(t.Context(), Options{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	for _, id := range []string{"c1", "c2", "c3"} {
		event := storetest.Registered(domain.ClientAggregate(id))
		if _, err := log.Append(t.Context(), domain.Change{Events: []domain.Envelope{event}}); err != nil {
			t.Fatal(err)
		}
	}
	third, err := log.get(t.Context(), getRequest{Seq: 3})
	if err != nil {
		t.Fatal(err)
	}
	s := &subscription{log: log, after: 1}
	if _, err := s.accept(t.Context(), delivered{message: third}); err == nil || !strings.Contains(err.Error(), "2 was not delivered") {
		t.Errorf("accept = %v, want an error that names sequence 2", err)
	}
	s.after = 2
	if _, err := s.accept(t.Context(), delivered{message: third}); err != nil {
		t.Error(err)
	}
	if _, err := s.accept(t.Context(), delivered{message: third}); err == nil {
		t.Error("the same event was accepted twice")
	}
}

// delivered is a message as a consumer delivers it.
type delivered struct {
	jetstream.Msg
	message
}

func (d delivered) Metadata() (*jetstream.MsgMetadata, error) {
	return &jetstream.MsgMetadata{Sequence: jetstream.SequencePair{Stream: d.Seq}}, nil
}
func (d delivered) Subject() string      { return d.message.Subject }
func (d delivered) Headers() nats.Header { return d.Header }
func (d delivered) Data() []byte         { return d.message.Data }
