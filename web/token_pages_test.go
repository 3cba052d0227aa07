package web_test

import (
	"encoding/json"
	"html"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"roster/domain"
	"roster/domain/oauth"
	"roster/eventstore/storetest"
	"roster/projections/readmodel"
	"roster/web"
)

// tokens returns all initial access tokens, the newest first.
func (r *registry) tokens(t *testing.T) []readmodel.InitialAccessToken {
	t.Helper()
	page, err := r.model.InitialAccessTokens(t.Context(), readmodel.InitialAccessTokenQuery{Limit: 500})
	if err != nil {
		t.Fatal(err)
	}
	return page.Tokens
}

// keyOf returns the key of the form on a page.
func keyOf(t *testing.T, page answer) string {
	t.Helper()
	m := regexp.MustCompile(`name="key" value="([^"]+)"`).FindStringSubmatch(page.body)
	if m == nil {
		t.Fatalf("no form: status %d", page.status)
	}
	return m[1]
}

// An administrator issues a token with every limit that the API knows. The token is in the answer and nowhere else, and
// registers clients within its limits.
func TestIssuingAToken(t *testing.T) {
	r := newRegistry(t)
	v := r.admin(t)
	form := url.Values{
		"key": {keyOf(t, v.get("/admin/tokens/new"))}, "label": {" Partner " + hostile}, "owner": {"acme"}, "uses": {"5"}, "expires_in": {"604800"},
		"expires_at": {"2099-12-31T23:59"}, "grant_types": {"authorization_code", "refresh_token"}, "scopes": {"openid, profile\temail"},
		"redirect_hosts": {".acme.example\r\nshop.example\r\n"}, "application_types": {"native"},
	}
	got := v.post("/admin/tokens", form)
	m := regexp.MustCompile(`id="token">([^<]+)<`).FindStringSubmatch(got.body)
	if got.status != http.StatusCreated || m == nil || got.header.Get("Cache-Control") != "no-store" || got.header.Get("Location") != "" {
		t.Fatalf("status %d, header %v:\n%s", got.status, got.header, got.body)
	}
	token := m[1]
	issued := r.tokens(t)[0]
	want := domain.InitialAccessToken{
		ID: issued.ID, Digest: domain.DigestOf(token), Label: "Partner " + hostile, MaxUses: 5, ExpiresAt: time.Date(2099, 12, 31, 23, 59, 0, 0, time.UTC),
		Terms: oauth.Terms{Owner: "acme", GrantTypes: []string{"authorization_code", "refresh_token"}, Scopes: []string{"openid", "profile", "email"},
			RedirectHosts: []string{".acme.example", "shop.example"}, ApplicationTypes: []string{"native"}},
	}
	if d := cmp.Diff(want, issued.InitialAccessToken); d != "" || issued.IssuedBy != adminName {
		t.Errorf("issued by %s (-want +got):\n%s", issued.IssuedBy, d)
	}
	if strings.Contains(got.body, "<script>alert") {
		t.Error("the page takes the label for markup")
	}

	// The command that the page shows does what it says.
	sample := textOf(got.body)
	for _, part := range []string{"curl -X POST " + r.server.URL + "/identity/connect/register", "-H 'Authorization: Bearer " + token + "'", "-H 'Content-Type: application/json'"} {
		if !strings.Contains(sample, part) {
			t.Errorf("the command lacks %q: %s", part, sample)
		}
	}
	if c := r.registerWith(t, token, documentOf(t, got)); c.Client.InitialAccessToken != issued.ID {
		t.Errorf("registered with %q", c.Client.InitialAccessToken)
	}

	secret := token[len(issued.ID):]
	for _, path := range []string{"/admin/", "/admin/tokens", "/admin/tokens/" + issued.ID, "/admin/events", "/admin/events/1"} {
		if page := v.get(path); page.status != http.StatusOK || strings.Contains(page.body, secret) {
			t.Errorf("%s: status %d, or it shows the token", path, page.status)
		}
	}
	if strings.Contains(r.logged.String(), secret) {
		t.Error("the token was logged")
	}
	all, err := r.sessions.(interface {
		All() (map[string][]byte, error)
	}).All()
	if err != nil {
		t.Fatal(err)
	}
	for _, session := range all {
		if strings.Contains(string(session), secret) {
			t.Error("the session holds the token")
		}
	}

	// Sent again, as by a reload of the page, the form does nothing.
	if again := v.post("/admin/tokens", form); again.status != http.StatusSeeOther || again.header.Get("Location") != "/admin/tokens" {
		t.Errorf("sent again: status %d", again.status)
	}
	if page := v.get("/admin/tokens"); !strings.Contains(page.body, "sent already") {
		t.Error("that it was sent already is not said")
	}
	if n := len(r.tokens(t)); n != 1 {
		t.Errorf("%d tokens", n)
	}
}

