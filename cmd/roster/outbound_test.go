package main

import (
	"crypto/ed25519"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/go-jose/go-jose/v4"
	"github.com/google/go-cmp/cmp"

	"roster/domain/oauth"
)

// TestNothingIsConnectedTo gives the program URIs at this very machine, in every member that can hold one, in
// keys and in software statements, in many notations, on a port at which the program does fetch documents of
// others, to register and to update. Nobody knocks there.
func TestNothingIsConnectedTo(t *testing.T) {
	listener, err := net.Listen("tcp", ":8443") // on all addresses
	if err != nil {
		t.Skipf("the port is not free: %v", err)
	}
	knocks := make(chan string, 1000)
	go func() {
		defer close(knocks)
		for {
			connection, err := listener.Accept()
			if err != nil {
				return
			}
			knocks <- connection.RemoteAddr().String()
			_ = connection.Close()
		}
	}()
	keys := filepath.Join(t.TempDir(), "keys.json")
	keysFile(t, keys, "first")
	s := start(t, t.TempDir(), "--software-issuers", "https://issuer.example.org="+keys)
	registered := s.register(webApp)
	hosts := []string{
		"127.0.0.1", "127.1", "2130706433", "0x7f000001", "0177.0.0.1", "0.0.0.0", "localhost", "localhost.",
		"[::1]", "[::]", "[::ffff:127.0.0.1]", "[64:ff9b::7f00:1]", "[2002:7f00:1::]", "[fe80::1%25lo]", "user@127.0.0.1",
	}
	addresses, err := net.InterfaceAddrs()
	if err != nil {
		t.Fatal(err)
	}
	for _, address := range addresses {
		own := netip.MustParsePrefix(address.String()).Addr()
		if !own.IsPrivate() {
			continue
		}
		hosts = append(hosts, strings.TrimSuffix(netip.AddrPortFrom(own, 1).String(), ":1"))
	}
	for _, host := range hosts {
		for name, values := range membersPointingTo(t, "https://"+host+":8443/x") {
			rest := `"redirect_uris":["https://a.example/cb"],`
			if name == "redirect_uris" {
				rest = ""
			}
			for _, value := range values {
				members := rest + `"` + name + `":` + value + "}"
				for _, request := range []struct{ method, path, token, body string }{
					{"POST", "/identity/register", "", "{" + members},
					{"PUT", "/identity/register/" + registered.id, registered.token, `{"client_id":"` + registered.id + `",` + members},
				} {
					got, err := s.call(request.method, request.path, request.token, request.body)
					if err != nil || got.status >= http.StatusInternalServerError {
						t.Errorf("%s, %s at %s: %d, error %v", request.method, name, host, got.status, err)
					}
					if (name == "sector_identifier_uri" || name == "software_statement") && got.status != http.StatusBadRequest {
						t.Errorf("%s, %s at %s: %d, want 400", request.method, name, host, got.status)
					}
				}
			}
		}
	}
	if status := s.stop(); status != 0 {
		t.Errorf("exit status %d", status)
	}
	// Connections are accepted in the order in which they came.
	own, err := net.Dial("tcp", "127.0.0.1:8443")
	if err != nil {
		t.Fatal(err)
	}
	defer own.Close()
	for knock := range knocks {
		if knock == own.LocalAddr().String() {
			_ = listener.Close()
			continue
		}
		t.Errorf("section 0.1: a connection from %s", knock)
	}
}

// membersPointingTo are values of all members that can hold a URI, by their names.
func membersPointingTo(t *testing.T, uri string) map[string][]string {
	t.Helper()
	members := map[string][]string{
		"jwks":               {`{"keys":[{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo","x5u":"` + uri + `"}]}`},
		"software_statement": statementsPointingTo(t, uri),
	}
	for _, member := range oauth.Members {
		value := map[oauth.Kind]string{
			oauth.KindURI: `"` + uri + `"`, oauth.KindText: `"` + uri + `"`, oauth.KindList: `["` + uri + `"]`, oauth.KindObject: `{"a":"` + uri + `"}`,
		}[member.Kind]
		if value != "" {
			members[member.Name] = append(members[member.Name], value)
		}
	}
	return members
}

