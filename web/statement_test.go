package web_test

import (
	"encoding/base64"
	"strings"
	"testing"
	"time"

	"roster/domain"
	"roster/domain/keyset"
	"roster/domain/oauth"
	"roster/domain/registrar"
	"roster/web"
)

// TestAClientIsShownWithWhoVouchesForIt is RFC 7591 5: metadata are a client's own word (C-55, D-24).
func TestAClientIsShownWithWhoVouchesForIt(t *testing.T) {
	const issuer = "https://issuer.example"
	r := newRegistry(t, trusting(issuer))
	v := r.admin(t)
	page := func(body string) string {
		return textOf(v.get("/admin/clients/" + r.register(t, body).Client.ID).body)
	}
	plain := page(`{"client_name":"Portal","redirect_uris":["https://a.example.com/cb"],"logo_uri":"https://a.example.com/logo"}`)
	if !strings.Contains(plain, "Self-declared. No software statement.") || strings.Contains(plain, "Possible impersonation") {
		t.Errorf("the page of a plain client is\n%s", plain)
	}
	elsewhere := page(`{"client_name":"Portal","redirect_uris":["https://a.example.com/cb"],"logo_uri":"https://b.example.com/logo"}`)
	if !strings.Contains(elsewhere, "NotesLogo does not") || strings.Contains(elsewhere, "Possible impersonation") {
		t.Errorf("the page of a client with its logo elsewhere is\n%s", elsewhere)
	}
	odd := page(`{"client_name":"P\u0430ypal","redirect_uris":["https://a.example.com/cb"],"logo_uri":"https://b.example.com/logo"}`)
	for _, want := range []string{
		"Possible impersonation", "Name has a word with letters of several alphabets", "Logo does not have scheme and host of any redirect URI.",
	} {
		if !strings.Contains(odd, want) {
			t.Errorf("the page lacks %q:\n%s", want, odd)
		}
	}

	id := r.vouched(t, `{"iss":"https://issuer.example","client_name":"B\u0430nk","iat":1767225600,"roles":["payments"],"org":{"name":"Bank <b>"}}`, oauth.Metadata{
		"client_name": oauth.Text("B\u0430nk"), "software_id": oauth.Text("of its own"),
	})
	settings := textOf(v.get("/admin/clients/" + id).body)
	for _, want := range []string{"Software statement by https://issuer.example", "Name attested client_name", "Software software_id"} {
		if !strings.Contains(settings, want) {
			t.Errorf("the settings lack %q:\n%s", want, settings)
		}
	}
	got := v.get("/admin/clients/" + id + "/credentials")
	for _, want := range []string{
		"Software statement by https://issuer.example", "Members with the values that it states are marked as attested.",
		"isshttps://issuer.example", "iat1 Jan 2026, 00:00:00 UTC", "rolespayments", `org{ "name": "Bank <b>" }`, "Show as it was sent",
	} {
		if !strings.Contains(textOf(got.body), want) {
			t.Errorf("the page lacks %q:\n%s", want, textOf(got.body))
		}
	}
	if history := textOf(v.get("/admin/clients/" + id + "/history").body); !strings.Contains(history, "statement by https://issuer.example, issued on 1 Jan 2026, 00:00 UTC") {
		t.Errorf("the history does not say which statement it was: %s", history)
	}
	if strings.Contains(got.body, "Possible impersonation") || strings.Contains(got.body, "no longer trusted") {
		t.Errorf("what a trusted issuer vouches for is doubted:\n%s", textOf(got.body))
	}
}

// An issuer that is no longer trusted vouches for nothing.
func TestAnIssuerThatIsNoLongerTrusted(t *testing.T) {
	r := newRegistry(t, trusting("https://another.example"))
	id := r.vouched(t, `{"iss":"https://issuer.example","client_name":"B\u0430nk"}`, oauth.Metadata{"client_name": oauth.Text("B\u0430nk")})
	got := textOf(r.admin(t).get("/admin/clients/" + id).body)
	for _, want := range []string{
		"Software statement by an issuer that is no longer trusted: https://issuer.example",
		"Name attested", "Possible impersonation", "Name has a word with letters of several alphabets",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("the page lacks %q:\n%s", want, got)
		}
	}
}

// trusting lets the registry trust one issuer of software statements, whose keys nobody has.
func trusting(issuer string) option {
	return func(o *web.Options) {
		options := o.Registrar.Options
		options.Issuers = registrar.Issuers{Keys: map[string]*keyset.Set{issuer: nil}}
		o.Registrar = registrar.New(options)
	}
}

// vouched records a client with a software statement, and returns its id.
func (r *registry) vouched(t *testing.T, claims string, metadata oauth.Metadata) string {
	t.Helper()
	part := func(json string) string { return base64.RawURLEncoding.EncodeToString([]byte(json)) }
	metadata["software_statement"] = oauth.Text(part(`{"alg":"ES256"}`) + "." + part(claims) + ".c2ln")
	seq, err := r.log.Append(t.Context(), domain.Change{Events: []domain.Envelope{{
		ID: "vouched", Time: time.Now(), Aggregate: domain.ClientAggregate("vouched"),
		Actor: domain.Actor{Kind: domain.ActorClient, ID: "vouched", IP: "2001:db8:85a3:8d3:1319:8a2e:1370:7348"},
		Event: domain.ClientRegistered{IssuedAt: time.Unix(1, 0), RegistrationAccessToken: domain.DigestOf("token"), Metadata: metadata},
	}}})
	if err == nil {
		err = r.model.Wait(t.Context(), seq)
	}
	if err != nil {
		t.Fatal(err)
	}
	return "vouched"
}
