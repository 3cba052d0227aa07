package web_test

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"html"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"roster/domain"
	"roster/eventstore/storetest"
	"roster/projections"
	"roster/web"
)

// hostile is a name that would be a script if it were ever taken for markup.
const hostile = `<script>alert(1)</script>`

func TestEveryAnswerIsGuarded(t *testing.T) {
	r := newRegistry(t)
	v := r.admin(t)
	for _, path := range []string{"/admin/", "/admin/login", "/admin/clients", "/admin/events", "/admin/clients/none", "/admin/none", "/admin"} {
		header := v.get(path).header
		policy := header.Get("Content-Security-Policy")
		for _, want := range []string{"default-src 'none'", "script-src 'self'", "style-src 'self'", "form-action 'self'", "frame-ancestors 'none'", "base-uri 'none'"} {
			if !strings.Contains(policy, want) {
				t.Errorf("%s: policy %q lacks %q", path, policy, want)
			}
		}
		if strings.Contains(policy, "unsafe") {
			t.Errorf("%s: policy %q", path, policy)
		}
		if header.Get("X-Content-Type-Options") != "nosniff" || header.Get("Cache-Control") != "no-store" || header.Get("Referrer-Policy") == "" {
			t.Errorf("%s: headers %v", path, header)
		}
	}
}

func TestTheRootLeadsToTheDashboard(t *testing.T) {
	r := newRegistry(t)
	if got := r.visitor(t).get("/"); got.status != http.StatusFound || got.header.Get("Location") != "/admin/" {
		t.Errorf("status %d to %q", got.status, got.header.Get("Location"))
	}
}

func TestErrorsAreAnsweredInTheDashboardsStyle(t *testing.T) {
	r := newRegistry(t)
	v := r.admin(t)
	for path, want := range map[string]struct {
		status int
		text   string
	}{
		"/admin/none":                        {http.StatusNotFound, "No such page"},
		"/admin/clients/none":                {http.StatusNotFound, "No such client"},
		"/admin/clients/%ff%00":              {http.StatusNotFound, "No such client"},
		"/admin/clients/none/revoke":         {http.StatusNotFound, "No such client"},
		"/admin/clients?cursor=nonsense":     {http.StatusBadRequest, "Start again from the first page"},
		"/admin/clients?status=dead":         {http.StatusBadRequest, "active, revoked or deleted"},
		"/admin/clients?q=" + long("x", 201): {http.StatusBadRequest, "up to 200 characters"},
		"/admin/events?type=Nothing":         {http.StatusBadRequest, "no such type"},
		"/admin/events?before=-1":            {http.StatusBadRequest, "whole number"},
		"/admin/?days=31":                    {http.StatusBadRequest, "30, 90 or 365"},
	} {
		got := v.get(path)
		if got.status != want.status || !strings.Contains(got.body, want.text) || !strings.Contains(got.body, `class="brand"`) {
			t.Errorf("%s: status %d, want %d with %q:\n%s", path, got.status, want.status, want.text, got.body)
		}
	}
	for _, path := range []string{"/admin/events", "/admin/clients", "/admin/assets/none.js"} {
		got := v.send(http.MethodDelete, path, "", nil)
		if got.status != http.StatusMethodNotAllowed && got.status != http.StatusNotFound || !strings.Contains(got.body, `class="brand"`) {
			t.Errorf("DELETE %s: status %d: %s", path, got.status, got.body)
		}
	}
}

// Those who watch whether the dashboard is up ask with HEAD, before anybody has signed in.
func TestHeadOfPages(t *testing.T) {
	r := newRegistry(t)
	client := r.register(t, `{"redirect_uris":["https://client.example.org/cb"]}`)
	page := "/admin/clients/" + client.Client.ID
	for _, v := range []*visitor{r.visitor(t), r.admin(t)} {
		for _, path := range []string{"/", "/admin", "/admin/login", "/admin/", "/admin/clients", page, page + "/revoke", "/admin/events", "/admin/none"} {
			got, head := v.get(path), v.send(http.MethodHead, path, "", nil)
			if head.status != got.status || head.header.Get("Location") != got.header.Get("Location") || head.body != "" {
				t.Errorf("HEAD %s: %d %v, GET: %d %v", path, head.status, head.header, got.status, got.header)
			}
		}
	}
}

