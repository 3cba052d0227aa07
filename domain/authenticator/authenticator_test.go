package authenticator_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"log/slog"
	"net/url"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"roster/cmd/roster/replays"
	"roster/cmd/roster/rostertest"
	"roster/domain"
	"roster/domain/authenticator"
	"roster/domain/oauth"
	"roster/domain/oauth/clientauth"
	"roster/domain/registrar"
	"roster/eventstore/jetstream"
)

const issuer = "https://as.example.org"

// service is a registry with an authenticator, over a log on JetStream.
type service struct {
	*authenticator.Authenticator
	t         *testing.T
	registrar *registrar.Registrar
	keys      *keyServer
	later     time.Duration // how far the clock has gone
	issued    int           // ids of assertions
}

// keyServer is what is behind a jwks_uri.
type keyServer struct {
	mu   sync.Mutex
	keys []jose.JSONWebKey // none: it does not answer
	read atomic.Int64
}

func (s *keyServer) serves(keys ...jose.JSONWebKey) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.keys = keys
}

// Fetch implements authenticator.Fetcher.
func (s *keyServer) Fetch(context.Context, string) ([]byte, error) {
	s.read.Add(1)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.keys == nil {
		return nil, errors.New("no answer")
	}
	return json.Marshal(jose.JSONWebKeySet{Keys: s.keys})
}

func start(t *testing.T, change ...func(*registrar.Options)) *service {
	t.Helper()
	logger := slog.New(slog.DiscardHandler)
	log, err := jetstream.Open(t.Context(), jetstream.Options{Dir: t.TempDir(), Logger: logger})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := log.Close(); err != nil {
			t.Error(err)
		}
	})
	used, err := replays.Open(t.Context(), log)
	if err != nil {
		t.Fatal(err)
	}
	s := &service{t: t, keys: &keyServer{}}
	keys := rostertest.Keys(t)
	options := registrar.Options{Log: log, Sealer: keys, Policy: oauth.DefaultPolicy, Logger: logger, Now: s.now}
	for _, f := range change {
		f(&options)
	}
	s.registrar = registrar.New(options)
	s.Authenticator = authenticator.New(authenticator.Options{
		Clients: s.registrar, Opener: keys, Fetcher: s.keys, Replays: used, Logger: logger, Now: s.now,
	})
	return s
}

func (s *service) now() time.Time { return time.Now().Add(s.later) }

func (s *service) register(document string) registrar.Registration {
	s.t.Helper()
	parsed, err := oauth.ParseDocument([]byte(document))
	if err != nil {
		s.t.Fatal(err)
	}
	registration, err := s.registrar.Register(s.t.Context(), "", parsed)
	if err != nil {
		s.t.Fatalf("%s: %v", document, err)
	}
	return registration
}

// expect authenticates and fails the test unless it comes out so; an empty reason is a client that is authenticated.
func (s *service) expect(what string, r clientauth.Request, want clientauth.Reason, audience ...string) {
	s.t.Helper()
	if audience == nil {
		audience = []string{issuer}
	}
	got, err := s.Authenticate(s.t.Context(), r, audience)
	var reason clientauth.Reason
	switch errors.As(err, &reason); {
	case err != nil && reason == "":
		s.t.Errorf("%s: %v", what, err)
	case reason != want:
		s.t.Errorf("%s: %v, want %q", what, err, want)
	case err == nil && (got.ClientID == "" || got.Method == "" || got.At.IsZero()):
		s.t.Errorf("%s: %+v", what, got)
	}
}

func basic(id, secret string) clientauth.Request {
	pair := url.QueryEscape(id) + ":" + url.QueryEscape(secret)
	return clientauth.Request{Authorization: "Basic " + base64.StdEncoding.EncodeToString([]byte(pair))}
}

func post(id, secret string) clientauth.Request {
	return clientauth.Request{ClientID: id, ClientSecret: secret}
}

// assert makes an assertion of a client, with an id of its own.
func (s *service) assert(clientID string, alg jose.SignatureAlgorithm, key any) clientauth.Request {
	s.t.Helper()
	s.issued++
	claims, err := json.Marshal(map[string]any{
		"iss": clientID, "sub": clientID, "aud": issuer, "jti": strconv.Itoa(s.issued), "exp": s.now().Add(time.Minute).Unix(),
	})
	if err != nil {
		s.t.Fatal(err)
	}
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: alg, Key: key}, nil)
	if err != nil {
		s.t.Fatal(err)
	}
	signed, err := signer.Sign(claims)
	if err != nil {
		s.t.Fatal(err)
	}
	text, err := signed.CompactSerialize()
	if err != nil {
		s.t.Fatal(err)
	}
	return clientauth.Request{AssertionType: clientauth.JWTBearer, Assertion: text}
}

func newKey(t *testing.T, id string) jose.JSONWebKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return jose.JSONWebKey{Key: key, KeyID: id}
}

