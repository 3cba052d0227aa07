package oauth_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"roster/domain/oauth"
)

// policyWith is the default policy with a change.
func policyWith(change func(*oauth.Policy)) oauth.Policy {
	p := oauth.DefaultPolicy
	change(&p)
	return p
}

// TestPolicyRefuses registers under policies that allow less. A refusal names the rule and what it allows.
func TestPolicyRefuses(t *testing.T) {
	const web = `"redirect_uris":["https://client.example.org/cb"]`
	for name, test := range map[string]struct {
		change func(*oauth.Policy)
		body   string
		code   oauth.Code // empty: allowed
		says   []string
	}{
		"grant type": {
			func(p *oauth.Policy) {
				p.RefuseExcess = true
				p.GrantTypes = []string{"authorization_code", "refresh_token"}
			},
			`{` + web + `,"grant_types":["authorization_code","password"]}`,
			oauth.InvalidClientMetadata, []string{"grant_types", "allow-grant-types", "authorization_code, refresh_token"},
		},
		"a grant type of its own": {
			func(p *oauth.Policy) { p.GrantTypes = []string{"urn:example:grant"} },
			`{"grant_types":["urn:example:grant"]}`, "", nil,
		},
		"response type": {
			func(p *oauth.Policy) { p.ResponseTypes = []string{"code"} },
			`{` + web + `,"grant_types":["authorization_code","implicit"],"response_types":["code id_token"]}`,
			oauth.InvalidClientMetadata, []string{"response_types", "allow-response-types", "allowed are code"},
		},
		"authentication method": {
			func(p *oauth.Policy) { p.AuthMethods = []string{"private_key_jwt", "none"} },
			`{` + web + `,"token_endpoint_auth_method":"client_secret_basic"}`,
			oauth.InvalidClientMetadata, []string{"token_endpoint_auth_method", "allow-auth-methods", "private_key_jwt, none"},
		},
		"signing algorithm": {
			func(p *oauth.Policy) { p.SigningAlgs = []string{"ES256"} },
			`{` + web + `,"userinfo_signed_response_alg":"RS256"}`,
			oauth.InvalidClientMetadata, []string{"userinfo_signed_response_alg", "allow-signing-algs", "ES256, none"},
		},
		"no signature": {
			func(p *oauth.Policy) { p.Unsigned = false },
			`{` + web + `,"id_token_signed_response_alg":"none"}`,
			oauth.InvalidClientMetadata, []string{"id_token_signed_response_alg", "allow-signing-algs"},
		},
		"key encryption": {
			func(p *oauth.Policy) { p.EncryptionAlgs = nil },
			`{` + web + `,"jwks_uri":"https://client.example.org/k","id_token_encrypted_response_alg":"RSA-OAEP"}`,
			oauth.InvalidClientMetadata, []string{"id_token_encrypted_response_alg", "allow-encryption-algs"},
		},
		"content encryption": {
			func(p *oauth.Policy) { p.EncryptionEncs = []string{"A256GCM"} },
			`{` + web + `,"jwks_uri":"https://client.example.org/k","id_token_encrypted_response_alg":"RSA-OAEP","id_token_encrypted_response_enc":"A128GCM"}`,
			oauth.InvalidClientMetadata, []string{"id_token_encrypted_response_enc", "allow-encryption-encs", "A256GCM"},
		},
		"scope": {
			func(p *oauth.Policy) { p.RefuseExcess = true; p.Scopes = []string{"openid", "profile"} },
			`{` + web + `,"scope":"openid admin:*"}`,
			oauth.InvalidClientMetadata, []string{"scope", "allow-scopes", "openid, profile"},
		},
		"allowed scopes": {
			func(p *oauth.Policy) { p.Scopes = []string{"openid", "profile"} },
			`{` + web + `,"scope":"profile openid"}`, "", nil,
		},
		"redirect host": {
			func(p *oauth.Policy) { p.RedirectHosts = []string{"example.org", ".apps.example.org"} },
			`{` + web + `}`,
			oauth.InvalidRedirectURI, []string{"redirect_uris[0]", "allow-redirect-hosts", "example.org, .apps.example.org"},
		},
		"a host below an allowed one": {
			func(p *oauth.Policy) { p.RedirectHosts = []string{"example.org", ".apps.example.org"} },
			`{"redirect_uris":["https://example.org/","https://a.b.Apps.Example.org/cb"]}`, "", nil,
		},
		"a host that only ends like an allowed one": {
			func(p *oauth.Policy) { p.RedirectHosts = []string{"example.org", ".apps.example.org"} },
			`{"redirect_uris":["https://evilexample.org/"]}`,
			oauth.InvalidRedirectURI, []string{"allow-redirect-hosts"},
		},
		"the host itself where those below are allowed": {
			func(p *oauth.Policy) { p.RedirectHosts = []string{".apps.example.org"} },
			`{"redirect_uris":["https://apps.example.org/"]}`,
			oauth.InvalidRedirectURI, []string{"allow-redirect-hosts"},
		},
		"loopback where it is not allowed": {
			func(p *oauth.Policy) { p.RedirectHosts = []string{"example.org"} },
			`{"redirect_uris":["http://127.0.0.1/"]}`,
			oauth.InvalidRedirectURI, []string{"allow-redirect-hosts"},
		},
		"loopback where it is allowed": {
			func(p *oauth.Policy) { p.RedirectHosts = []string{"::1"} },
			`{"redirect_uris":["http://[::1]:8080/"]}`, "", nil,
		},
		"post-logout host": {
			func(p *oauth.Policy) { p.RedirectHosts = []string{"client.example.org"} },
			`{` + web + `,"post_logout_redirect_uris":["https://other.example.org/"]}`,
			oauth.InvalidClientMetadata, []string{"post_logout_redirect_uris", "allow-redirect-hosts"},
		},
		"claims redirect host": {
			func(p *oauth.Policy) { p.RedirectHosts = []string{"client.example.org"} },
			`{` + web + `,"claims_redirect_uris":["https://other.example.org/"]}`,
			oauth.InvalidClientMetadata, []string{"claims_redirect_uris", "allow-redirect-hosts"},
		},
		"login host": {
			func(p *oauth.Policy) { p.RedirectHosts = []string{"client.example.org"} },
			`{` + web + `,"initiate_login_uri":"https://other.example.org/"}`,
			oauth.InvalidClientMetadata, []string{"initiate_login_uri", "allow-redirect-hosts"},
		},
		"front-channel logout host": {
			func(p *oauth.Policy) { p.RedirectHosts = []string{"client.example.org"} },
			`{"grant_types":["password"],"redirect_uris":["https://other.example.org/"],"frontchannel_logout_uri":"https://other.example.org/"}`,
			oauth.InvalidClientMetadata, []string{"frontchannel_logout_uri", "allow-redirect-hosts"},
		},
		"a private-use scheme has no host": {
			func(p *oauth.Policy) { p.RedirectHosts = []string{"client.example.org"} },
			`{"redirect_uris":["com.example.app://other.example.org/"],"application_type":"native"}`, "", nil,
		},
		"post-logout URIs in all": {
			func(p *oauth.Policy) { p.MaxRedirectURIs = 1 },
			`{` + web + `,"post_logout_redirect_uris":["https://a.example/1","https://a.example/2"]}`,
			oauth.InvalidClientMetadata, []string{"post_logout_redirect_uris", "max-redirect-uris", "at most 1"},
		},
		"private-use scheme": {
			func(p *oauth.Policy) { p.RedirectSchemes = []string{"com.example.app"} },
			`{"redirect_uris":["com.example.other:/cb"]}`,
			oauth.InvalidRedirectURI, []string{"allow-redirect-schemes", "com.example.app"},
		},
		"an allowed private-use scheme": {
			func(p *oauth.Policy) { p.RedirectSchemes = []string{"com.example.app"} },
			`{"redirect_uris":["COM.example.app:/cb"]}`, "", nil,
		},
		"redirect URIs in all": {
			func(p *oauth.Policy) { p.MaxRedirectURIs = 1 },
			`{"redirect_uris":["https://a.example/1","https://a.example/2"]}`,
			oauth.InvalidRedirectURI, []string{"max-redirect-uris", "at most 1"},
		},
		"length of a redirect URI": {
			func(p *oauth.Policy) { p.MaxURILength = 20 },
			`{` + web + `}`,
			oauth.InvalidRedirectURI, []string{"max-uri-length", "at most 20"},
		},
		"length of a page's URI": {
			func(p *oauth.Policy) { p.MaxURILength = 40 },
			`{` + web + `,"client_uri":"https://client.example.org/` + strings.Repeat("a", 40) + `"}`,
			oauth.InvalidClientMetadata, []string{"client_uri", "max-uri-length"},
		},
		"length of a redirect URI that is never used": {
			func(p *oauth.Policy) { p.MaxURILength = 20 },
			`{` + web + `,"grant_types":["client_credentials"]}`,
			oauth.InvalidRedirectURI, []string{"max-uri-length"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			p := policyWith(test.change)
			if err := p.Validate(); err != nil {
				t.Fatal(err)
			}
			_, err := admit(t, p, request(t, test.body))
			var refused *oauth.Error
			switch {
			case test.code == "" && err != nil:
				t.Fatal(err)
			case test.code == "":
				return
			case !errors.As(err, &refused) || refused.Code != test.code:
				t.Fatalf("error %v, want %s", err, test.code)
			}
			if refused.Setting == "" || !slices.Contains(test.says, refused.Setting) {
				t.Errorf("the setting is %q, which is none of %v", refused.Setting, test.says)
			}
			for _, said := range test.says {
				if !strings.Contains(refused.Error(), said) {
					t.Errorf("%q does not say %q", refused.Error(), said)
				}
			}
		})
	}
}

