package main

import (
	"context"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"errors"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"github.com/go-jose/go-jose/v4"
	"github.com/google/go-cmp/cmp"
	"github.com/modelcontextprotocol/go-sdk/oauthex"
	"golang.org/x/oauth2"
)

// TestMCPClient registers with the client of the Model Context Protocol's SDK.
func TestMCPClient(t *testing.T) {
	s := start(t, t.TempDir())
	asked := oauthex.ClientRegistrationMetadata{
		RedirectURIs:            []string{"http://127.0.0.1:33418/callback", "cursor://anysphere.cursor-retrieval/oauth/callback"},
		TokenEndpointAuthMethod: "none",
		GrantTypes:              []string{"authorization_code", "refresh_token"},
		ResponseTypes:           []string{"code"},
		ClientName:              "MCP agent",
		ClientURI:               "https://agent.example.org/",
		Scope:                   "mcp:tools offline_access",
		SoftwareID:              "agent",
		SoftwareVersion:         "1.0",
	}
	got, err := oauthex.RegisterClient(t.Context(), s.base+"/identity/register", &asked, http.DefaultClient)
	if err != nil {
		t.Fatal(err)
	}
	if got.ClientID == "" || got.ClientSecret != "" || got.ClientIDIssuedAt.IsZero() {
		t.Errorf("public client %+v", got)
	}
	want := asked
	want.ApplicationType = "native" // of loopback and private-use schemes alone
	if diff := cmp.Diff(want, got.ClientRegistrationMetadata); diff != "" {
		t.Errorf("registered (-want +answered):\n%s", diff)
	}

	asked.TokenEndpointAuthMethod = "client_secret_post"
	got, err = oauthex.RegisterClient(t.Context(), s.base+"/identity/register", &asked, http.DefaultClient)
	if err != nil || got.ClientSecret == "" {
		t.Errorf("confidential client %+v: %v", got, err)
	}

	asked.RedirectURIs = []string{"javascript:alert(1)"}
	_, err = oauthex.RegisterClient(t.Context(), s.base+"/identity/register", &asked, http.DefaultClient)
	var refused *oauthex.ClientRegistrationError
	if !errors.As(err, &refused) || refused.ErrorCode != "invalid_redirect_uri" {
		t.Errorf("refused with %v", err)
	}
}

// TestDiscoveringClients lets clients of others find the registration endpoint by discovery, where Roster stands
// in front of an authorization server.
func TestDiscoveringClients(t *testing.T) {
	const issuer = "http://127.0.0.1"
	upstream := filepath.Join(t.TempDir(), "metadata.json")
	metadata := `{"issuer":"` + issuer + `","authorization_endpoint":"` + issuer + `/authorize","token_endpoint":"` + issuer + `/token",
		"jwks_uri":"` + issuer + `/jwks","registration_endpoint":"` + issuer + `/elsewhere","code_challenge_methods_supported":["S256"],
		"response_types_supported":["code"],"subject_types_supported":["public"],"id_token_signing_alg_values_supported":["RS256"]}`
	if err := os.WriteFile(upstream, []byte(metadata), 0o600); err != nil {
		t.Fatal(err)
	}
	s := start(t, t.TempDir(), "--upstream-metadata", upstream, "--public-url", issuer)
	// The public address leads to where the process listens.
	visitor := &http.Client{Transport: &http.Transport{DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, network, strings.TrimPrefix(s.base, "http://"))
	}}}
	defer visitor.CloseIdleConnections()

	provider, err := oidc.NewProvider(oidc.ClientContext(t.Context(), visitor), issuer)
	if err != nil {
		t.Fatal(err)
	}
	var found struct {
		RegistrationEndpoint string `json:"registration_endpoint"`
	}
	if err := provider.Claims(&found); err != nil {
		t.Fatal(err)
	}
	if provider.Endpoint().TokenURL != issuer+"/token" || found.RegistrationEndpoint != issuer+"/identity/connect/register" {
		t.Errorf("discovered %+v and %+v", provider.Endpoint(), found)
	}

	server, err := oauthex.GetAuthServerMeta(t.Context(), issuer+"/.well-known/oauth-authorization-server", issuer, visitor)
	if err != nil {
		t.Fatal(err)
	}
	registered, err := oauthex.RegisterClient(t.Context(), server.RegistrationEndpoint, &oauthex.ClientRegistrationMetadata{
		RedirectURIs: []string{"http://127.0.0.1:33418/callback"}, TokenEndpointAuthMethod: "none",
	}, visitor)
	if err != nil || registered.ClientID == "" {
		t.Errorf("registered %+v: %v", registered, err)
	}
}

