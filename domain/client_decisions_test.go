package domain_test

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"roster/domain"
	"roster/domain/oauth"
)

var (
	issued  = time.Date(2026, 3, 1, 12, 0, 0, 999, time.UTC)
	token   = domain.DigestOf("token")
	offered = domain.Secret{Digest: domain.DigestOf("offered"), Sealed: []byte("sealed")}
	hashed  = &domain.Secret{Digest: offered.Digest}
)

const (
	clientID      = "0195516c-0c00-7000-8000-000000000000"
	policyVersion = "0123456789abcdef"
)

// scenario is a decision: given what happened, when a command comes, then events or an error follow.
type scenario struct {
	given   []domain.Event
	when    domain.ClientCommand
	then    []domain.Event
	refused *oauth.Error // Detail is not compared
	err     error
}

func (s scenario) run(t *testing.T) {
	t.Helper()
	var client domain.Client
	for _, event := range s.given {
		client = domain.Clients.Evolve(client, domain.ClientAggregate(clientID), event)
	}
	events, err := domain.Clients.Decide(oauth.DefaultPolicy, client, s.when)
	if diff := cmp.Diff(s.then, events); diff != "" {
		t.Errorf("events (-want +got):\n%s", diff)
	}
	var refused *oauth.Error
	switch {
	case s.refused != nil:
		if !errors.As(err, &refused) || refused.Code != s.refused.Code || refused.Field != s.refused.Field {
			t.Errorf("error %#v, want %s at %q", err, s.refused.Code, s.refused.Field)
		}
	case !errors.Is(err, s.err):
		t.Errorf("error %v, want %v", err, s.err)
	}
}

func document(t testing.TB, body string) oauth.Document {
	t.Helper()
	d, err := oauth.ParseDocument([]byte(body))
	if err != nil {
		t.Fatalf("%s: %v", body, err)
	}
	return d
}

// registered is the event that a registration of body has led to.
func registered(t testing.TB, body string) domain.ClientRegistered {
	t.Helper()
	events, err := domain.Clients.Decide(oauth.DefaultPolicy, domain.Client{}, register(t, body))
	if err != nil || len(events) != 1 {
		t.Fatalf("register %s: %v, %v", body, events, err)
	}
	return events[0].(domain.ClientRegistered)
}

func register(t testing.TB, body string) domain.Register {
	return domain.Register{Requested: document(t, body), At: issued, PolicyVersion: policyVersion, RegistrationAccessToken: token, Offered: offered}
}

func update(t testing.TB, body string) domain.Update {
	next := domain.Secret{Digest: domain.DigestOf("next"), Sealed: []byte("next sealed")}
	return domain.Update{ClientID: clientID, Requested: document(t, body), PolicyVersion: policyVersion, Offered: next}
}

const webApp = `{"redirect_uris":["https://client.example.org/cb"],"client_name":"App"}`

func TestRegister(t *testing.T) {
	t.Run("a web client gets the defaults of OpenID Connect and a secret", func(t *testing.T) {
		scenario{
			when: register(t, webApp),
			then: []domain.Event{domain.ClientRegistered{
				Metadata: oauth.Metadata{
					"client_name":                  oauth.Text("App"),
					"application_type":             oauth.Text("web"),
					"redirect_uris":                oauth.List{"https://client.example.org/cb"},
					"grant_types":                  oauth.List{"authorization_code"},
					"response_types":               oauth.List{"code"},
					"token_endpoint_auth_method":   oauth.Text("client_secret_basic"),
					"id_token_signed_response_alg": oauth.Text("RS256"),
					"require_auth_time":            oauth.Flag(false),
				},
				IssuedAt:                issued.Truncate(time.Second),
				RegistrationAccessToken: token,
				Secret:                  hashed,
				PolicyVersion:           policyVersion,
			}},
		}.run(t)
	})
	t.Run("the sample of WSO2 keeps its bare host and is named by its owner", func(t *testing.T) {
		got := registered(t, `{"redirect_uris":["server.example.com"],"client_name":"application_1","ext_param_owner":"application_owner","grant_types":["password"]}`)
		if got.Metadata.Name() != "application_owner_application_1" || got.Metadata.Owner() != "application_owner" {
			t.Errorf("name %q of owner %q", got.Metadata.Name(), got.Metadata.Owner())
		}
		if diff := cmp.Diff([]string{"server.example.com"}, got.Metadata.List("redirect_uris")); diff != "" {
			t.Error(diff)
		}
		if diff := cmp.Diff(oauth.List{}, got.Metadata["response_types"]); diff != "" {
			t.Errorf("response types of a client that never redirects: %s", diff)
		}
	})
	t.Run("members that are unknown, of another case or null do not count", func(t *testing.T) {
		got := registered(t, `{"redirect_uris":["https://a.example/"],"Client_Name":"x","redirect_uriſ":["javascript:a"],"zzz":1,"client_uri":null,"client_id":"mine","client_secret":"mine","scope#de":"x"}`)
		want := registered(t, `{"redirect_uris":["https://a.example/"]}`)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
	})
	t.Run("a client id is registered once", func(t *testing.T) {
		_, err := domain.Clients.Decide(oauth.DefaultPolicy, domain.Client{ID: clientID, Status: domain.Active}, register(t, webApp))
		if err == nil {
			t.Error("registered again")
		}
	})
}

