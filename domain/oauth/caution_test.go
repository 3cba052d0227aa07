package oauth_test

import (
	"bytes"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"roster/domain/oauth"
)

// TestCautions is what RFC 7591 5 and OpenID Connect Dynamic Client Registration 1.0, 9.1 want to be looked at
// in metadata that nobody vouches for (C-55, D-24, D-25).
func TestCautions(t *testing.T) {
	everybody := func(string) bool { return true }
	signed := statement(`{"iss":"https://i.example","client_name":"Pаypal","logo_uri":"https://cdn.example/logo"}`) // with a Cyrillic a
	for name, test := range map[string]struct {
		body string
		want []string
	}{
		"nothing": {`{"redirect_uris":["https://a.example/cb"],"client_name":"A","client_uri":"https://A.example:8443/x"}`, nil},
		"D-25 C-55 pages elsewhere, in every language": {
			`{"redirect_uris":["https://a.example/cb"],"client_uri":"http://a.example/","logo_uri":"https://b.example/","tos_uri#de":"https://sub.a.example/","policy_uri":"https://a.example/"}`,
			[]string{"client_uri", "logo_uri", "tos_uri#de"}},
		"D-25 an app has no host to compare with": {
			`{"redirect_uris":["http://localhost/cb","com.example.app:/cb"],"client_uri":"https://a.example/"}`, nil},
		"D-24 letters that look alike": {
			`{"redirect_uris":["https://a.example/cb"],"client_name":"P` + "\u0430" + `ypal","organization_name#ru":"Банк Alpha","ext_param_owner":"` + "\u0391" + `lpha"}`,
			[]string{"client_name", "ext_param_owner"}},
		"D-24 letters of other alphabets": {
			`{"redirect_uris":["https://a.example/cb"],"client_name":"東京 Tokyo アプリ","client_name#el":"Αλφα β2","client_name#fr":"Cafe` + "\u0301" + `"}`, nil},
		"D-24 characters that cannot be seen": {
			`{"redirect_uris":["https://a.example/cb"],"client_name":"Bank` + "\u202e" + `knaB","client_name#de":"Ba` + "\u200b" + `nk","client_name#hi":"क्` + "\u200d" + `ष"}`,
			[]string{"client_name", "client_name#de"}},
		"D-24 a blank that is none": {
			`{"redirect_uris":["https://a.example/cb"],"client_name":"Bank` + "\u2800" + `"}`, []string{"client_name"}},
		"D-24 letters in another style": {
			`{"redirect_uris":["https://a.example/cb"],"client_name":"` + "\U0001d40f" + `aypal","client_name#ja":"` + "\uff30" + `aypal","client_name#li":"` + "\ua4d1\ua4ee" + `","client_name#tm":"Paypal™ № 1"}`,
			[]string{"client_name", "client_name#ja", "client_name#li"}},
		"D-24 a whole name that looks Latin": {
			`{"redirect_uris":["https://a.example/cb"],"client_name":"` + "\u0440\u0430\u0443\u0440\u0430\u04cf" + `","client_name#ru":"Россия","client_name#uk":"ОС"}`,
			[]string{"client_name"}},
		"D-25 hosts with other letters": {
			`{"redirect_uris":["https://a.example/cb","https://XN--pypal-4ve.example/cb"],"client_uri":"https://a.xn--pypal-4ve.example/","policy_uri":"https://a.example/xn--x"}`,
			[]string{"redirect_uris", "client_uri"}},
		"D-24 D-9 what an issuer vouches for": {
			`{"redirect_uris":["https://a.example/cb"],"policy_uri":"https://b.example/","software_statement":"` + signed + `"}`,
			[]string{"policy_uri"}},
	} {
		t.Run(name, func(t *testing.T) {
			metadata, _, err := confirmed(request(t, test.body))
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, caution := range oauth.Cautions(metadata, everybody) {
				got = append(got, caution.Member)
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func nobody(string) bool { return false }

// TestAnIssuerThatIsNotTrustedVouchesForNothing warns of what it attests like of anything else.
func TestAnIssuerThatIsNotTrustedVouchesForNothing(t *testing.T) {
	metadata, _, err := confirmed(request(t, `{"redirect_uris":["https://a.example/cb"],"software_statement":"`+
		statement(`{"iss":"https://i.example","client_name":"P\u0430ypal"}`)+`"}`))
	if err != nil {
		t.Fatal(err)
	}
	for issuer, want := range map[string][]oauth.Caution{"https://i.example": nil, "https://other.example": {
		{Level: oauth.PossibleImpersonation, Member: "client_name", Detail: "has a word with letters of several alphabets that look alike"},
		{Level: oauth.Note, Member: "software_statement", Detail: "is by an issuer that is no longer trusted"},
	}} {
		if diff := cmp.Diff(want, oauth.Cautions(metadata, func(i string) bool { return i == issuer })); diff != "" {
			t.Errorf("with %s trusted: %s", issuer, diff)
		}
	}
}

// TestCautionsHaveLevels tells what may be an impersonation from what is usual.
func TestCautionsHaveLevels(t *testing.T) {
	metadata, _, err := confirmed(request(t, `{"redirect_uris":["https://a.example/cb"],"client_name":"P\u0430ypal","logo_uri":"https://b.example/logo"}`))
	if err != nil {
		t.Fatal(err)
	}
	want := []oauth.Caution{
		{Level: oauth.PossibleImpersonation, Member: "client_name", Detail: "has a word with letters of several alphabets that look alike"},
		{Level: oauth.Note, Member: "logo_uri", Detail: "does not have scheme and host of any redirect URI"},
	}
	if diff := cmp.Diff(want, oauth.Cautions(metadata, nobody)); diff != "" {
		t.Error(diff)
	}
}

// TestAttested tells what an issuer says from what the client says of itself (D-24).
func TestAttested(t *testing.T) {
	signed := statement(`{"iss":"https://i.example","client_name":"Stated","software_id":"1","unheard_of":1}`)
	metadata, _, err := confirmed(request(t, `{"redirect_uris":["https://a.example/cb"],"client_name":"Mine","software_statement":"`+signed+`"}`))
	if err != nil {
		t.Fatal(err)
	}
	issuer, members := oauth.Attested(metadata)
	if diff := cmp.Diff([]string{"client_name", "software_id"}, members); diff != "" || issuer != "https://i.example" {
		t.Errorf("issuer %s, members %s", issuer, diff)
	}
	metadata["client_name"] = oauth.Text("acme_Stated") // as the terms of a token can have it
	if _, members := oauth.Attested(metadata); !cmp.Equal(members, []string{"software_id"}) {
		t.Errorf("attested are %v", members)
	}
	if issuer, members := oauth.Attested(oauth.Metadata{"client_name": oauth.Text("Mine")}); issuer != "" || members != nil {
		t.Errorf("nobody vouches, yet %q for %v", issuer, members)
	}
}

// TestPlainMetadataHasNoCautions holds what is told of metadata without decoding it against what there is in it.
func TestPlainMetadataHasNoCautions(t *testing.T) {
	signed := statement(`{"iss":"https://i.example"}`)
	texts := rapid.SampledFrom([]string{"A", "Payment gateway", "P\u0430ypal", "Bank\u202eknaB", "東京", `a"b`, `a\\b`, "a\x7fb", "https://XN--a.example", `"client_uri":`, "café", "#", "{}"})
	names := rapid.SampledFrom([]string{"client_name", "client_name#de", "ext_param_owner", "organization_name", "scope"})
	pages := rapid.SampledFrom([]string{"client_uri", "logo_uri", "tos_uri", "tos_uri#de", "policy_uri"})
	uris := rapid.SampledFrom([]string{
		"https://a.example/", "https://a.example/cb", "https://a.example", "https://b.example/", "https://a.example.b.example/", "https://A.example/cb", "https://XN--a.example/cb",
		"https://a.example:8443/", "https://a.example@b.example/", "http://a.example/", "http://localhost/", "com.example.app:/cb", "",
	})
	plain := 0
	rapid.Check(t, func(t *rapid.T) {
		m := oauth.Metadata{"redirect_uris": oauth.List(rapid.SliceOfN(uris, 1, 2).Draw(t, "redirect URIs"))}
		for range rapid.IntRange(0, 3).Draw(t, "names") {
			m[names.Draw(t, "name")] = oauth.Text(texts.Draw(t, "text"))
		}
		switch rapid.IntRange(0, 7).Draw(t, "also") {
		case 0:
			m[pages.Draw(t, "page")] = oauth.Text(uris.Draw(t, "page"))
		case 1:
			m["software_statement"] = oauth.Text(signed)
		case 2:
			delete(m, "redirect_uris")
			m["jwks"] = oauth.Object(`{"redirect_uris":[],"keys":[]}`)
		}
		encoded := m.AppendJSON(nil)
		if !oauth.IsPlain(encoded) {
			return
		}
		plain++
		if issuer, _ := oauth.Attested(m); issuer != "" || len(oauth.Cautions(m, nobody)) > 0 {
			t.Fatalf("%s is plain, has the issuer %q and %v", encoded, issuer, oauth.Cautions(m, nobody))
		}
		if _, ok := m["redirect_uris"]; ok != bytes.Contains(encoded, []byte(`"redirect_uris":`)) {
			t.Fatalf("%s is plain, and has what is no member", encoded)
		}
	})
	if plain == 0 {
		t.Error("no metadata was plain")
	}
	for usual, want := range map[string]bool{
		`{"client_name":"team 1_Payment gateway","redirect_uris":["https://app.example.com/callback?a=b#c"],"grant_types":["authorization_code"],"contacts":["a@example.com"]}`: true,
		`{"redirect_uris":["https://app.example.com/callback"],"client_uri":"https://app.example.com/","tos_uri#de":"https://app.example.com/agb"}`:                             true,
		`{"redirect_uris":["https://app.example.com/callback"],"client_uri":"https://www.example.com/"}`:                                                                        false,
	} {
		if got := oauth.IsPlain([]byte(usual)); got != want {
			t.Errorf("%s is plain: %t", usual, got)
		}
	}
}
