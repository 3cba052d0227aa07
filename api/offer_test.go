package api_test

import (
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"roster/domain/oauth"
)

// policies are ordinary and odd ones that discovery is tried under.
var policies = map[string]func(*oauth.Policy){
	"default":                func(*oauth.Policy) {},
	"code and refresh":       func(p *oauth.Policy) { p.GrantTypes = []string{"authorization_code", "refresh_token"} },
	"no code":                func(p *oauth.Policy) { p.GrantTypes = slices.Delete(slices.Clone(p.GrantTypes), 0, 1) },
	"client credentials":     func(p *oauth.Policy) { p.GrantTypes = []string{"client_credentials"} },
	"refresh tokens of none": func(p *oauth.Policy) { p.GrantTypes = []string{"refresh_token"} },
	"CIBA":                   func(p *oauth.Policy) { p.GrantTypes = []string{"urn:openid:params:grant-type:ciba"} },
	"ES256":                  func(p *oauth.Policy) { p.SigningAlgs, p.Unsigned = []string{"ES256"}, false },
	"HS256":                  func(p *oauth.Policy) { p.SigningAlgs, p.Unsigned = []string{"HS256"}, false },
	"private_key_jwt":        func(p *oauth.Policy) { p.AuthMethods = []string{"private_key_jwt"} },
	"client_secret_jwt, ES256": func(p *oauth.Policy) {
		p.AuthMethods, p.SigningAlgs = []string{"client_secret_jwt", "client_secret_post"}, []string{"ES256"}
	},
	"private_key_jwt, HS256": func(p *oauth.Policy) {
		p.AuthMethods, p.SigningAlgs = []string{"private_key_jwt", "client_secret_post"}, []string{"HS256"}
	},
	"public clients": func(p *oauth.Policy) { p.AuthMethods = []string{"none"} },
	"ID tokens in the redirect": func(p *oauth.Policy) {
		p.GrantTypes, p.ResponseTypes = []string{"implicit"}, []string{"id_token", "token", "code"}
	},
	"response types without their grants": func(p *oauth.Policy) {
		p.GrantTypes, p.ResponseTypes = []string{"implicit", "password"}, []string{"code", "code token"}
	},
	"no encryption of keys": func(p *oauth.Policy) { p.EncryptionAlgs = nil },
	"scopes":                func(p *oauth.Policy) { p.Scopes = []string{"openid", "mcp:tools"} },
	"hosts":                 func(p *oauth.Policy) { p.RedirectHosts = []string{"localhost", ".example.org"} },
	"this device":           func(p *oauth.Policy) { p.RedirectHosts = []string{"::1", "localhost"} },
	"the response type none": func(p *oauth.Policy) {
		p.ResponseTypes = []string{"none", "token"}
	},
}

// Whatever discovery says is supported can be registered, and is kept, by POST and by PUT.
func TestDiscoveryKeepsItsWord(t *testing.T) {
	for name, change := range policies {
		t.Run(name, func(t *testing.T) {
			s := start(t, under(change))
			document := lists(t, s)
			redirectURI := "https://client.example.org/cb"
			if name == "this device" {
				redirectURI = "http://localhost/cb"
			}
			for list, values := range document {
				for _, value := range values {
					asking := visitor{document, redirectURI}.askingFor(list, value)
					encoded, err := json.Marshal(asking)
					if err != nil {
						t.Fatal(err)
					}
					registered := s.do("POST", connectPath, body(string(encoded)))
					asking.keptIn(t, registered, http.StatusCreated)
					if registered.status != http.StatusCreated {
						continue
					}
					asking["client_id"] = registered.text(t, "client_id")
					if encoded, err = json.Marshal(asking); err != nil {
						t.Fatal(err)
					}
					put := s.do("PUT", clientsPath+"/"+registered.text(t, "client_id"),
						bearer(registered.text(t, "registration_access_token")), body(string(encoded)))
					asking.keptIn(t, put, http.StatusOK)
				}
			}
		})
	}
}

