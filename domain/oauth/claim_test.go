package oauth_test

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"roster/domain/oauth"
)

// TestClaimsOfWhatLooksAlikeAreEqual holds pairs of names against each other.
func TestClaimsOfWhatLooksAlikeAreEqual(t *testing.T) {
	claims := func(name string) []oauth.Claim { return oauth.Claims(oauth.Metadata{"client_name": oauth.Text(name)}) }
	for _, pair := range [][2]string{
		{"PayPal", "PAYPAL"}, {"PayPal", "PayPaI"}, {"PayPal", "Paypa1"}, {"PayPal", "p а y p а l"}, {"Microsoft", "rnicrosoft"},
		{"Micro soft", "Micro-Soft"}, {"Microsoft", "Micr0s\u043eft\u200b"}, {"Microsoft", "Ｍｉｃｒｏｓｏｆｔ"}, {"Microsoft", "𝐌icrosoft"},
		{"Twitter", "Tvvitter"}, {"Gmail", "Gmaíl"}, {"Москва", "МОСКВА"}, {"東京電力", "東京電力"}, {"IBM", "ibm"},
	} {
		a, b := claims(pair[0]), claims(pair[1])
		if len(a) != 1 || !slices.Equal(a, b) {
			t.Errorf("%q claims %v, %q claims %v", pair[0], a, pair[1], b)
		}
	}
	for _, pair := range [][2]string{{"PayPal", "PayPals"}, {"Wiki 1", "Wiki 2"}, {"Paris", "Pans"}, {"Москва", "Moscow"}} {
		if a, b := claims(pair[0]), claims(pair[1]); slices.Equal(a, b) {
			t.Errorf("%q and %q both claim %v", pair[0], pair[1], a)
		}
	}
	for _, name := range []string{"", "test", "My App", "MCP client", "Test App 12", "oauth2-demo", "ab", "!!!", "12345", "A", "Demo (staging)"} {
		if got := claims(name); got != nil {
			t.Errorf("%q claims %v", name, got)
		}
	}
}

// TestClaimsAreOfNamesSoftwareAndLogos leaves out the rest, and states in which member each stands.
func TestClaimsAreOfNamesSoftwareAndLogos(t *testing.T) {
	want := []oauth.Claim{
		{"client_name", "name portalle"}, {"client_name#de", "name portall2"},
		{"logo_uri", "logo cdn.example/logo.png"}, {"software_id", "software cornexarnple"},
	}
	got := oauth.Claims(oauth.Metadata{
		"client_name": oauth.Text("Portal Ie"), "client_name#de": oauth.Text("Portail 2"), "organization_name": oauth.Text("Acme"),
		"logo_uri": oauth.Text("https://CDN.example/logo.png?size=2#x"), "software_id": oauth.Text("com.example"), "contacts": oauth.List{"a"},
	})
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// TestRedirectDomains tells who gets what a client is given.
func TestRedirectDomains(t *testing.T) {
	code := []string{"authorization_code"}
	for _, test := range []struct{ hosts, grants, want []string }{
		{[]string{"app.acme.example", "acme.example"}, code, []string{"acme.example"}},
		{[]string{"b.co.uk", "a.b.co.uk", "x.github.io", "y.github.io"}, code, []string{"b.co.uk", "x.github.io", "y.github.io"}},
		{[]string{"localhost", "acme.example", "127.0.0.1"}, code, []string{"acme.example"}},
		{[]string{"localhost", "::1", "127.0.0.5"}, []string{"implicit"}, []string{oauth.Device}},
		{[]string{"com.example.app:", "intranet", "203.0.113.9", "2001:db8::1", "github.io"}, code,
			[]string{"2001:db8::1", "203.0.113.9", "com.example.app:", "github.io", "intranet"}},
		{[]string{"acme.example"}, []string{"client_credentials"}, nil},
		{nil, code, nil},
	} {
		if diff := cmp.Diff(test.want, oauth.RedirectDomains(test.hosts, test.grants)); diff != "" {
			t.Errorf("%v: %s", test.hosts, diff)
		}
	}
}