// documentOf returns the document that the command on a page registers.
func documentOf(t *testing.T, page answer) string {
	t.Helper()
	m := regexp.MustCompile(`-d '(\{.*\})'`).FindStringSubmatch(html.UnescapeString(page.body))
	if m == nil || !json.Valid([]byte(m[1])) {
		t.Fatalf("no command: %s", textOf(page.body))
	}
	return m[1]
}

// Whatever the limits of a token are, the command that is shown with it registers a client.
func TestTheCommandOfATokenFitsItsLimits(t *testing.T) {
	r := newRegistry(t)
	v := r.admin(t)
	for _, form := range []url.Values{
		{}, {"grant_types": {"client_credentials"}}, {"grant_types": {"implicit"}}, {"grant_types": {"refresh_token", "authorization_code"}},
		{"grant_types": {"urn:ietf:params:oauth:grant-type:device_code"}}, {"redirect_hosts": {".acme.example"}}, {"redirect_hosts": {"shop.example"}},
		{"application_types": {"native"}}, {"application_types": {"web"}}, {"scopes": {"openid"}}, {"owner": {"o'hara"}},
	} {
		got := v.post("/admin/tokens", form)
		m := regexp.MustCompile(`id="token">([^<]+)<`).FindStringSubmatch(got.body)
		if got.status != http.StatusCreated || m == nil {
			t.Errorf("%v: status %d: %s", form, got.status, textOf(got.body))
			continue
		}
		r.registerWith(t, m[1], documentOf(t, got))
	}
}

// What is wrong in the form is said beside the field, and nothing is issued or lost.
func TestAWrongFormIssuesNoToken(t *testing.T) {
	r := newRegistry(t)
	v := r.admin(t)
	for name, c := range map[string]struct {
		value  string
		said   string
		status int
	}{
		"label":             {long("x", 201), "Label must be a text of at most 200 characters", 422},
		"owner":             {"a\x00b", "Owner must be a text", 422},
		"uses":              {"1001", "Uses must be a whole number from 1 to 1000", 422},
		"expires_at":        {"2020-01-01T00:00", "Expiry must be in the future", 422},
		"expires_in":        {"17", "Lifetime must be one of those", 422},
		"grant_types":       {"magic", "Grant types must be grant types that the policy", 422},
		"scopes":            {`a"b`, "Scopes must be scopes", 422},
		"redirect_hosts":    {"https://Example.org/", "Redirect hosts must be hosts in lower case", 422},
		"application_types": {"desktop", "Application types must be web, native", 422},
	} {
		form := url.Values{"label": {"Kept"}}
		form.Set(name, c.value)
		got := v.post("/admin/tokens", form)
		if got.status != c.status || !strings.Contains(textOf(got.body), c.said) || !strings.Contains(got.body, name+"-failure") {
			t.Errorf("%s: status %d, want %d with %q: %s", name, got.status, c.status, c.said, textOf(got.body))
		}
		if name != "label" && !strings.Contains(got.body, `value="Kept"`) {
			t.Errorf("%s: what else was entered is lost", name)
		}
	}
	for _, uses := range []string{"0", "-1", "many", "1.5", "99999999999999999999"} {
		if got := v.post("/admin/tokens", url.Values{"uses": {uses}}); got.status != http.StatusUnprocessableEntity {
			t.Errorf("uses %s: status %d", uses, got.status)
		}
	}
	if end, _ := r.log.Last(t.Context()); end != 0 {
		t.Errorf("the log holds %d events", end)
	}
}