// Discovery does not say that something is supported which no client can have under the policy, or none has
// any use for.
func TestDiscoveryTellsThePolicy(t *testing.T) {
	all := oauth.DefaultPolicy
	asymmetric := all.SigningAlgs[:10]
	supported := map[string]map[string][]string{}
	for name, change := range policies {
		supported[name] = lists(t, start(t, under(change)))
	}
	for _, test := range []struct {
		policy, list string
		want         []string // nil: the list is left out (RFC 8414 3.2)
	}{
		{"default", "response_types_supported", all.ResponseTypes},
		{"default", "grant_types_supported", all.GrantTypes},
		{"default", "scopes_supported", nil},
		{"default", "subject_types_supported", []string{"public", "pairwise"}},
		{"default", "token_endpoint_auth_methods_supported", all.AuthMethods},
		{"default", "introspection_endpoint_auth_methods_supported", all.AuthMethods},
		{"default", "revocation_endpoint_auth_methods_supported", all.AuthMethods},
		{"default", "token_endpoint_auth_signing_alg_values_supported", all.SigningAlgs},
		{"default", "introspection_endpoint_auth_signing_alg_values_supported", all.SigningAlgs},
		{"default", "revocation_endpoint_auth_signing_alg_values_supported", all.SigningAlgs},
		{"default", "id_token_signing_alg_values_supported", append(slices.Clone(all.SigningAlgs), "none")},
		{"default", "request_object_signing_alg_values_supported", append(slices.Clone(all.SigningAlgs), "none")},
		{"default", "authorization_signing_alg_values_supported", all.SigningAlgs}, // JARM 3: never none
		{"default", "introspection_signing_alg_values_supported", all.SigningAlgs},
		{"default", "backchannel_authentication_request_signing_alg_values_supported", asymmetric}, // CIBA Core 1.0, 4
		{"default", "backchannel_token_delivery_modes_supported", []string{"poll", "ping", "push"}},
		{"default", "id_token_encryption_alg_values_supported", all.EncryptionAlgs},
		{"default", "id_token_encryption_enc_values_supported", all.EncryptionEncs},
		{"default", "response_modes_supported", []string{"query", "fragment", "form_post", "jwt", "query.jwt", "fragment.jwt", "form_post.jwt"}},

		{"code and refresh", "response_types_supported", []string{"code"}},
		{"code and refresh", "grant_types_supported", []string{"authorization_code", "refresh_token"}},
		{"code and refresh", "backchannel_token_delivery_modes_supported", nil},
		{"code and refresh", "backchannel_authentication_request_signing_alg_values_supported", nil},

		{"no code", "response_types_supported", []string{"id_token", "id_token token"}},
		{"no code", "grant_types_supported", all.GrantTypes[1:]},
		{"no code", "response_modes_supported", []string{"fragment", "form_post", "jwt", "fragment.jwt", "form_post.jwt"}},

		{"client credentials", "grant_types_supported", []string{"client_credentials"}},
		{"client credentials", "response_types_supported", nil},
		{"client credentials", "response_modes_supported", nil},
		{"client credentials", "token_endpoint_auth_methods_supported", all.AuthMethods[:6]}, // RFC 6749 4.4: not none

		{"refresh tokens of none", "grant_types_supported", nil},
		{"CIBA", "response_types_supported", nil},
		{"CIBA", "backchannel_token_delivery_modes_supported", []string{"poll", "ping", "push"}},

		{"ES256", "token_endpoint_auth_methods_supported", slices.DeleteFunc(slices.Clone(all.AuthMethods), func(m string) bool { return m == "client_secret_jwt" })},
		{"ES256", "introspection_endpoint_auth_methods_supported", slices.DeleteFunc(slices.Clone(all.AuthMethods), func(m string) bool { return m == "client_secret_jwt" })},
		{"ES256", "token_endpoint_auth_signing_alg_values_supported", []string{"ES256"}},
		{"ES256", "id_token_signing_alg_values_supported", []string{"ES256"}},
		{"private_key_jwt, HS256", "token_endpoint_auth_methods_supported", []string{"client_secret_post"}},
		{"private_key_jwt, HS256", "revocation_endpoint_auth_methods_supported", []string{"client_secret_post"}},
		{"HS256", "token_endpoint_auth_signing_alg_values_supported", []string{"HS256"}},
		{"HS256", "backchannel_authentication_request_signing_alg_values_supported", nil},

		{"private_key_jwt", "token_endpoint_auth_methods_supported", []string{"private_key_jwt"}},
		{"private_key_jwt", "revocation_endpoint_auth_methods_supported", []string{"private_key_jwt"}},
		{"private_key_jwt", "token_endpoint_auth_signing_alg_values_supported", asymmetric},
		{"private_key_jwt", "revocation_endpoint_auth_signing_alg_values_supported", asymmetric},
		{"private_key_jwt", "id_token_signing_alg_values_supported", append(slices.Clone(all.SigningAlgs), "none")},
		{"client_secret_jwt, ES256", "token_endpoint_auth_methods_supported", []string{"client_secret_post"}},
		{"client_secret_jwt, ES256", "token_endpoint_auth_signing_alg_values_supported", nil},

		// No secret, no key of it (OpenID Connect Core 1.0, 10.1, 10.2).
		{"public clients", "token_endpoint_auth_signing_alg_values_supported", nil},
		{"public clients", "id_token_signing_alg_values_supported", append(slices.Clone(asymmetric), "none")},
		{"public clients", "id_token_encryption_alg_values_supported", all.EncryptionAlgs[:6]},
		{"public clients", "id_token_encryption_enc_values_supported", all.EncryptionEncs},
		{"public clients", "grant_types_supported", slices.DeleteFunc(slices.Clone(all.GrantTypes), func(g string) bool { return g == "client_credentials" })},

		{"ID tokens in the redirect", "response_types_supported", []string{"id_token", "token"}},
		{"response types without their grants", "response_types_supported", nil},
		{"response types without their grants", "grant_types_supported", []string{"password"}},
		{"no encryption of keys", "userinfo_encryption_alg_values_supported", nil},
		{"no encryption of keys", "userinfo_encryption_enc_values_supported", nil},
		{"scopes", "scopes_supported", []string{"openid", "mcp:tools"}},
		{"hosts", "response_types_supported", all.ResponseTypes},
		{"this device", "response_types_supported", []string{"code"}}, // OpenID Connect Dynamic Client Registration 1.0, 2
		{"the response type none", "response_types_supported", []string{"none", "token"}},
		{"the response type none", "response_modes_supported", []string{"query", "fragment", "form_post", "jwt", "query.jwt", "fragment.jwt", "form_post.jwt"}},
	} {
		if diff := cmp.Diff(test.want, supported[test.policy][test.list]); diff != "" {
			t.Errorf("under %s %s is (-want +got):\n%s", test.policy, test.list, diff)
		}
	}
}