// TestPolicyHoldsUpdates holds an update to the policy of its day, not to that of the registration.
func TestPolicyHoldsUpdates(t *testing.T) {
	p := policyWith(func(p *oauth.Policy) { p.RedirectHosts = []string{"other.example.org"} })
	_, err := admit(t, p, update(t, registered(t, webApp), `{"client_name":"New","redirect_uris":["https://client.example.org/cb"]}`))
	checkRefused(t, err, oauth.InvalidRedirectURI, "")
}

func TestDefaultsByThePolicy(t *testing.T) {
	p := policyWith(func(p *oauth.Policy) {
		p.DefaultScopes = []string{"openid", "profile"}
		p.SigningAlgs = []string{"HS256", "ES256", "PS256"}
		p.EncryptionEncs = []string{"A256GCM"}
	})
	const keys = `"jwks_uri":"https://client.example.org/k","id_token_encrypted_response_alg":"RSA-OAEP"`
	for member, want := range map[string]string{
		"scope":                           "openid profile",
		"id_token_signed_response_alg":    "ES256",
		"id_token_encrypted_response_enc": "A256GCM",
	} {
		registered, err := admit(t, p, request(t, `{"redirect_uris":["https://a.example/"],`+keys+`}`))
		if err != nil {
			t.Fatal(err)
		}
		if got := registered.Text(member); got != want {
			t.Errorf("%s is %q, want %q", member, got, want)
		}
	}
	registered, err := admit(t, p, request(t, `{"redirect_uris":["https://a.example/"],"scope":"email"}`))
	if err != nil {
		t.Fatal(err)
	}
	if got := registered.Text("scope"); got != "email" {
		t.Errorf("a client that asked for email got %q", got)
	}
	for want, algs := range map[string][]string{"HS512": {"HS512", "HS256"}, "none": {}} {
		p.SigningAlgs = algs
		registered, err := admit(t, p, request(t, `{"redirect_uris":["https://a.example/"]}`))
		if err != nil {
			t.Fatalf("with the algorithms %v: %v", algs, err)
		}
		if got := registered.Text("id_token_signed_response_alg"); got != want {
			t.Errorf("with the algorithms %v ID tokens are signed with %q, want %q", algs, got, want)
		}
	}
}

