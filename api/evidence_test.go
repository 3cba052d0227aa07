package api_test

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"strings"
	"testing"

	"github.com/go-jose/go-jose/v4"
	"github.com/google/go-cmp/cmp"

	"roster/api"
	"roster/cmd/roster/rostertest"
	"roster/domain/keyset"
	"roster/domain/oauth"
	"roster/domain/registrar"
)

// documents are what is served at addresses.
type documents map[string]string

func (d documents) Fetch(_ context.Context, url string) ([]byte, error) {
	document, there := d[url]
	if !there {
		return nil, errors.New("nothing there")
	}
	return []byte(document), nil
}

// TestWordsOfOthers registers clients with a software statement and a sector, whose words come back over HTTP
// as the document of the API says.
func TestWordsOfOthers(t *testing.T) {
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.EdDSA, Key: private}, nil)
	if err != nil {
		t.Fatal(err)
	}
	sign := func(claims string) string {
		signed, err := signer.Sign([]byte(claims))
		if err != nil {
			t.Fatal(err)
		}
		compact, err := signed.CompactSerialize()
		if err != nil {
			t.Fatal(err)
		}
		return compact
	}
	keys := func(context.Context) ([]byte, error) {
		return json.Marshal(jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: public}}})
	}
	s := checked(t)
	with := checked(t, func(o *api.Options) {
		o.Registrar = registrar.New(registrar.Options{
			Log: s.log, Sealer: rostertest.Keys(t), Policy: oauth.DefaultPolicy,
			Fetcher: documents{"https://sector.example.org/": `["https://client.example.org/cb"]`},
			Issuers: registrar.Issuers{Keys: map[string]*keyset.Set{
				"https://issuer.example.org": keyset.New(keys, slog.New(slog.DiscardHandler)),
			}},
		})
		o.Reader = s.model
	})
	statement := sign(`{"iss":"https://issuer.example.org","client_name":"Stated"}`)
	document := func(statement, sector string) string {
		return `{"redirect_uris":["https://client.example.org/cb"],"client_name":"Mine","software_statement":"` + statement + `","sector_identifier_uri":"` + sector + `"}`
	}
	client := with.client(document(statement, "https://sector.example.org/"))
	for member, want := range map[string]string{"software_statement": statement, "client_name": "Stated", "sector_identifier_uri": "https://sector.example.org/"} {
		if got := client.answer.text(t, member); got != want {
			t.Errorf("D-9 D-17 %s is %q, want %q", member, got, want)
		}
	}
	shown := with.do("GET", "/api/v1/clients/"+client.id, asAdmin)
	if shown.text(t, "attested_by") != "https://issuer.example.org" || shown.json(t)["cautions"] != nil {
		t.Errorf("D-24 shown as %s", shown)
	}
	vouched := with.client(document(sign(`{"iss":"https://issuer.example.org","logo_uri":"https://elsewhere.example/"}`), "https://sector.example.org/"))
	for trusts, service := range map[bool]*service{true: with, false: s} {
		shown := service.do("GET", "/api/v1/clients/"+vouched.id, asAdmin)
		if shown.text(t, "attested_by") != "https://issuer.example.org" || shown.json(t)["issuer_trusted"] != trusts || (shown.json(t)["cautions"] == nil) != trusts {
			t.Errorf("where the issuer is trusted, %v: shown as %s", trusts, shown)
		}
	}
	odd := s.client(`{"redirect_uris":["https://client.example.org/cb"],"logo_uri":"https://elsewhere.example/"}`)
	want := []any{map[string]any{"level": "note", "member": "logo_uri", "detail": "does not have scheme and host of any redirect URI"}}
	object := s.do("GET", "/api/v1/clients/"+odd.id, asAdmin).json(t)
	if diff := cmp.Diff(want, object["cautions"]); diff != "" || object["attested_by"] != nil {
		t.Errorf("D-24 D-25 attested by %v, cautions %s", object["attested_by"], diff)
	}
	read := with.do("GET", client.path, bearer(client.token))
	expect(t, read, http.StatusOK, "")
	before := s.last()
	put := with.do("PUT", client.path, bearer(client.token), body(stripped(t, read)))
	if expect(t, put, http.StatusOK, ""); put.String() != read.String() || s.last() != before {
		t.Errorf("M-6 D-17 read %s, put %s, %d events", read, put, s.last()-before)
	}

	for name, test := range map[string]struct{ statement, sector, code string }{
		"D-20 changed":   {statement[:len(statement)-4] + "AAAA", "https://sector.example.org/", "invalid_software_statement"},
		"D-20 untrusted": {sign(`{"iss":"https://other.example.org"}`), "https://sector.example.org/", "unapproved_software_statement"},
		"C-50 nowhere":   {statement, "https://other.example.org/", "invalid_client_metadata"},
		"C-19 http":      {statement, "http://sector.example.org/", "invalid_client_metadata"},
	} {
		t.Run(name, func(t *testing.T) {
			refused := document(test.statement, test.sector)
			expect(t, with.in(t).do("POST", connectPath, body(refused)), http.StatusBadRequest, test.code)
			own := `{"client_id":"` + client.id + `",` + strings.TrimPrefix(refused, "{")
			expect(t, with.in(t).do("PUT", client.path, bearer(client.token), body(own)), http.StatusBadRequest, test.code)
			if s.last() != before {
				t.Error("something was stored")
			}
		})
	}
}