// lists returns the lists of the metadata that the service answers.
func lists(t *testing.T, s *service) map[string][]string {
	t.Helper()
	found := map[string][]string{}
	for name, value := range s.do("GET", discoveryPaths[0]).json(t) {
		if values, isList := value.([]any); isList {
			for _, value := range values {
				found[name] = append(found[name], value.(string))
			}
		}
	}
	return found
}

// visitor is somebody who knows of a server what discovery says, and of clients what the specifications say.
type visitor struct {
	supported   map[string][]string
	redirectURI string
}

type request map[string]any

// askingFor returns a request for one value of a list, with what the specifications ask of such a client and
// nothing that discovery does not offer.
func (v visitor) askingFor(list, value string) request {
	symmetric := strings.HasPrefix(value, "HS") || strings.HasPrefix(value, "A") && strings.HasSuffix(value, "KW") || value == "dir"
	asking := request{"jwks_uri": "https://client.example.org/jwks"}
	member := strings.TrimSuffix(list, "_supported")
	switch {
	case list == "response_types_supported":
		v.redirect(asking, value)
	case list == "grant_types_supported":
		v.grant(asking, value)
	case list == "response_modes_supported":
		v.redirect(asking, v.responseType(func(t string) bool { return !strings.HasPrefix(value, "query") || t == "code" || t == "none" }))
		asking["response_modes"] = []string{value}
		if strings.HasSuffix(value, "jwt") {
			asking["authorization_signed_response_alg"] = v.supported["authorization_signing_alg_values_supported"][0]
		}
	case list == "scopes_supported":
		asking["scope"] = value
	case list == "subject_types_supported":
		asking["subject_type"] = value
	case strings.HasPrefix(list, "backchannel"):
		v.grant(asking, "urn:openid:params:grant-type:ciba")
		member = strings.TrimSuffix(strings.TrimSuffix(member, "_values"), "s")
		asking["backchannel_client_notification_endpoint"] = "https://client.example.org/notified"
		asking[member] = value
	case strings.HasSuffix(list, "_auth_methods_supported"):
		v.authenticate(asking, value)
		asking[strings.TrimSuffix(member, "s")] = value
	case strings.HasSuffix(list, "_auth_signing_alg_values_supported"):
		v.authenticate(asking, map[bool]string{true: "client_secret_jwt", false: "private_key_jwt"}[symmetric])
		asking["token_endpoint_auth_signing_alg"] = value
	default:
		about, _, _ := strings.Cut(member, "_signing_alg")
		about, enc, _ := strings.Cut(about, "_encryption")
		what := about + "_encrypted_response"
		if about == "request_object" {
			what = about + "_encryption"
		}
		switch {
		case enc == "_alg_values":
			asking[what+"_alg"] = value
		case enc == "_enc_values":
			asking[what+"_alg"] = v.supported[about+"_encryption_alg_values_supported"][0]
			asking[what+"_enc"] = value
		case about == "request_object":
			asking["request_object_signing_alg"] = value
		default:
			asking[about+"_signed_response_alg"] = value
		}
		if list == "id_token_signing_alg_values_supported" && value == "none" {
			v.withoutIDToken(asking)
		}
	}
	if asking["grant_types"] == nil {
		v.anyGrant(asking)
	}
	if asking["token_endpoint_auth_method"] == nil {
		v.authenticate(asking, v.supported["token_endpoint_auth_methods_supported"][0])
	}
	return asking
}

