package outbound_test

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/go-jose/go-jose/v4"

	"roster/domain"
	"roster/domain/keyset"
	"roster/domain/oauth"
	"roster/domain/registrar"
	"roster/eventstore/memory"
)

type unsealed struct{}

func (unsealed) Seal(string, string) []byte { return nil }

// TestSectors registers and updates clients whose sector is described by a real server.
func TestSectors(t *testing.T) {
	var served atomic.Pointer[string] // nil: the server fails
	var asked atomic.Int64
	fetcher, address := serve(t, nil, func(w http.ResponseWriter, _ *http.Request) {
		asked.Add(1)
		body := served.Load()
		if body == nil {
			w.WriteHeader(http.StatusInternalServerError)
			return
		}
		fmt.Fprint(w, *body)
	})
	log := memory.New()
	clients := registrar.New(registrar.Options{
		Log: log, Sealer: unsealed{}, Policy: oauth.DefaultPolicy, Fetcher: fetcher,
	})
	serveOnly := func(body string) {
		served.Store(&body)
		asked.Store(0)
	}
	wantAsked := func(t *testing.T, want int64) {
		t.Helper()
		if n := asked.Load(); n != want {
			t.Errorf("the server was asked %d times, want %d", n, want)
		}
	}
	last := func() uint64 {
		seq, err := log.Last(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return seq
	}
	parse := func(body string) oauth.Document {
		document, err := oauth.ParseDocument([]byte(body))
		if err != nil {
			t.Fatal(err)
		}
		return document
	}
	register := func(members string) (registrar.Registration, error) {
		return clients.Register(t.Context(), "", parse(`{"redirect_uris":["https://client.example.org/cb"],"sector_identifier_uri":"`+address+`/s"`+members+"}"))
	}
	wantRefused := func(t *testing.T, err error, before uint64) {
		t.Helper()
		var refused *oauth.Error
		if !errors.As(err, &refused) || *refused != (oauth.Error{
			Code: oauth.InvalidClientMetadata, Field: "sector_identifier_uri",
			Detail: "must be the address of a JSON array that has every redirect URI of the client, " +
				"its jwks_uri for the delivery modes poll and ping, and its notification endpoint for push",
		}) {
			t.Errorf("error %#v", err)
		}
		if last() != before {
			t.Error("something was stored")
		}
	}

	for name, members := range map[string]string{
		"C-50": "", "7.8 public": `,"subject_type":"public"`, "7.8 pairwise": `,"subject_type":"pairwise"`,
	} {
		t.Run(name+" contained", func(t *testing.T) {
			serveOnly(`["https://other.example.org/cb", "https://client.example.org\/cb"]`)
			if _, err := register(members); err != nil {
				t.Error(err)
			}
			wantAsked(t, 1)
		})
	}
	for name, body := range map[string]string{
		"not contained":  `["https://client.example.org/cb/"]`,
		"object":         `{"redirect_uris":["https://client.example.org/cb"]}`,
		"members twice":  `[{"a":1,"a":2},"https://client.example.org/cb"]`,
		"not JSON":       "https://client.example.org/cb",
		"two documents":  document + document,
		"nothing at all": "",
		"not UTF-8":      "[\"https://client.example.org/cb\",\"\xff\"]",
		"too large":      `["https://client.example.org/cb"` + strings.Repeat(" ", 64<<10) + "]",
	} {
		t.Run("C-50 one and the same error: "+name, func(t *testing.T) {
			serveOnly(body)
			before := last()
			_, err := register("")
			wantRefused(t, err, before)
			wantAsked(t, 1)
		})
	}
	t.Run("C-50 one and the same error: the server fails", func(t *testing.T) {
		served.Store(nil)
		before := last()
		_, err := register("")
		wantRefused(t, err, before)
	})
	t.Run("C-50 a client without redirects needs the document too", func(t *testing.T) {
		served.Store(nil)
		before := last()
		_, err := clients.Register(t.Context(), "", parse(`{"grant_types":["client_credentials"],"sector_identifier_uri":"`+address+`/s"}`))
		wantRefused(t, err, before)
	})
	t.Run("nothing is fetched for a document that is otherwise refused", func(t *testing.T) {
		serveOnly(document)
		for _, members := range []string{`,"grant_types":["magic"]`, `,"jwks":{}`, `,"client_name":" \u0000"`, `,"software_statement":"x"`} {
			var refused *oauth.Error
			if _, err := register(members); !errors.As(err, &refused) || refused.Field == "sector_identifier_uri" {
				t.Errorf("%s: error %v", members, err)
			}
		}
		wantAsked(t, 0)
	})
	t.Run("section 0.1 nothing but the sector is fetched", func(t *testing.T) {
		serveOnly(document)
		if _, err := register(fmt.Sprintf(`,"jwks_uri":"%[1]s/j","logo_uri":"%[1]s/l","client_uri":"%[1]s/c","policy_uri":"%[1]s/p","tos_uri":"%[1]s/t",`+
			`"initiate_login_uri":"%[1]s/i","request_uris":["%[1]s/r"],"signed_jwks_uri":"%[1]s/k","organization_uri":"%[1]s/o",`+
			`"backchannel_logout_uri":"%[1]s/b","post_logout_redirect_uris":["%[1]s/x"]`, address)); err != nil {
			t.Error(err)
		}
		wantAsked(t, 1)
	})

	serveOnly(document)
	registered, err := register("")
	if err != nil {
		t.Fatal(err)
	}
	t.Run("section 0.1 no other member is fetched", func(t *testing.T) {
		serveOnly(document)
		for _, member := range oauth.Members {
			value := map[oauth.Kind]string{
				oauth.KindURI: `"` + address + `/u"`, oauth.KindText: `"` + address + `/t"`,
				oauth.KindList: `["` + address + `/l"]`, oauth.KindObject: `{"keys":[{"x5u":"` + address + `/x"}]}`,
			}[member.Kind]
			if value == "" || member.Name == "sector_identifier_uri" {
				continue
			}
			body := `"client_id":"` + registered.Client.ID + `","` + member.Name + `":` + value
			if member.Name != "redirect_uris" {
				body += `,"redirect_uris":["https://client.example.org/cb"]`
			}
			// Whether it is refused does not matter here.
			_, _ = clients.Register(t.Context(), "", parse("{"+body+"}"))
			_, _ = clients.Update(t.Context(), "", registered.Client.ID, registered.RegistrationAccessToken, parse("{"+body+"}"))
		}
		wantAsked(t, 0)
	})
	update := func(uris, members string) error {
		_, err := clients.Update(t.Context(), "", registered.Client.ID, registered.RegistrationAccessToken,
			parse(`{"client_id":"`+registered.Client.ID+`","redirect_uris":[`+uris+`],"sector_identifier_uri":"`+address+`/s"`+members+"}"))
		return err
	}
	const same, other = `"https://client.example.org/cb"`, `"https://client.example.org/cb","https://other.example.org/cb"`
	t.Run("7.8 an update is checked", func(t *testing.T) {
		serveOnly(document)
		before := last()
		wantRefused(t, update(other, ""), before)
		wantAsked(t, 1)
		serveOnly("[" + other + "]")
		if err := update(other, ""); err != nil {
			t.Error(err)
		}
		wantAsked(t, 1)
	})
	t.Run("7.8 also when neither sector nor redirect URIs change", func(t *testing.T) {
		serveOnly("[]")
		before := last()
		wantRefused(t, update(other, `,"client_name":"New"`), before)
	})
	t.Run("nobody without access makes the server fetch", func(t *testing.T) {
		serveOnly(document)
		_, err := clients.Update(t.Context(), "", registered.Client.ID, "guess",
			parse(`{"client_id":"`+registered.Client.ID+`","redirect_uris":[`+same+`],"sector_identifier_uri":"`+address+`/s"}`))
		if !errors.Is(err, domain.ErrUnauthorized) {
			t.Errorf("error %v", err)
		}
		wantAsked(t, 0)
	})
	t.Run("what is decided anew is not fetched anew", func(t *testing.T) {
		serveOnly("[" + other + "]")
		elsewhere := registrar.New(clients.Options)
		log.SetHooks(memory.Hooks{Append: func([]domain.Change) memory.Fault {
			log.SetHooks(memory.Hooks{})
			if _, err := elsewhere.Update(t.Context(), "", registered.Client.ID, registered.RegistrationAccessToken,
				parse(`{"client_id":"`+registered.Client.ID+`","redirect_uris":[`+same+`]}`)); err != nil {
				t.Error(err)
			}
			return memory.NoFault
		}})
		before := last()
		if err := update(other, `,"client_name":"Second"`); err != nil || last() != before+2 {
			t.Errorf("%d events, error %v", last()-before, err)
		}
		wantAsked(t, 1)
	})
	t.Run("without a Fetcher nothing can be had", func(t *testing.T) {
		alone := registrar.New(registrar.Options{Log: log, Sealer: unsealed{}, Policy: oauth.DefaultPolicy})
		before := last()
		_, err := alone.Register(t.Context(), "", parse(`{"redirect_uris":[`+same+`],"sector_identifier_uri":"`+address+`/s"}`))
		wantRefused(t, err, before)
	})
}

// TestKeysOverTLS verifies a software statement with keys that its issuer serves.
func TestKeysOverTLS(t *testing.T) {
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	keys, err := json.Marshal(jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: public, KeyID: "one"}}})
	if err != nil {
		t.Fatal(err)
	}
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.EdDSA, Key: jose.JSONWebKey{Key: private, KeyID: "one"}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	signed, err := signer.Sign([]byte(`{"iss":"https://issuer.example.org","redirect_uris":["https://client.example.org/cb"]}`))
	if err != nil {
		t.Fatal(err)
	}
	statement, err := signed.CompactSerialize()
	if err != nil {
		t.Fatal(err)
	}
	body, err := oauth.ParseDocument([]byte(`{"software_statement":"` + statement + `"}`))
	if err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		keys string
		want error
	}{
		"D-12 served": {string(keys), nil},
		"D-12 twice":  {`{"keys":[],` + string(keys[1:]), domain.ErrKeysUnavailable},
		"D-12 HTML":   {"<html>", domain.ErrKeysUnavailable},
		"D-12 large":  {strings.Repeat(" ", 64<<10) + string(keys), domain.ErrKeysUnavailable},
	} {
		t.Run(name, func(t *testing.T) {
			fetcher, address := serve(t, nil, answer(test.keys))
			read := func(ctx context.Context) ([]byte, error) { return fetcher.Fetch(ctx, address+"/jwks") }
			clients := registrar.New(registrar.Options{
				Log: memory.New(), Sealer: unsealed{}, Policy: oauth.DefaultPolicy,
				Issuers: registrar.Issuers{Keys: map[string]*keyset.Set{
					"https://issuer.example.org": keyset.New(read, slog.New(slog.DiscardHandler)),
				}},
			})
			if _, err := clients.Register(t.Context(), "", body); !errors.Is(err, test.want) {
				t.Errorf("error %v, want %v", err, test.want)
			}
		})
	}
}