// failing is a registry that cannot do what it is asked.
type failing struct{ err error }

func (f failing) Revoke(context.Context, domain.Actor, string, string) error {
	if f.err == nil {
		panic("a fault of ours")
	}
	return f.err
}

func TestFaultsTellNothingOfTheInside(t *testing.T) {
	for name, c := range map[string]struct {
		err    error
		status int
		text   string
	}{
		"outcome unknown": {fmt.Errorf("nats at 10.0.0.1: %w", domain.ErrOutcomeUnknown), http.StatusServiceUnavailable, "not known whether"},
		"no leader":       {fmt.Errorf("nats at 10.0.0.1: %w", domain.ErrUnavailable), http.StatusServiceUnavailable, "event log is not available"},
		"disk full":       {fmt.Errorf("nats at 10.0.0.1: %w", domain.ErrDiskFull), http.StatusServiceUnavailable, "The disk is full"},
		"being built":     {fmt.Errorf("nats at 10.0.0.1: %w", projections.ErrUnavailable), http.StatusServiceUnavailable, "is being built"},
		"conflict":        {fmt.Errorf("nats at 10.0.0.1: %w", domain.ErrConflict), http.StatusConflict, "same moment"},
		"too slow":        {fmt.Errorf("nats at 10.0.0.1: %w", context.DeadlineExceeded), http.StatusServiceUnavailable, "in time"},
		"anything":        {errors.New("nats at 10.0.0.1: disk full"), http.StatusInternalServerError, "Something went wrong"},
		"panic":           {nil, http.StatusInternalServerError, "Something went wrong"},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRegistry(t, func(o *web.Options) { o.Registrar = failing{c.err} })
			client := r.register(t, `{"redirect_uris":["https://a.example.com/cb"]}`)
			got := r.admin(t).post("/admin/clients/"+client.Client.ID+"/revoke", url.Values{})
			if got.status != c.status || !strings.Contains(got.body, c.text) {
				t.Errorf("status %d, want %d with %q: %s", got.status, c.status, c.text, got.body)
			}
			if unavailable := c.status == http.StatusServiceUnavailable; unavailable != (got.header.Get("Retry-After") != "") {
				t.Errorf("status %d with Retry-After %q", got.status, got.header.Get("Retry-After"))
			}
			if strings.Contains(got.body, "10.0.0.1") || strings.Contains(got.body, "fault of ours") {
				t.Error("the page tells of the inside")
			}
			if c.status >= 500 && r.logged.String() == "" {
				t.Error("nothing was logged")
			}
		})
	}
}

func TestAReadModelThatStoppedIsSaid(t *testing.T) {
	for name, c := range map[string]struct {
		health projections.Health
		want   string
	}{
		"stopped":     {projections.Health{Applied: 1200, Last: 1300, Err: errors.New("column at /srv/x")}, "as it was at event 1,200 of 1,300"},
		"in trouble":  {projections.Health{Applied: 1200, Last: 1200, Trouble: errors.New("disk at /srv/x")}, "cannot follow the event log at present"},
		"catching up": {projections.Health{Applied: 1200, Last: 90000}, "event 1,200 of 90,000"},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRegistry(t, func(o *web.Options) { o.Reader = ill{o.Reader, c.health} })
			got := r.admin(t).get("/admin/")
			if !strings.Contains(got.body, c.want) || strings.Contains(got.body, "/srv/x") {
				t.Errorf("want %q in:\n%s", c.want, got.body)
			}
		})
	}
}

// ill is a read model with a state of health.
type ill struct {
	projections.Reader
	health projections.Health
}

func (i ill) Health() projections.Health { return i.health }

