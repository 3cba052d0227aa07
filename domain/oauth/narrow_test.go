package oauth_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"roster/domain/oauth"
)

// narrowing is a registration under a policy and terms, with what is registered of its wishes and what is left out.
type narrowing struct {
	policy  func(*oauth.Policy)
	terms   oauth.Terms
	members string
	want    values // nil: refused
	leftOut values
	refused string // the member
	says    string // what would be usable
}

var (
	codeAndRefresh = func(p *oauth.Policy) { p.GrantTypes = []string{"authorization_code", "refresh_token"} }
	asItIs         = func(*oauth.Policy) {}
)

const (
	webURIs    = `"redirect_uris":["https://a.example/cb"]`
	everyTypes = `"response_types":["code","id_token","id_token token","code id_token","code token","code id_token token"]`
	deviceCode = "urn:ietf:params:oauth:grant-type:device_code"
)

// TestNarrow has wishes beyond what a client may have (RFC 7591 3.2.1; OpenID Connect Dynamic Client Registration
// 1.0, 3.2), by a registration and an update alike. With RefuseExcess each of them is refused.
func TestNarrow(t *testing.T) {
	scopes := func(p *oauth.Policy) { p.Scopes = []string{"openid", "profile"} }
	for name, test := range map[string]narrowing{
		"grants that the policy lacks (VS Code, Claude)": {
			policy: codeAndRefresh, members: webURIs + `,"grant_types":["authorization_code","` + deviceCode + `","refresh_token"]`,
			want:    values{"grant_types": list("authorization_code", "refresh_token"), "response_types": list("code")},
			leftOut: values{"grant_types": list(deviceCode)},
		},
		"grants in any order, and twice": {
			policy: codeAndRefresh, members: webURIs + `,"grant_types":["password","refresh_token","authorization_code","password"]`,
			want:    values{"grant_types": list("refresh_token", "authorization_code")},
			leftOut: values{"grant_types": list("password", "password")},
		},
		"a grant of another specification": {
			policy: asItIs, members: webURIs + `,"grant_types":["authorization_code","urn:ietf:params:oauth:grant-type:uma-ticket"]`,
			want:    values{"grant_types": list("authorization_code")},
			leftOut: values{"grant_types": list("urn:ietf:params:oauth:grant-type:uma-ticket")},
		},
		"response types without their grants (LibreChat)": {
			policy: asItIs, members: webURIs + `,"grant_types":["authorization_code","refresh_token"],` + everyTypes,
			want:    values{"response_types": list("code")},
			leftOut: values{"response_types": list("id_token", "id_token token", "code id_token", "code token", "code id_token token")},
		},
		"response types without grants that were named": {
			policy: asItIs, members: webURIs + `,"response_types":["code id_token","code"]`,
			want:    values{"grant_types": list("authorization_code"), "response_types": list("code")},
			leftOut: values{"response_types": list("code id_token")},
		},
		"response types whose grant was left out": {
			policy: codeAndRefresh, members: webURIs + `,"grant_types":["authorization_code","implicit"],"response_types":["id_token token","code"]`,
			want:    values{"grant_types": list("authorization_code"), "response_types": list("code")},
			leftOut: values{"grant_types": list("implicit"), "response_types": list("id_token token")},
		},
		"response types that the policy lacks, in another order of words": {
			policy:  func(p *oauth.Policy) { p.ResponseTypes = []string{"code", "code id_token"} },
			members: webURIs + `,"grant_types":["authorization_code","implicit"],"response_types":["id_token code","token code","token","none"]`,
			want:    values{"response_types": list("id_token code")},
			leftOut: values{"response_types": list("token code", "token", "none")},
		},
		"response types of a client that is never redirected": {
			policy: asItIs, members: `"grant_types":["client_credentials"],"response_types":["code"]`,
			want:    values{"response_types": list()},
			leftOut: values{"response_types": list("code")},
		},
		"a client whose redirecting grant was left out": {
			policy:  func(p *oauth.Policy) { p.GrantTypes = []string{"client_credentials"} },
			members: webURIs + `,"grant_types":["client_credentials","authorization_code"],"response_types":["code"]`,
			want:    values{"grant_types": list("client_credentials"), "response_types": list()},
			leftOut: values{"grant_types": list("authorization_code"), "response_types": list("code")},
		},
		"scopes": {
			policy: scopes, members: webURIs + `,"scope":"admin openid audit profile"`,
			want: values{"scope": text("openid profile")}, leftOut: values{"scope": text("admin audit")},
		},
		"grants and scopes of an initial access token": {
			policy: asItIs, terms: oauth.Terms{GrantTypes: []string{"authorization_code"}, Scopes: []string{"openid"}},
			members: webURIs + `,"grant_types":["authorization_code","refresh_token"],"scope":"openid email"`,
			want:    values{"grant_types": list("authorization_code"), "scope": text("openid")},
			leftOut: values{"grant_types": list("refresh_token"), "scope": text("email")},
		},
		"a policy and an initial access token that overlap": {
			policy: scopes, terms: oauth.Terms{Scopes: []string{"profile", "email"}},
			members: webURIs + `,"scope":"openid profile email"`,
			want:    values{"scope": text("profile")}, leftOut: values{"scope": text("openid email")},
		},

		"no usable grant": {policy: codeAndRefresh, members: webURIs + `,"grant_types":["client_credentials"]`,
			refused: "grant_types", says: "authorization_code, refresh_token"},
		"refresh_token alone": {policy: codeAndRefresh, members: webURIs + `,"grant_types":["client_credentials","refresh_token"]`,
			refused: "grant_types", says: "authorization_code, refresh_token"},
		"no usable grant of an initial access token": {policy: asItIs, terms: oauth.Terms{GrantTypes: []string{"authorization_code"}},
			members: `"grant_types":["client_credentials"]`, refused: "grant_types", says: "allowed are authorization_code"},
		"no usable response type": {policy: asItIs, members: webURIs + `,"response_types":["id_token","code id_token"]`,
			refused: "grant_types", says: "it can have code"},
		"no usable response type for the grants": {policy: asItIs, members: webURIs + `,"grant_types":["implicit"],"response_types":["code"]`,
			refused: "grant_types", says: "it can have id_token, id_token token"},
		"no response type that is allowed": {policy: asItIs, members: webURIs + `,"grant_types":["implicit"],"response_types":["token"]`,
			refused: "response_types", says: "id_token, id_token token"},
		"refresh_token with a response type": {policy: asItIs, members: webURIs + `,"grant_types":["refresh_token"],"response_types":["code"]`,
			refused: "grant_types"},
		"no usable scope": {policy: scopes, members: webURIs + `,"scope":"admin audit"`, refused: "scope", says: "openid, profile"},
	} {
		t.Run(name, test.run)
	}
}

