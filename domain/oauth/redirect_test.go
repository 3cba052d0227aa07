package oauth_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"roster/domain/oauth"
)

func TestRedirectURIs(t *testing.T) {
	const (
		web      = `"application_type":"web"`
		native   = `"application_type":"native"`
		implicit = `"grant_types":["implicit"],"response_types":["id_token"]`
		password = `"grant_types":["password"]`
	)
	for _, test := range []struct {
		uri     string
		members string
		ok      bool
	}{
		{"https://client.example.org/cb", "", true},
		{"https://client.example.org/cb?a=b&c=%20", "", true},
		{"https://client.example.org", "", true},
		{"https://xn--pple-43d.example/cb", "", true},
		{"https://192.0.2.1:8443/cb", "", true},
		{"https://[2001:db8::1]/cb", "", true},
		{"HTTPS://CLIENT.example.org/CB", "", true},
		{"https://localhost/cb", "", true},

		{"http://localhost:8080/cb", "", true},
		{"http://localhost:8080/cb", web, true},
		{"http://127.0.0.1:3000/cb", native, true},
		{"http://[::1]/cb", web, true},
		{"http://LOCALHOST/cb", native, true},
		{"http://[::1]:1/cb", "", true},
		{"http://localhost/cb", native, true},
		{"http://localhost/cb", implicit, false},
		{"http://localhost/cb", web + "," + implicit, false},
		{"https://localhost/cb", web + "," + implicit, false},
		{"http://localhost/cb", native + "," + implicit, true},
		{"https://client.example.org/cb", implicit, true},
		{"http://client.example.org/cb", "", false},
		{"http://client.example.org/cb", native, false},
		{"http://localhost.attacker.example/cb", "", false},
		{"http://127.0.0.1.attacker.example/cb", "", false},
		{"http://127.0.0.2/cb", "", false},
		{"http://127.0.0.2/cb", web, false},
		{"http://127.0.0.2:8080/cb", native, false},
		{"http://127.255.255.254/cb", native, false},
		{"http://[0:0:0:0:0:0:0:1]/cb", native, false},
		{"http://[::0001]/cb", "", false},
		{"http://localhost./cb", native, false},
		{"http://app.localhost/cb", native, false},
		{"http://ip6-localhost/cb", native, false},
		{"https://localhost/cb", native, false},
		{"https://localhost:8443/cb", native, false},
		{"https://LocalHost/cb", native, false},
		{"https://localhost./cb", native, false},
		{"https://app.localhost/cb", native, false},
		{"https://127.0.0.1/cb", native, false},
		{"https://127.0.0.2/cb", native, false},
		{"https://[::1]/cb", native, false},
		{"https://[0:0:0:0:0:0:0:1]/cb", native, false},
		{"https://[::ffff:127.0.0.1]/cb", native, false},
		{"https://0.0.0.0/cb", native, false},
		{"http://127.1/cb", "", false},
		{"http://0x7f.0.0.1/cb", "", false},
		{"http://[::ffff:127.0.0.1]/cb", "", false},
		{"http://[::1%25eth0]/cb", "", false},
		{"http://10.0.0.1/cb", "", false},

		{"com.example.app:/cb", native, true},
		{"com.example.app:/cb", "", true},
		{"com.example.app://host/cb", native, true},
		{"cursor://anysphere.cursor-retrieval/oauth/cb", "", true},
		{"com.example.app:/cb", web, true},
		{"com.example.app:/cb", web + "," + implicit, true},
		{"com.example.app:", native, false},
		{"https://client.example.org/cb", native, true},
		{"javascript:alert(1)", native, false},
		{"javascript:alert(1)", web, false},
		{"JaVaScRiPt:alert(1)", "", false},
		{"data:text/html,x", native, false},
		{"file:///etc/passwd", native, false},
		{"intent://x#Intent;end", native, false},
		{"urn:ietf:wg:oauth:2.0:oob", native, false},
		{"wss://client.example.org/", native, false},
		{"view-source:https://a.example/", native, false},

		{"https://client.example.org/cb#fragment", "", false},
		{"https://client.example.org/cb#", "", false},
		{"https://user:pass@client.example.org/cb", "", false},
		{"https://@client.example.org/cb", "", false},
		{"https:///cb", "", false},
		{"https:client.example.org/cb", "", false},
		{"https:/client.example.org/cb", "", false},
		{"https://", "", false},
		{"//client.example.org/cb", "", false},
		{"/cb", "", false},
		{"client.example.org", "", false},
		{"https://client.example.org:0/cb", "", false},
		{"https://client.example.org:99999/cb", "", false},
		{"https://client.example.org:/cb", "", false},
		{"https://client.example.org:8x/cb", "", false},
		{"https://*.example.org/cb", "", false},
		{"https://client..example.org/cb", "", false},
		{"https://client.example.org/cb ", "", false},
		{" https://client.example.org/cb", "", false},
		{"https://client.example.org/c b", "", false},
		{"https://client.example.org/%zz", "", false},
		{"https://client.example.org/%", "", false},
		{`https://client.example.org/\cb`, "", false},
		{`https://client.example.org\@attacker.example/`, "", false},
		{"https://client.example.org/<cb>", "", false},
		{"https://client.example.org/{cb}", "", false},
		{"https://client.example.org/cb|x", "", false},
		{"https://client.example.org/^cb`", "", false},
		{"https://clïent.example.org/cb", "", false},
		{"https://client.example.org\u202egro.live/cb", "", false},
		{"https://client.example.org/" + strings.Repeat("a", 2000), "", false},

		{"server.example.com", password, true},
		{"anything-goes", password, true},
		{"javascript:alert(1)", password, false},
		{"server.example.com ", password, false},
		{"server\u202e.example.com", password, false},
	} {
		encoded, err := json.Marshal(test.uri)
		if err != nil {
			t.Fatal(err)
		}
		body := `{"redirect_uris":[` + string(encoded) + `]` + prefixed(",", test.members) + `}`
		metadata, err := admit(t, oauth.DefaultPolicy, request(t, body))
		if !test.ok {
			var refused *oauth.Error
			if !errors.As(err, &refused) || refused.Code != oauth.InvalidRedirectURI ||
				!strings.HasPrefix(refused.Error(), "One or more redirect_uri values are invalid") {
				t.Errorf("%s: error %v", body, err)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", body, err)
			continue
		}
		if got := metadata.List("redirect_uris"); got[0] != test.uri {
			t.Errorf("%q was kept as %q", test.uri, got[0])
		}
	}
}

func prefixed(prefix, s string) string {
	if s == "" {
		return ""
	}
	return prefix + s
}

func TestRedirectURIsInAll(t *testing.T) {
	list := func(n int) string {
		return `["https://a.example/` + strings.Repeat(`","https://a.example/`, n-1) + `"]`
	}
	for body, ok := range map[string]bool{
		`{}`:                   false,
		`{"redirect_uris":[]}`: false,
		`{"grant_types":["implicit"],"response_types":["id_token"]}`:         false,
		`{"grant_types":["client_credentials"]}`:                             true,
		`{"grant_types":["client_credentials"],"redirect_uris":[]}`:          true,
		`{"redirect_uris":["https://a.example/","http://attacker.example"]}`: false,
		`{"redirect_uris":` + list(32) + `}`:                                 true,
		`{"redirect_uris":` + list(33) + `}`:                                 false,
	} {
		_, err := admit(t, oauth.DefaultPolicy, request(t, body))
		var refused *oauth.Error
		if ok != (err == nil) || !ok && (!errors.As(err, &refused) || refused.Code != oauth.InvalidRedirectURI) {
			t.Errorf("%s: %v", body, err)
		}
	}
}

// TestOtherRedirects holds URIs for after a logout and for UMA claims to the very rules of redirect URIs, whatever
// the grants (RP-Initiated Logout 1.0, 3.1; UMA 2.0 Grant 3.3.2).
func TestOtherRedirects(t *testing.T) {
	for _, client := range []string{
		`"application_type":"web"`, `"application_type":"native"`,
		`"application_type":"web","grant_types":["implicit"],"response_types":["id_token"]`,
		`"application_type":"native","grant_types":["implicit"],"response_types":["id_token"]`,
	} {
		for _, uri := range []string{
			"https://a.example/cb", "https://localhost/cb", "http://localhost/cb", "http://127.0.0.1:8080/cb", "http://[::1]/cb", "http://127.0.0.2/cb",
			"http://a.example/cb", "https://a.example/cb#x", "https://u@a.example/cb", "https://a.example:0/cb", "https:///cb", "https://a_b.example/",
			"com.example.app:/cb", "cursor://x/cb", "com.example.app:", "javascript:alert(1)", "data:text/html,x", "ws://a.example/", "server.example.com", "/cb", "",
			"https://a.example/" + strings.Repeat("x", 2000), "https://a.example/ä", "https://a.example/ b",
		} {
			base := "https://a.example/"
			if strings.Contains(client, "native") {
				base = "com.example.base:/"
			}
			_, redirect := admit(t, oauth.DefaultPolicy, request(t, `{"redirect_uris":["`+base+`","`+uri+`"],`+client+`}`))
			for _, member := range []string{"post_logout_redirect_uris", "claims_redirect_uris"} {
				grants := []string{client, strings.Replace(client, `"application_type"`, `"grant_types":["password"],"application_type"`, 1)}
				if strings.Contains(client, "implicit") {
					grants = grants[:1]
				}
				for _, c := range grants {
					body := `{"redirect_uris":["` + base + `"],"` + member + `":["` + base + `","` + uri + `"],` + c + `}`
					_, other := admit(t, oauth.DefaultPolicy, request(t, body))
					if (redirect == nil) != (other == nil) {
						t.Errorf("%s: error %v, as a redirect URI %v", body, other, redirect)
					}
				}
			}
		}
	}
}

// TestRedirectHosts names where clients redirect to.
func TestRedirectHosts(t *testing.T) {
	m := oauth.Metadata{"redirect_uris": oauth.List{
		"https://a.example/cb", "https://A.example:8443/cb", "https://b.example", "http://[::1]:80/", "com.example.app:/cb", "app://c.example/", "server.example.com", "https://a.example/%zz",
	}}
	want := []string{"a.example", "b.example", "::1", "com.example.app:", "c.example", "server.example.com"}
	if diff := cmp.Diff(want, m.RedirectHosts()); diff != "" {
		t.Error(diff)
	}
}
