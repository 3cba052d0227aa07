package readmodel_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"roster/domain"
	"roster/domain/oauth"
	"roster/eventstore/memory"
	"roster/projections/readmodel"
)

// upTo is the beginning of the log that counts at a moment.
func (r reference) upTo(at readmodel.Moment) reference {
	for i, e := range r {
		if at.Seq != 0 && e.Seq > at.Seq || at.Seq == 0 && e.Time.After(at.Time) {
			return r[:i]
		}
	}
	return r
}

// position is the last event.
func (r reference) position() readmodel.Position {
	if len(r) == 0 {
		return readmodel.Position{}
	}
	last := r[len(r)-1]
	return readmodel.Position{Seq: last.Seq, Time: last.Time}
}

// byID is every client that was ever registered.
func (r reference) byID() map[string]readmodel.Client {
	all := map[string]readmodel.Client{}
	for _, c := range r.clients() {
		all[c.ID] = c
	}
	return all
}

// difference is what became of one client, told from two whole logs.
type difference struct {
	Outcome       readmodel.Outcome
	Before, After readmodel.Client
	Events        int
}

// differences compares the log up to one position with the log up to a later one.
func (r reference) differences(from, to reference, wanted readmodel.Outcome) (found []difference) {
	told, before, after := map[string]bool{}, from.byID(), to.byID()
	for _, e := range to[len(from):] {
		id := e.Aggregate.ID
		if e.Aggregate != domain.ClientAggregate(id) || told[id] {
			continue
		}
		told[id] = true
		d := difference{Before: before[id], After: after[id]}
		for _, e := range to[len(from):] {
			if e.Aggregate == domain.ClientAggregate(id) {
				d.Events++
			}
		}
		was, is := d.Before.Status == domain.Active, d.After.Status == domain.Active
		same := func(c readmodel.Client) any {
			return []any{c.Metadata.AppendJSON(nil), c.Secret, c.RegistrationAccessToken}
		}
		switch {
		case !was && is:
			d.Outcome = readmodel.Added
		case was && !is:
			d.Outcome = readmodel.Ended
		case !was:
			d.Outcome = readmodel.Transient
		case cmp.Equal(same(d.Before), same(d.After)):
			d.Outcome = readmodel.Unchanged
		default:
			d.Outcome = readmodel.Changed
		}
		if wanted == "" || wanted == d.Outcome {
			found = append(found, d)
		}
	}
	return found
}

// checkPast compares what a read model answers about a moment of the past with what the log up to then says.
func (r reference) checkPast(t rapid.TB, m readmodel.Reader, at readmodel.Moment, q readmodel.ClientQuery) readmodel.Position {
	t.Helper()
	ctx := context.Background()
	then := r.upTo(at)
	position, err := m.Locate(ctx, at)
	if d := diff(then.position(), position); err != nil || d != "" {
		t.Fatalf("position at %+v: %v (-want +got):\n%s", at, err, d)
	}
	known := then.byID()
	for id := range r.byID() {
		want, wantErr := known[id], error(nil)
		if !want.Exists() {
			wantErr = domain.ErrNotFound
		}
		got, err := m.ClientAt(ctx, id, position)
		if d := diff(want, got); !errors.Is(err, wantErr) || d != "" {
			t.Fatalf("client %s at %+v: %v (-want +got):\n%s", id, position, err, d)
		}
	}
	q.Order = readmodel.NewestFirst // the only one of the past
	if d := diff(then.selectedOf(then.clients(), q), allPastPages(t, m, position, q)); d != "" {
		t.Fatalf("clients %+v at %+v (-want +got):\n%s", q, position, d)
	}
	var exported []readmodel.ListedClient
	err = m.ExportClientsAt(ctx, position, q, func(c readmodel.ListedClient) error {
		exported = append(exported, c)
		return nil
	})
	if d := diff(then.selectedOf(then.clients(), q), exported); err != nil || d != "" {
		t.Fatalf("export of clients %+v at %+v: %v (-want +got):\n%s", q, position, err, d)
	}
	want := then.overview(position.Time, 4)
	got, err := m.OverviewAt(ctx, position, 4)
	for status, n := range got.Clients {
		if n == 0 {
			delete(got.Clients, status)
		}
	}
	if d := diff(want, got); err != nil || d != "" {
		t.Fatalf("overview at %+v: %v (-want +got):\n%s", position, err, d)
	}
	return position
}

