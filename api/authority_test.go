package api_test

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"roster/api"
	"roster/api/lastuse"
	"roster/cmd/roster/consumers"
	"roster/cmd/roster/replays"
	"roster/cmd/roster/rostertest"
	"roster/domain"
	"roster/domain/access"
	"roster/domain/authenticator"
	"roster/domain/oauth/clientauth"
	"roster/eventstore/jetstream"
)

const (
	authorityToken        = "a token of an authorization server of the tests"
	anotherAuthorityToken = "a token of another authorization server of the tests"
)

// noKeys is a fetcher of what nobody serves.
type noKeys struct{}

func (noKeys) Fetch(context.Context, string) ([]byte, error) { return nil, errors.New("no answer") }

// withAuthority lets authorization servers in. What they need of JetStream is a server of its own.
func withAuthority(tb testing.TB) func(*api.Options) {
	tb.Helper()
	logger := slog.New(slog.DiscardHandler)
	log, err := jetstream.Open(tb.Context(), jetstream.Options{Dir: tb.TempDir(), Logger: logger})
	if err != nil {
		tb.Fatal(err)
	}
	used, usedErr := replays.Open(tb.Context(), log)
	positions, positionsErr := consumers.Open(tb.Context(), log)
	if err := errors.Join(usedErr, positionsErr); err != nil {
		tb.Fatal(err)
	}
	uses := lastuse.Open(tb.TempDir(), logger)
	tb.Cleanup(func() {
		if err := errors.Join(uses.Close(), log.Close()); err != nil {
			tb.Error(err)
		}
	})
	return func(o *api.Options) {
		o.LastUse = uses
		o.Authority = api.AuthorityOptions{
			Tokens: access.Tokens{
				{Holder: "one", Digest: domain.DigestOf(authorityToken)}, {Holder: "two", Digest: domain.DigestOf(anotherAuthorityToken)},
			},
			Consumers: positions,
			Authenticator: authenticator.New(authenticator.Options{
				Clients: o.Registrar, Opener: rostertest.Keys(tb), Fetcher: noKeys{}, Replays: used, Logger: logger, Now: o.Now,
			}),
		}
	}
}

// asAuthority presents the token of an authorization server.
func asAuthority(r *http.Request) { bearer(authorityToken)(r) }

