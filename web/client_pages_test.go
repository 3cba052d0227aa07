package web_test

import (
	"fmt"
	"html"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"

	"roster/domain"
	"roster/domain/oauth"
	"roster/eventstore/storetest"
)

var clientLinks = regexp.MustCompile(`<a class="name" href="/admin/clients/([^"/?]+)[^"]*"`)

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
	happened := []string{
		"Revoked", "by administrator admin from 127.0.0.1", "left the company",
		"Changed", "by the client itself from 192.0.2.7",
		"removed: https://a.example.com/old", "removed: Pforte", "removed: ops@example.com", "added: https://a.example.com/tos",
		"Registered",
	}
	for tab, wants := range map[string][]string{
		"":             append([]string{"redirect_uris", "https://a.example.com/cb", "Latest history", "All history"}, happened...),
		"/history":     append([]string{"Open in event log"}, happened...),
		"/credentials": {"Status and credentials", "client_secret_basic", "Stopped working when the client was revoked.", "All credentials stopped working."},
		"/json":        {"The client as the API gives it", `"status": "revoked"`, `"tos_uri": "https://a.example.com/tos"`, "Download"},
	} {
		got := textOf(v.get(path + tab).body)
		for _, want := range append(wants, "Portal", c.Client.ID, "Revoked", "Self-declared. No software statement.", "From 192.0.2.7") {
			if !strings.Contains(got, want) {
				t.Errorf("%q lacks %q:\n%s", tab, want, got)
			}
		}
		if strings.Contains(got, "removed: https://a.example.com/cb") {
			t.Error("a redirect URI that stayed is shown as removed")
		}
		if strings.Contains(got, "Revoke…") {
			t.Error("a client that has ended is offered for revoking")
		}
	}
}

// A client's page says which initial access token admitted it, and what that holds it to.
func TestAClientIsShownWithItsToken(t *testing.T) {
	r := newRegistry(t)
	v := r.admin(t)
	token := r.issue(t, domain.IssueInitialAccessToken{Label: "Partners", Terms: oauth.Terms{Owner: "acme", GrantTypes: []string{"authorization_code", "refresh_token"}}})
	page := v.get("/admin/clients/" + r.registerWith(t, token.Token, name(1)).Client.ID + "/credentials")
	for _, want := range []string{"Admitted byInitial access token Partners", token.ID, "Owner: acme", "Grant types: authorization_code, refresh_token"} {
		if !strings.Contains(textOf(page.body), want) {
			t.Errorf("the page lacks %q: %s", want, textOf(page.body))
		}
	}
	if linkTo(strings.NewReplacer(`<bdi dir="auto">`, "", "</bdi>", "").Replace(page.body), "Partners") != "/admin/tokens/"+token.ID {
		t.Error("the token is no link")
	}
	if text := textOf(v.get("/admin/clients/" + r.register(t, name(2)).Client.ID + "/credentials").body); !strings.Contains(text, "Admitted byOpen registration. No initial access token.") {
		t.Errorf("a client without a token: %s", text)
	}
}

// TestAHistoryShowsWhatWasLeftOut shows what a client asked for beyond what it may have, at its registration and at
// a change.
func TestAHistoryShowsWhatWasLeftOut(t *testing.T) {
	r := newRegistry(t)
	v := r.admin(t)
	c := r.register(t, `{"redirect_uris":["https://a.example.com/cb"],"grant_types":["authorization_code"],"response_types":["code","id_token token"]}`)
	history := func() string { return textOf(v.get("/admin/clients/" + c.Client.ID).body) }
	const leftOut = "Requested, but not registered because the client may not have it:response_types"
	if got := history(); !strings.Contains(got, leftOut+"id_token token") {
		t.Errorf("the history lacks what the registration left out:\n%s", got)
	}
	r.update(t, c, fmt.Sprintf(`{"client_id":%q,"client_name":"New","redirect_uris":["https://a.example.com/cb"],"response_types":["code id_token","code"]}`, c.Client.ID))
	if got := history(); !strings.Contains(got, leftOut+"code id_token") {
		t.Errorf("the history lacks what the change left out:\n%s", got)
	}
}

func TestALongHistoryHasPages(t *testing.T) {
	r := newRegistry(t)
	c := r.register(t, `{"client_name":"name 0","redirect_uris":["https://a.example.com/cb"]}`)
	for i := 1; i <= 60; i++ {
		r.update(t, c, fmt.Sprintf(`{"client_id":%q,"client_name":"name %d","redirect_uris":["https://a.example.com/cb"]}`, c.Client.ID, i))
	}
	v := r.admin(t)
	var seen []string
	next := "/admin/clients/" + c.Client.ID + "/history"
	for pages := 0; next != "" && pages < 5; pages++ {
		page := v.get(next)
		for _, m := range regexp.MustCompile(`removed: name (\d+) ?added: name (\d+)`).FindAllStringSubmatch(textOf(page.body), -1) {
			seen = append(seen, m[1]+" to "+m[2])
		}
		next = linkTo(page.body, "Older history")
	}
	var want []string
	for i := 60; i > 0; i-- {
		want = append(want, fmt.Sprintf("%d to %d", i-1, i))
	}
	if !slices.Equal(seen, want) {
		t.Errorf("the history says %v", seen)
	}
}