func TestHostileTextIsTextEverywhere(t *testing.T) {
	r := newRegistry(t)
	body := fmt.Sprintf(`{"client_name":%q,"redirect_uris":["https://a.example.com/cb"],"client_uri":"https://a.example.com/","logo_uri":"https://a.example.com/logo.png","ext_param_owner":"<img src=x onerror=alert(2)>"}`, hostile)
	client := r.register(t, body)
	path := "/admin/clients/" + client.Client.ID
	v := r.admin(t)
	pages := map[string]answer{}
	for _, p := range []string{"/admin/", "/admin/clients", "/admin/clients?q=script", path, path + "/revoke", "/admin/events",
		"/admin/clients?q=" + url.QueryEscape(hostile+"none"), "/admin/events?client=" + url.QueryEscape(hostile)} {
		pages[p] = v.get(p)
	}
	v.post(path+"/revoke", url.Values{"reason": {hostile}})
	pages["after revoking"] = v.get(path)
	for name, got := range pages {
		if got.status != http.StatusOK {
			t.Errorf("%s: status %d", name, got.status)
		}
		if strings.Contains(got.body, "<script>") || strings.Contains(got.body, "<img") {
			t.Errorf("%s takes text for markup:\n%s", name, got.body)
		}
		if !strings.Contains(html.UnescapeString(got.body), hostile) {
			t.Errorf("%s does not show the text", name)
		}
		for _, m := range regexp.MustCompile(`(?:href|src|action)="([^"]*)"`).FindAllStringSubmatch(got.body, -1) {
			if target := m[1]; target != "#main" && !strings.HasPrefix(target, "/admin/") {
				t.Errorf("%s refers to %q", name, target)
			}
		}
	}
}

func TestNoPageShowsASecretOrItsDigest(t *testing.T) {
	r := newRegistry(t)
	client := r.register(t, `{"client_name":"a","redirect_uris":["https://a.example.com/cb"]}`)
	digest, _ := domain.DigestOf(client.ClientSecret).MarshalText()
	token, _ := client.Client.RegistrationAccessToken.MarshalText()
	v := r.admin(t)
	path := "/admin/clients/" + client.Client.ID
	for _, p := range []string{"/admin/", "/admin/clients", path, path + "/revoke", "/admin/events"} {
		got := v.get(p)
		for _, secret := range []string{client.ClientSecret, client.RegistrationAccessToken, string(digest), string(token), adminPassword} {
			if secret == "" || strings.Contains(got.body+r.logged.String(), secret) {
				t.Errorf("%s shows or logs %q", p, secret)
			}
		}
	}
}

var clientLinks = regexp.MustCompile(`<a class="name" href="/admin/clients/([^"/]+)"`)

func TestPagesOfClientsHoldEachOnce(t *testing.T) {
	r := newRegistry(t)
	var want []string
	for i := range 120 {
		c := r.register(t, fmt.Sprintf(`{"client_name":"client %d","redirect_uris":["https://a.example.com/cb"]}`, i))
		want = append(want, c.Client.ID)
	}
	slices.Reverse(want)
	v := r.admin(t)
	var got []string
	next := "/admin/clients?q=client"
	for pages := 0; next != "" && pages < 10; pages++ {
		page := v.get(next)
		for _, m := range clientLinks.FindAllStringSubmatch(page.body, -1) {
			got = append(got, m[1])
		}
		next = linkTo(page.body, "Next page")
	}
	if !slices.Equal(got, want) {
		t.Errorf("the pages hold %d clients, want %d, the newest first, each once", len(got), len(want))
	}
}

// linkTo returns where the link with a text leads, empty when there is none.
func linkTo(body, text string) string {
	m := regexp.MustCompile(`<a [^>]*href="([^"]*)"[^>]*>\s*` + regexp.QuoteMeta(text) + `\s*</a>`).FindStringSubmatch(body)
	if m == nil {
		return ""
	}
	return html.UnescapeString(m[1])
}

func TestClientsAreFoundByNameOwnerIDAndStatus(t *testing.T) {
	r := newRegistry(t)
	billing := r.register(t, `{"client_name":"Billing","ext_param_owner":"Finance","redirect_uris":["https://a.example.com/cb"]}`).Client.ID
	portal := r.register(t, `{"client_name":"Portal","redirect_uris":["https://a.example.com/cb"]}`).Client.ID
	v := r.admin(t)
	v.post("/admin/clients/"+portal+"/revoke", url.Values{})
	for query, want := range map[string][]string{
		"":                        {portal, billing},
		"?q=illin":                {billing},
		"?q=FINANCE":              {billing},
		"?q=" + portal[10:]:       {portal},
		"?status=revoked":         {portal},
		"?status=active":          {billing},
		"?status=deleted":         nil,
		"?q=portal&status=active": nil,
		"?q=%25":                  nil,
	} {
		var got []string
		for _, m := range clientLinks.FindAllStringSubmatch(v.get("/admin/clients"+query).body, -1) {
			got = append(got, m[1])
		}
		if !slices.Equal(got, want) {
			t.Errorf("%q finds %v, want %v", query, got, want)
		}
	}
}