// C-55, D-24, D-25: nobody can show the pages of another as its own where the policy asks for it.
func TestPagesOnRedirectHost(t *testing.T) {
	p := policyWith(func(p *oauth.Policy) { p.PagesOnRedirectHost = true })
	for _, member := range []string{"client_uri", "logo_uri", "tos_uri", "policy_uri", "information_uri", "organization_uri", "logo_uri#de"} {
		for page, ok := range map[string]bool{
			"https://client.example.org/page":      true,
			"https://client.example.org:8443/page": true,
			"https://CLIENT.example.org/page":      true,
			"http://client.example.org/page":       false,
			"https://example.org/page":             false,
			"https://client.example.org.evil.test": false,
		} {
			body := `{"redirect_uris":["com.example.app:/cb","https://client.example.org/cb"],"application_type":"native","` + member + `":"` + page + `"}`
			_, err := admit(t, p, request(t, body))
			var refused *oauth.Error
			if ok != (err == nil) || !ok && (!errors.As(err, &refused) || refused.Field != member || !strings.Contains(refused.Detail,
				"pages-on-redirect-host")) {
				t.Errorf("%s: %s: %v", member, page, err)
			}
			if _, err := admit(t, oauth.DefaultPolicy, request(t, body)); err != nil {
				t.Errorf("%s: %s: refused without the policy: %v", member, page, err)
			}
		}
	}
}

