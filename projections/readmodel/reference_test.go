package readmodel_test

import (
	"cmp"
	"context"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"roster/domain"
	"roster/domain/oauth"
	"roster/eventstore"
	"roster/eventstore/memory"
	"roster/projections/readmodel"
	"roster/projections/readmodel/search"
)

// reference is a whole log, and answers from it in the simplest way what a read model answers.
type reference []eventstore.Recorded

func referenceOf(t rapid.TB, log *memory.Log) reference {
	last, err := log.Last(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	var r reference
	for seq := uint64(1); seq <= last; seq++ {
		e, err := log.At(context.Background(), seq)
		if err != nil {
			t.Fatal(err)
		}
		r = append(r, e)
	}
	return r
}

// clients folds the log: every client that was ever registered, in the order of registration.
func (r reference) clients() []readmodel.Client {
	var clients []readmodel.Client
	for i, e := range r {
		if _, ok := e.Event.(domain.ClientRegistered); !ok {
			continue
		}
		c := readmodel.Client{RegisteredAt: e.Time}
		for _, later := range r[i:] {
			if later.Aggregate == e.Aggregate {
				c.Client = domain.Clients.Evolve(c.Client, later.Aggregate, later.Event)
				c.UpdatedAt = later.Time
			}
		}
		clients = append(clients, c)
	}
	return clients
}

// tokens folds the log: every initial access token that was ever issued, the newest first.
func (r reference) tokens() []readmodel.InitialAccessToken {
	var tokens []readmodel.InitialAccessToken
	for i, e := range r {
		if _, ok := e.Event.(domain.InitialAccessTokenIssued); !ok {
			continue
		}
		t := readmodel.InitialAccessToken{IssuedAt: e.Time, IssuedBy: e.Actor.ID}
		for _, later := range r[i:] {
			switch event := later.Event.(type) {
			case domain.ClientRegistered:
				if event.InitialAccessToken == t.ID {
					t.Clients++
				}
			case domain.InitialAccessTokenRevoked:
				if later.Aggregate == e.Aggregate {
					t.RevokedAt, t.RevokedBy, t.Reason = later.Time, later.Actor.ID, event.Reason
				}
			}
			if later.Aggregate == e.Aggregate {
				t.InitialAccessToken = domain.InitialAccessTokens.Evolve(t.InitialAccessToken, later.Aggregate, later.Event)
			}
		}
		tokens = append(tokens, t)
	}
	slices.Reverse(tokens)
	return tokens
}

// selected returns all clients that a query selects, on whatever page.
func (r reference) selected(q readmodel.ClientQuery) (selected []readmodel.ListedClient) {
	return r.selectedOf(r.likened(), q)
}

func (r reference) selectedOf(clients []readmodel.Client, q readmodel.ClientQuery) (selected []readmodel.ListedClient) {
	for _, c := range clients {
		listed := readmodel.ListedClient{Client: c}
		for _, e := range r {
			if registered, ok := e.Event.(domain.ClientRegistered); ok && e.Aggregate.ID == c.ID && registered.Metadata != nil {
				listed.RegisteredFrom = e.Actor.IP
			}
		}
		if isSelected(q, listed) {
			selected = append(selected, listed)
		}
	}
	slices.Reverse(selected)
	slices.SortStableFunc(selected, func(a, b readmodel.ListedClient) int {
		switch q.Order {
		case readmodel.ChangedFirst: // to the second
			return int(b.UpdatedAt.Unix() - a.UpdatedAt.Unix())
		case readmodel.ByName:
			name := func(c readmodel.ListedClient) string { return cmp.Or(search.Fold(c.Metadata.Name()), "\xff") }
			return strings.Compare(name(a), name(b))
		}
		return 0
	})
	return selected
}

// isSelected reports whether a query selects a client. What words are found in which texts is left to package search.
func isSelected(q readmodel.ClientQuery, c readmodel.ListedClient) bool {
	is := func(wanted string, has ...string) bool { return wanted == "" || slices.Contains(has, wanted) }
	during := func(p readmodel.Period, at time.Time) bool {
		return p == readmodel.Period{} || !at.IsZero() && (p.From.IsZero() || !at.Before(p.From)) && (p.Until.IsZero() || at.Before(p.Until))
	}
	m := c.Metadata
	var hosts, cautions []string
	for _, uri := range m.List("redirect_uris") {
		u, err := url.Parse(uri)
		if err != nil {
			panic(err)
		}
		hosts = append(hosts, cmp.Or(u.Hostname(), u.Scheme+":"))
	}
	for _, caution := range c.Cautions(func(string) bool { return false }) {
		cautions = append(cautions, string(caution.Level))
	}
	var changed, expires time.Time
	if c.Version > 1 {
		changed = c.UpdatedAt
	}
	if c.Secret != nil {
		expires = c.Secret.ExpiresAt
	}
	words := search.Entry{Seq: 1, Origin: &search.Origin{ID: c.ID}, Metadata: &search.Metadata{
		Name: m.Name(), Owner: m.Owner(), Software: m.Text("software_id"), Version: m.Text("software_version"), Hosts: hosts,
	}}
	return search.Query{Text: q.Text}.Selects(words) &&
		is(string(q.Status), string(c.Status)) && is(q.Kind, m.Text("application_type")) && is(q.AuthMethod, m.Text("token_endpoint_auth_method")) &&
		is(q.Grant, m.List("grant_types")...) && is(string(q.Caution), cautions...) && is(q.Owner, m.Owner()) && is(q.Software, m.Text("software_id")) &&
		is(q.Host, hosts...) && is(q.Contact, m.List("contacts")...) && (!q.Network.IsValid() || within(q.Network, c.RegisteredFrom)) && is(q.Token, c.InitialAccessToken) &&
		during(q.Registered, c.RegisteredAt) && during(q.Changed, changed) && during(q.SecretExpires, expires) &&
		(!q.NeverChanged || changed.IsZero())
}

func (r reference) events(q readmodel.EventQuery) []readmodel.Event {
	var events []readmodel.Event
	for _, e := range r {
		if e.Seq > q.After &&
			(q.Before == 0 || e.Seq < q.Before) &&
			(q.ClientID == "" || e.Aggregate == domain.ClientAggregate(q.ClientID)) &&
			(q.Type == "" || e.Event.Type() == q.Type) &&
			(q.ActorKind == "" || e.Actor.Kind == q.ActorKind && (q.ActorID == "" || e.Actor.ID == q.ActorID)) &&
			(!q.Network.IsValid() || within(q.Network, e.Actor.IP)) &&
			(q.Member == "" || r.changed(e, q.Member)) &&
			(q.InitialAccessToken == "" || r.ofToken(e, q.InitialAccessToken)) &&
			(q.Since.IsZero() || !e.Time.Before(q.Since)) &&
			(q.Until.IsZero() || !e.Time.After(q.Until)) {
			events = append(events, readmodel.Event(e))
		}
	}
	if q.Newest {
		slices.Reverse(events)
	}
	return events[:min(q.Limit, len(events))]
}

func within(network netip.Prefix, address string) bool {
	addr, err := netip.ParseAddr(address)
	return err == nil && network.Contains(addr)
}

// changed reports whether an event changed a member of a client.
func (r reference) changed(e eventstore.Recorded, member string) bool {
	updated, ok := e.Event.(domain.ClientUpdated)
	if !ok {
		return false
	}
	changes := oauth.Diff(r.metadataBefore(e.Seq), updated.Metadata)
	return slices.ContainsFunc(changes, func(c oauth.MemberChange) bool { return c.Name == member })
}

// metadataBefore returns the metadata that the client of an event had before it.
func (r reference) metadataBefore(seq uint64) oauth.Metadata {
	var c domain.Client
	for _, e := range r[:seq-1] {
		if e.Aggregate == r[seq-1].Aggregate && e.Aggregate.Kind == domain.Clients.Kind {
			c = domain.Clients.Evolve(c, e.Aggregate, e.Event)
		}
	}
	return c.Metadata
}

// ofToken reports whether an event is about an initial access token or about a client that was registered with it.
func (r reference) ofToken(e eventstore.Recorded, id string) bool {
	return e.Aggregate == domain.InitialAccessTokenAggregate(id) || slices.ContainsFunc(r, func(other eventstore.Recorded) bool {
		registered, ok := other.Event.(domain.ClientRegistered)
		return ok && registered.InitialAccessToken == id && other.Aggregate == e.Aggregate
	})
}

// clientsOfToken returns the clients that were registered with an initial access token, the newest first.
func (r reference) clientsOfToken(id string) []readmodel.Client {
	clients := slices.DeleteFunc(r.clients(), func(c readmodel.Client) bool { return c.InitialAccessToken != id })
	slices.Reverse(clients)
	return clients
}

func (r reference) registryAt(at readmodel.Moment) []readmodel.Client {
	return slices.DeleteFunc(r.upTo(at).clients(), func(c readmodel.Client) bool { return c.Status != domain.Active })
}

func (r reference) overview(today time.Time, days int) readmodel.Overview {
	o := readmodel.Overview{Events: len(r), Clients: map[domain.Status]int{}}
	for _, c := range r.clients() {
		o.Clients[c.Status]++
	}
	for i := range days {
		day := readmodel.Day{Date: today.UTC().Truncate(24*time.Hour).AddDate(0, 0, i+1-days)}
		for _, e := range r {
			if !e.Time.Truncate(24 * time.Hour).Equal(day.Date) {
				continue
			}
			switch e.Event.(type) {
			case domain.ClientRegistered:
				day.Registered++
			case domain.ClientDeleted, domain.ClientRevoked:
				day.Ended++
			}
		}
		o.Daily = append(o.Daily, day)
	}
	return o
}

// diff compares two answers.
func diff(want, got any) string { return gocmp.Diff(want, got, cmpopts.EquateEmpty()) }

// check compares everything that a read model answers with what the log says.
func (r reference) check(t rapid.TB, m readmodel.Reader, queries func() (readmodel.ClientQuery, readmodel.EventQuery)) {
	t.Helper()
	ctx := context.Background()
	if _, err := m.Clients(ctx, readmodel.ClientQuery{Owner: "x"}); err != nil { // it waits until likenesses are known
		t.Fatal(err)
	}
	for _, want := range r.likened() {
		got, err := m.Client(ctx, want.ID)
		if d := diff(want, got); err != nil || d != "" {
			t.Fatalf("client %s: %v\n%s", want.ID, err, d)
		}
		if d := gocmp.Diff(want.Terms, got.Terms); d != "" { // no limit is not the limit to nothing
			t.Fatalf("terms of client %s:\n%s", want.ID, d)
		}
	}
	for _, want := range r.tokens() {
		got, err := m.InitialAccessToken(ctx, want.ID)
		if d := diff(want, got); err != nil || d != "" {
			t.Fatalf("token %s: %v\n%s", want.ID, err, d)
		}
	}
	for _, token := range r.tokens() {
		if d := diff(r.clientsOfToken(token.ID), allOfToken(t, m, token.ID)); d != "" {
			t.Fatalf("clients of token %s (-want +got):\n%s", token.ID, d)
		}
	}
	for limit := range 3 {
		if d := diff(r.tokens(), allTokens(t, m, readmodel.InitialAccessTokenQuery{Limit: limit + 1})); d != "" {
			t.Fatalf("tokens (-want +got):\n%s", d)
		}
	}
	for _, status := range domain.InitialAccessTokenStatuses {
		for _, at := range []time.Time{start, start.Add(24 * time.Hour)} {
			want := slices.DeleteFunc(r.tokens(), func(t readmodel.InitialAccessToken) bool { return t.StatusAt(at) != status })
			if d := diff(want, allTokens(t, m, readmodel.InitialAccessTokenQuery{Status: status, At: at, Limit: 2})); d != "" {
				t.Fatalf("tokens that are %s at %s (-want +got):\n%s", status, at, d)
			}
		}
	}
	for _, e := range r {
		former, err := m.MetadataBefore(ctx, e.Seq)
		if d := diff(r.metadataBefore(e.Seq), former[e.Seq]); err != nil || d != "" {
			t.Fatalf("metadata before event %d: %v\n%s", e.Seq, err, d)
		}
	}
	for range 5 {
		cq, eq := queries()
		selected := r.selected(cq)
		if d := diff(selected, slices.Concat(allPages(t, m, cq)...)); d != "" {
			t.Fatalf("clients %+v (-want +got):\n%s", cq, d)
		}
		cq.Count = true
		if page, err := m.Clients(ctx, cq); err != nil || page.Total != len(selected) {
			t.Fatalf("clients %+v: %d in all, %v; want %d", cq, page.Total, err, len(selected))
		}
		cq.Order = readmodel.NewestFirst
		ranking, err := m.RankClients(ctx, readmodel.ByIP, cq, 2)
		if d := diff(rankedByIP(r.selected(cq), 2), ranking); err != nil || d != "" {
			t.Fatalf("addresses of clients %+v: %v (-want +got):\n%s", cq, err, d)
		}
		events, err := m.Events(ctx, eq)
		if d := diff(r.events(eq), events); err != nil || d != "" {
			t.Fatalf("events %+v: %v (-want +got):\n%s", eq, err, d)
		}
		eq.Newest = false
		if d := diff(r.events(eq), eachEvent(t, m, eq)); d != "" {
			t.Fatalf("each event of %+v (-want +got):\n%s", eq, d)
		}
		eq.Newest = true
		all := eq
		all.Limit = len(r)
		if d := diff(r.events(all), foundEvents(t, m, eq)); d != "" {
			t.Fatalf("events found by %+v (-want +got):\n%s", eq, d)
		}
		if d := diff(r.registryAt(readmodel.Moment{Time: eq.Since}), registryAt(t, m, readmodel.Moment{Time: eq.Since})); d != "" {
			t.Fatalf("registry at %s (-want +got):\n%s", eq.Since, d)
		}
	}
	for seq := range uint64(len(r) + 2) {
		at := readmodel.Moment{Seq: seq}
		if d := diff(r.registryAt(at), registryAt(t, m, at)); d != "" {
			t.Fatalf("registry at %d (-want +got):\n%s", seq, d)
		}
	}
	for _, today := range []time.Time{start, start.AddDate(0, 0, 3)} {
		got, err := m.Overview(ctx, today, 5)
		if d := diff(r.overview(today, 5), got); err != nil || d != "" {
			t.Fatalf("overview of %s: %v (-want +got):\n%s", today, err, d)
		}
	}
}

// checkSnapshots holds what changes are decided on against the folded log.
func (r reference) checkSnapshots(t rapid.TB, m *model) {
	ctx := context.Background()
	for _, want := range r.clients() {
		got, err := m.ClientSnapshot(ctx, want.ID)
		if d := diff(domain.Snapshot[domain.Client]{State: want.Client, Last: r.last(want.ID), At: r.end()}, got); err != nil || d != "" {
			t.Fatalf("snapshot of client %s: %v\n%s", want.ID, err, d)
		}
	}
	for _, want := range r.tokens() {
		got, err := m.InitialAccessTokenSnapshot(ctx, want.ID)
		if d := diff(domain.Snapshot[domain.InitialAccessToken]{State: want.InitialAccessToken, Last: r.last(want.ID), At: r.end()}, got); err != nil || d != "" {
			t.Fatalf("snapshot of token %s: %v\n%s", want.ID, err, d)
		}
	}
	for _, nobody := range []string{"", "nobody", "*"} {
		client, err := m.ClientSnapshot(ctx, nobody)
		if d := diff(domain.Snapshot[domain.Client]{}, client); err != nil || d != "" {
			t.Fatalf("snapshot of no client: %v\n%s", err, d)
		}
		token, err := m.InitialAccessTokenSnapshot(ctx, nobody)
		if d := diff(domain.Snapshot[domain.InitialAccessToken]{}, token); err != nil || d != "" {
			t.Fatalf("snapshot of no token: %v\n%s", err, d)
		}
	}
}

// last returns the sequence of an aggregate's last event, and end that of the last event of all.
func (r reference) last(id string) (seq uint64) {
	for _, e := range r {
		if e.Aggregate.ID == id {
			seq = e.Seq
		}
	}
	return seq
}

func (r reference) end() uint64 { return r[len(r)-1].Seq }

// A read model that followed the log live, stopped and started again on the way, and one that was built
// at the end answer the same: what the log says.
func TestAnswersAreWhatTheLogSays(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		liveDir, rebuiltDir := t.TempDir(), t.TempDir()
		d := &driver{t: rt, log: memory.New(), now: start}
		live := run(t, liveDir, d.log)
		defer func() { live.close() }()
		for range rapid.IntRange(0, 25).Draw(rt, "events") {
			d.step()
			switch rapid.IntRange(0, 9).Draw(rt, "meanwhile") {
			case 0:
				live.close()
				live = run(t, liveDir, d.log)
			case 1, 2: // what was read once is not remembered too long
				live.caughtUp()
				referenceOf(rt, d.log).checkSnapshots(rt, live)
			}
		}
		live.caughtUp()
		r := referenceOf(rt, d.log)
		r.check(rt, live, d.queries)
		r.checkChanges(rt, live)
		r.checkSnapshots(rt, live)
		rebuilt := run(t, rebuiltDir, d.log)
		defer rebuilt.close()
		rebuilt.caughtUp()
		rebuilt.LimitSearch(3)
		r.check(rt, rebuilt, d.queries)
		r.checkSnapshots(rt, rebuilt)
	})
}
