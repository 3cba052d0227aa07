package main

import (
	"bufio"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
)

const authorityToken = "a token of an authorization server that is long enough"

// startAuthority starts the program with a token for an authorization server.
func startAuthority(t testing.TB, data string, args ...string) *process {
	t.Helper()
	return start(t, data, append([]string{"--as-tokens", "as=" + authorityToken}, args...)...)
}

// tokenRequest is what a client sends to prove who it is.
type tokenRequest struct {
	authorization string
	form          url.Values
}

// by returns the request of a client with a secret.
func (c ownedClient) by(secret string) tokenRequest {
	return tokenRequest{"Basic " + base64.StdEncoding.EncodeToString([]byte(c.id+":"+secret)), url.Values{}}
}

// assert returns the request of a client with a key.
func (c ownedClient) assert(t testing.TB, key any, audience string) tokenRequest {
	t.Helper()
	claims, err := json.Marshal(map[string]any{
		"iss": c.id, "sub": c.id, "aud": audience, "jti": rand.Text(), "exp": time.Now().Add(time.Minute).Unix(), "iat": time.Now().Unix(),
	})
	if err != nil {
		t.Fatal(err)
	}
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.ES256, Key: key}, nil)
	if err != nil {
		t.Fatal(err)
	}
	signed, err := signer.Sign(claims)
	if err != nil {
		t.Fatal(err)
	}
	text, err := signed.CompactSerialize()
	if err != nil {
		t.Fatal(err)
	}
	return tokenRequest{form: url.Values{
		"client_assertion_type": {"urn:ietf:params:oauth:client-assertion-type:jwt-bearer"}, "client_assertion": {text},
	}}
}

// send sends the request as a form to an address, with further fields, and a token where the address needs one.
func (r tokenRequest) send(t testing.TB, address, bearer, authorization string, more url.Values) answer {
	t.Helper()
	form := url.Values{}
	for _, fields := range []url.Values{r.form, more} {
		for name, values := range fields {
			form[name] = values
		}
	}
	request, err := http.NewRequest("POST", address, strings.NewReader(form.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	switch {
	case bearer != "":
		request.Header.Set("Authorization", "Bearer "+bearer)
	case authorization != "":
		request.Header.Set("Authorization", authorization)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer{response.StatusCode, response.Header, body}
}

// authenticate reports whether the process authenticates the client of a request to a server with a name.
func (s *process) authenticate(r tokenRequest, audience string) bool {
	s.t.Helper()
	more := url.Values{"audience": {audience}}
	if r.authorization != "" {
		more.Set("authorization", r.authorization)
	}
	a := r.send(s.t, s.base+"/as/v1/authenticate", authorityToken, "", more)
	if a.status != http.StatusOK {
		s.t.Fatalf("authenticate: %d %s", a.status, a.body)
	}
	return a.member("active") == "true"
}

// newClientKey returns a key, and a registration of a client with it that needs no user.
func newClientKey(t testing.TB) (key *ecdsa.PrivateKey, document string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	set, err := json.Marshal(jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: key.Public()}}})
	if err != nil {
		t.Fatal(err)
	}
	return key, `{"grant_types":["client_credentials"],"token_endpoint_auth_method":"private_key_jwt","jwks":` + string(set) + `}`
}

const service = `{"grant_types":["client_credentials"],"contacts":["owner@example.org"]}`

// startProvider starts node-oidc-provider as an authorization server that lives on a process, and returns its issuer.
func startProvider(t *testing.T, s *process, environment ...string) string {
	t.Helper()
	const dir = "testdata/node-oidc-provider"
	if _, err := os.Stat(filepath.Join(dir, "node_modules")); err != nil {
		t.Skip("its npm packages are not there; make node-oidc-provider installs them, and make test does so")
	}
	logged := newLogFile(t)
	command := exec.Command("node", "authority.mjs")
	command.Dir = dir
	command.Env = append(os.Environ(), append(environment, "ROSTER="+s.base, "ROSTER_TOKEN="+authorityToken)...)
	printed, err := command.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	logged.run(t, command)
	t.Cleanup(func() {
		_ = command.Process.Kill()
		_ = command.Wait() // it was killed
	})
	defer time.AfterFunc(deadline, func() { _ = command.Process.Kill() }).Stop()
	address, err := bufio.NewReader(printed).ReadString('\n')
	if err != nil {
		t.Fatalf("it does not serve: %v\n%s", err, logged)
	}
	go func() { _, _ = io.Copy(io.Discard, printed) }() // until it ends
	return "http://" + strings.TrimSpace(address)
}