func TestSuspending(t *testing.T) {
	r := newRegistry(t)
	c := r.register(t, `{"client_name":"Portal","redirect_uris":["https://a.example.com/cb"]}`)
	path := "/admin/clients/" + c.Client.ID
	v := r.admin(t)
	pageHas := func(at string, wants ...string) {
		t.Helper()
		text := textOf(v.get(at).body)
		for _, want := range wants {
			if !strings.Contains(text, want) {
				t.Errorf("%s lacks %q: %s", at, want, text)
			}
		}
	}
	status := func() domain.Status {
		t.Helper()
		now, err := r.model.Client(t.Context(), c.Client.ID)
		if err != nil {
			t.Fatal(err)
		}
		return now.Status
	}

	pageHas(path+"/suspend", "1 client", "Portal", c.Client.ID, "registration access token", "keeps its registration", "can be undone")
	if status() != domain.Active {
		t.Fatal("asking suspended the client")
	}
	if got := v.post(path+"/suspend", url.Values{"reason": {strings.Repeat("x", 501)}}); got.status != http.StatusUnprocessableEntity || status() != domain.Active {
		t.Errorf("a reason that is too long: status %d, the client is %s", got.status, status())
	}
	got := v.post(path+"/suspend", url.Values{"reason": {" reported twice "}})
	if got.status != http.StatusSeeOther || got.header.Get("Location") != path || status() != domain.Suspended {
		t.Fatalf("status %d to %q, the client is %s", got.status, got.header.Get("Location"), status())
	}
	pageHas(path, "“Portal” is suspended.", "reported twice", "Resume", "Revoke…")
	pageHas(path+"/credentials", "refused while the client is suspended")
	pageHas("/admin/clients?status=suspended", "Portal")
	pageHas("/admin/events", "Suspended")
	pageHas(path+"/suspend", "Nothing to suspend")
	v.post(path+"/suspend", url.Values{"reason": {"again"}})
	pageHas(path, "was already suspended. Nothing was changed.")

	v.post(path+"/resume", url.Values{"reason": {strings.Repeat("x", 501)}}) // nobody is asked for a reason, so none is read
	if status() != domain.Active {
		t.Fatalf("resumed, the client is %s", status())
	}
	pageHas(path, "“Portal” is resumed.", "Suspend…")
	v.post(path+"/resume", nil)
	pageHas(path, "not suspended. Nothing was changed.")
	if end, _ := r.log.Last(t.Context()); end != 3 {
		t.Errorf("the log holds %d events, want 3", end)
	}

	v.post(path+"/suspend", nil)
	v.post(path+"/revoke", nil)
	if status() != domain.Revoked {
		t.Errorf("a suspended client was revoked and is %s", status())
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
	if told := textOf(v.get(path).body); !strings.Contains(told, "was already revoked. Nothing was changed.") {
		t.Errorf("revoking twice: %s", told)
	}
	if end, _ := r.log.Last(t.Context()); end != 2 {
		t.Errorf("the log holds %d events, want 2", end)
	}
}

// Of a client without a secret no page says what becomes of its secret.
func TestRevokingAClientWithoutASecret(t *testing.T) {
	r := newRegistry(t)
	c := r.register(t, `{"redirect_uris":["https://a.example.com/cb"],"token_endpoint_auth_method":"none"}`)
	path := "/admin/clients/" + c.Client.ID
	v := r.admin(t)
	asked := textOf(v.get(path + "/revoke").body)
	v.post(path+"/revoke", nil)
	told := textOf(v.get(path).body)
	_, told, _ = strings.Cut(told, "Sign out")
	told, _, _ = strings.Cut(told, "Kind") // what is said at the top
	if !strings.Contains(asked, "Its registration access token stops working at once.") || !strings.Contains(told, "Its registration access token has stopped working.") {
		t.Errorf("asked: %s\ntold: %s", asked, told)
	}
	if strings.Contains(asked+told, "secret") {
		t.Errorf("they speak of a secret: %s\n%s", asked, told)
	}
}

// List and page say the same of whether a client was changed.
func TestLastChanged(t *testing.T) {
	r := newRegistry(t)
	c := r.register(t, name(1))
	path := "/admin/clients/" + c.Client.ID
	v := r.admin(t)
	never := func() (list, page bool) {
		said := textOf(v.get(path + "/credentials").body)
		_, said, found := strings.Cut(said, "Last changed")
		if !found {
			t.Fatal("the page does not say when the client was changed")
		}
		return strings.Contains(v.get("/admin/clients?changed=never").body, c.Client.ID), strings.HasPrefix(strings.TrimSpace(said), "never")
	}
	if list, page := never(); !list || !page {
		t.Errorf("a client that was not changed: the list of those never changed has it: %v, the page says so: %v", list, page)
	}
	v.post(path+"/suspend", nil)
	if list, page := never(); list || page {
		t.Errorf("a client that was suspended: the list of those never changed has it: %v, the page says so: %v", list, page)
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

// The page of a client offers what does something to it, and nothing else.
func TestWhatCanBeDoneToAClient(t *testing.T) {
	r := newRegistry(t)
	c := r.register(t, `{"redirect_uris":["https://a.example.com/cb"]}`)
	path := "/admin/clients/" + c.Client.ID
	v := r.admin(t)
	button := regexp.MustCompile(`(?:href|action)="` + path + `/(suspend|resume|revoke)"`)
	for _, step := range []struct{ act, offered string }{
		{"", "suspend revoke"}, {"suspend", "resume revoke"}, {"resume", "suspend revoke"}, {"revoke", ""},
	} {
		if step.act != "" {
			v.post(path+"/"+step.act, nil)
		}
		var offered []string
		for _, found := range button.FindAllStringSubmatch(v.get(path).body, -1) {
			offered = append(offered, found[1])
		}
		if got := strings.Join(offered, " "); got != step.offered {
			t.Errorf("after %q: offered %q, want %q", step.act, got, step.offered)
		}
	}
	if got := v.get(path + "/resume"); got.status != http.StatusMethodNotAllowed && got.status != http.StatusNotFound {
		t.Errorf("a page asks before resuming: status %d", got.status)
	}
}
