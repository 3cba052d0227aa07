package main

import (
	"context"
	"log/slog"
	"reflect"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"roster/cmd/roster/rostertest"
	"roster/domain"
	"roster/domain/oauth"
	"roster/domain/registrar"
	"roster/eventstore"
	"roster/eventstore/jetstream"
)

// What a subscription is handed over by the append is what every other one decodes, to the last detail: nothing that is
// made of the log may depend on which of the two it was.
func TestHandedOverEventsAreThoseOfTheLog(t *testing.T) {
	logger := slog.New(slog.DiscardHandler)
	log, err := jetstream.Open(t.Context(), jetstream.Options{Dir: t.TempDir(), Logger: logger})
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	clients := registrar.New(registrar.Options{
		Log: log, Sealer: rostertest.Keys(t), Policy: oauth.DefaultPolicy, Logger: logger, SecretLifetime: 1 << 40,
	})
	registered := oneOfEach(t, clients)

	handedOver, decoded := eventsOf(t, log), eventsOf(t, log)
	sameText := cmp.Comparer(func(a, b time.Time) bool { return a.String() == b.String() }) // in the same zone, too
	if diff := cmp.Diff(decoded, handedOver, sameText); diff != "" {
		t.Errorf("(-decoded +handed over)\n%s", diff)
	}
	pointer := func(e eventstore.Recorded) uintptr {
		return reflect.ValueOf(e.Event.(domain.ClientRegistered).Metadata).Pointer()
	}
	if own := reflect.ValueOf(registered.Metadata).Pointer(); pointer(handedOver[0]) != own || pointer(decoded[0]) == own {
		t.Error("the first subscription decoded, or the second one did not")
	}
}

// oneOfEach has events of every kind appended, of which the first registers the client that it returns.
func oneOfEach(t *testing.T, clients *registrar.Registrar) domain.Client {
	t.Helper()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	document := func(text string) oauth.Document {
		d, err := oauth.ParseDocument([]byte(text))
		must(err)
		return d
	}
	ctx, from := context.WithoutCancel(t.Context()), "192.0.2.1"
	admin := domain.Actor{Kind: domain.ActorAdmin, ID: "admin", IP: from}
	application := webApplication{name: "Größe", host: "app.example.org"}
	first, err := clients.Register(ctx, from, document(application.document()))
	must(err)
	application.id, application.name = first.Client.ID, "Changed"
	_, err = clients.Update(ctx, from, first.Client.ID, first.RegistrationAccessToken, document(application.document()))
	must(err)
	must(clients.Suspend(ctx, admin, first.Client.ID, "a look at it"))
	must(clients.Resume(ctx, admin, first.Client.ID))
	must(clients.Revoke(ctx, admin, first.Client.ID, ""))
	issued, err := clients.IssueInitialAccessToken(ctx, admin, domain.IssueInitialAccessToken{
		Label: "Partner", MaxUses: 2, Terms: oauth.Terms{Owner: "acme", Scopes: []string{"openid"}},
	})
	must(err)
	for _, text := range []string{
		`{"grant_types":["client_credentials"],"token_endpoint_auth_method":"client_secret_jwt","default_max_age":0}`,
		`{"redirect_uris":["com.example.app:/cb"],"scope":"openid email","jwks":{"keys":[]}}`,
	} {
		c, err := clients.RegisterWith(ctx, from, issued.Token, document(text))
		must(err)
		must(clients.Delete(ctx, from, c.Client.ID, c.RegistrationAccessToken))
	}
	must(clients.RevokeInitialAccessToken(ctx, admin, issued.ID, "done"))
	return first.Client
}

// eventsOf reads a log through a subscription of its own.
func eventsOf(t *testing.T, log *jetstream.Log) (all []eventstore.Recorded) {
	t.Helper()
	subscription, err := log.Subscribe(t.Context(), 0)
	if err != nil {
		t.Fatal(err)
	}
	defer subscription.Close()
	for uint64(len(all)) < log.Acknowledged() {
		events, err := subscription.Next(t.Context(), 10)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, events...)
	}
	return all
}
