package storetest

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/google/uuid"

	"roster/domain"
	"roster/domain/oauth"
	"roster/eventstore"
)

// Registered returns the first event of a client, with a new id.
func Registered(a domain.Aggregate) domain.Envelope {
	return envelope(a, domain.ClientRegistered{
		Metadata: oauth.Metadata{
			"client_name":   oauth.Text("Client of " + a.ID),
			"redirect_uris": oauth.List{"https://client.example.org/callback"},
			"grant_types":   oauth.List{"authorization_code"},
			"contacts":      oauth.List{"admin@example.org"},
		},
		IssuedAt:                epoch,
		RegistrationAccessToken: domain.DigestOf(a.ID),
		Secret:                  &domain.Secret{Digest: domain.DigestOf("secret of " + a.ID)},
	})
}

// Updated returns an event that replaces a client's metadata, with a new id.
func Updated(a domain.Aggregate) domain.Envelope {
	return envelope(a, domain.ClientUpdated{Metadata: oauth.Metadata{"client_name": oauth.Text("New name of " + a.ID)}})
}

// Revoked returns an event that ends a client, with a new id.
func Revoked(a domain.Aggregate) domain.Envelope {
	return envelope(a, domain.ClientRevoked{Reason: "no longer in use"})
}

var epoch = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

func envelope(a domain.Aggregate, event domain.Event) domain.Envelope {
	return domain.Envelope{
		ID: uuid.Must(uuid.NewV7()).String(), Time: epoch.Add(6 * time.Microsecond), Aggregate: a,
		Actor: domain.Actor{Kind: domain.ActorClient, ID: a.ID, IP: "192.0.2.1"},
		Event: event,
	}
}

func newAggregate() domain.Aggregate {
	return domain.ClientAggregate(uuid.Must(uuid.NewV7()).String())
}

func mustAppend(t testing.TB, log eventstore.Log, changes ...domain.Change) uint64 {
	t.Helper()
	seq, err := log.Append(t.Context(), changes...)
	if err != nil {
		t.Fatalf("append: %v", err)
	}
	return seq
}

func subscribe(t testing.TB, log eventstore.Log, after uint64) eventstore.Subscription {
	t.Helper()
	sub, err := log.Subscribe(t.Context(), after)
	if err != nil {
		t.Fatalf("subscribe: %v", err)
	}
	return sub
}

// readAll returns all events through a subscription, up to the log's last.
func readAll(t testing.TB, log eventstore.Log) (all []eventstore.Recorded) {
	t.Helper()
	last, err := log.Last(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	sub := subscribe(t, log, 0)
	defer sub.Close()
	for len(all) == 0 || all[len(all)-1].Seq < last {
		if last == 0 {
			return nil
		}
		batch, err := sub.Next(t.Context(), 1000)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, batch...)
	}
	return all
}

func wantAll(t testing.TB, log eventstore.Log, want ...domain.Envelope) {
	t.Helper()
	var got []domain.Envelope
	for _, r := range readAll(t, log) {
		got = append(got, r.Envelope)
	}
	wantEqual(t, got, want)
}

// History returns the events of an aggregate beyond a sequence, and the last one's, as Load hands them over.
func History(t testing.TB, log eventstore.Log, a domain.Aggregate, after uint64) (history []domain.Envelope, last uint64, err error) {
	last, err = log.Load(t.Context(), a, after, func(e domain.Envelope) { history = append(history, e) })
	return history, last, err
}

func wantHistory(t testing.TB, log eventstore.Log, a domain.Aggregate, want ...domain.Envelope) {
	t.Helper()
	got, last, err := History(t, log, a, 0)
	if err != nil {
		t.Fatal(err)
	}
	wantEqual(t, got, want)
	if at, err := log.At(t.Context(), last); err != nil || at.ID != want[len(want)-1].ID {
		t.Errorf("Load says that the last event is at %d, where there is %s, %v", last, at.ID, err)
	}
}

func wantEqual[T any](t testing.TB, got, want T) {
	t.Helper()
	if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
		t.Error(fmt.Sprint("(-want +got)\n", diff))
	}
}