func (n narrowing) run(t *testing.T) {
	p := policyWith(n.policy)
	if err := p.Validate(); err != nil {
		t.Fatal(err)
	}
	registered, leftOut, err := n.admit(t, p)
	if n.refused != "" {
		var refused *oauth.Error
		if !errors.As(err, &refused) || refused.Code != oauth.InvalidClientMetadata || refused.Field != n.refused || !strings.Contains(refused.Detail, n.says) {
			t.Errorf("%v, want %s refused with %q", err, n.refused, n.says)
		}
		return
	}
	if err != nil {
		t.Fatal(err)
	}
	for member, want := range n.want {
		if diff := cmp.Diff(want, registered[member]); diff != "" {
			t.Errorf("%s (-want +got):\n%s", member, diff)
		}
	}
	if diff := cmp.Diff(oauth.Metadata(n.leftOut), leftOut); diff != "" {
		t.Errorf("left out (-want +got):\n%s", diff)
	}
	if _, _, err := n.admit(t, policyWith(func(p *oauth.Policy) { n.policy(p); p.RefuseExcess = true })); err == nil {
		t.Error("let through where excess is refused")
	}
	n.putBack(t, p, registered)
}

// admit returns what becomes of the members, as a registration and as an update alike.
func (n narrowing) admit(t *testing.T, p oauth.Policy) (registered, leftOut oauth.Metadata, err error) {
	t.Helper()
	r := request(t, "{"+n.members+"}")
	r.Terms = n.terms
	return narrow(t, p, r)
}