// statementsPointingTo are software statements that name a trusted issuer and, in their headers, a place for
// keys of their own (RFC 7515 4.1.2 to 4.1.5), as JSON strings.
func statementsPointingTo(t *testing.T, uri string) []string {
	t.Helper()
	_, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	var statements []string
	for _, header := range []map[jose.HeaderKey]any{
		{"jku": uri}, {"x5u": uri}, {"jku": uri, "kid": "first"}, {"kid": uri}, {"kid": "../../../../etc/passwd"},
		{"jwk": map[string]string{"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo", "x5u": uri}},
	} {
		signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.EdDSA, Key: private}, &jose.SignerOptions{ExtraHeaders: header})
		if err != nil {
			t.Fatal(err)
		}
		signed, err := signer.Sign([]byte(`{"iss":"https://issuer.example.org","jku":"` + uri + `","jwks_uri":"` + uri + `"}`))
		if err != nil {
			t.Fatal(err)
		}
		compact, err := signed.CompactSerialize()
		if err != nil {
			t.Fatal(err)
		}
		statements = append(statements, `"`+compact+`"`)
	}
	return statements
}

// keysFile writes an issuer's keys to a file and returns what signs with them.
func keysFile(t *testing.T, name, kid string) func(claims string) string {
	t.Helper()
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	set, err := json.Marshal(jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: public, KeyID: kid}}})
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, set, 0o600); err != nil {
		t.Fatal(err)
	}
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.EdDSA, Key: jose.JSONWebKey{Key: private, KeyID: kid}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	return func(claims string) string {
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
}

// TestSoftwareStatements runs a registry that wants a software statement of everybody.
func TestSoftwareStatements(t *testing.T) {
	keys := filepath.Join(t.TempDir(), "keys.json")
	sign := keysFile(t, keys, "first")
	s := start(t, t.TempDir(), "--software-issuers", "https://issuer.example.org="+keys, "--require-software-statement", "--public-url", "https://roster.example.org")
	const claims = `{"iss":"https://issuer.example.org","aud":"https://roster.example.org","software_id":"4NRB1","client_name":"Stated","redirect_uris":["https://stated.example.org/cb"]}`
	document := func(statement string) string {
		return `{"client_name":"Mine","redirect_uris":["https://mine.example.org/cb"],"software_statement":"` + statement + `"}`
	}
	statement := sign(claims)
	a := s.must(http.StatusCreated, "POST", "/identity/connect/register", "", document(statement))
	for member, want := range map[string]string{
		"software_statement": statement, "software_id": "4NRB1", "client_name": "Stated", "redirect_uris": `["https://stated.example.org/cb"]`,
	} {
		if got := a.member(member); got != want {
			t.Errorf("D-17 %s is %s, want %s", member, got, want)
		}
	}
	c := clientOf(a)
	path := "/identity/register/" + c.id
	var read map[string]any
	if err := json.Unmarshal(s.must(http.StatusOK, "GET", path, c.token, "").body, &read); err != nil {
		t.Fatal(err)
	}
	for _, member := range []string{"registration_access_token", "registration_client_uri", "client_secret_expires_at", "client_id_issued_at"} {
		delete(read, member)
	}
	back, err := json.Marshal(read)
	if err != nil {
		t.Fatal(err)
	}
	before := s.lastSeq()
	put := s.must(http.StatusOK, "PUT", path, c.token, string(back))
	if diff := cmp.Diff(statement, put.member("software_statement")); diff != "" || s.lastSeq() != before {
		t.Errorf("D-17 putting back what was read: %s", diff)
	}
	for name, test := range map[string]struct{ body, code string }{
		"required":  {`{"redirect_uris":["https://mine.example.org/cb"]}`, "unapproved_software_statement"},
		"untrusted": {document(sign(`{"iss":"https://other.example.org"}`)), "unapproved_software_statement"},
		"expired":   {document(sign(`{"iss":"https://issuer.example.org","exp":1}`)), "invalid_software_statement"},
		"malformed": {document("x"), "invalid_software_statement"},
		"changed":   {document(statement[:len(statement)-8] + "AAAAAAAA"), "invalid_software_statement"},
	} {
		t.Run("D-20 "+name, func(t *testing.T) {
			own := fmt.Sprintf(`{"client_id":"%s",`, c.id) + strings.TrimPrefix(test.body, "{")
			for _, got := range []answer{
				s.must(http.StatusBadRequest, "POST", "/identity/register", "", test.body),
				s.must(http.StatusBadRequest, "PUT", path, c.token, own),
			} {
				if code := got.member("error"); code != test.code {
					t.Errorf("%s, want %s", got.body, test.code)
				}
			}
			if s.lastSeq() != before {
				t.Error("something was stored")
			}
		})
	}
}