// A real authorization server lives on the registry: whoever registers gets tokens at once, and gets none once an
// administrator has suspended or revoked it, whether that server looks clients up or has them authenticated.
func TestAuthorizationServerLivesOnRoster(t *testing.T) {
	for name, environment := range map[string][]string{"look up": nil, "look up and authenticate": {"AUTHENTICATE=yes"}} {
		t.Run(name, func(t *testing.T) {
			s := startAuthority(t, t.TempDir())
			issuer := startProvider(t, s, environment...)
			key, signing := newClientKey(t)
			var secrets []string
			for method, made := range map[string]struct {
				document string
				request  func(ownedClient) tokenRequest
				wrong    func(ownedClient) tokenRequest
			}{
				"client_secret_basic": {
					service,
					func(c ownedClient) tokenRequest { return c.by(c.secret) },
					func(c ownedClient) tokenRequest { return c.by(c.token) },
				},
				"private_key_jwt": {
					signing,
					func(c ownedClient) tokenRequest { return c.assert(t, key, issuer) },
					func(c ownedClient) tokenRequest { return c.assert(t, key, "https://other.example.org") },
				},
			} {
				c := s.register(made.document)
				token := func(r tokenRequest) answer {
					t.Helper()
					return r.send(t, issuer+"/token", "", r.authorization, url.Values{"grant_type": {"client_credentials"}})
				}
				expect := func(what string, r tokenRequest, status int) {
					t.Helper()
					a := token(r)
					if a.status != status || (status == http.StatusOK) != (a.member("access_token") != "") ||
						status != http.StatusOK && a.member("error") != "invalid_client" {
						t.Errorf("%s, %s: %d %s", method, what, a.status, a.body)
					}
					secrets = append(secrets, r.authorization, r.form.Get("client_assertion"))
				}
				secrets = append(secrets, c.secret, c.token)
				expect("registered", made.request(c), http.StatusOK)
				expect("wrong", made.wrong(c), http.StatusUnauthorized)
				if method == "private_key_jwt" {
					once := made.request(c)
					expect("once", once, http.StatusOK)
					expect("replayed", once, http.StatusUnauthorized)
				}
				s.must(http.StatusNoContent, "POST", "/api/v1/clients/"+c.id+"/suspension", "admin", "")
				expect("suspended", made.request(c), http.StatusUnauthorized)
				if s.authenticate(made.request(c), issuer) {
					t.Errorf("%s: a suspended client is authenticated", method)
				}
				s.must(http.StatusNoContent, "DELETE", "/api/v1/clients/"+c.id+"/suspension", "admin", "")
				expect("resumed", made.request(c), http.StatusOK)
				if !s.authenticate(made.request(c), issuer) {
					t.Errorf("%s: a resumed client is not authenticated", method)
				}
				s.must(http.StatusNoContent, "DELETE", "/api/v1/clients/"+c.id, "admin", "")
				expect("revoked", made.request(c), http.StatusUnauthorized)
				if s.authenticate(made.request(c), issuer) {
					t.Errorf("%s: a revoked client is authenticated", method)
				}
				s.must(http.StatusNotFound, "GET", "/as/v1/clients/"+c.id, authorityToken, "")
			}
			told := s.stderr.String() + string(s.must(http.StatusOK, "GET", "/as/v1/changes?after=1", authorityToken, "").body) +
				string(s.must(http.StatusOK, "GET", "/api/v1/events", "admin", "").body)
			for _, secret := range append(secrets, authorityToken) {
				if secret != "" && strings.Contains(told, secret) {
					t.Errorf("%.20s is in the log, the feed or an event", secret)
				}
			}
		})
	}
}

// An authorization server that asks one process of a cluster is behind nothing that another one has acknowledged, and no
// assertion counts on both.
func TestAuthorityOnTwoProcesses(t *testing.T) {
	const issuer = "https://as.example.org"
	nats := externalNATS(t)
	one, two := startAuthority(t, t.TempDir(), "--nats-url", nats), startAuthority(t, t.TempDir(), "--nats-url", nats)
	for range 30 {
		c := one.register(service)
		two.must(http.StatusOK, "GET", "/as/v1/clients/"+c.id, authorityToken, "")
		if !two.authenticate(c.by(c.secret), issuer) {
			t.Error("a client is not known on the other process")
		}
		one.must(http.StatusNoContent, "DELETE", "/api/v1/clients/"+c.id, "admin", "")
		two.must(http.StatusNotFound, "GET", "/as/v1/clients/"+c.id, authorityToken, "")
		if two.authenticate(c.by(c.secret), issuer) {
			t.Error("a client that was revoked on one process is authenticated on the other")
		}
	}
	key, document := newClientKey(t)
	c := one.register(document)
	once := c.assert(t, key, issuer)
	if !one.authenticate(once, issuer) || two.authenticate(once, issuer) || one.authenticate(once, issuer) {
		t.Error("an assertion does not count once")
	}
	position := one.must(http.StatusOK, "PUT", "/as/v1/consumers/cache", authorityToken, `{"seq":`+one.lastSeq()+`}`)
	two.eventually("showing the consumer", func() bool {
		a := two.must(http.StatusOK, "GET", "/as/v1/consumers/cache", authorityToken, "")
		return a.member("seq") == position.member("seq") && a.member("lag") == "0"
	})
}

// What authorization servers did outlives the process: assertions stay used, positions and last uses are kept.
func TestAuthorityOutlivesRestarts(t *testing.T) {
	const issuer = "https://as.example.org"
	data := t.TempDir()
	s := startAuthority(t, data)
	key, document := newClientKey(t)
	c := s.register(document)
	once := c.assert(t, key, issuer)
	if !s.authenticate(once, issuer) {
		t.Fatal("not authenticated")
	}
	s.must(http.StatusOK, "PUT", "/as/v1/consumers/cache", authorityToken, `{"seq":1}`)
	used := s.must(http.StatusOK, "GET", "/api/v1/clients/"+c.id, "admin", "").member("last_used_at")
	if status := s.stop(); status != exitOK {
		t.Errorf("exit status %d:\n%s", status, s.stderr)
	}
	s = startAuthority(t, data)
	if s.authenticate(once, issuer) {
		t.Error("an assertion counts again after a restart")
	}
	if seq := s.must(http.StatusOK, "GET", "/as/v1/consumers/cache", authorityToken, "").member("seq"); seq != "1" {
		t.Errorf("the position is %s", seq)
	}
	s.eventually("showing the last use", func() bool { // the file is opened beside the start
		return s.must(http.StatusOK, "GET", "/api/v1/clients/"+c.id, "admin", "").member("last_used_at") == used && used != ""
	})
	s.stop()

	// Without a token nobody is let in.
	s = start(t, data)
	s.must(http.StatusUnauthorized, "GET", "/as/v1/clients/"+c.id, authorityToken, "")
}