func TestAClientIsShownWithItsHistory(t *testing.T) {
	r := newRegistry(t)
	c := r.register(t, `{"client_name":"Portal","client_name#de":"Pforte","redirect_uris":["https://a.example.com/cb","https://a.example.com/old"],"contacts":["ops@example.com"]}`)
	r.update(t, c, `{"client_id":"`+c.Client.ID+`","client_name":"Portal","redirect_uris":["https://a.example.com/cb"],"tos_uri":"https://a.example.com/tos"}`)
	v := r.admin(t)
	path := "/admin/clients/" + c.Client.ID
	v.post(path+"/revoke", url.Values{"reason": {"left the company"}})
	got := textOf(v.get(path).body)
	for _, want := range []string{
		"Portal", c.Client.ID, "revoked", "redirect_uris", "https://a.example.com/cb", "client_secret_basic",
		"Stopped working when the client was revoked.",
		"Revoked", "by administrator admin from 127.0.0.1", "left the company",
		"Changed", "by the client itself from 192.0.2.7",
		"removed: https://a.example.com/old", "removed: Pforte", "removed: ops@example.com", "added: https://a.example.com/tos",
		"Registered",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("the page lacks %q:\n%s", want, got)
		}
	}
	if strings.Contains(got, "removed: https://a.example.com/cb") {
		t.Error("a redirect URI that stayed is shown as removed")
	}
	if strings.Contains(got, "Revoke…") {
		t.Error("a client that has ended is offered for revoking")
	}
}

// TestAClientIsShownWithWhoVouchesForIt is RFC 7591 5: metadata are a client's own word (C-55, D-24).
func TestAClientIsShownWithWhoVouchesForIt(t *testing.T) {
	r := newRegistry(t)
	v := r.admin(t)
	page := func(body string) string {
		return textOf(v.get("/admin/clients/" + r.register(t, body).Client.ID).body)
	}
	plain := page(`{"client_name":"Portal","redirect_uris":["https://a.example.com/cb"],"logo_uri":"https://a.example.com/logo"}`)
	if !strings.Contains(plain, "By nobody: all that it says is its own word.") || strings.Contains(plain, "Look twice") {
		t.Errorf("the page of a plain client is\n%s", plain)
	}
	odd := page(`{"client_name":"P\u0430ypal","redirect_uris":["https://a.example.com/cb"],"logo_uri":"https://b.example.com/logo"}`)
	for _, want := range []string{
		"Look twice", "Name has a word with letters of several alphabets", "Logo does not have scheme and host of any redirect URI.",
	} {
		if !strings.Contains(odd, want) {
			t.Errorf("the page lacks %q:\n%s", want, odd)
		}
	}

	part := func(json string) string { return base64.RawURLEncoding.EncodeToString([]byte(json)) }
	vouched := domain.Envelope{
		ID: "vouched", Time: time.Now(), Aggregate: domain.ClientAggregate("vouched"),
		Actor: domain.Actor{Kind: domain.ActorClient, ID: "vouched"},
		Event: domain.ClientRegistered{IssuedAt: time.Unix(1, 0), RegistrationAccessToken: domain.DigestOf("token"), Metadata: domain.Metadata{
			"client_name": domain.Text("Bank"), "software_id": domain.Text("of its own"),
			"software_statement": domain.Text(part(`{"alg":"ES256"}`) + "." + part(`{"iss":"https://issuer.example","client_name":"Bank"}`) + ".c2ln"),
		}},
	}
	seq, err := r.log.Append(t.Context(), domain.Change{Events: []domain.Envelope{vouched}})
	if err != nil {
		t.Fatal(err)
	}
	if err := r.model.Wait(t.Context(), seq); err != nil {
		t.Fatal(err)
	}
	got := textOf(v.get("/admin/clients/vouched").body)
	for _, want := range []string{"By https://issuer.example in what is marked as attested.", "Name attested client_name", "Software software_id"} {
		if !strings.Contains(got, want) {
			t.Errorf("the page lacks %q:\n%s", want, got)
		}
	}
}