// allPastPages pages through a query. A page that is not the last is full, or says how far it came.
func allPastPages(t rapid.TB, m readmodel.Reader, at readmodel.Position, q readmodel.ClientQuery) (clients []readmodel.ListedClient) {
	t.Helper()
	for searched := at.Seq + 1; ; {
		page, err := m.ClientsAt(context.Background(), at, q)
		if err != nil {
			t.Fatalf("clients %+v at %+v: %v", q, at, err)
		}
		clients = append(clients, page.Clients...)
		switch to := page.Searched.Seq; {
		case page.NextCursor == "" && to == 0:
			return clients
		case page.NextCursor == "", to == 0 && len(page.Clients) != q.Limit, to != 0 && len(page.Clients) > q.Limit, to >= searched:
			t.Fatalf("clients %+v at %+v: a page of %d, cursor %q, searched back to %d after %d", q, at, len(page.Clients), page.NextCursor, to, searched)
		case to != 0:
			searched = to
		}
		q.Cursor = page.NextCursor
	}
}

// checkDifferences compares the differences of a read model with those between two beginnings of the log.
func (r reference) checkDifferences(t rapid.TB, m readmodel.Reader, from, to readmodel.Position, q readmodel.DifferenceQuery) {
	t.Helper()
	earlier, later := r.upTo(readmodel.Moment{Seq: from.Seq}), r.upTo(readmodel.Moment{Seq: to.Seq})
	var got []difference
	for _, d := range allDifferences(t, m, from, to, q) {
		got = append(got, difference{d.Outcome(), d.Before, d.After, d.Events})
	}
	if d := diff(r.differences(earlier, later, q.Outcome), got); d != "" {
		t.Fatalf("differences %+v from %d to %d (-want +got):\n%s", q, from.Seq, to.Seq, d)
	}
}

func allDifferences(t rapid.TB, m readmodel.Reader, from, to readmodel.Position, q readmodel.DifferenceQuery) (all []readmodel.Difference) {
	t.Helper()
	for {
		page, err := m.Differences(context.Background(), from, to, q)
		if err != nil {
			t.Fatalf("differences %+v: %v", q, err)
		}
		all = append(all, page.Differences...)
		switch {
		case page.NextCursor == "":
			return all
		case page.Searched.Seq == 0 && len(page.Differences) != q.Limit:
			t.Fatalf("differences %+v: a page of %d that is not the last", q, len(page.Differences))
		}
		q.Cursor = page.NextCursor
	}
}

// What a read model answers about the past is what the beginning of the log says, also where a query is cut short.
func TestThePastIsWhatTheLogSaid(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		d := &driver{t: rt, log: memory.New(), now: start}
		for range rapid.IntRange(0, 25).Draw(rt, "events") {
			d.step()
		}
		r := referenceOf(rt, d.log)
		patient := run(t, t.TempDir(), d.log)
		defer patient.close()
		hasty := run(t, t.TempDir(), d.log)
		hasty.LimitPastSearch(rapid.Int64Range(1, 9).Draw(rt, "window"))
		defer hasty.close()
		for _, m := range []*model{patient, hasty} {
			m.caughtUp()
			if rapid.IntRange(0, 3).Draw(rt, "index") == 0 {
				m.ForgetIndex()
			}
			for range 5 {
				q, _ := d.queries()
				from := r.checkPast(rt, m, d.moment(), q)
				to := r.checkPast(rt, m, d.moment(), q)
				if from.Seq > to.Seq {
					from, to = to, from
				}
				r.checkDifferences(rt, m, from, to, readmodel.DifferenceQuery{
					Outcome: rapid.SampledFrom(append([]readmodel.Outcome{"", ""}, readmodel.Outcomes...)).Draw(rt, "outcome"),
					Limit:   rapid.IntRange(1, 5).Draw(rt, "limit of differences"),
				})
			}
		}
	})
}

