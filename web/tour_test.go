package web_test

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/chromedp/chromedp/kb"

	"roster/api/refusals"
	"roster/domain"
	"roster/domain/oauth"
	"roster/web/browsertest"
)

// One session of an administrator, in a browser.
func TestAnAdministratorFindsAndRevokesAClient(t *testing.T) {
	r := newRegistry(t)
	for i := range 60 {
		r.register(t, name(i))
	}
	client := r.register(t, `{"client_name":"Warehouse scanner","redirect_uris":["https://a.example.com/cb"]}`)
	b, watcher := open(t, r), open(t, r)
	path := "/admin/clients/" + client.Client.ID

	b.Visit("/admin/events")
	b.UntilPath("/admin/login*")
	b.Enter("#name", adminName)
	b.Enter("#password", adminPassword)
	b.Click("Sign in")
	b.UntilPath("/admin/events")

	watcher.SignIn()
	watcher.Visit("/admin/events")
	watcher.Until(`document.querySelector("#live-state").innerText === "Live"`)

	b.Click("Clients")
	b.UntilPath("/admin/clients")
	b.Enter("#q", "house sc")
	b.Until(`document.querySelectorAll(".clients tbody tr").length === 1`)
	b.UntilPath("/admin/clients?q=house+sc")
	if got := browsertest.Eval[string](b, `document.querySelector("#summary").innerText`); got != "1 client" {
		t.Errorf("the summary says %q", got)
	}
	b.Click("Warehouse scanner")
	b.UntilPath(path + "?list=q%3Dhouse%2Bsc")
	b.Click("Revoke…")
	b.UntilPath(path + "/revoke?list=q%3Dhouse%2Bsc")
	b.Enter("#reason", "lost in the yard")
	b.Click("Revoke 1 client")
	b.UntilPath(path + "?list=q%3Dhouse%2Bsc")
	b.Until(`document.querySelector("#message").innerText.includes("“Warehouse scanner” is revoked.")`)
	b.Until(`document.body.innerText.includes("lost in the yard")`)
	if now, _ := r.model.Client(t.Context(), client.Client.ID); now.Status != domain.Revoked {
		t.Errorf("the client is %s", now.Status)
	}

	watcher.Until(`document.querySelector("#log tbody tr").innerText.includes("Revoked")`)
	watcher.Until(`document.querySelector("#log tbody tr").innerText.includes("Warehouse scanner")`)
	watcher.Until(`document.querySelector("#live-news").innerText === "1 new event"`)

	b.Click("Signed in as")
	b.Click("Sign out")
	b.UntilPath("/admin/login")
	b.Visit(path)
	b.UntilPath("/admin/login*")
}

func TestHostileTextDoesNothingInABrowser(t *testing.T) {
	r := newRegistry(t)
	client := r.register(t, `{"client_name":"`+hostile+`","redirect_uris":["https://a.example.com/cb"],"ext_param_owner":"<img src=x onerror=alert(2)>"}`)
	path := "/admin/clients/" + client.Client.ID
	b := open(t, r)
	b.SignIn()
	for _, p := range []string{"/admin/", "/admin/clients", "/admin/clients?q=%3Cscript%3Ealert(1)", path, path + "/revoke", "/admin/events"} {
		b.Visit(p)
		b.Until(`document.body.innerText.includes("<script>alert(1)</script>")`)
		if n := browsertest.Eval[int](b, `document.querySelectorAll("main script, main img").length`); n > 0 {
			t.Errorf("%s made %d elements of a text", p, n)
		}
	}
	b.Until(`document.querySelector("#live-state").innerText === "Live"`)
	r.register(t, `{"client_name":"`+hostile+`","redirect_uris":["https://a.example.com/cb"]}`)
	b.Until(`document.querySelectorAll("#log tbody tr").length === 2`)
	b.Enter("#client", client.Client.ID)
	b.Click("Filter")
	b.UntilPath("/admin/events?*")
	b.Visit("/admin/clients")
	b.Enter("#q", "<script>")
	b.Until(`document.querySelectorAll(".clients tbody tr").length === 2 && location.search.includes("script")`)
}