// TestRefusalsNameTheSetting has refusals that come from a setting, in words or not.
func TestRefusalsNameTheSetting(t *testing.T) {
	const web = `"redirect_uris":["https://a.example/cb"]`
	for setting, test := range map[string]struct {
		change  func(*oauth.Policy)
		terms   oauth.Terms
		members string
	}{
		oauth.SettingSigningAlgs:                {asItIs, oauth.Terms{}, web + `,"id_token_signing_alg_values_supported":["of the future"]`},
		oauth.SettingEncryptionEncs:             {func(p *oauth.Policy) { p.EncryptionEncs = nil }, oauth.Terms{}, web + `,"userinfo_encrypted_response_alg":"dir"`},
		oauth.SettingPagesOnRedirectHost:        {func(p *oauth.Policy) { p.PagesOnRedirectHost = true }, oauth.Terms{}, web + `,"client_uri":"https://b.example/"`},
		oauth.SettingRequireSoftwareStatement:   {func(p *oauth.Policy) { p.RequireSoftwareStatement = true }, oauth.Terms{}, web},
		oauth.SettingMaxBodySize:                {func(p *oauth.Policy) { p.MaxBodySize = 1100 }, oauth.Terms{}, web},
		oauth.InitialAccessToken:                {asItIs, oauth.Terms{RedirectHosts: []string{"b.example"}}, web},
		oauth.InitialAccessToken + " for a web": {asItIs, oauth.Terms{ApplicationTypes: []string{"native"}}, web + `,"application_type":"web"`},
		"":                                      {asItIs, oauth.Terms{}, `"redirect_uris":["http://a.example/"]`},
	} {
		r := request(t, "{"+test.members+"}")
		r.Terms = test.terms
		_, err := admit(t, policyWith(test.change), r)
		want, _, _ := strings.Cut(setting, " for ")
		var refused *oauth.Error
		if !errors.As(err, &refused) || refused.Setting != want {
			t.Errorf("%s: %#v", setting, err)
		}
	}
}

func TestRoomForClients(t *testing.T) {
	p := policyWith(func(p *oauth.Policy) { p.MaxClients, p.MaxClientsPerOwner = 3, 2 })
	for _, test := range []struct {
		now     oauth.Population
		owner   string
		setting string // that refuses; empty: there is room
	}{
		{oauth.Population{Clients: 2, OfOwner: 1}, "acme", ""},
		{oauth.Population{Clients: 2, OfOwner: 2}, "acme", oauth.SettingMaxClientsPerOwner},
		{oauth.Population{Clients: 2, OfOwner: 2}, "", ""},
		{oauth.Population{Clients: 3, OfOwner: 2}, "acme", oauth.SettingMaxClients},
		{oauth.Population{Clients: 3}, "", oauth.SettingMaxClients},
	} {
		err := p.CheckRoom(test.now, test.owner)
		checkSetting(t, err)
		var refused *oauth.Error
		switch {
		case test.setting == "" && err != nil:
			t.Errorf("%+v: %v", test, err)
		case test.setting != "" && (!errors.As(err, &refused) || refused.Code != oauth.AccessDenied || refused.Setting != test.setting):
			t.Errorf("%+v: %#v", test, err)
		}
		if err := oauth.DefaultPolicy.CheckRoom(test.now, test.owner); err != nil {
			t.Errorf("%+v, without limits: %v", test, err)
		}
	}
}