// form is a body of fields, each name followed by its value.
func form(fields ...string) part {
	values := url.Values{}
	for i := 0; i < len(fields); i += 2 {
		values.Add(fields[i], fields[i+1])
	}
	return func(r *http.Request) {
		body(values.Encode())(r)
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
}

// A client is looked up with all that an authorization server needs, and with nothing that is not its.
func TestLookUpClient(t *testing.T) {
	s := checked(t, withAuthority(t))
	client := s.client(`{"redirect_uris":["https://client.example.org/cb"],"client_name":"Web","contacts":["me@example.org"],"tos_uri#de":"https://client.example.org/de"}`)
	got := s.do("GET", "/as/v1/clients/"+client.id, asAuthority)
	expect(t, got, http.StatusOK, "")
	digest := domain.DigestOf(client.text(t, "client_secret"))
	want := client.json(t)
	for _, member := range []string{"client_secret", "registration_access_token", "registration_client_uri", "contacts"} {
		delete(want, member)
	}
	want["client_secret_sha256"] = []any{base64.StdEncoding.EncodeToString(digest[:])}
	if diff := cmp.Diff(want, got.json(t)); diff != "" {
		t.Errorf("(-registered +looked up):\n%s", diff)
	}
	for name, value := range map[string]string{"ETag": `"1"`, "Cache-Control": "private, no-cache", "Pragma": ""} {
		if got.header.Get(name) != value {
			t.Errorf("%s is %q", name, got.header.Get(name))
		}
	}
	holdsNoSecret(t, string(got.body), client)

	public := s.client(publicClient)
	if looked := s.do("GET", "/as/v1/clients/"+public.id, asAuthority).json(t); looked["client_secret_sha256"] != nil || looked["client_secret_expires_at"] != nil {
		t.Errorf("a client without a secret: %v", looked)
	}
	expect(t, s.do("GET", "/as/v1/clients/"+client.id+"?x=1", asAuthority), http.StatusBadRequest, "invalid_request")
	expect(t, s.do("GET", "/as/v1/clients/"+client.id, asAuthority, header("If-None-Match", "1")), http.StatusBadRequest, "invalid_request")
}

func TestLookUpClientByVersion(t *testing.T) {
	s := checked(t, withAuthority(t), func(o *api.Options) { o.Authority.CacheLifetime = 90 * time.Second })
	client := s.client(webClient)
	path := "/as/v1/clients/" + client.id
	at := func(version string) answer { return s.do("GET", path, asAuthority, header("If-None-Match", version)) }
	got := at(`"1"`)
	expect(t, got, http.StatusNotModified, "")
	if len(got.body) > 0 || got.header.Get("ETag") != `"1"` || got.header.Get("Cache-Control") != "private, max-age=90" {
		t.Errorf("%s, %v", got, got.header)
	}
	expect(t, at(`"2", W/"1"`), http.StatusNotModified, "")
	expect(t, at(`"2"`), http.StatusOK, "")
	expect(t, s.do("PUT", client.path, bearer(client.token), body(stripped(t, client.answer))), http.StatusOK, "")
	expect(t, at(`"1"`), http.StatusNotModified, "") // nothing was changed
	expect(t, s.do("POST", "/api/v1/clients/"+client.id+"/suspension", asAdmin), http.StatusNoContent, "")
	expect(t, at(`"1"`), http.StatusNotFound, "invalid_client")
	expect(t, at(`"2"`), http.StatusNotFound, "invalid_client") // whatever the caller has
	expect(t, s.do("DELETE", "/api/v1/clients/"+client.id+"/suspension", asAdmin), http.StatusNoContent, "")
	expect(t, at(`"1"`), http.StatusOK, "")
	expect(t, at(`"3"`), http.StatusNotModified, "")
	if head := s.do("HEAD", path, asAuthority); head.status != http.StatusOK || head.header.Get("ETag") != `"3"` {
		t.Errorf("HEAD: %d, %v", head.status, head.header)
	}
}

// Unknown, suspended and ended clients cannot be told apart, byte for byte.
func TestClientsThatAreNotServed(t *testing.T) {
	s := checked(t, withAuthority(t))
	suspended, revoked, deleted := s.client(webClient), s.client(webClient), s.client(webClient)
	expect(t, s.do("POST", "/api/v1/clients/"+suspended.id+"/suspension", asAdmin), http.StatusNoContent, "")
	expect(t, s.do("DELETE", "/api/v1/clients/"+revoked.id, asAdmin), http.StatusNoContent, "")
	expect(t, s.do("DELETE", deleted.path, bearer(deleted.token)), http.StatusNoContent, "")
	var answers []string
	for _, id := range []string{
		suspended.id, revoked.id, deleted.id, "0195516c-0c00-7000-8000-000000000000", "x", "*", ">",
		"https%3A%2F%2Fclient.example.org%2Fmetadata%3Fa%3Db", "%00", strings.ToUpper(suspended.id),
	} {
		got := s.do("GET", "/as/v1/clients/"+id, asAuthority)
		expect(t, got, http.StatusNotFound, "invalid_client")
		got.header.Del("Date")
		answers = append(answers, fmt.Sprint(got, got.header))
	}
	if distinct := slices.Compact(answers); len(distinct) != 1 {
		t.Errorf("answers differ:\n%s", strings.Join(distinct, "\n"))
	}
}

// What authenticate answers, and that it tells why in the log alone.
func TestAuthenticateClient(t *testing.T) {
	s := checked(t, withAuthority(t))
	client, public := s.client(webClient), s.client(publicClient)
	secret := client.text(t, "client_secret")
	basic := func(id, secret string) string {
		return "Basic " + base64.StdEncoding.EncodeToString([]byte(id+":"+secret))
	}
	authenticate := func(fields ...string) answer {
		t.Helper()
		got := s.do("POST", "/as/v1/authenticate", asAuthority, form(fields...))
		if expect(t, got, http.StatusOK, ""); got.header.Get("Cache-Control") != "no-store" {
			t.Errorf("it may be cached: %v", got.header)
		}
		return got
	}
	if diff := cmp.Diff(map[string]any{"active": true, "client_id": client.id, "token_endpoint_auth_method": "client_secret_basic"},
		authenticate("authorization", basic(client.id, secret), "audience", "https://as.example.org").json(t)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if got := authenticate("client_id", public.id).json(t); got["active"] != true || got["token_endpoint_auth_method"] != "none" {
		t.Errorf("a public client: %v", got)
	}
	for reason, fields := range map[clientauth.Reason][]string{
		clientauth.WrongSecret:    {"authorization", basic(client.id, "a wrong secret")},
		clientauth.OtherMethod:    {"client_id", client.id, "client_secret", secret},
		clientauth.NotServed:      {"client_id", secret},
		clientauth.NoCredentials:  {},
		clientauth.Malformed:      {"authorization", "Bearer " + secret},
		clientauth.SeveralMethods: {"authorization", basic(client.id, secret), "client_id", client.id, "client_secret", secret},
	} {
		if got := authenticate(fields...); got.String() != `OK {"active":false}` {
			t.Errorf("%s: %s", reason, got)
		}
		if !strings.Contains(s.logs.String(), string(reason)) {
			t.Errorf("the log does not tell %s: %s", reason, s.logs)
		}
	}
	logged := s.logs.String()
	if !strings.Contains(logged, `"authorization_server":"one"`) || !strings.Contains(logged, `"client_id":"`+client.id) {
		t.Errorf("the log tells neither who asked nor about whom: %s", logged)
	}
	for _, hidden := range []string{secret, "a wrong secret", basic(client.id, secret), authorityToken} {
		if strings.Contains(logged, hidden) {
			t.Errorf("the log holds %s", hidden)
		}
	}
	metrics := string(s.unchecked().do("GET", "/metrics").body)
	for _, line := range []string{`roster_client_authentications_total{outcome="authenticated"} 2`, `roster_client_authentications_total{outcome="wrong_secret"} 1`} {
		if !strings.Contains(metrics, line) {
			t.Errorf("no %s in the metrics", line)
		}
	}
}

// A request that is not the authorization server's to make is refused, and says nothing of the client.
func TestAuthenticateRefusesMistakes(t *testing.T) {
	s := checked(t, withAuthority(t))
	client := s.client(webClient)
	secret := client.text(t, "client_secret")
	type mistake struct {
		status int
		parts  []part
	}
	for name, test := range map[string]mistake{
		"a token request": {http.StatusBadRequest, []part{form("client_id", client.id, "client_secret", secret, "grant_type", "client_credentials")}},
		"a field twice":   {http.StatusBadRequest, []part{form("client_id", client.id, "client_id", client.id)}},
		"too many names":  {http.StatusBadRequest, []part{form(strings.Fields(strings.Repeat("audience x ", 11))...)}},
		"no audience":     {http.StatusBadRequest, []part{form("client_assertion_type", clientauth.JWTBearer, "client_assertion", "a.b.c")}},
		"no UTF-8":        {http.StatusBadRequest, []part{form("client_id", "\xff")}},
		"no form": {http.StatusBadRequest, []part{form(), func(r *http.Request) {
			body("%zz")(r)
			r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		}}},
		"JSON":                      {http.StatusUnsupportedMediaType, []part{body(`{"client_id":"` + client.id + `"}`)}},
		"compressed":                {http.StatusUnsupportedMediaType, []part{form("client_id", client.id), header("Content-Encoding", "gzip")}},
		"more than the body may be": {http.StatusRequestEntityTooLarge, []part{form("client_id", strings.Repeat("x", 1<<20))}},
	} {
		got := s.do("POST", "/as/v1/authenticate", append([]part{asAuthority}, test.parts...)...)
		expect(t, got, test.status, "invalid_request")
		if strings.Contains(got.String()+s.logs.String(), secret) {
			t.Errorf("%s: the secret is told", name)
		}
	}
}

// Administrators see when a client was authenticated last. A failed attempt is no use.
func TestLastUse(t *testing.T) {
	now := time.Now()
	s := checked(t, func(o *api.Options) { o.Now = func() time.Time { return now } }, withAuthority(t))
	used, unused := s.client(webClient), s.client(webClient)
	authorization := func(c registered, secret string) part {
		return form("authorization", "Basic "+base64.StdEncoding.EncodeToString([]byte(c.id+":"+secret)))
	}
	expect(t, s.do("POST", "/as/v1/authenticate", asAuthority, authorization(used, used.text(t, "client_secret"))), http.StatusOK, "")
	expect(t, s.do("POST", "/as/v1/authenticate", asAuthority, authorization(unused, "wrong")), http.StatusOK, "")
	want := now.UTC().Truncate(time.Microsecond).Format(time.RFC3339Nano)
	shown := map[string]any{}
	for _, c := range []registered{used, unused} {
		shown[c.id] = s.do("GET", "/api/v1/clients/"+c.id, asAdmin).json(t)["last_used_at"]
	}
	if diff := cmp.Diff(map[string]any{used.id: want, unused.id: nil}, shown); diff != "" {
		t.Errorf("shown (-want +got):\n%s", diff)
	}
	for _, listed := range s.do("GET", "/api/v1/clients", asAdmin).json(t)["clients"].([]any) {
		c := listed.(map[string]any)
		if diff := cmp.Diff(shown[c["client_id"].(string)], c["last_used_at"]); diff != "" {
			t.Errorf("listed (-shown +listed):\n%s", diff)
		}
	}
	if past := s.do("GET", "/api/v1/clients/"+used.id+"?at=1", asAdmin).json(t); past["last_used_at"] != nil {
		t.Errorf("in the past it was used at %v", past["last_used_at"])
	}
}
