package readmodel_test

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"testing"
	"time"

	"pgregory.net/rapid"

	"roster/domain"
	"roster/domain/oauth"
	"roster/eventstore/memory"
	"roster/projections/readmodel"
)

// eachEvent gathers the events that a query selects, in the order of the log.
func eachEvent(t rapid.TB, m readmodel.Reader, q readmodel.EventQuery) (events []readmodel.Event) {
	t.Helper()
	err := m.EachEvent(context.Background(), q, func(uint64) error { return nil }, func(e readmodel.Event) error {
		events = append(events, e)
		return nil
	})
	if err != nil {
		t.Fatalf("each event of %+v: %v", q, err)
	}
	return events
}

// Events are read up to one of them, whatever happens meanwhile, and only as many as are asked for.
func TestEachEventEndsWhereItBegan(t *testing.T) {
	t.Parallel()
	log := memory.New()
	m := run(t, t.TempDir(), log)
	client := func(i int) *history {
		h := newHistory(fmt.Sprint(i), start.Add(time.Duration(i)*time.Second))
		h.register(oauth.Metadata{"client_name": oauth.Text("Client")})
		return h
	}
	const count = 1100 // more than are read at once
	for i := range count {
		appendTo(t, log, client(i))
	}
	m.caughtUp()
	for _, q := range []readmodel.EventQuery{
		{}, {Type: "ClientRegistered"}, {Network: netip.MustParsePrefix("192.0.2.0/24")}, {After: 3, Limit: 700},
	} {
		var last, seen uint64
		err := m.EachEvent(t.Context(), q, func(at uint64) error {
			last = at
			appendTo(t, log, client(count+int(at)))
			m.caughtUp()
			return nil
		}, func(e readmodel.Event) error {
			if seen++; e.Seq != q.After+seen {
				t.Fatalf("%+v: event %d is the one after %d of them", q, e.Seq, seen-1)
			}
			return nil
		})
		want := last - q.After
		if q.Limit > 0 {
			want = uint64(q.Limit)
		}
		if err != nil || seen != want {
			t.Errorf("%+v: %d events, %v; want %d", q, seen, err, want)
		}
	}
	full := errors.New("the reader has gone")
	for _, err := range []error{
		m.EachEvent(t.Context(), readmodel.EventQuery{}, func(uint64) error { return full }, nil),
		m.EachEvent(t.Context(), readmodel.EventQuery{}, func(uint64) error { return nil }, func(readmodel.Event) error { return full }),
	} {
		if !errors.Is(err, full) {
			t.Errorf("events whose reader fails end with %v", err)
		}
	}
	gone, leave := context.WithCancel(t.Context())
	err := m.EachEvent(gone, readmodel.EventQuery{}, func(uint64) error { return nil }, func(e readmodel.Event) error {
		if leave(); e.Seq > 500 {
			t.Fatalf("event %d is read though nobody wants it", e.Seq)
		}
		return nil
	})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("events that nobody wants end with %v", err)
	}
}

// What people write of addresses and networks is read as the events have it.
func TestNetworks(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"203.0.113.9": "203.0.113.9", "203.0.113.9/32": "203.0.113.9", "203.0.113.9/24": "203.0.113.0/24", "0.0.0.0/0": "0.0.0.0/0",
		"2001:DB8::0:1": "2001:db8::1", "fe80::1%eth0": "fe80::1", "2001:db8::1/32": "2001:db8::/32", "::/0": "::/0",
		"::ffff:203.0.113.9": "203.0.113.9", "::ffff:203.0.113.9/120": "203.0.113.0/24", "::ffff:0.0.0.0/95": "::fffe:0:0/95",
		"": "", "203.0.113": "", "203.0.113.9/33": "", "2001:db8::/129": "", "203.0.113.0/-1": "", "203.0.113.0-203.0.113.9": "", "host.example": "",
		"fe80::1%eth0/64": "", "203.0.113.0/ 24": "", "203.0.113.0/024": "",
	} {
		network, err := readmodel.ParseNetwork(text)
		got := ""
		if err == nil {
			got = readmodel.NetworkText(network)
		}
		if got != want {
			t.Errorf("%q is read as %q, %v; want %q", text, got, err, want)
		}
	}
}

func TestActors(t *testing.T) {
	t.Parallel()
	type actor struct {
		kind domain.ActorKind
		id   string
		ok   bool
	}
	for text, want := range map[string]actor{
		"client": {domain.ActorClient, "", true}, "admin": {domain.ActorAdmin, "", true}, "system": {domain.ActorSystem, "", true},
		"admin:alice": {domain.ActorAdmin, "alice", true}, "admin:bob: the second": {domain.ActorAdmin, "bob: the second", true},
		"admin:": {domain.ActorAdmin, "", false}, "client:x": {domain.ActorClient, "", false}, "system:": {domain.ActorSystem, "", false},
		"": {}, "Admin": {}, "root": {},
	} {
		kind, id, ok := readmodel.ParseActor(text)
		if got := (actor{kind, id, ok}); got != want {
			t.Errorf("%q is read as %v, want %v", text, got, want)
		}
	}
}
