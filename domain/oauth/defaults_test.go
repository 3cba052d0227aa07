package oauth_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"roster/domain/oauth"
)

// TestDefaults has members that a client leaves out, and what it gets where the policy, an initial access token or
// what it brings do not let it have what the specifications say. By a registration and an update alike.
func TestDefaults(t *testing.T) {
	const (
		method = "token_endpoint_auth_method"
		alg    = "id_token_signed_response_alg"
		enc    = "id_token_encrypted_response_enc"
		sealed = `,"jwks_uri":"https://a.example/k","id_token_encrypted_response_alg":"RSA-OAEP"`
		code   = "authorization_code"
	)
	methods := func(methods ...string) func(*oauth.Policy) {
		return func(p *oauth.Policy) { p.AuthMethods = methods }
	}
	algs := func(unsigned bool, algs ...string) func(*oauth.Policy) {
		return func(p *oauth.Policy) { p.Unsigned, p.SigningAlgs = unsigned, algs }
	}
	grants := func(grants ...string) func(*oauth.Policy) {
		return func(p *oauth.Policy) { p.GrantTypes = grants }
	}
	key := "," + jwks(rsaPub)
	for name, test := range map[string]struct {
		policy  func(*oauth.Policy)
		terms   oauth.Terms
		members string
		want    values
	}{
		"method that keeps a secret": {policy: methods("none", "client_secret_post"), members: webURIs, want: values{method: text("client_secret_post")}},
		"method in the order of the policy": {policy: methods("client_secret_jwt", "client_secret_post"), members: webURIs,
			want: values{method: text("client_secret_jwt")}},
		"method without a key":        {policy: methods("private_key_jwt", "none"), members: webURIs, want: values{method: text("none")}},
		"method with a key":           {policy: methods("none", "private_key_jwt"), members: webURIs + key, want: values{method: text("private_key_jwt")}},
		"method with a key elsewhere": {policy: methods("none", "private_key_jwt"), members: webURIs + `,"jwks_uri":"https://a.example/k"`, want: values{method: text("private_key_jwt")}},
		"method with a key for something else": {policy: methods("private_key_jwt", "none"), members: webURIs + "," + jwks(with(rsaPub, `"use":"enc"`)),
			want: values{method: text("none")}},
		"method without a certificate's name": {policy: methods("tls_client_auth", "client_secret_post"), members: webURIs, want: values{method: text("client_secret_post")}},
		"method with a certificate's name": {policy: methods("none", "tls_client_auth"), members: webURIs + `,"tls_client_auth_subject_dn":"CN=a"`,
			want: values{method: text("tls_client_auth")}},
		"method for an algorithm": {policy: methods("client_secret_jwt", "private_key_jwt"), members: webURIs + key + `,"token_endpoint_auth_signing_alg":"RS256"`,
			want: values{method: text("private_key_jwt")}},
		"method for a symmetric algorithm": {policy: methods("none", "private_key_jwt", "client_secret_post"), members: webURIs + `,"id_token_signed_response_alg":"HS256"`,
			want: values{method: text("client_secret_post"), alg: text("HS256")}},
		"method for a grant of the client's own": {policy: methods("none", "client_secret_post"), members: `"grant_types":["client_credentials"]`,
			want: values{method: text("client_secret_post")}},
		"method of those that the client can do with": {policy: methods("none", "private_key_jwt", "client_secret_post"),
			members: webURIs + `,"token_endpoint_auth_methods_supported":["private_key_jwt","client_secret_post"]`, want: values{method: text("client_secret_post")}},

		"method of those for a grant by default": {policy: grants("client_credentials"), members: `"token_endpoint_auth_methods_supported":["none","client_secret_post"]`,
			want: values{method: text("client_secret_post")}},
		"method of those for one algorithm": {policy: asItIs, want: values{method: text("client_secret_post"), alg: text("HS256")},
			members: webURIs + `,"token_endpoint_auth_methods_supported":["none","client_secret_post"],"id_token_signing_alg_values_supported":["HS256"]`},
		"algorithm of those for a response type by default": {policy: func(p *oauth.Policy) { p.ResponseTypes = []string{"code id_token"} },
			members: webURIs + `,"id_token_signing_alg_values_supported":["none","ES256"]`, want: values{alg: text("ES256")}},
		"subject type of those for several hosts": {policy: asItIs, members: `"redirect_uris":["https://a.example/","https://b.example/"],"subject_types_supported":["pairwise","public"]`,
			want: values{"subject_type": text("public")}},
		"subject type of those without a sector": {policy: grants("client_credentials"), members: `"subject_types_supported":["pairwise","public"]`,
			want: values{"subject_type": text("public")}},
		"subject type of those with a sector": {policy: grants("client_credentials"), members: `"jwks_uri":"https://a.example/k","subject_types_supported":["pairwise","public"]`,
			want: values{"subject_type": text("pairwise")}},

		"algorithm":                            {policy: algs(false, "HS256", "ES256", "PS256"), members: webURIs, want: values{alg: text("ES256")}},
		"algorithm that takes the secret":      {policy: algs(true, "HS512", "HS256"), members: webURIs, want: values{alg: text("HS512")}},
		"no algorithm":                         {policy: algs(true), members: webURIs, want: values{alg: text("none")}},
		"algorithm of a client with no secret": {policy: algs(true, "HS256"), members: webURIs + `,"token_endpoint_auth_method":"none"`, want: values{alg: text("none")}},
		"no algorithm that is possible":        {policy: algs(false, "HS256"), members: webURIs + `,"token_endpoint_auth_method":"none"`, want: values{alg: nil}},
		"no algorithm at all":                  {policy: algs(false), members: webURIs, want: values{alg: nil}},
		"no unsigned token in a redirect":      {policy: algs(true, "HS256"), members: webURIs + "," + implicit, want: values{alg: text("HS256")}},
		"algorithm for content": {policy: func(p *oauth.Policy) { p.EncryptionEncs = []string{"A256GCM", "A128GCM"} }, members: webURIs + sealed,
			want: values{enc: text("A256GCM")}},

		"grant of redirects": {policy: grants("refresh_token", "client_credentials", "implicit"), members: webURIs,
			want: values{"grant_types": list("implicit"), "response_types": list("id_token")}},
		"grant without redirects": {policy: grants("refresh_token", "password", "client_credentials", "implicit"), members: `"client_name":"x"`,
			want: values{"grant_types": list("client_credentials"), "response_types": list(), "redirect_uris": list()}},
		"grant of a device": {policy: grants("refresh_token", deviceCode), members: `"token_endpoint_auth_method":"none"`,
			want: values{"grant_types": list(deviceCode)}},
		"grant of a client that does not authenticate": {policy: grants("client_credentials", deviceCode), members: `"token_endpoint_auth_method":"none"`,
			want: values{"grant_types": list(deviceCode)}},
		"grant of one that may not authenticate": {policy: func(p *oauth.Policy) {
			p.GrantTypes, p.AuthMethods = []string{"client_credentials", deviceCode}, []string{"none"}
		}, members: `"client_name":"x"`, want: values{"grant_types": list(deviceCode), method: text("none")}},
		"grant with what it needs": {policy: grants("urn:openid:params:grant-type:ciba", "password"), members: `"client_name":"x"`,
			want: values{"grant_types": list("password")}},
		"grant that is there alone": {policy: grants("client_credentials"), members: webURIs,
			want: values{"grant_types": list("client_credentials"), "redirect_uris": list("https://a.example/cb")}},
		"grant of the server's own": {policy: grants("urn:example:grant"), members: `"client_name":"x"`, want: values{"grant_types": list("urn:example:grant")}},
		"grants of a response type": {policy: grants("client_credentials", "implicit"), members: webURIs + `,"response_types":["id_token token"]`,
			want: values{"grant_types": list("implicit"), "response_types": list("id_token token")}},
		"grants of the only response type": {policy: func(p *oauth.Policy) { p.ResponseTypes = []string{"code id_token"} }, members: webURIs,
			want: values{"grant_types": list(code, "implicit"), "response_types": list("code id_token")}},
		"response type of the grant": {policy: asItIs, members: webURIs + `,"grant_types":["implicit"]`, want: values{"response_types": list("id_token")}},
		"response type of the policy": {policy: func(p *oauth.Policy) { p.ResponseTypes = []string{"code id_token", "id_token token"} },
			members: webURIs + `,"grant_types":["implicit"]`, want: values{"response_types": list("id_token token")}},
		"response type of unsigned tokens": {policy: func(p *oauth.Policy) { p.ResponseTypes = []string{"id_token", "token"} },
			members: webURIs + `,"grant_types":["implicit"],"id_token_signed_response_alg":"none"`, want: values{"response_types": list("token")}},
		"grant of an initial access token": {policy: asItIs, terms: oauth.Terms{GrantTypes: []string{"client_credentials"}}, members: `"client_name":"x"`,
			want: values{"grant_types": list("client_credentials"), "response_types": list()}},

		"scope of an initial access token": {policy: func(p *oauth.Policy) { p.DefaultScopes = []string{"email"} },
			terms: oauth.Terms{Scopes: []string{"openid", "profile"}}, members: webURIs, want: values{"scope": text("openid profile")}},
		"scope of an initial access token that the policy has less of now": {policy: func(p *oauth.Policy) { p.Scopes = []string{"openid"} },
			terms: oauth.Terms{Scopes: []string{"openid", "admin"}}, members: webURIs, want: values{"scope": text("openid")}},
		"type of an initial access token": {policy: asItIs, terms: oauth.Terms{ApplicationTypes: []string{"native"}}, members: webURIs,
			want: values{"application_type": text("native")}},
		"type of an initial access token for the web": {policy: asItIs, terms: oauth.Terms{ApplicationTypes: []string{"web"}},
			members: `"redirect_uris":["http://localhost/cb"]`, want: values{"application_type": text("web")}},
	} {
		t.Run(name, func(t *testing.T) {
			p := policyWith(test.policy)
			if err := p.Validate(); err != nil {
				t.Fatal(err)
			}
			n := narrowing{terms: test.terms, members: test.members}
			registered, leftOut, err := n.admit(t, p)
			if err != nil || leftOut != nil {
				t.Fatalf("%v, left out %v", err, leftOut)
			}
			for member, want := range test.want {
				if diff := cmp.Diff(want, registered[member]); diff != "" {
					t.Errorf("%s (-want +got):\n%s", member, diff)
				}
			}
			n.putBack(t, p, registered)
		})
	}
}