func TestRevokingNeedsNoMouse(t *testing.T) {
	r := newRegistry(t)
	client := r.register(t, `{"client_name":"Portal","redirect_uris":["https://a.example.com/cb"]}`)
	path := "/admin/clients/" + client.Client.ID
	b := open(t, r)
	b.Visit("/admin/login")
	b.TabTo(`e.id === "name"`)
	b.Press(adminName)
	b.TabTo(`e.id === "password"`)
	b.Press(adminPassword + kb.Enter)
	b.UntilPath("/admin/")

	b.Press(kb.Tab)
	if got := browsertest.Eval[string](b, "document.activeElement.innerText"); got != "Skip to the content" {
		t.Errorf("the first stop is %q", got)
	}
	b.Press(kb.Enter)
	b.Until(`document.activeElement.id === "main"`)
	b.Visit("/admin/clients")
	b.TabTo(`e.id === "q"`)
	b.Press("port")
	b.UntilPath("/admin/clients?q=port")
	b.TabTo(`e.innerText === "Portal"`)
	b.Press(kb.Enter)
	b.UntilPath(path + "?list=q%3Dport")
	b.TabTo(`e.innerText === "Revoke…"`)
	b.Press(kb.Enter)
	b.UntilPath(path + "/revoke*")
	b.TabTo(`e.id === "reason"`)
	b.Press("by hand")
	b.TabTo(`e.innerText === "Revoke 1 client"`)
	b.Press(kb.Enter)
	b.UntilPath(path + "?*")
	b.Until(`document.querySelector("#message")`)
	if now, _ := r.model.Client(t.Context(), client.Client.ID); now.Status != domain.Revoked {
		t.Errorf("the client is %s", now.Status)
	}
}

func TestWithoutScriptsEverythingIsThere(t *testing.T) {
	r := newRegistry(t)
	var last string
	for i := range 60 {
		last = r.register(t, name(i)).Client.ID
	}
	b := open(t, r)
	b.RunScripts(false)
	b.SignIn()
	b.Visit("/admin/clients")
	b.Enter("#q", "client 5"+kb.Enter)
	b.UntilPath("/admin/clients?q=client+5")
	b.Until(`document.querySelectorAll(".clients tbody tr").length === 15`)
	b.Visit("/admin/clients")
	b.Click("Next page")
	b.UntilPath("/admin/clients?cursor=*")
	b.Until(`document.querySelectorAll(".clients tbody tr").length === 10`)
	b.Visit("/admin/clients/" + last)
	b.Click("Revoke…")
	b.UntilPath("/admin/clients/" + last + "/revoke")
	b.Click("Revoke 1 client")
	b.UntilPath("/admin/clients/" + last)
	b.Visit("/admin/events")
	b.Until(`!document.querySelector("#live").checkVisibility()`)
	r.register(t, name(100))
	b.Click("Refresh")
	b.Until(`document.querySelector("#log tbody tr").innerText.includes("client 100")`)
	b.Click("Older events")
	b.UntilPath("/admin/events?before=*")
	b.Click("Signed in as")
	b.Click("Sign out")
	b.UntilPath("/admin/login")
}

func TestLiveEventsPauseResumeAndOutliveALostConnection(t *testing.T) {
	r := newRegistry(t)
	r.register(t, name(0))
	b := open(t, r)
	b.SignIn()
	b.Visit("/admin/events")
	shows := func(i int) string {
		return fmt.Sprintf(`[...document.querySelectorAll("#log tbody tr")].filter(r => r.innerText.includes("client %d")).length === 1`, i)
	}
	state := func(text string) string {
		return `document.querySelector("#live-state").innerText.startsWith(` + browsertest.Quoted(text) + `)`
	}
	watcher := open(t, r)
	watcher.SignIn()
	watcher.Visit("/admin/events")
	watcher.Until(state("Live"))
	b.Until(state("Live"))
	b.Click("Pause")
	b.Until(state("Paused"))
	r.register(t, name(1))
	watcher.Until(shows(1))
	r.register(t, name(2))
	watcher.Until(shows(2))
	if browsertest.Eval[bool](b, shows(1)) {
		t.Error("a paused log moved on")
	}
	b.Click("Resume")
	b.Until(shows(1))
	b.Until(shows(2))

	r.server.CloseClientConnections()
	r.register(t, name(3))
	b.Until(shows(3))
	b.Until(state("Live"))

	// The session ends elsewhere.
	sessions := r.sessions.(interface {
		All() (map[string][]byte, error)
	})
	all, err := sessions.All()
	if err != nil {
		t.Fatal(err)
	}
	for token := range all {
		if err := r.sessions.Delete(token); err != nil {
			t.Fatal(err)
		}
	}
	r.register(t, name(4))
	b.Until(state("Signed out."))
	if browsertest.Eval[bool](b, shows(4)) {
		t.Error("one who is signed out still sees events")
	}
}