// moment is a sequence or a time, of the past or to come.
func (d *driver) moment() readmodel.Moment {
	if rapid.Bool().Draw(d.t, "by time") {
		return readmodel.Moment{Time: d.now.Add(-time.Duration(rapid.IntRange(-1, 60).Draw(d.t, "hours ago")) * time.Hour)}
	}
	return readmodel.Moment{Seq: rapid.Uint64Range(0, uint64(d.n)+2).Draw(d.t, "sequence")}
}

// In a longer log, counts are right before, at and behind the events after which they are kept, and pages go on where those
// before them ended.
func TestALongPast(t *testing.T) {
	t.Parallel()
	log := memory.New()
	var histories []*history
	for i := range 420 {
		h := newHistory(fmt.Sprint(i), start.Add(time.Duration(i)*20*time.Minute)) // over days, and back again at each step
		h.register(oauth.Metadata{"redirect_uris": oauth.List{"https://client.example.org/cb"}})
		switch i % 4 {
		case 1:
			h.add(domain.ClientSuspended{})
			h.add(domain.ClientResumed{})
			h.add(domain.ClientSuspended{})
		case 2:
			h.add(domain.ClientSuspended{})
			h.add(domain.ClientRevoked{})
		case 3:
			h.add(domain.ClientDeleted{})
		}
		histories = append(histories, h)
	}
	for step := range 4 { // so that what happens to a client is far apart
		for _, h := range histories {
			if step < len(h.events) {
				appendOne(t, log, h.events[step])
			}
		}
	}
	m := run(t, t.TempDir(), log)
	m.caughtUp()
	r := referenceOf(t, log)
	for _, seq := range []uint64{1, 500, 777, 1001, uint64(len(r))} {
		for _, q := range []readmodel.ClientQuery{{Limit: 150}, {Limit: 500}, {Status: domain.Suspended, Limit: 500}} {
			r.checkPast(t, m, readmodel.Moment{Seq: seq}, q)
		}
	}
}

// A query of one page returns it, and where to go on, when its time is over.
func TestAPastPageSaysHowFarItCame(t *testing.T) {
	t.Parallel()
	log := memory.New()
	for i := range 20 {
		h := newHistory(fmt.Sprint(i), start.Add(time.Duration(i)*time.Minute))
		h.register(oauth.Metadata{"client_name": oauth.Text(fmt.Sprint("client ", i))})
		appendTo(t, log, h)
	}
	m := run(t, t.TempDir(), log)
	m.LimitPastSearch(4)
	m.caughtUp()
	at, err := m.Locate(t.Context(), readmodel.Moment{Seq: 18})
	if err != nil {
		t.Fatal(err)
	}
	page, err := m.ClientsAt(t.Context(), at, readmodel.ClientQuery{Text: "client 1", Limit: 50})
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, c := range page.Clients {
		names = append(names, c.Metadata.Name())
	}
	if want := []string{"client 17", "client 16", "client 15", "client 14"}; !slices.Equal(names, want) {
		t.Errorf("found %q, want %q", names, want)
	}
	if want := (readmodel.Position{Seq: 14, Time: start.Add(13 * time.Minute)}); page.Searched != want {
		t.Errorf("searched back to %+v, want %+v", page.Searched, want)
	}
}