// TestAHistoryShowsWhatWasLeftOut shows what a client asked for beyond what it may have, at its registration and at
// a change.
func TestAHistoryShowsWhatWasLeftOut(t *testing.T) {
	r := newRegistry(t)
	v := r.admin(t)
	c := r.register(t, `{"redirect_uris":["https://a.example.com/cb"],"grant_types":["authorization_code"],"response_types":["code","id_token token"]}`)
	history := func() string { return textOf(v.get("/admin/clients/" + c.Client.ID).body) }
	const leftOut = "Asked for, but not registered, since the client may not have it:response_types"
	if got := history(); !strings.Contains(got, leftOut+"id_token token") {
		t.Errorf("the history lacks what the registration left out:\n%s", got)
	}
	r.update(t, c, fmt.Sprintf(`{"client_id":%q,"client_name":"New","redirect_uris":["https://a.example.com/cb"],"response_types":["code id_token","code"]}`, c.Client.ID))
	if got := history(); !strings.Contains(got, leftOut+"code id_token") {
		t.Errorf("the history lacks what the change left out:\n%s", got)
	}
}

var tags = regexp.MustCompile(`<[^>]*>`)

// textOf is the text of a page with its spaces made one.
func textOf(body string) string {
	return strings.Join(strings.Fields(html.UnescapeString(tags.ReplaceAllString(body, ""))), " ")
}

func TestALongHistoryHasPages(t *testing.T) {
	r := newRegistry(t)
	c := r.register(t, `{"client_name":"name 0","redirect_uris":["https://a.example.com/cb"]}`)
	for i := 1; i <= 60; i++ {
		r.update(t, c, fmt.Sprintf(`{"client_id":%q,"client_name":"name %d","redirect_uris":["https://a.example.com/cb"]}`, c.Client.ID, i))
	}
	v := r.admin(t)
	var seen []string
	next := "/admin/clients/" + c.Client.ID
	for pages := 0; next != "" && pages < 5; pages++ {
		page := v.get(next)
		for _, m := range regexp.MustCompile(`removed: name (\d+) ?added: name (\d+)`).FindAllStringSubmatch(textOf(page.body), -1) {
			seen = append(seen, m[1]+" to "+m[2])
		}
		next, _, _ = strings.Cut(linkTo(page.body, "Older history"), "#")
	}
	var want []string
	for i := 60; i > 0; i-- {
		want = append(want, fmt.Sprintf("%d to %d", i-1, i))
	}
	if !slices.Equal(seen, want) {
		t.Errorf("the history says %v", seen)
	}
}

func TestRevoking(t *testing.T) {
	r := newRegistry(t)
	c := r.register(t, `{"client_name":"Portal","redirect_uris":["https://a.example.com/cb"]}`)
	path := "/admin/clients/" + c.Client.ID
	v := r.admin(t)

	asked := textOf(v.get(path + "/revoke").body)
	for _, want := range []string{"1 client", "Portal", c.Client.ID, "registration access token", "client secret", "stop working at once",
		"cannot be undone", "the authorization server must"} {
		if !strings.Contains(asked, want) {
			t.Errorf("the question lacks %q: %s", want, asked)
		}
	}
	if now, _ := r.model.Client(t.Context(), c.Client.ID); now.Status != domain.Active {
		t.Fatal("asking revoked the client")
	}

	got := v.post(path+"/revoke", url.Values{"reason": {" said so "}})
	if got.status != http.StatusSeeOther || got.header.Get("Location") != path {
		t.Fatalf("status %d to %q", got.status, got.header.Get("Location"))
	}
	history, _, err := storetest.History(t, r.log, domain.ClientAggregate(c.Client.ID), 0)
	if err != nil {
		t.Fatal(err)
	}
	last := history[len(history)-1]
	if want := (domain.Actor{Kind: domain.ActorAdmin, ID: adminName, IP: "127.0.0.1"}); last.Actor != want || last.Event != domain.Event(domain.ClientRevoked{Reason: "said so"}) {
		t.Errorf("the log holds %+v by %+v", last.Event, last.Actor)
	}
	if first := v.get(path); !strings.Contains(textOf(first.body), "“Portal” is revoked.") {
		t.Errorf("no message: %s", textOf(first.body))
	}
	if second := v.get(path); strings.Contains(textOf(second.body), "“Portal” is revoked.") {
		t.Error("the message stays")
	}

	if again := textOf(v.get(path + "/revoke").body); !strings.Contains(again, "Nothing to revoke") {
		t.Errorf("a client that has ended: %s", again)
	}
	v.post(path+"/revoke", url.Values{"reason": {"again"}})
	if told := textOf(v.get(path).body); !strings.Contains(told, "had already been revoked. Nothing was changed.") {
		t.Errorf("revoking twice: %s", told)
	}
	if end, _ := r.log.Last(t.Context()); end != 2 {
		t.Errorf("the log holds %d events, want 2", end)
	}
}