func TestSecretOnlyForThoseWhoUseOne(t *testing.T) {
	const key = `"jwks":{"keys":[{"kty":"OKP","crv":"Ed25519","x":"5lL9EjmkosoCZ9jUvRyENNje-T1SXf8BGKelX0TkQ14"}]}`
	sealed := &offered
	for name, test := range map[string]struct {
		member string
		want   *domain.Secret
	}{
		"basic":                         {`"token_endpoint_auth_method":"client_secret_basic"`, hashed},
		"post":                          {`"token_endpoint_auth_method":"client_secret_post"`, hashed},
		"the server needs it":           {`"token_endpoint_auth_method":"client_secret_jwt"`, sealed},
		"public":                        {`"token_endpoint_auth_method":"none"`, nil},
		"own key":                       {`"token_endpoint_auth_method":"private_key_jwt",` + key, nil},
		"own key, HMAC ID token":        {`"token_endpoint_auth_method":"private_key_jwt","id_token_signed_response_alg":"HS256",` + key, sealed},
		"basic elsewhere":               {`"token_endpoint_auth_method":"none","introspection_endpoint_auth_method":"client_secret_basic"`, hashed},
		"the server needs it elsewhere": {`"token_endpoint_auth_method":"private_key_jwt","revocation_endpoint_auth_method":"client_secret_jwt",` + key, sealed},
		"symmetric encryption":          {`"userinfo_encrypted_response_alg":"dir"`, sealed},
	} {
		t.Run(name, func(t *testing.T) {
			got := registered(t, `{"redirect_uris":["https://a.example/"],`+test.member+`}`)
			if diff := cmp.Diff(test.want, got.Secret); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestUpdate(t *testing.T) {
	given := func(t *testing.T, body string) []domain.Event { return []domain.Event{registered(t, body)} }
	const confidential = `{"client_id":"` + clientID + `","redirect_uris":["https://client.example.org/cb"]`

	t.Run("replaces and does not augment", func(t *testing.T) {
		want := registered(t, `{"redirect_uris":["https://client.example.org/cb"]}`).Metadata
		scenario{
			given: given(t, webApp),
			when:  update(t, confidential+`}`),
			then:  []domain.Event{domain.ClientUpdated{PolicyVersion: policyVersion, Metadata: want}},
		}.run(t)
	})
	t.Run("to the same is no event, the current secret included", func(t *testing.T) {
		scenario{
			given: given(t, webApp),
			when:  update(t, confidential+`,"client_name":"App","client_secret":"offered"}`),
		}.run(t)
	})
	t.Run("to the same with the members of an object in another order is no event", func(t *testing.T) {
		const key = `{"kty":"OKP","crv":"Ed25519","x":"5lL9EjmkosoCZ9jUvRyENNje-T1SXf8BGKelX0TkQ14"}`
		const turned = `{"x":"5lL9EjmkosoCZ9jUvRyENNje-T1SXf8BGKelX0TkQ14","crv":"Ed25519","kty":"OKP"}`
		scenario{
			given: given(t, `{"redirect_uris":["https://client.example.org/cb"],"jwks":{"keys":[`+key+`]}}`),
			when:  update(t, confidential+`,"jwks":{"keys":[`+turned+`]}}`),
		}.run(t)
	})
	t.Run("ends the secret of a client that becomes public", func(t *testing.T) {
		want := registered(t, `{"redirect_uris":["https://client.example.org/cb"],"token_endpoint_auth_method":"none"}`).Metadata
		scenario{
			given: given(t, webApp),
			when:  update(t, confidential+`,"token_endpoint_auth_method":"none"}`),
			then:  []domain.Event{domain.ClientUpdated{PolicyVersion: policyVersion, Metadata: want, SecretEnded: true}},
		}.run(t)
	})
	t.Run("issues a secret to a client that becomes confidential", func(t *testing.T) {
		want := registered(t, `{"redirect_uris":["https://client.example.org/cb"]}`).Metadata
		scenario{
			given: given(t, `{"redirect_uris":["https://client.example.org/cb"],"token_endpoint_auth_method":"none"}`),
			when:  update(t, confidential+`}`),
			then:  []domain.Event{domain.ClientUpdated{PolicyVersion: policyVersion, Metadata: want, SecretIssued: &domain.Secret{Digest: domain.DigestOf("next")}}},
		}.run(t)
	})
	t.Run("issues a sealed secret when the server comes to need it", func(t *testing.T) {
		want := registered(t, `{"redirect_uris":["https://client.example.org/cb"],"id_token_signed_response_alg":"HS256"}`).Metadata
		scenario{
			given: given(t, webApp),
			when:  update(t, confidential+`,"id_token_signed_response_alg":"HS256"}`),
			then: []domain.Event{domain.ClientUpdated{PolicyVersion: policyVersion, Metadata: want, SecretIssued: &domain.Secret{
				Digest: domain.DigestOf("next"), Sealed: []byte("next sealed"),
			}}},
		}.run(t)
	})
	t.Run("checks redirect URIs that an added grant comes to use", func(t *testing.T) {
		scenario{
			given:   given(t, `{"redirect_uris":["server.example.com"],"grant_types":["password"]}`),
			when:    update(t, `{"client_id":"`+clientID+`","redirect_uris":["server.example.com"],"grant_types":["password","authorization_code"]}`),
			refused: &oauth.Error{Code: oauth.InvalidRedirectURI},
		}.run(t)
	})
	for member, value := range map[string]string{
		"registration_access_token": `"x"`, "registration_client_uri": `"https://x.example/"`,
		"client_secret_expires_at": "0", "client_id_issued_at": "1", "client_secret": `"wrong"`, "client_id": `"other"`,
	} {
		t.Run("refuses "+member, func(t *testing.T) {
			body := `{"client_id":"` + clientID + `","` + member + `":` + value + `,"redirect_uris":["https://client.example.org/cb"]}`
			if member == "client_id" {
				body = `{"client_id":"other","redirect_uris":["https://client.example.org/cb"]}`
			}
			scenario{
				given:   given(t, webApp),
				when:    update(t, body),
				refused: &oauth.Error{Code: oauth.InvalidRequest, Field: member},
			}.run(t)
		})
	}
	t.Run("needs the client_id", func(t *testing.T) {
		scenario{
			given:   given(t, webApp),
			when:    update(t, webApp),
			refused: &oauth.Error{Code: oauth.InvalidRequest, Field: "client_id"},
		}.run(t)
	})
	t.Run("is refused when the client has ended", func(t *testing.T) {
		scenario{
			given: append(given(t, webApp), domain.ClientDeleted{}),
			when:  update(t, confidential+`}`),
			err:   domain.ErrNotFound,
		}.run(t)
	})
}

func TestEnd(t *testing.T) {
	was := []domain.Event{registered(t, webApp)}
	t.Run("delete", func(t *testing.T) {
		scenario{given: was, when: domain.Delete{}, then: []domain.Event{domain.ClientDeleted{}}}.run(t)
	})
	t.Run("revoke", func(t *testing.T) {
		scenario{given: was, when: domain.Revoke{Reason: "phishing"}, then: []domain.Event{domain.ClientRevoked{Reason: "phishing"}}}.run(t)
	})
	t.Run("again is no event", func(t *testing.T) {
		scenario{given: append(was, domain.ClientRevoked{}), when: domain.Delete{}}.run(t)
		scenario{given: append(was, domain.ClientDeleted{}), when: domain.Revoke{}}.run(t)
	})
	t.Run("nobody", func(t *testing.T) {
		scenario{when: domain.Delete{}, err: domain.ErrNotFound}.run(t)
		scenario{when: domain.Revoke{}, err: domain.ErrNotFound}.run(t)
	})
}

func TestSuspension(t *testing.T) {
	was := []domain.Event{registered(t, webApp)}
	suspended := append(slices.Clone(was), domain.ClientSuspended{Reason: "reported"})
	t.Run("suspend", func(t *testing.T) {
		scenario{given: was, when: domain.Suspend{Reason: "reported"}, then: []domain.Event{domain.ClientSuspended{Reason: "reported"}}}.run(t)
	})
	t.Run("resume", func(t *testing.T) {
		scenario{given: suspended, when: domain.Resume{}, then: []domain.Event{domain.ClientResumed{}}}.run(t)
	})
	t.Run("again is no event", func(t *testing.T) {
		scenario{given: suspended, when: domain.Suspend{Reason: "again"}}.run(t)
		scenario{given: was, when: domain.Resume{}}.run(t)
		scenario{given: append(slices.Clone(suspended), domain.ClientResumed{}), when: domain.Resume{}}.run(t)
	})
	t.Run("a suspended client can be revoked", func(t *testing.T) {
		scenario{given: suspended, when: domain.Revoke{}, then: []domain.Event{domain.ClientRevoked{}}}.run(t)
	})
	t.Run("a suspended client cannot be changed", func(t *testing.T) {
		scenario{given: suspended, when: update(t, webApp), err: domain.ErrNotFound}.run(t)
	})
	t.Run("what has ended is neither suspended nor resumed", func(t *testing.T) {
		for _, end := range []domain.Event{domain.ClientDeleted{}, domain.ClientRevoked{}} {
			scenario{given: append(slices.Clone(suspended), end), when: domain.Suspend{}, err: domain.ErrEnded}.run(t)
			scenario{given: append(slices.Clone(suspended), end), when: domain.Resume{}, err: domain.ErrEnded}.run(t)
		}
	})
	t.Run("nobody", func(t *testing.T) {
		scenario{when: domain.Suspend{}, err: domain.ErrNotFound}.run(t)
		scenario{when: domain.Resume{}, err: domain.ErrNotFound}.run(t)
	})
	t.Run("only the holder of its registration access token is told", func(t *testing.T) {
		client := domain.Client{}
		for _, event := range suspended {
			client = domain.Clients.Evolve(client, domain.ClientAggregate(clientID), event)
		}
		if err := client.Authorize("token"); !errors.Is(err, domain.ErrSuspended) {
			t.Errorf("its own: error %v", err)
		}
		if err := client.Authorize("other"); !errors.Is(err, domain.ErrUnauthorized) {
			t.Errorf("another: error %v", err)
		}
		if err := client.AuthorizeAdministrator(); err != nil {
			t.Errorf("an administrator: error %v", err)
		}
		if err := domain.Clients.Evolve(client, domain.ClientAggregate(clientID), domain.ClientResumed{}).Authorize("token"); err != nil {
			t.Errorf("once it is resumed: error %v", err)
		}
	})
}

func TestAuthorize(t *testing.T) {
	client := domain.Clients.Evolve(domain.Client{}, domain.ClientAggregate(clientID), registered(t, webApp))
	if client.Authorize("token") != nil {
		t.Error("its own token is not admitted")
	}
	for name, err := range map[string]error{
		"another token": client.Authorize("other"), "no token": client.Authorize(""), "unknown client": domain.Client{}.Authorize(""),
	} {
		if !errors.Is(err, domain.ErrUnauthorized) {
			t.Errorf("%s: error %v", name, err)
		}
	}
	for _, end := range []domain.Event{domain.ClientDeleted{}, domain.ClientRevoked{}} {
		if err := domain.Clients.Evolve(client, domain.ClientAggregate(clientID), end).Authorize("token"); !errors.Is(err, domain.ErrUnauthorized) {
			t.Errorf("after %s: error %v", end.Type(), err)
		}
	}
}

func BenchmarkDecide(b *testing.B) {
	command := register(b, webApp)
	for b.Loop() {
		if _, err := domain.Clients.Decide(oauth.DefaultPolicy, domain.Client{}, command); err != nil {
			b.Fatal(err)
		}
	}
}