// The net effect is told, whatever came and went in between.
func TestDifferencesAreNet(t *testing.T) {
	t.Parallel()
	metadata := func(name string) oauth.Metadata { return oauth.Metadata{"client_name": oauth.Text(name)} }
	secret := &domain.Secret{Digest: domain.DigestOf("another secret")}
	for name, c := range map[string]struct {
		before, between []domain.Event // after the registration
		new             bool           // the registration is in between too
		want            readmodel.Outcome
	}{
		"registered":                     {new: true, want: readmodel.Added},
		"registered and suspended":       {new: true, between: []domain.Event{domain.ClientSuspended{}}, want: readmodel.Added},
		"registered and deleted":         {new: true, between: []domain.Event{domain.ClientDeleted{}}, want: readmodel.Transient},
		"revoked":                        {between: []domain.Event{domain.ClientRevoked{}}, want: readmodel.Ended},
		"suspended":                      {between: []domain.Event{domain.ClientSuspended{}}, want: readmodel.Changed},
		"suspended, then resumed":        {before: []domain.Event{domain.ClientSuspended{}}, between: []domain.Event{domain.ClientResumed{}}, want: readmodel.Changed},
		"suspended and resumed":          {between: []domain.Event{domain.ClientSuspended{}, domain.ClientResumed{}}, want: readmodel.Unchanged},
		"renamed":                        {between: []domain.Event{domain.ClientUpdated{Metadata: metadata("b")}}, want: readmodel.Changed},
		"renamed and named back":         {between: []domain.Event{domain.ClientUpdated{Metadata: metadata("b")}, domain.ClientUpdated{Metadata: metadata("a")}}, want: readmodel.Unchanged},
		"another secret":                 {between: []domain.Event{domain.ClientUpdated{Metadata: metadata("a"), SecretIssued: secret}}, want: readmodel.Changed},
		"no secret any more":             {between: []domain.Event{domain.ClientUpdated{Metadata: metadata("a"), SecretEnded: true}}, want: readmodel.Changed},
		"another registration token":     {between: []domain.Event{domain.ClientUpdated{Metadata: metadata("a"), RegistrationAccessToken: domain.DigestOf("another token")}}, want: readmodel.Changed},
		"ended before and nothing since": {before: []domain.Event{domain.ClientDeleted{}}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			log := memory.New()
			h := newHistory(name, start)
			record := func(events ...domain.Event) readmodel.Position {
				first := len(h.events)
				for _, e := range events {
					h.add(e)
				}
				var seq uint64
				for _, e := range h.events[first:] {
					seq = appendOne(t, log, e)
				}
				return readmodel.Position{Seq: seq}
			}
			other := newHistory("another client", start)
			other.register(metadata("another"))
			from := readmodel.Position{Seq: appendTo(t, log, other)}
			if !c.new {
				h.register(metadata("a"))
				from = readmodel.Position{Seq: appendOne(t, log, h.events[0])}
				if len(c.before) > 0 {
					from = record(c.before...)
				}
			}
			to := from
			if c.new {
				h.register(metadata("a"))
				to = readmodel.Position{Seq: appendOne(t, log, h.events[0])}
			}
			if len(c.between) > 0 {
				to = record(c.between...)
			}
			m := run(t, t.TempDir(), log)
			m.caughtUp()
			got := allDifferences(t, m, from, to, readmodel.DifferenceQuery{Limit: 5})
			switch {
			case c.want == "" && len(got) > 0, c.want != "" && len(got) != 1:
				t.Fatalf("%d differences", len(got))
			case c.want != "" && got[0].Outcome() != c.want:
				t.Errorf("it is %s, want %s", got[0].Outcome(), c.want)
			}
			for _, outcome := range readmodel.Outcomes {
				only := allDifferences(t, m, from, to, readmodel.DifferenceQuery{Outcome: outcome, Limit: 5})
				if (len(only) == 1) != (outcome == c.want) {
					t.Errorf("%d are %s", len(only), outcome)
				}
			}
		})
	}
}