func TestAReasonIsHeldToItsLimits(t *testing.T) {
	r := newRegistry(t)
	c := r.register(t, `{"client_name":"Portal","redirect_uris":["https://a.example.com/cb"]}`)
	path := "/admin/clients/" + c.Client.ID + "/revoke"
	v := r.admin(t)
	for reason, status := range map[string]int{
		long("é", 501):    http.StatusUnprocessableEntity,
		"not \xff text":   http.StatusUnprocessableEntity,
		long("x", 20_000): http.StatusRequestEntityTooLarge,
		long("x", 10<<20): http.StatusRequestEntityTooLarge,
	} {
		if got := v.post(path, url.Values{"reason": {reason}}); got.status != status {
			t.Errorf("a reason of %d bytes: status %d, want %d", len(reason), got.status, status)
		}
	}
	if got := v.send(http.MethodPost, path, "reason=%zz", http.Header{"Content-Type": {"application/x-www-form-urlencoded"}}); got.status != http.StatusBadRequest {
		t.Errorf("a broken form: status %d", got.status)
	}
	if end, _ := r.log.Last(t.Context()); end != 1 {
		t.Errorf("the log holds %d events, want 1", end)
	}
	if got := v.post(path, url.Values{"reason": {long("é", 500)}}); got.status != http.StatusSeeOther {
		t.Errorf("the longest reason: status %d", got.status)
	}
}

func long(text string, n int) string { return strings.Repeat(text, n) }

var eventRows = regexp.MustCompile(`<tr role="row" data-seq="(\d+)"`)

func TestTheLogIsShownNewestFirstInPages(t *testing.T) {
	r := newRegistry(t)
	var ids []string
	for i := range 60 {
		ids = append(ids, r.register(t, fmt.Sprintf(`{"client_name":"c%d","redirect_uris":["https://a.example.com/cb"]}`, i)).Client.ID)
	}
	v := r.admin(t)
	v.post("/admin/clients/"+ids[7]+"/revoke", url.Values{})

	var got []string
	next := "/admin/events"
	for pages := 0; next != "" && pages < 5; pages++ {
		page := v.get(next)
		for _, m := range eventRows.FindAllStringSubmatch(page.body, -1) {
			got = append(got, m[1])
		}
		next = linkTo(page.body, "Older events")
	}
	var want []string
	for seq := 61; seq >= 1; seq-- {
		want = append(want, fmt.Sprint(seq))
	}
	if !slices.Equal(got, want) {
		t.Errorf("the pages hold %v", got)
	}
	for query, n := range map[string]int{
		"?type=ClientRevoked": 1, "?client=" + ids[7]: 2, "?client=" + ids[8]: 1,
		"?type=ClientDeleted": 0, "?type=ClientRegistered&client=" + ids[7]: 1, "?client=none": 0,
	} {
		if rows := eventRows.FindAllString(v.get("/admin/events"+query).body, -1); len(rows) != n {
			t.Errorf("%s shows %d events, want %d", query, len(rows), n)
		}
	}
}