// TestOAuth2Client uses what was registered with the OAuth 2.0 and OpenID Connect clients of Go: the
// registration access token as their token, and the client as the audience of an ID token.
func TestOAuth2Client(t *testing.T) {
	s := start(t, t.TempDir())
	registered := s.must(http.StatusCreated, "POST", "/identity/connect/register", "", webApp)
	c := clientOf(registered)

	own := oauth2.NewClient(t.Context(), oauth2.StaticTokenSource(&oauth2.Token{AccessToken: c.token}))
	response, err := own.Get(c.uri)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	var metadata struct {
		ClientID     string   `json:"client_id"`
		RedirectURIs []string `json:"redirect_uris"`
		Alg          string   `json:"id_token_signed_response_alg"`
	}
	if err := json.NewDecoder(response.Body).Decode(&metadata); err != nil || response.StatusCode != http.StatusOK {
		t.Fatalf("%s: %v", response.Status, err)
	}

	config := oauth2.Config{ClientID: metadata.ClientID, ClientSecret: c.secret, RedirectURL: metadata.RedirectURIs[0]}
	if config.ClientID != c.id || config.RedirectURL != "https://client.example.org/cb" {
		t.Errorf("configured as %+v", config)
	}

	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.SignatureAlgorithm(metadata.Alg), Key: key}, nil)
	if err != nil {
		t.Fatalf("an authorization server cannot sign with %q: %v", metadata.Alg, err)
	}
	claims, err := json.Marshal(map[string]any{
		"iss": "https://as.example.org", "aud": c.id, "sub": "somebody",
		"iat": time.Now().Unix(), "exp": time.Now().Add(time.Hour).Unix(),
	})
	if err != nil {
		t.Fatal(err)
	}
	signed, err := signer.Sign(claims)
	if err != nil {
		t.Fatal(err)
	}
	token, err := signed.CompactSerialize()
	if err != nil {
		t.Fatal(err)
	}
	verifier := oidc.NewVerifier("https://as.example.org", &oidc.StaticKeySet{PublicKeys: []crypto.PublicKey{key.Public()}},
		&oidc.Config{ClientID: metadata.ClientID, SupportedSigningAlgs: []string{metadata.Alg}})
	if _, err := verifier.Verify(t.Context(), token); err != nil {
		t.Errorf("ID token for the client: %v", err)
	}
}

// Administrators find a client and an initial access token by its id in upper case as well (RFC 9562 4); to the
// client itself its client_id is what it was given.
func TestIDsInUpperCase(t *testing.T) {
	s := start(t, t.TempDir())
	c := s.register(webApp)
	shouted := strings.ToUpper(c.id)
	for _, path := range []string{
		"/api/v1/clients/" + shouted, "/api/v1/clients?q=" + shouted, "/api/v1/clients/" + shouted + "/events",
		"/api/v1/events?client_id=" + shouted, "/identity/register/" + shouted,
	} {
		if a := s.must(http.StatusOK, "GET", path, "admin", ""); !strings.Contains(string(a.body), c.id) {
			t.Errorf("%s: %s", path, a.body)
		}
	}
	session := s.signIn("admin", adminPassword)
	for path, want := range map[string]int{
		"/admin/clients/" + shouted:             http.StatusMovedPermanently, // to the address with the id as it was issued
		"/admin/clients/" + shouted + "/revoke": http.StatusMovedPermanently,
		"/admin/events?client=" + shouted:       http.StatusOK,
	} {
		if status := s.open(path, session); status != want {
			t.Errorf("%s: %d, want %d", path, status, want)
		}
	}
	s.must(http.StatusUnauthorized, "GET", "/identity/register/"+shouted, c.token, "")
	s.must(http.StatusUnauthorized, "DELETE", "/identity/register/"+shouted, c.token, "")
	s.must(http.StatusNoContent, "DELETE", "/api/v1/clients/"+shouted, "admin", "")
	s.must(http.StatusUnauthorized, "GET", c.uri, c.token, "")
	s.must(http.StatusNoContent, "DELETE", "/identity/register/"+strings.ToUpper(s.register(webApp).id), "admin", "")

	token := s.must(http.StatusCreated, "POST", "/api/v1/initial-access-tokens", "admin", "{}").member("id")
	s.must(http.StatusOK, "GET", "/api/v1/initial-access-tokens/"+strings.ToUpper(token), "admin", "")
	s.must(http.StatusNoContent, "DELETE", "/api/v1/initial-access-tokens/"+strings.ToUpper(token), "admin", "")
}