// putBack puts what was registered back, by which nothing changes, and what was asked for, by which nothing does
// either.
func (n narrowing) putBack(t *testing.T, p oauth.Policy, registered oauth.Metadata) {
	t.Helper()
	encoded, err := registered.MarshalJSON()
	if err != nil {
		t.Fatal(err)
	}
	for _, body := range []string{string(encoded), "{" + n.members + "}"} {
		again := update(t, registered, body)
		again.Terms = n.terms
		if changed, err := admit(t, p, again); err != nil || !changed.Equal(registered) {
			t.Errorf("putting back %s: %v, %v", body, changed, err)
		}
	}
}

// What is no wish, or no such thing at all, is refused however much of the rest is usable.
func TestNeverNarrowed(t *testing.T) {
	p := policyWith(func(p *oauth.Policy) {
		codeAndRefresh(p)
		p.AuthMethods, p.SigningAlgs, p.Scopes = []string{"none", "client_secret_post"}, []string{"ES256"}, []string{"openid"}
		p.RedirectHosts = []string{"a.example"}
	})
	for members, field := range map[string]string{
		`"grant_types":["authorization_code","magic"]`:     "grant_types",
		`"grant_types":["authorization_code","Implicit"]`:  "grant_types",
		`"grant_types":["authorization_code","implicit "]`: "grant_types",
		`"grant_types":["authorization_code",""]`:          "grant_types",
		`"grant_types":["authorization_code",1]`:           "grant_types",
		`"grant_types":"authorization_code implicit"`:      "grant_types",
		`"grant_types":[]`:                                                            "grant_types",
		`"response_types":["code","CODE"]`:                                            "response_types",
		`"response_types":["code","code code"]`:                                       "response_types",
		`"response_types":["code","code  id_token"]`:                                  "response_types",
		`"response_types":["code","magic"]`:                                           "response_types",
		`"response_types":["code",null]`:                                              "response_types",
		`"response_types":[]`:                                                         "response_types",
		`"scope":"openid  admin"`:                                                     "scope",
		`"scope":"openid admin "`:                                                     "scope",
		`"scope":"openid\tadmin"`:                                                     "scope",
		`"scope":["openid","admin"]`:                                                  "scope",
		`"token_endpoint_auth_method":"client_secret_basic"`:                          "token_endpoint_auth_method",
		`"id_token_signed_response_alg":"RS256"`:                                      "id_token_signed_response_alg",
		`"redirect_uris":["https://a.example/cb","https://b.example/"]`:               "redirect_uris",
		`"response_modes":["query","magic"]`:                                          "response_modes",
		`"grant_types":["authorization_code","implicit"],"subject_type":"private"`:    "subject_type",
		`"token_endpoint_auth_method":"none","id_token_signed_response_alg":"HS256"`:  "id_token_signed_response_alg",
		`"post_logout_redirect_uris":["https://a.example/cb","https://b.example/cb"]`: "post_logout_redirect_uris",
	} {
		body := "{" + members + "}"
		if !strings.Contains(members, `"redirect_uris"`) {
			body = "{" + webURIs + "," + members + "}"
		}
		_, err := admit(t, p, request(t, body))
		var refused *oauth.Error
		if !errors.As(err, &refused) || refused.Field != field && !strings.Contains(refused.Detail, field) {
			t.Errorf("%s: %v, want %s refused", members, err, field)
		}
	}
	// A client that does not authenticate gets no grant of its own (RFC 6749 4.4), which is not mended for it.
	_, err := admit(t, oauth.DefaultPolicy, request(t, "{"+webURIs+`,"token_endpoint_auth_method":"none","grant_types":["authorization_code","client_credentials"]}`))
	if err == nil {
		t.Error("client_credentials was registered for a client without authentication, or left out")
	}
}