// withKeys is a registration with keys of its own.
func withKeys(t *testing.T, more string, keys ...jose.JSONWebKey) string {
	t.Helper()
	var set jose.JSONWebKeySet
	for _, key := range keys {
		set.Keys = append(set.Keys, key.Public())
	}
	encoded, err := json.Marshal(set)
	if err != nil {
		t.Fatal(err)
	}
	return `{"redirect_uris":["https://a.example/cb"],"token_endpoint_auth_method":"private_key_jwt","jwks":` + string(encoded) + more + `}`
}

const (
	webApp   = `{"redirect_uris":["https://a.example/cb"]}`
	bySecret = `{"redirect_uris":["https://a.example/cb"],"token_endpoint_auth_method":"client_secret_`
)

var admin = domain.Actor{Kind: domain.ActorAdmin, ID: "admin"}

// A client is authenticated by the method that it registered, and by no other.
func TestMethods(t *testing.T) {
	s := start(t)
	key, other := newKey(t, "one"), newKey(t, "one")
	basically, posting, sharing := s.register(webApp), s.register(bySecret+`post"}`), s.register(bySecret+`jwt"}`)
	signing := s.register(withKeys(t, "", key))
	public := s.register(`{"redirect_uris":["https://a.example/cb"],"token_endpoint_auth_method":"none"}`)
	certified := s.register(`{"redirect_uris":["https://a.example/cb"],"token_endpoint_auth_method":"tls_client_auth","tls_client_auth_subject_dn":"CN=c"}`)

	for name, test := range map[string]struct {
		request clientauth.Request
		want    clientauth.Reason
	}{
		"basic":                      {basic(basically.Client.ID, basically.ClientSecret), ""},
		"basic, wrong secret":        {basic(basically.Client.ID, posting.ClientSecret), clientauth.WrongSecret},
		"basic, no secret":           {basic(basically.Client.ID, ""), clientauth.WrongSecret},
		"basic, as post":             {post(basically.Client.ID, basically.ClientSecret), clientauth.OtherMethod},
		"basic, as none":             {post(basically.Client.ID, ""), clientauth.OtherMethod},
		"post":                       {post(posting.Client.ID, posting.ClientSecret), ""},
		"post, wrong secret":         {post(posting.Client.ID, "wrong"), clientauth.WrongSecret},
		"post, as basic":             {basic(posting.Client.ID, posting.ClientSecret), clientauth.OtherMethod},
		"none":                       {post(public.Client.ID, ""), ""},
		"none, with a secret":        {post(public.Client.ID, "secret"), clientauth.OtherMethod},
		"none, as basic":             {basic(public.Client.ID, ""), clientauth.OtherMethod},
		"shared key":                 {s.assert(sharing.Client.ID, jose.HS512, []byte(sharing.ClientSecret)), ""},
		"shared key, wrong":          {s.assert(sharing.Client.ID, jose.HS512, []byte(basically.ClientSecret)), clientauth.WrongSignature},
		"shared key, by a key":       {s.assert(sharing.Client.ID, jose.ES256, key.Key), clientauth.WrongAlgorithm},
		"shared key, sent as secret": {post(sharing.Client.ID, sharing.ClientSecret), clientauth.OtherMethod},
		"own key":                    {s.assert(signing.Client.ID, jose.ES256, key.Key), ""},
		"own key, wrong":             {s.assert(signing.Client.ID, jose.ES256, other.Key), clientauth.WrongSignature},
		"own key, of another client": {s.assert(basically.Client.ID, jose.ES256, key.Key), clientauth.OtherMethod},
		"own key, symmetric":         {s.assert(signing.Client.ID, jose.HS256, []byte(sharing.ClientSecret)), clientauth.WrongAlgorithm},
		"certificate":                {post(certified.Client.ID, ""), clientauth.OtherMethod},
		"unknown client":             {post("0195516c-0c00-7000-8000-000000000000", "s"), clientauth.NotServed},
		"what is no client_id":       {post("../x", "s"), clientauth.NotServed},
	} {
		s.expect(name, test.request, test.want)
	}
	s.expect("for another server", s.assert(signing.Client.ID, jose.ES256, key.Key), clientauth.WrongAudience, "https://other.example.org")
	s.expect("by another name", s.assert(signing.Client.ID, jose.ES256, key.Key), "", "https://other.example.org", issuer)
}

// Only the registered algorithm counts.
func TestRegisteredAlgorithm(t *testing.T) {
	s := start(t)
	sharing := s.register(bySecret + `jwt","token_endpoint_auth_signing_alg":"HS256"}`)
	for alg, want := range map[jose.SignatureAlgorithm]clientauth.Reason{jose.HS256: "", jose.HS384: clientauth.WrongAlgorithm} {
		s.expect(string(alg), s.assert(sharing.Client.ID, alg, []byte(sharing.ClientSecret)), want)
	}
}