func TestPolicyVersion(t *testing.T) {
	// An auditor compares versions over years: that of a policy which did not change must not either.
	const version = "374410b80b8c1e17"
	if got := oauth.DefaultPolicy.Version(); got != version {
		t.Errorf("the version of the default policy is %s, was %s: change it only with the policy itself", got, version)
	}
	if got := policyWith(func(p *oauth.Policy) { p.Scopes = []string{} }).Version(); got != version {
		t.Error("an empty list is another policy than none")
	}
	seen := map[string]bool{version: true}
	for _, change := range []func(*oauth.Policy){
		func(p *oauth.Policy) { p.GrantTypes = p.GrantTypes[1:] }, func(p *oauth.Policy) { p.ResponseTypes = p.ResponseTypes[1:] },
		func(p *oauth.Policy) { p.AuthMethods = p.AuthMethods[1:] }, func(p *oauth.Policy) { p.SigningAlgs = p.SigningAlgs[1:] },
		func(p *oauth.Policy) { p.Unsigned = false }, func(p *oauth.Policy) { p.EncryptionAlgs = p.EncryptionAlgs[1:] },
		func(p *oauth.Policy) { p.EncryptionEncs = p.EncryptionEncs[1:] }, func(p *oauth.Policy) { p.Scopes = []string{"a"} },
		func(p *oauth.Policy) { p.DefaultScopes = []string{"a"} }, func(p *oauth.Policy) { p.RedirectHosts = []string{"a"} },
		func(p *oauth.Policy) { p.RedirectSchemes = []string{"a"} }, func(p *oauth.Policy) { p.PagesOnRedirectHost = true },
		func(p *oauth.Policy) { p.MaxRedirectURIs++ }, func(p *oauth.Policy) { p.MaxURILength++ },
		func(p *oauth.Policy) { p.MaxClients++ }, func(p *oauth.Policy) { p.MaxClientsPerOwner++ },
		func(p *oauth.Policy) { p.MaxBodySize++ }, func(p *oauth.Policy) { p.RequireSoftwareStatement = true },
		func(p *oauth.Policy) { p.RefuseExcess = true },
	} {
		seen[policyWith(change).Version()] = true
	}
	if len(seen) != 20 {
		t.Errorf("20 policies have %d versions", len(seen))
	}
}

func TestPolicyValidate(t *testing.T) {
	if err := oauth.DefaultPolicy.Validate(); err != nil {
		t.Error(err)
	}
	for setting, change := range map[string]func(*oauth.Policy){
		"allow-response-types":   func(p *oauth.Policy) { p.ResponseTypes = []string{"code code"} },
		"allow-auth-methods":     func(p *oauth.Policy) { p.AuthMethods = []string{"basic"} },
		"allow-signing-algs":     func(p *oauth.Policy) { p.SigningAlgs = []string{"none"} },
		"allow-encryption-algs":  func(p *oauth.Policy) { p.EncryptionAlgs = []string{"RS256"} },
		"allow-encryption-algs:": func(p *oauth.Policy) { p.EncryptionAlgs, p.EncryptionEncs = []string{"RS256"}, nil },
		"allow-encryption-encs":  func(p *oauth.Policy) { p.EncryptionEncs = []string{"A1"} },
		"allow-grant-types":      func(p *oauth.Policy) { p.GrantTypes = []string{"a b"} },
		"allow-scopes":           func(p *oauth.Policy) { p.Scopes = []string{"a b"} },
		"default-scopes":         func(p *oauth.Policy) { p.Scopes, p.DefaultScopes = []string{"a"}, []string{"b"} },
		"allow-redirect-hosts":   func(p *oauth.Policy) { p.RedirectHosts = []string{"*.example.org"} },
		"allow-redirect-schemes": func(p *oauth.Policy) { p.RedirectSchemes = []string{"com.example.app", "https"} },
		"max-body-size":          func(p *oauth.Policy) { p.MaxBodySize = 1 << 20 },
		"max-redirect-uris":      func(p *oauth.Policy) { p.MaxRedirectURIs = 0 },
		"max-clients":            func(p *oauth.Policy) { p.MaxClients = -1 },
	} {
		if err := policyWith(change).Validate(); err == nil || !strings.Contains(err.Error(), setting) {
			t.Errorf("%s: %v", setting, err)
		}
	}
}

func BenchmarkPolicyVersion(b *testing.B) {
	for b.Loop() {
		oauth.DefaultPolicy.Version()
	}
}
