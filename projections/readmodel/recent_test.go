package readmodel_test

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"roster/domain"
	"roster/domain/oauth"
	"roster/eventstore/memory"
	"roster/projections/readmodel"
)

// A snapshot is right about the sequence that it names, and as recent as what was waited for, however often it is read
// while the client and others change. Each client has every second event of the log.
func TestSnapshotsOfClientsThatChange(t *testing.T) {
	t.Parallel()
	const changes = 300
	log := memory.New()
	m := run(t, t.TempDir(), log)
	clients := []*history{newHistory("a", start), newHistory("b", start)}
	var last uint64
	for _, c := range clients {
		c.register(oauth.Metadata{"client_name": oauth.Text("0")})
		last = appendTo(t, log, c)
	}
	if err := m.Wait(t.Context(), last); err != nil {
		t.Fatal(err)
	}
	versionAt := func(client int, seq uint64) uint64 { return (seq + 1 - uint64(client)) / 2 }
	check := func(client int, atLeast uint64) {
		s, err := m.ClientSnapshot(t.Context(), clients[client].id)
		want := versionAt(client, s.At)
		if err != nil || s.At < atLeast || s.State.Version != want || s.Last != 2*want-1+uint64(client) ||
			s.State.Metadata.Name() != fmt.Sprint(want-1) {
			t.Errorf("client %d, %v: %+v", client, err, s)
		}
	}
	written := make(chan struct{})
	var readers sync.WaitGroup
	for client := range clients {
		readers.Go(func() {
			for {
				select {
				case <-written:
					return
				default:
					check(client, 2)
				}
			}
		})
	}
	for i := range changes {
		client := i % len(clients)
		c := clients[client]
		c.add(domain.ClientUpdated{Metadata: oauth.Metadata{"client_name": oauth.Text(fmt.Sprint(i/2 + 1))}})
		seq := appendOne(t, log, c.events[len(c.events)-1])
		if i%3 != 0 {
			continue
		}
		if err := m.Wait(t.Context(), seq); err != nil {
			t.Error(err)
			break
		}
		for other := range clients {
			check(other, seq)
			check(other, seq)
		}
	}
	close(written)
	readers.Wait()
}

// A commit that is reported as failed may have been made: what was kept in memory of the time before it is forgotten.
func TestCommitReportedAsFailed(t *testing.T) {
	t.Parallel()
	log := memory.New()
	m := open(t, t.TempDir(), log)
	defer m.Close()
	c := newHistory("a", start)
	c.register(oauth.Metadata{"client_name": oauth.Text("before")})
	c.add(domain.ClientUpdated{Metadata: oauth.Metadata{"client_name": oauth.Text("after")}})
	appendTo(t, log, c)
	subscription, err := log.Subscribe(t.Context(), 0)
	if err != nil {
		t.Fatal(err)
	}
	defer subscription.Close()
	events, err := subscription.Next(t.Context(), 2)
	if err != nil || len(events) != 2 {
		t.Fatalf("%d events, %v", len(events), err)
	}
	check := func(at uint64, name string) {
		t.Helper()
		s, err := m.ClientSnapshot(t.Context(), c.id)
		if err != nil || s.At != at || s.Last != at || s.State.Metadata.Name() != name {
			t.Errorf("snapshot at %d of %q, want %d of %q; %v", s.At, s.State.Metadata.Name(), at, name, err)
		}
		for _, text := range []string{"before", "after"} {
			page, err := m.Clients(t.Context(), readmodel.ClientQuery{Text: text, Limit: 1})
			if found := len(page.Clients) == 1; err != nil || found != (text == name) {
				t.Errorf("a search for %q finds %v, %v", text, page.Clients, err)
			}
		}
	}
	if err := m.Apply(t.Context(), events[:1]); err != nil {
		t.Fatal(err)
	}
	check(1, "before")
	if err := m.ApplyUnnoticed(t.Context(), events[1:]); err != nil {
		t.Fatal(err)
	}
	check(2, "after")
	for end := time.Now().Add(time.Minute); !m.HasIndex(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("the index is not loaded in time")
		}
	}
	check(2, "after")
}

// A client that is kept changes with the events as the file does: another read model that reads it from its file, once
// all is done, has the same.
func TestSnapshotsThatAreKeptAreAsTheFileHasThem(t *testing.T) {
	t.Parallel()
	large := make(oauth.List, 100)
	for i := range large {
		large[i] = fmt.Sprintf("https://a.example/callback/%d", i)
	}
	secret := &domain.Secret{Digest: domain.DigestOf("secret"), ExpiresAt: start.Add(time.Hour), Sealed: []byte("sealed")}
	log := memory.New()
	m := run(t, t.TempDir(), log)
	c := newHistory("kept", start)
	c.register(oauth.Metadata{"client_name": oauth.Text("0")})
	last := appendTo(t, log, c)
	for _, event := range []domain.Event{
		domain.ClientUpdated{Metadata: oauth.Metadata{"client_name": oauth.Text("1")}, SecretIssued: secret},
		domain.ClientUpdated{Metadata: oauth.Metadata{"redirect_uris": large}},
		domain.ClientUpdated{Metadata: oauth.Metadata{"client_name": oauth.Text("2")}, SecretEnded: true, RegistrationAccessToken: domain.DigestOf("token")},
		domain.ClientSuspended{Reason: "unusual"},
		domain.ClientResumed{},
		domain.ClientRevoked{},
	} {
		if err := m.Wait(t.Context(), last); err != nil {
			t.Fatal(err)
		}
		if _, err := m.ClientSnapshot(t.Context(), c.id); err != nil { // from here on it is kept
			t.Fatal(err)
		}
		c.add(event)
		last = appendOne(t, log, c.events[len(c.events)-1])
		fresh := run(t, t.TempDir(), log)
		for _, m := range []*model{m, fresh} {
			if err := m.Wait(t.Context(), last); err != nil {
				t.Fatal(err)
			}
		}
		got, gotErr := m.ClientSnapshot(t.Context(), c.id)
		want, wantErr := fresh.ClientSnapshot(t.Context(), c.id)
		if diff := cmp.Diff(want, got); diff != "" || gotErr != nil || wantErr != nil || got.Last != last {
			t.Errorf("after %s: errors %v, %v, (-file +kept):\n%s", event.Type(), wantErr, gotErr, diff)
		}
		fresh.close()
	}
}