// A client that an administrator suspends or ends is refused from then on, and a resumed one is not.
func TestStatus(t *testing.T) {
	s := start(t)
	c := s.register(webApp)
	request := basic(c.Client.ID, c.ClientSecret)
	for _, step := range []struct {
		name string
		do   func() error
		want clientauth.Reason
	}{
		{"registered", func() error { return nil }, ""},
		{"suspended", func() error { return s.registrar.Suspend(t.Context(), admin, c.Client.ID, "") }, clientauth.NotServed},
		{"resumed", func() error { return s.registrar.Resume(t.Context(), admin, c.Client.ID) }, ""},
		{"revoked", func() error { return s.registrar.Revoke(t.Context(), admin, c.Client.ID, "") }, clientauth.NotServed},
	} {
		if err := step.do(); err != nil {
			t.Fatal(err)
		}
		s.expect(step.name, request, step.want)
	}
}

// A secret that has expired proves nothing, neither sent nor as a key.
func TestExpiredSecret(t *testing.T) {
	s := start(t, func(o *registrar.Options) { o.SecretLifetime = time.Hour })
	sent, sharing := s.register(webApp), s.register(bySecret+`jwt"}`)
	s.later = 59 * time.Minute
	s.expect("before", basic(sent.Client.ID, sent.ClientSecret), "")
	s.expect("before", s.assert(sharing.Client.ID, jose.HS256, []byte(sharing.ClientSecret)), "")
	s.later = time.Hour
	s.expect("after", basic(sent.Client.ID, sent.ClientSecret), clientauth.ExpiredSecret)
	s.expect("after, wrong", basic(sent.Client.ID, "wrong"), clientauth.WrongSecret)
	s.expect("after", s.assert(sharing.Client.ID, jose.HS256, []byte(sharing.ClientSecret)), clientauth.ExpiredSecret)
}

// An assertion counts once, however many come at the same time. One that does not count is not used up.
func TestReplay(t *testing.T) {
	s := start(t)
	key := newKey(t, "")
	c, other := s.register(withKeys(t, "", key)), s.register(withKeys(t, "", key))
	request := s.assert(c.Client.ID, jose.ES256, key.Key)
	s.expect("for another server", request, clientauth.WrongAudience, "https://other.example.org")

	var accepted, refused atomic.Int64
	var callers sync.WaitGroup
	for range 20 {
		callers.Go(func() {
			_, err := s.Authenticate(t.Context(), request, []string{issuer})
			switch {
			case err == nil:
				accepted.Add(1)
			case errors.Is(err, clientauth.Replayed):
				refused.Add(1)
			default:
				t.Error(err)
			}
		})
	}
	callers.Wait()
	if accepted.Load() != 1 || refused.Load() != 19 {
		t.Errorf("accepted %d times, refused %d times", accepted.Load(), refused.Load())
	}
	s.issued-- // the same id again
	s.expect("the id of another client", s.assert(other.Client.ID, jose.ES256, key.Key), "")
	s.issued--
	s.expect("the id once more", s.assert(c.Client.ID, jose.ES256, key.Key), clientauth.Replayed)
}

// Keys behind a jwks_uri are read when they are needed, kept, and read again for a signature that none of them made.
func TestKeysBehindURI(t *testing.T) {
	s := start(t)
	one, two := newKey(t, "one"), newKey(t, "two")
	c := s.register(`{"redirect_uris":["https://a.example/cb"],"token_endpoint_auth_method":"private_key_jwt","jwks_uri":"https://keys.example.org/jwks"}`)
	by := func(key jose.JSONWebKey) clientauth.Request { return s.assert(c.Client.ID, jose.ES256, key.Key) }

	s.expect("no answer", by(one), clientauth.NoKeys)
	s.keys.serves(one.Public())
	s.expect("not asked again at once", by(one), clientauth.NoKeys)
	s.later = 10 * time.Second
	s.expect("asked again", by(one), "")
	s.expect("kept", by(one), "")
	s.keys.serves(two.Public())
	s.expect("rotated, not asked again at once", by(two), clientauth.WrongSignature)
	s.later = 20 * time.Second
	s.expect("rotated", by(two), "")
	s.expect("former key", by(one), clientauth.WrongSignature)
	s.later = 20 * time.Minute
	s.keys.serves()
	s.expect("fresh no more, and no answer", by(two), "")
	if read := s.keys.read.Load(); read != 4 {
		t.Errorf("read %d times", read)
	}
}

// A secret whose sealing key is gone opens no more; that says nothing of the client to others.
func TestLostSealingKey(t *testing.T) {
	s := start(t)
	sharing := s.register(bySecret + `jwt"}`)
	s.Opener = opener(func(string, []byte) (string, error) { return "", errors.New("no key opens it") })
	s.expect("lost", s.assert(sharing.Client.ID, jose.HS256, []byte(sharing.ClientSecret)), clientauth.SealedSecret)
}

type opener func(string, []byte) (string, error)

func (o opener) Open(clientID string, sealed []byte) (string, error) { return o(clientID, sealed) }