func TestTokensAreListedByStatus(t *testing.T) {
	r := newRegistry(t)
	admin := domain.Actor{Kind: domain.ActorAdmin, ID: adminName}
	active := r.issue(t, domain.IssueInitialAccessToken{Label: "Good", MaxUses: 5, Terms: oauth.Terms{Owner: "acme"}})
	used := r.issue(t, domain.IssueInitialAccessToken{MaxUses: 1})
	revoked := r.issue(t, domain.IssueInitialAccessToken{})
	r.registerWith(t, active.Token, name(1))
	r.registerWith(t, used.Token, name(2))
	if err := r.registrar.RevokeInitialAccessToken(t.Context(), admin, revoked.ID, ""); err != nil {
		t.Fatal(err)
	}
	v := r.admin(t)
	rows := regexp.MustCompile(`<a class="name" href="/admin/tokens/([^"/]+)"`)
	for query, want := range map[string][]string{
		"": {revoked.ID, used.ID, active.ID}, "?status=active": {active.ID}, "?status=used_up": {used.ID}, "?status=revoked": {revoked.ID},
		"?status=expired": nil, "?status=lost": nil,
	} {
		var got []string
		for _, m := range rows.FindAllStringSubmatch(v.get("/admin/tokens"+query).body, -1) {
			got = append(got, m[1])
		}
		if !slices.Equal(got, want) {
			t.Errorf("%q lists %v, want %v", query, got, want)
		}
	}
	if text := textOf(v.get("/admin/tokens?status=active").body); !strings.Contains(text, "Good "+active.ID+"acmeActive4 of 51never") {
		t.Errorf("the row of a token: %s", text)
	}

	for range 60 {
		r.issue(t, domain.IssueInitialAccessToken{})
	}
	n, next := 0, "/admin/tokens?status=active"
	for pages := 0; next != "" && pages < 5; pages++ {
		page := v.get(next)
		n += len(rows.FindAllString(page.body, -1))
		next = linkTo(page.body, "Next page")
	}
	if n != 61 {
		t.Errorf("the pages hold %d active tokens, want 61", n)
	}
}

func TestATokenIsShownWithItsClients(t *testing.T) {
	r := newRegistry(t)
	token := r.issue(t, domain.IssueInitialAccessToken{Label: "Partners", MaxUses: 100, Terms: oauth.Terms{Owner: "acme", RedirectHosts: []string{"a.example.com"}}})
	var want []string
	for i := range 30 {
		want = append(want, r.registerWith(t, token.Token, name(i)).Client.ID)
	}
	r.register(t, name(100))
	slices.Reverse(want)
	v := r.admin(t)
	path := "/admin/tokens/" + token.ID
	text := textOf(v.get(path).body)
	for _, part := range []string{"Partners", token.ID, "Active", "70 of 100", "by admin", "never", "Owneracme", "Redirect hostsa.example.com",
		"30 clients were registered with it.", "Initial access token used", "Registered"} {
		if !strings.Contains(text, part) {
			t.Errorf("the page lacks %q: %s", part, text)
		}
	}
	var got []string
	next := path
	for pages := 0; next != "" && pages < 5; pages++ {
		page := v.get(next)
		clients, _, _ := strings.Cut(page.body, `id="events"`)
		for _, m := range clientLinks.FindAllStringSubmatch(clients, -1) {
			got = append(got, m[1])
		}
		next, _, _ = strings.Cut(linkTo(page.body, "Older clients"), "#")
	}
	if !slices.Equal(got, want) {
		t.Errorf("the pages hold %d clients, want %d, the newest first", len(got), len(want))
	}
}

