package registrar_test

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"regexp"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"roster/domain"
	"roster/domain/oauth"
	"roster/domain/registrar"
	"roster/eventstore"
	"roster/eventstore/memory"
)

func TestLife(t *testing.T) {
	r := newRegistry()
	ctx := t.Context()
	registered := r.mustRegister(t, webApp)
	id, token := registered.Client.ID, registered.RegistrationAccessToken

	if !regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`).MatchString(id) {
		t.Errorf("client_id %q is no UUIDv7", id)
	}
	if raw, err := base64.RawURLEncoding.DecodeString(token); err != nil || len(raw) != 32 {
		t.Errorf("%q is not 256 bits in base64url", token)
	}
	// The octets of the secret are the key of HS512 (OpenID Connect Core 1.0, 16.19).
	if !regexp.MustCompile(`^[0-9A-Za-z]{64}$`).MatchString(registered.ClientSecret) {
		t.Errorf("%q is not 64 characters of base62", registered.ClientSecret)
	}
	if want := r.now.Add(time.Hour); !registered.Client.Secret.ExpiresAt.Equal(want) {
		t.Errorf("secret expires at %v, want %v", registered.Client.Secret.ExpiresAt, want)
	}
	if registered.Client.Secret.Sealed != nil {
		t.Error("a secret that is only compared is sealed in the log")
	}

	same, err := r.Update(ctx, "192.0.2.1", id, token, parse(t, putBack(registered, "")))
	if err != nil || same.ClientSecret != "" {
		t.Errorf("put back: secret %q, error %v", same.ClientSecret, err)
	}
	hmac, err := r.Update(ctx, "192.0.2.2", id, token, parse(t, putBack(registered, `,"id_token_signed_response_alg":"HS256"`)))
	if err != nil || hmac.ClientSecret == "" || string(hmac.Client.Secret.Sealed) != "sealed for "+id {
		t.Errorf("update that needs a sealed secret: %+v, error %v", hmac, err)
	}
	if err := r.Delete(ctx, "192.0.2.3", id, token); err != nil {
		t.Error(err)
	}
	if diff := cmp.Diff([]string{"ClientRegistered", "ClientUpdated", "ClientDeleted"}, r.types(t)); diff != "" {
		t.Error(diff)
	}
	event, err := r.log.At(ctx, 2)
	if err != nil {
		t.Fatal(err)
	}
	if want := (domain.Actor{Kind: domain.ActorClient, ID: id, IP: "192.0.2.2"}); event.Actor != want {
		t.Errorf("actor %+v, want %+v", event.Actor, want)
	}
	first, err := r.log.At(ctx, 1)
	if err != nil {
		t.Fatal(err)
	}
	for _, version := range []string{first.Event.(domain.ClientRegistered).PolicyVersion, event.Event.(domain.ClientUpdated).PolicyVersion} {
		if want := oauth.DefaultPolicy.Version(); version != want {
			t.Errorf("let through by the policy %q, want %q", version, want)
		}
	}
}

func TestAdmission(t *testing.T) {
	r := newRegistry()
	ctx := t.Context()
	mine, other, ended := r.mustRegister(t, webApp), r.mustRegister(t, webApp), r.mustRegister(t, webApp)
	if err := r.Revoke(ctx, domain.Actor{Kind: domain.ActorAdmin, ID: "admin"}, ended.Client.ID, "spam"); err != nil {
		t.Fatal(err)
	}
	before := r.types(t)
	for name, call := range map[string]struct{ id, token string }{
		"foreign token":  {mine.Client.ID, other.RegistrationAccessToken},
		"no token":       {mine.Client.ID, ""},
		"client secret":  {mine.Client.ID, mine.ClientSecret},
		"revoked client": {ended.Client.ID, ended.RegistrationAccessToken},
		"unknown client": {"0195516c-0c00-7000-8000-000000000000", mine.RegistrationAccessToken},
		"wildcard":       {">", mine.RegistrationAccessToken},
		"path":           {"../" + mine.Client.ID, mine.RegistrationAccessToken},
		"nothing":        {"", ""},
	} {
		if err := r.Delete(ctx, "", call.id, call.token); !errors.Is(err, domain.ErrUnauthorized) {
			t.Errorf("%s: delete: %v", name, err)
		}
		if _, err := r.Update(ctx, "", call.id, call.token, parse(t, webApp)); !errors.Is(err, domain.ErrUnauthorized) {
			t.Errorf("%s: update: %v", name, err)
		}
	}
	if diff := cmp.Diff(before, r.types(t)); diff != "" {
		t.Errorf("the log has grown: %s", diff)
	}
}

func TestAdministratorsEnd(t *testing.T) {
	r := newRegistry()
	ctx := t.Context()
	one, two := r.mustRegister(t, webApp), r.mustRegister(t, webApp)
	if err := r.DeleteAs(ctx, admin, one.Client.ID); err != nil {
		t.Error(err)
	}
	for range 2 { // the second time changes nothing
		if err := r.Revoke(ctx, admin, two.Client.ID, ""); err != nil {
			t.Error(err)
		}
	}
	for _, id := range []string{one.Client.ID, two.Client.ID, "0195516c-0c00-7000-8000-000000000000", "*", ""} {
		if err := r.DeleteAs(ctx, admin, id); !errors.Is(err, domain.ErrUnauthorized) {
			t.Errorf("delete %q: %v", id, err)
		}
	}
	for _, id := range []string{"0195516c-0c00-7000-8000-000000000000", "*", ""} {
		if err := r.Revoke(ctx, admin, id, ""); !errors.Is(err, domain.ErrNotFound) {
			t.Errorf("revoke %q: %v", id, err)
		}
	}
	want := []string{"ClientRegistered", "ClientRegistered", "ClientDeleted", "ClientRevoked"}
	if diff := cmp.Diff(want, r.types(t)); diff != "" {
		t.Error(diff)
	}
}

// populated is a read model with so many clients.
type populated oauth.Population

func (p populated) CountClients(context.Context, string) (oauth.Population, error) {
	return oauth.Population(p), nil
}

// asked is a Fetcher that counts.
type asked int

func (a *asked) Fetch(context.Context, string) ([]byte, error) {
	*a++
	return []byte(`["https://a.example/cb"]`), nil
}

// TestAFullRegistryFetchesNothing has no room in all, or for one owner.
func TestAFullRegistryFetchesNothing(t *testing.T) {
	for name, test := range map[string]struct {
		clients int
		body    string
		want    oauth.Code
		fetched asked
	}{
		"full":                               {10, `{"redirect_uris":["https://a.example/cb"],"sector_identifier_uri":"https://a.example/s"}`, oauth.AccessDenied, 0},
		"full, and a document that is wrong": {10, `{"redirect_uris":["https://a.example/cb"],"sector_identifier_uri":"http://a.example/s"}`, oauth.InvalidClientMetadata, 0},
		"full, and nothing to fetch":         {10, webApp, oauth.AccessDenied, 0},
		"room":                               {9, `{"redirect_uris":["https://a.example/cb"],"sector_identifier_uri":"https://a.example/s"}`, "", 1},
		"room, and who it says to be of":     {9, `{"redirect_uris":["https://a.example/cb"],"sector_identifier_uri":"https://a.example/s","ext_param_owner":"ann"}`, "", 1},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRegistry()
			var fetched asked
			r.Fetcher, r.Census = &fetched, populated{Clients: test.clients, OfOwner: 2}
			r.Policy.MaxClients, r.Policy.MaxClientsPerOwner = 10, 2
			_, err := r.Register(t.Context(), "", parse(t, test.body))
			refused := new(oauth.Error)
			if errors.As(err, &refused); refused.Code != test.want || fetched != test.fetched {
				t.Errorf("error %v, want %q; fetched %d times, want %d", err, test.want, fetched, test.fetched)
			}
		})
	}
}

// Changes are answered as soon as they are durable: nothing is asked of a read model, which has applied nothing.
func TestAnAnswerNeedsTheLogAlone(t *testing.T) {
	r := newRegistry()
	r.Snapshots = &folded{log: r.log}
	registered, issued := r.mustRegister(t, webApp), r.mustIssue(t, domain.IssueToken{MaxUses: 1})
	if err := rename(r, registered, "other"); err != nil {
		t.Error(err)
	}
	if _, err := r.RegisterWith(t.Context(), "", issued.Token, parse(t, webApp)); err != nil {
		t.Error(err)
	}
	if err := r.RevokeToken(t.Context(), admin, issued.ID, ""); err != nil {
		t.Error(err)
	}
	if err := r.Delete(t.Context(), "", registered.Client.ID, registered.RegistrationAccessToken); err != nil {
		t.Error(err)
	}
}

func TestAConflictIsDecidedAnew(t *testing.T) {
	r := newRegistry()
	ctx := t.Context()
	registered := r.mustRegister(t, webApp)
	id, token := registered.Client.ID, registered.RegistrationAccessToken

	t.Run("on the new state", func(t *testing.T) {
		r.before(func(elsewhere *registry) {
			if _, err := elsewhere.Update(ctx, "", id, token, parse(t, putBack(registered, `,"client_name":"first"`))); err != nil {
				t.Error(err)
			}
		})
		updated, err := r.Update(ctx, "", id, token, parse(t, putBack(registered, `,"client_name":"second"`)))
		if err != nil || updated.Client.Metadata.Name() != "second" {
			t.Errorf("name %q, error %v", updated.Client.Metadata.Name(), err)
		}
	})
	t.Run("however many there are", func(t *testing.T) {
		client := newRegistry()
		registered := client.mustRegister(t, webApp)
		var updating sync.WaitGroup
		for i := range 64 {
			updating.Go(func() {
				document := putBack(registered, fmt.Sprintf(`,"client_name":"%d"`, i))
				if _, err := client.Update(ctx, "", registered.Client.ID, registered.RegistrationAccessToken, parse(t, document)); err != nil {
					t.Error(err)
				}
			})
		}
		updating.Wait()
		if events := len(client.types(t)); events != 65 {
			t.Errorf("%d events, want 65", events)
		}
	})
	t.Run("and refused when the client has ended meanwhile", func(t *testing.T) {
		r.before(func(elsewhere *registry) {
			if err := elsewhere.Delete(ctx, "", id, token); err != nil {
				t.Error(err)
			}
		})
		_, err := r.Update(ctx, "", id, token, parse(t, putBack(registered, `,"client_name":"third"`)))
		if !errors.Is(err, domain.ErrUnauthorized) {
			t.Errorf("error %v", err)
		}
	})
	want := []string{"ClientRegistered", "ClientUpdated", "ClientUpdated", "ClientDeleted"}
	if diff := cmp.Diff(want, r.types(t)); diff != "" {
		t.Error(diff)
	}
}

// Conditions are held against the state that a change is decided on, not one that was read before.
func TestConditions(t *testing.T) {
	r := newRegistry()
	ctx := t.Context()
	registered := r.mustRegister(t, webApp)
	id, token := registered.Client.ID, registered.RegistrationAccessToken
	atFirst := func(version uint64) bool { return version == registered.Client.Version }
	never := func(uint64) bool { return false }
	rename := func(r *registry, name string, conditions ...registrar.Condition) (registrar.Registration, error) {
		return r.Update(ctx, "", id, token, parse(t, putBack(registered, `,"client_name":"`+name+`"`)), conditions...)
	}
	r.before(func(elsewhere *registry) {
		if updated, err := rename(elsewhere, "first", atFirst); err != nil || updated.Client.Version != 2 {
			t.Errorf("version %d, error %v", updated.Client.Version, err)
		}
	})
	if _, err := rename(r, "second", atFirst); !errors.Is(err, domain.ErrPreconditionFailed) {
		t.Errorf("update of a version that is gone: %v", err)
	}
	for _, conditions := range [][]registrar.Condition{{atFirst}, {never}, {func(uint64) bool { return true }, never}} {
		if err := r.Delete(ctx, "", id, token, conditions...); !errors.Is(err, domain.ErrPreconditionFailed) {
			t.Errorf("delete: %v", err)
		}
	}
	if err := r.Delete(ctx, "", id, "wrong", never); !errors.Is(err, domain.ErrUnauthorized) {
		t.Errorf("delete with a wrong token: %v", err)
	}
	if err := r.DeleteAs(ctx, domain.Actor{}, "0195516c-0c00-7000-8000-000000000000", never); !errors.Is(err, domain.ErrUnauthorized) {
		t.Errorf("delete of an unknown client: %v", err)
	}
	if diff := cmp.Diff([]string{"ClientRegistered", "ClientUpdated"}, r.types(t)); diff != "" {
		t.Error(diff)
	}
}

func TestRotation(t *testing.T) {
	r := newRegistry()
	r.RotateAccessTokens = true
	ctx := t.Context()
	registered := r.mustRegister(t, webApp)
	id, token := registered.Client.ID, registered.RegistrationAccessToken
	var winner registrar.Registration
	r.before(func(elsewhere *registry) {
		var err error
		if winner, err = elsewhere.Update(ctx, "", id, token, parse(t, putBack(registered, ""))); err != nil {
			t.Error(err)
		}
	})
	if _, err := r.Update(ctx, "", id, token, parse(t, putBack(registered, ""))); !errors.Is(err, domain.ErrUnauthorized) {
		t.Errorf("a token that was replaced meanwhile: %v", err)
	}
	if winner.RegistrationAccessToken == token || winner.Client.Authorize(winner.RegistrationAccessToken) != nil || winner.Client.Authorize(token) == nil {
		t.Errorf("rotated to %+v", winner)
	}
	if err := r.Delete(ctx, "", id, winner.RegistrationAccessToken); err != nil {
		t.Error(err)
	}
}

func TestExpiredSecretsAreReplaced(t *testing.T) {
	r := newRegistry()
	ctx := t.Context()
	registered := r.mustRegister(t, webApp)
	id, token := registered.Client.ID, registered.RegistrationAccessToken
	put := func() registrar.Registration {
		t.Helper()
		updated, err := r.Update(ctx, "", id, token, parse(t, putBack(registered, `,"client_secret":"`+registered.ClientSecret+`"`)))
		if err != nil {
			t.Fatal(err)
		}
		return updated
	}
	r.now = r.now.Add(time.Hour - time.Second)
	if updated := put(); updated.ClientSecret != "" || updated.Client.Version != 1 {
		t.Errorf("a secret that is valid was replaced: %+v", updated)
	}
	r.now = r.now.Add(time.Second)
	updated := put()
	if updated.ClientSecret == "" || updated.ClientSecret == registered.ClientSecret || updated.Client.Version != 2 {
		t.Errorf("update with an expired secret: %+v", updated)
	}
	if want := r.now.Add(time.Hour); !updated.Client.Secret.ExpiresAt.Equal(want) {
		t.Errorf("the new secret expires at %v, want %v", updated.Client.Secret.ExpiresAt, want)
	}
}

// TestFaults crosses every use case with every fault of the log: what is answered as done is stored, and
// what is answered as failed is not, or its outcome is said to be unknown.
func TestFaults(t *testing.T) {
	for name, use := range map[string]func(*testing.T, *registry, registrar.Registration) error{
		"register": func(t *testing.T, r *registry, _ registrar.Registration) error {
			_, err := r.Register(t.Context(), "", parse(t, webApp))
			return err
		},
		"update": func(t *testing.T, r *registry, c registrar.Registration) error {
			_, err := r.Update(t.Context(), "", c.Client.ID, c.RegistrationAccessToken, parse(t, putBack(c, `,"client_name":"x"`)))
			return err
		},
		"delete": func(t *testing.T, r *registry, c registrar.Registration) error {
			return r.Delete(t.Context(), "", c.Client.ID, c.RegistrationAccessToken)
		},
		"revoke": func(t *testing.T, r *registry, c registrar.Registration) error {
			return r.Revoke(t.Context(), admin, c.Client.ID, "")
		},
	} {
		for _, test := range []struct {
			fault   memory.Fault
			stored  bool
			unknown bool
			fails   bool
		}{
			{memory.NoFault, true, false, false},
			{memory.NotStored, false, false, true},
			{memory.Lost, false, true, true},
			{memory.Unacked, true, true, true},
		} {
			r := newRegistry()
			client := r.mustRegister(t, webApp)
			r.log.SetHooks(memory.Hooks{Append: func([]domain.Change) memory.Fault { return test.fault }})
			err := use(t, r, client)
			if (err != nil) != test.fails || errors.Is(err, domain.ErrOutcomeUnknown) != test.unknown {
				t.Errorf("%s, fault %d: error %v", name, test.fault, err)
			}
			if stored := len(r.types(t)) == 2; stored != test.stored {
				t.Errorf("%s, fault %d: stored %v", name, test.fault, stored)
			}
		}
	}
}

func TestIDsAscend(t *testing.T) {
	r := newRegistry()
	last := ""
	for range 100 {
		r.now = r.now.Add(time.Millisecond)
		id := r.mustRegister(t, webApp).Client.ID
		if id <= last {
			t.Fatalf("%s came after %s", id, last)
		}
		last = id
	}
}

var _ registrar.Log = eventstore.Log(nil) // every log is one that the registrar can use