// Where a client can do with none of what is allowed, the refusal says what it lacks.
func TestNoDefaultThatIsPossible(t *testing.T) {
	for name, test := range map[string]struct {
		policy  func(*oauth.Policy)
		members string
		says    string
	}{
		"method": {func(p *oauth.Policy) { p.AuthMethods = []string{"private_key_jwt"} }, webURIs, "token_endpoint_auth_method: needs a key"},
		"grant":  {func(p *oauth.Policy) { p.GrantTypes = []string{"implicit"} }, `"client_name":"x"`, "redirect_uris at least one is needed"},
		"key encryption without content encryption": {func(p *oauth.Policy) { p.EncryptionEncs = nil },
			webURIs + `,"jwks_uri":"https://a.example/k","id_token_encrypted_response_alg":"RSA-OAEP"`,
			"id_token_encrypted_response_alg: is not allowed by the policy allow-encryption-encs"},
		"grants that redirect no more than a wrong URI lets them": {func(p *oauth.Policy) { p.GrantTypes = []string{"implicit", "client_credentials"} },
			`"redirect_uris":["http://a.example/"]`, "redirect_uris[0] must use https"},
	} {
		_, err := admit(t, policyWith(test.policy), request(t, "{"+test.members+"}"))
		var refused *oauth.Error
		if !errors.As(err, &refused) || !strings.Contains(refused.Error(), test.says) {
			t.Errorf("%s: %v, want %q", name, err, test.says)
		}
	}
}