func TestRevokingAToken(t *testing.T) {
	r := newRegistry(t)
	token := r.issue(t, domain.IssueInitialAccessToken{Label: "Partners"})
	r.registerWith(t, token.Token, name(1))
	path := "/admin/tokens/" + token.ID
	v := r.admin(t)
	asked := textOf(v.get(path + "/revoke").body)
	for _, want := range []string{"Revoke this token?", "1 initial access token", "Partners", token.ID, "No client can be registered with it any more",
		"This stops all further registrations", "1 client that was registered with it stays", "may still be recorded", "cannot be undone"} {
		if !strings.Contains(asked, want) {
			t.Errorf("the question lacks %q: %s", want, asked)
		}
	}
	if got := v.post(path+"/revoke", url.Values{"reason": {long("x", 501)}}); got.status != http.StatusUnprocessableEntity || r.tokens(t)[0].Revoked {
		t.Errorf("a reason that is too long: status %d", got.status)
	}
	got := v.post(path+"/revoke", url.Values{"reason": {" leaked "}})
	if got.status != http.StatusSeeOther || got.header.Get("Location") != path {
		t.Fatalf("status %d to %q", got.status, got.header.Get("Location"))
	}
	history, _, err := storetest.History(t, r.log, domain.InitialAccessTokenAggregate(token.ID), 0)
	if err != nil {
		t.Fatal(err)
	}
	last := history[len(history)-1]
	if want := (domain.Actor{Kind: domain.ActorAdmin, ID: adminName, IP: "127.0.0.1"}); last.Actor != want || last.Event != domain.Event(domain.InitialAccessTokenRevoked{Reason: "leaked"}) {
		t.Errorf("the log holds %+v by %+v", last.Event, last.Actor)
	}
	page := textOf(v.get(path).body)
	for _, want := range []string{"“Partners” is revoked. No client can be registered with it any more.", "Revoked", "by adminleaked"} {
		if !strings.Contains(page, want) {
			t.Errorf("the page lacks %q: %s", want, page)
		}
	}
	if strings.Contains(page, "Revoke…") || !strings.Contains(textOf(v.get(path+"/revoke").body), "Nothing to revoke") {
		t.Error("a token that is revoked is offered for revoking")
	}
	before, _ := r.log.Last(t.Context())
	v.post(path+"/revoke", url.Values{"reason": {"again"}})
	if after, _ := r.log.Last(t.Context()); after != before {
		t.Error("revoking twice recorded something")
	}
	if told := textOf(v.get(path).body); !strings.Contains(told, "was already revoked. Nothing was changed.") {
		t.Errorf("revoking twice: %s", told)
	}
}

// The question before a token is revoked says how many registrations that stops.
func TestRevokingATokenStopsRegistrations(t *testing.T) {
	now := time.Now()
	r := newRegistry(t, func(o *web.Options) { o.Clock = func() time.Time { return now } })
	v := r.admin(t)
	for uses, want := range map[int]string{
		1: "This stops no registration: the token is used up.", 2: "This stops the 1 registration that it has left.", 1000: "This stops the 999 registrations that it has left.",
	} {
		token := r.issue(t, domain.IssueInitialAccessToken{MaxUses: uses})
		r.registerWith(t, token.Token, name(1))
		if text := textOf(v.get("/admin/tokens/" + token.ID + "/revoke").body); !strings.Contains(text, want) {
			t.Errorf("%d uses: the question lacks %q: %s", uses, want, text)
		}
	}
	token := r.issue(t, domain.IssueInitialAccessToken{ExpiresAt: now.Add(time.Hour)})
	now = now.Add(2 * time.Hour)
	if text := textOf(v.get("/admin/tokens/" + token.ID + "/revoke").body); !strings.Contains(text, "This stops no registration: the token is expired.") {
		t.Errorf("the token has expired: %s", text)
	}
}

// A token leads to the list of all of its clients, from its page and from the list.
func TestATokenLeadsToItsClients(t *testing.T) {
	r := newRegistry(t)
	v := r.admin(t)
	unused, used := r.issue(t, domain.IssueInitialAccessToken{}), r.issue(t, domain.IssueInitialAccessToken{})
	r.register(t, name(1))
	id := r.registerWith(t, used.Token, name(2)).Client.ID
	list := "/admin/clients?token=" + used.ID
	if page := linkTo(v.get("/admin/tokens/"+used.ID).body, "All clients"); page != list {
		t.Errorf("the page leads to %q", page)
	}
	if count := linkTo(v.get("/admin/tokens").body, "1"); count != list {
		t.Errorf("the list leads to %q", count)
	}
	if found := v.get(list).body; !strings.Contains(found, id) || strings.Contains(found, "client 1") {
		t.Errorf("that list is %s", textOf(found))
	}
	if linkTo(v.get("/admin/tokens/"+unused.ID).body, "All clients") != "" {
		t.Error("a token without clients leads to them")
	}
}