// Events of initial access tokens are shown as what they are, with the client that used one.
func TestTheLogShowsTokens(t *testing.T) {
	r := newRegistry(t)
	admin := domain.Actor{Kind: domain.ActorAdmin, ID: adminName}
	token, err := r.registrar.IssueToken(t.Context(), admin, domain.IssueToken{MaxUses: 1, Label: "Partners"})
	if err != nil {
		t.Fatal(err)
	}
	document, err := domain.ParseDocument([]byte(`{"client_name":"Shop","redirect_uris":["https://a.example.com/cb"]}`))
	if err != nil {
		t.Fatal(err)
	}
	registered, err := r.registrar.RegisterWith(t.Context(), "192.0.2.7", token.Token, document)
	if err != nil {
		t.Fatal(err)
	}
	if err := r.registrar.RevokeToken(t.Context(), admin, token.ID, ""); err != nil {
		t.Fatal(err)
	}
	v := r.admin(t)
	for path, want := range map[string][]string{
		"/admin/events?type=InitialAccessTokenIssued":  {"Token issued", "Initial access token", token.ID},
		"/admin/events?type=InitialAccessTokenUsed":    {"Token used", "Shop", registered.Client.ID},
		"/admin/events?type=InitialAccessTokenRevoked": {"Token revoked", "Initial access token", token.ID},
		"/admin/": {"Token issued", "Token used", "Registered"},
	} {
		page := v.get(path)
		for _, text := range want {
			if !strings.Contains(textOf(page.body), text) {
				t.Errorf("%s lacks %q: %s", path, text, textOf(page.body))
			}
		}
		if strings.Contains(page.body, "/admin/clients/"+token.ID) {
			t.Errorf("%s links to a token as if it were a client", path)
		}
		if strings.Contains(page.body, token.Token[len(token.ID):]) {
			t.Errorf("%s shows the token", path)
		}
	}
	if page := v.get("/admin/clients/" + registered.Client.ID); page.status != http.StatusOK || strings.Contains(page.body, "Token used") {
		t.Errorf("the client's page: %d %s", page.status, textOf(page.body))
	}
}

// Events of the registry itself are shown as such, and link to nothing.
func TestTheLogShowsTheRegistry(t *testing.T) {
	r := newRegistry(t)
	r.append(t, domain.SealingKeyIntroduced{KeyID: "<b>key"}, domain.SealingKeyLost{KeyID: "gone"}, domain.LossAccepted{From: 7, To: 9})
	v := r.admin(t)
	page := v.get("/admin/events")
	for _, want := range []string{
		"Sealing key introducedRegistry key <b>keythe system", "Sealing key lostRegistry key gone",
		"Loss of events acceptedRegistry events 7 to 9",
	} {
		if !strings.Contains(textOf(page.body), want) {
			t.Errorf("the log lacks %q: %s", want, textOf(page.body))
		}
	}
	if strings.Contains(page.body, "/admin/clients/registry") || strings.Contains(page.body, "<b>key") {
		t.Error("the log links to the registry as if it were a client, or shows a key's id as markup")
	}
	if got := v.get("/admin/"); got.status != http.StatusOK || !strings.Contains(textOf(got.body), "Loss of events accepted") {
		t.Errorf("the overview: %d %s", got.status, textOf(got.body))
	}
}

func TestTheOverviewCounts(t *testing.T) {
	r := newRegistry(t)
	v := r.admin(t)
	if got := textOf(v.get("/admin/").body); !strings.Contains(got, "No client has registered yet") || !strings.Contains(got, r.server.URL+"/identity/connect/register") {
		t.Errorf("before the first client: %s", got)
	}
	a := r.register(t, `{"client_name":"a","redirect_uris":["https://a.example.com/cb"]}`)
	r.register(t, `{"client_name":"b","redirect_uris":["https://a.example.com/cb"]}`)
	if err := r.registrar.Delete(t.Context(), "192.0.2.7", a.Client.ID, a.RegistrationAccessToken); err != nil {
		t.Fatal(err)
	}
	got := textOf(v.get("/admin/").body)
	for _, want := range []string{"Active 1", "Revoked 0", "Deleted 1", "Events 3", "In the last 30 days 2 clients registered and 1 ended"} {
		if !strings.Contains(got, want) {
			t.Errorf("the overview lacks %q: %s", want, got)
		}
	}
}