func (v visitor) anyGrant(asking request) {
	if types := v.supported["response_types_supported"]; types != nil {
		v.redirect(asking, types[0])
		return
	}
	v.grant(asking, v.supported["grant_types_supported"][0])
}

// withoutIDToken asks for what gets no ID token in a redirect.
func (v visitor) withoutIDToken(asking request) {
	for _, responseType := range v.supported["response_types_supported"] {
		if !strings.Contains(responseType, "id_token") {
			v.redirect(asking, responseType)
			return
		}
	}
	grants := v.supported["grant_types_supported"]
	v.grant(asking, grants[slices.IndexFunc(grants, func(g string) bool {
		return g != "authorization_code" && g != "implicit" && g != "refresh_token"
	})])
}

func (v visitor) responseType(such func(string) bool) string {
	types := v.supported["response_types_supported"]
	return types[slices.IndexFunc(types, such)]
}

// grant asks for a grant, and for those that it needs (RFC 7591 2.1; RFC 6749 1.5).
func (v visitor) grant(asking request, grant string) {
	asking["grant_types"], asking["response_types"] = []string{grant}, []string{}
	switch grant {
	case "authorization_code":
		v.redirect(asking, v.responseType(func(t string) bool { return strings.Contains(t, "code") || t == "none" }))
	case "implicit":
		v.redirect(asking, v.responseType(func(t string) bool { return strings.Contains(t, "token") }))
	case "refresh_token":
		v.anyGrant(asking)
		asking["grant_types"] = append(asking["grant_types"].([]string), grant)
	case "urn:openid:params:grant-type:ciba":
		asking["backchannel_token_delivery_mode"] = "poll"
	}
}

// redirect asks for a response type (OpenID Connect Dynamic Client Registration 1.0, 2).
func (v visitor) redirect(asking request, responseType string) {
	var grants []string
	words := strings.Split(responseType, " ")
	if slices.Contains(words, "code") || responseType == "none" {
		grants = append(grants, "authorization_code")
	}
	if slices.Contains(words, "token") || slices.Contains(words, "id_token") {
		grants = append(grants, "implicit")
	}
	asking["redirect_uris"] = []string{v.redirectURI}
	asking["grant_types"], asking["response_types"] = grants, []string{responseType}
}

// authenticate asks for a method, with what it needs (RFC 8705 2.1.2).
func (visitor) authenticate(asking request, method string) {
	asking["token_endpoint_auth_method"] = method
	if method == "tls_client_auth" {
		asking["tls_client_auth_san_dns"] = "client.example.org"
	}
}

// keptIn fails the test when an answer is not of a status, or lacks what was asked for.
func (asked request) keptIn(t *testing.T, got answer, status int) {
	t.Helper()
	if got.status != status {
		t.Errorf("%v: %d %s", asked, got.status, got)
		return
	}
	registered := got.json(t)
	encoded, _ := json.Marshal(asked)
	for name, want := range maps.All((answer{body: encoded}).json(t)) {
		if diff := cmp.Diff(want, registered[name]); diff != "" {
			t.Errorf("%v: %s (-asked +registered):\n%s", asked, name, diff)
		}
	}
}