func TestASearchThatFailsIsSaid(t *testing.T) {
	r := newRegistry(t)
	r.register(t, name(0))
	b := open(t, r)
	b.SignIn()
	b.Visit("/admin/clients")
	b.ClickOn("#q")
	browsertest.Eval[bool](b, `document.querySelector("#q").removeAttribute("maxlength"), document.querySelector("#q").value = "x".repeat(220), true`)
	b.Press("y")
	b.Until(`document.querySelector("#results").innerText.includes("up to 200 characters")`)
	browsertest.Eval[bool](b, `document.querySelector("#q").value = "client", true`)
	b.Press(" 0")
	b.Until(`document.querySelectorAll(".clients tbody tr").length === 1`)

	r.server.Config.Handler = http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) })
	b.Press("!")
	b.Until(`document.querySelector("#summary").innerText.includes("did not answer")`)
}

// tour is every page in every state, for those who look at all of them.
func tour(t *testing.T, r *registry) []string {
	t.Helper()
	admin := domain.Actor{Kind: domain.ActorAdmin, ID: adminName, IP: "192.0.2.1"}
	c := r.register(t, `{"client_name":"Portal","client_name#de":"Pforte","ext_param_owner":"platform","redirect_uris":["https://a.example.com/cb","https://a.example.com/old"],
		"contacts":["ops@example.com"],"logo_uri":"https://a.example.com/logo.png","default_max_age":0,
		"token_endpoint_auth_method":"private_key_jwt","jwks":{"keys":[{"kty":"EC","crv":"P-256","kid":"a","use":"sig","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}]}}`)
	r.update(t, c, `{"client_id":"`+c.Client.ID+`","client_name":"Portal","redirect_uris":["https://a.example.com/cb"]}`)
	ended := r.register(t, `{"client_name":"gnp\u202egpj.exe and more of it, `+long("without a space", 20)+`","redirect_uris":["https://a.example.com/`+long("x", 800)+`"]}`).Client.ID
	if err := r.registrar.Revoke(t.Context(), admin, ended, "A reason."); err != nil {
		t.Fatal(err)
	}
	deleted := r.register(t, `{"redirect_uris":["https://a.example.com/cb"]}`)
	if err := r.registrar.Delete(t.Context(), "192.0.2.7", deleted.Client.ID, deleted.RegistrationAccessToken); err != nil {
		t.Fatal(err)
	}
	greedy := r.register(t, `{"redirect_uris":["https://a.example.com/cb"],"grant_types":["authorization_code"],"response_types":["code","id_token"]}`).Client.ID
	suspended := r.register(t, `{"client_name":"Kiosk","redirect_uris":["https://a.example.com/cb"]}`).Client.ID
	if err := r.registrar.Suspend(t.Context(), admin, suspended, "A reason.\r\nOf two lines."); err != nil {
		t.Fatal(err)
	}
	impostor := r.register(t, `{"client_name":"Micros\u043eft Teams","ext_param_owner":"`+long("an owner ", 15)+`","redirect_uris":["https://login.microsoft-teams.example.net/cb"],"software_id":"com.microsoft.teams.of.which.the.id.is.long",
		"software_version":"2026.11","logo_uri":"https://b.example.com/logo.png","token_endpoint_auth_method":"client_secret_post"}`).Client.ID
	r.append(t, domain.SealingKeyIntroduced{KeyID: "0123456789abcdef"}, domain.LossAccepted{From: 1 << 40, To: 1 << 41})
	uris := make(oauth.List, 30)
	for i := range uris {
		uris[i] = fmt.Sprintf("https://a.example.com/callbacks/%d", i)
	}
	keys := r.register(t, withKeys(`"client_name":"Keys",`, keyA+","+keyB)).Client.ID
	vouched := r.vouched(t, `{"iss":"https://issuer.example","iat":1767225600,"client_name":"Bank","org":{"name":"Bank","roles":["payments","accounts"]}}`,
		oauth.Metadata{"client_name": oauth.Text("Bank"), "contacts": oauth.List{}, "redirect_uris": uris})
	issue := domain.IssueInitialAccessToken{
		Label: "Partner onboarding " + hostile, MaxUses: 3, ExpiresAt: time.Now().Add(72 * time.Hour),
		Terms: oauth.Terms{Owner: "acme", GrantTypes: []string{"authorization_code", "refresh_token"}, Scopes: []string{"openid", "profile"}, RedirectHosts: []string{"a.example.com", ".acme.example"}},
	}
	token, bare := r.issue(t, issue), r.issue(t, domain.IssueInitialAccessToken{})
	admitted := r.registerWith(t, token.Token, `{"client_name":"Shop of a partner","redirect_uris":["https://a.example.com/cb"]}`).Client.ID
	if err := r.registrar.RevokeInitialAccessToken(t.Context(), admin, bare.ID, "A reason."); err != nil {
		t.Fatal(err)
	}
	changed := r.lastOf(t, "ClientUpdated")
	for i := range 3 {
		r.refused.Record(time.Now().Add(-time.Hour*time.Duration(30-i)), "198.51.100.7", limited, func() refusals.Details {
			return refusals.Details{Name: "gnp\u202egpj.exe " + hostile, Hosts: []string{"<b>", "xn--80ak6aa92e.com"}, InitialAccessToken: c.Client.ID}
		})
	}
	r.refused.Record(time.Now().Add(-2*time.Hour), "192.0.2.4", suspendedChange, func() refusals.Details {
		return refusals.Details{ClientID: suspended}
	})
	for range 3 {
		r.refused.Record(time.Now().Add(-time.Hour), "2001:db8:1234:5678:9abc:def0:1234:5678", noRoom, func() refusals.Details {
			return refusals.Details{Name: long("without a space", 20), Hosts: []string{long("long.", 40) + "example.org", "b.example"}}
		})
	}
	for i := range 70 { // more than are kept of one second
		r.refuse("203.0.113.9", notHTTPS, refusals.Details{Name: fmt.Sprint("Portal ", i), Hosts: []string{"portal.example.org"}})
	}
	path := "/admin/clients/"
	return []string{
		"/admin/refusals", "/admin/refusals?since=hour&ip=203.0.113.9", "/admin/refusals?ip=192.0.2.99", causePath(notHTTPS), causePath(noRoom), causePath(limited),
		causePath(suspendedChange), causePath(refusals.Cause{Code: "conflict"}), causePath(notHTTPS) + "&cursor=40", "/admin/refusals?since=never",
		path + vouched, path + keys, path + vouched + "/credentials", path + keys + "/credentials", path + keys + "/json",
		"/admin/tokens", "/admin/tokens?status=used_up", "/admin/tokens/new", "/admin/tokens/" + token.ID, "/admin/tokens/" + bare.ID,
		"/admin/tokens/" + token.ID + "/revoke", "/admin/tokens/" + bare.ID + "/revoke", path + admitted,
		"/admin/events?actor=admin:" + adminName + "&ip=192.0.2.0/24&since=2026-01-01", "/admin/events?member=client_name%23de", "/admin/events?token=" + token.ID,
		"/admin/events/1", fmt.Sprint("/admin/events/", changed), fmt.Sprint("/admin/events/", r.lastOf(t, "LossAccepted")), "/admin/events/999999",
		"/admin/settings",
		"/admin/", "/admin/clients", "/admin/clients?status=deleted", "/admin/clients?q=nobody",
		"/admin/clients?q=teams&kind=web&software=com.microsoft.teams.of.which.the.id.is.long&registered=2020-01-01..", "/admin/clients?owner=none&sort=name", "/admin/clients?ip=x",
		path + c.Client.ID, path + greedy, path + ended, path + deleted.Client.ID, path + c.Client.ID + "/revoke", path + ended + "/revoke",
		path + c.Client.ID + "/history", path + c.Client.ID + "/credentials", path + c.Client.ID + "/json", path + ended + "/credentials", path + impostor, path + admitted + "/credentials",
		path + suspended, path + c.Client.ID + "/suspend", path + suspended + "/suspend",
		"/admin/events", "/admin/events?type=ClientRevoked", "/admin/events?before=1", "/admin/none", "/admin/clients?cursor=none",
		"/admin/?at=8", "/admin/clients?at=8", "/admin/clients?at=8&q=nobody", path + c.Client.ID + "?at=2", path + ended + "?at=3", path + c.Client.ID + "/history?at=2", path + c.Client.ID + "/credentials?at=2",
		"/admin/diff", "/admin/diff?from=1", "/admin/diff?from=1&to=2&change=ended", "/admin/?at=999",
	}
}

func TestPagesAreAccessible(t *testing.T) {
	r := newRegistry(t)
	b := open(t, r)
	b.CheckPage("/admin/login")
	b.SignIn()
	for _, path := range tour(t, r) {
		b.CheckPage(path)
	}
}

func TestPagesOfAnEmptyRegistryAreAccessible(t *testing.T) {
	b := open(t, newRegistry(t))
	b.SignIn()
	for _, path := range []string{"/admin/", "/admin/clients", "/admin/tokens", "/admin/events", "/admin/refusals"} {
		b.CheckPage(path)
	}
}
