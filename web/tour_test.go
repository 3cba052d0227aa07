package web_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"roster/api/refusals"
	"roster/domain"
	"roster/domain/oauth"
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

	b.visit("/admin/events")
	b.untilPath("/admin/login*")
	b.enter("#name", adminName)
	b.enter("#password", adminPassword)
	b.click("Sign in")
	b.untilPath("/admin/events")

	watcher.signIn()
	watcher.visit("/admin/events")
	watcher.until(`document.querySelector("#live-state").innerText === "Live"`)

	b.click("Clients")
	b.untilPath("/admin/clients")
	b.enter("#q", "house sc")
	b.until(`document.querySelectorAll(".clients tbody tr").length === 1`)
	b.untilPath("/admin/clients?q=house+sc")
	if got := eval[string](b, `document.querySelector("#summary").innerText`); got != "1 client" {
		t.Errorf("the summary says %q", got)
	}
	b.click("Warehouse scanner")
	b.untilPath(path + "?list=q%3Dhouse%2Bsc")
	b.click("Revoke…")
	b.untilPath(path + "/revoke?list=q%3Dhouse%2Bsc")
	b.enter("#reason", "lost in the yard")
	b.click("Revoke 1 client")
	b.untilPath(path + "?list=q%3Dhouse%2Bsc")
	b.until(`document.querySelector("#message").innerText.includes("“Warehouse scanner” is revoked.")`)
	b.until(`document.body.innerText.includes("lost in the yard")`)
	if now, _ := r.model.Client(t.Context(), client.Client.ID); now.Status != domain.Revoked {
		t.Errorf("the client is %s", now.Status)
	}

	watcher.until(`document.querySelector("#log tbody tr").innerText.includes("Revoked")`)
	watcher.until(`document.querySelector("#log tbody tr").innerText.includes("Warehouse scanner")`)
	watcher.until(`document.querySelector("#live-news").innerText === "1 new event"`)

	b.click("Sign out")
	b.untilPath("/admin/login")
	b.visit(path)
	b.untilPath("/admin/login*")
}

func TestHostileTextDoesNothingInABrowser(t *testing.T) {
	r := newRegistry(t)
	client := r.register(t, `{"client_name":"`+hostile+`","redirect_uris":["https://a.example.com/cb"],"ext_param_owner":"<img src=x onerror=alert(2)>"}`)
	path := "/admin/clients/" + client.Client.ID
	b := open(t, r)
	b.signIn()
	for _, p := range []string{"/admin/", "/admin/clients", "/admin/clients?q=%3Cscript%3Ealert(1)", path, path + "/revoke", "/admin/events"} {
		b.visit(p)
		b.until(`document.body.innerText.includes("<script>alert(1)</script>")`)
		if n := eval[int](b, `document.querySelectorAll("main script, main img").length`); n > 0 {
			t.Errorf("%s made %d elements of a text", p, n)
		}
	}
	b.until(`document.querySelector("#live-state").innerText === "Live"`)
	r.register(t, `{"client_name":"`+hostile+`","redirect_uris":["https://a.example.com/cb"]}`)
	b.until(`document.querySelectorAll("#log tbody tr").length === 2`)
	b.enter("#client", client.Client.ID)
	b.click("Filter")
	b.untilPath("/admin/events?*")
	b.visit("/admin/clients")
	b.enter("#q", "<script>")
	b.until(`document.querySelectorAll(".clients tbody tr").length === 2 && location.search.includes("script")`)
}

func TestRevokingNeedsNoMouse(t *testing.T) {
	r := newRegistry(t)
	client := r.register(t, `{"client_name":"Portal","redirect_uris":["https://a.example.com/cb"]}`)
	path := "/admin/clients/" + client.Client.ID
	b := open(t, r)
	b.visit("/admin/login")
	b.tabTo(`e.id === "name"`)
	b.press(adminName)
	b.tabTo(`e.id === "password"`)
	b.press(adminPassword + kb.Enter)
	b.untilPath("/admin/")

	b.press(kb.Tab)
	if got := eval[string](b, "document.activeElement.innerText"); got != "Skip to the content" {
		t.Errorf("the first stop is %q", got)
	}
	b.press(kb.Enter)
	b.until(`document.activeElement.id === "main"`)
	b.visit("/admin/clients")
	b.tabTo(`e.id === "q"`)
	b.press("port")
	b.untilPath("/admin/clients?q=port")
	b.tabTo(`e.innerText === "Portal"`)
	b.press(kb.Enter)
	b.untilPath(path + "?list=q%3Dport")
	b.tabTo(`e.innerText === "Revoke…"`)
	b.press(kb.Enter)
	b.untilPath(path + "/revoke*")
	b.tabTo(`e.id === "reason"`)
	b.press("by hand")
	b.tabTo(`e.innerText === "Revoke 1 client"`)
	b.press(kb.Enter)
	b.untilPath(path + "?*")
	b.until(`document.querySelector("#message")`)
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
	call(b, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true})
	b.signIn()
	b.visit("/admin/clients")
	b.enter("#q", "client 5"+kb.Enter)
	b.untilPath("/admin/clients?q=client+5")
	b.until(`document.querySelectorAll(".clients tbody tr").length === 15`)
	b.visit("/admin/clients")
	b.click("Next page")
	b.untilPath("/admin/clients?cursor=*")
	b.until(`document.querySelectorAll(".clients tbody tr").length === 10`)
	b.visit("/admin/clients/" + last)
	b.click("Revoke…")
	b.untilPath("/admin/clients/" + last + "/revoke")
	b.click("Revoke 1 client")
	b.untilPath("/admin/clients/" + last)
	b.visit("/admin/events")
	b.until(`!document.querySelector("#live").checkVisibility()`)
	r.register(t, name(100))
	b.click("Refresh")
	b.until(`document.querySelector("#log tbody tr").innerText.includes("client 100")`)
	b.click("Older events")
	b.untilPath("/admin/events?before=*")
	b.click("Sign out")
	b.untilPath("/admin/login")
}

func TestLiveEventsPauseResumeAndOutliveALostConnection(t *testing.T) {
	r := newRegistry(t)
	r.register(t, name(0))
	b := open(t, r)
	b.signIn()
	b.visit("/admin/events")
	shows := func(i int) string {
		return fmt.Sprintf(`[...document.querySelectorAll("#log tbody tr")].filter(r => r.innerText.includes("client %d")).length === 1`, i)
	}
	state := func(text string) string {
		return `document.querySelector("#live-state").innerText.startsWith(` + quoted(text) + `)`
	}
	watcher := open(t, r)
	watcher.signIn()
	watcher.visit("/admin/events")
	watcher.until(state("Live"))
	b.until(state("Live"))
	b.click("Pause")
	b.until(state("Paused"))
	r.register(t, name(1))
	watcher.until(shows(1))
	r.register(t, name(2))
	watcher.until(shows(2))
	if eval[bool](b, shows(1)) {
		t.Error("a paused log moved on")
	}
	b.click("Resume")
	b.until(shows(1))
	b.until(shows(2))

	r.server.CloseClientConnections()
	r.register(t, name(3))
	b.until(shows(3))
	b.until(state("Live"))

	// What a page does not hold any more is a page further.
	if eval[bool](b, `document.querySelector("#older").checkVisibility()`) {
		t.Error("older events are promised where there are none")
	}
	for i := range 210 {
		r.register(t, name(1000+i))
		if i%70 == 69 { // fewer at a time than a stream leaves out
			b.until(shows(1000 + i))
		}
	}
	b.until(`document.querySelector("#older").checkVisibility()`)
	b.until(`(rows => rows.length <= 200 && new URL(document.querySelector("#older").href).searchParams.get("before") === rows[rows.length - 1].dataset.seq)(document.querySelectorAll("#log tbody tr"))`)

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
	b.until(state("Signed out."))
	if eval[bool](b, shows(4)) {
		t.Error("one who is signed out still sees events")
	}
}

func TestASearchThatFailsIsSaid(t *testing.T) {
	r := newRegistry(t)
	r.register(t, name(0))
	b := open(t, r)
	b.signIn()
	b.visit("/admin/clients")
	b.try(chromedp.Do(b.ctx, chromedp.Click(chromedp.CSS("#q"))))
	eval[bool](b, `document.querySelector("#q").removeAttribute("maxlength"), document.querySelector("#q").value = "x".repeat(220), true`)
	b.press("y")
	b.until(`document.querySelector("#results").innerText.includes("up to 200 characters")`)
	eval[bool](b, `document.querySelector("#q").value = "client", true`)
	b.press(" 0")
	b.until(`document.querySelectorAll(".clients tbody tr").length === 1`)

	r.server.Config.Handler = http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) })
	b.press("!")
	b.until(`document.querySelector("#summary").innerText.includes("did not answer")`)
}

// axe is what axe-core finds wrong with a page.
type axe []struct {
	ID    string `json:"id"`
	Help  string `json:"help"`
	Nodes []struct {
		HTML    string `json:"html"`
		Summary string `json:"failureSummary"`
	} `json:"nodes"`
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
	r.register(t, `{"client_name":"Micros\u043eft Teams","ext_param_owner":"`+long("an owner ", 15)+`","redirect_uris":["https://login.microsoft-teams.example.net/cb"],"software_id":"com.microsoft.teams.of.which.the.id.is.long",
		"software_version":"2026.11","logo_uri":"https://b.example.com/logo.png","token_endpoint_auth_method":"client_secret_post"}`)
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
		path + vouched, path + keys,
		"/admin/tokens", "/admin/tokens?status=used_up", "/admin/tokens/new", "/admin/tokens/" + token.ID, "/admin/tokens/" + bare.ID,
		"/admin/tokens/" + token.ID + "/revoke", "/admin/tokens/" + bare.ID + "/revoke", path + admitted,
		"/admin/events?actor=admin:" + adminName + "&ip=192.0.2.0/24&since=2026-01-01", "/admin/events?member=client_name%23de", "/admin/events?token=" + token.ID,
		"/admin/events/1", fmt.Sprint("/admin/events/", changed), fmt.Sprint("/admin/events/", r.lastOf(t, "LossAccepted")), "/admin/events/999999",
		"/admin/", "/admin/clients", "/admin/clients?status=deleted", "/admin/clients?q=nobody",
		"/admin/clients?q=teams&kind=web&software=com.microsoft.teams.of.which.the.id.is.long&registered=2020-01-01..", "/admin/clients?owner=none&sort=name", "/admin/clients?ip=x",
		path + c.Client.ID, path + greedy, path + ended, path + deleted.Client.ID, path + c.Client.ID + "/revoke", path + ended + "/revoke",
		path + suspended, path + c.Client.ID + "/suspend", path + suspended + "/suspend",
		"/admin/events", "/admin/events?type=ClientRevoked", "/admin/events?before=1", "/admin/none", "/admin/clients?cursor=none",
		"/admin/?at=8", "/admin/clients?at=8", "/admin/clients?at=8&q=nobody", path + c.Client.ID + "?at=2", path + ended + "?at=3",
		"/admin/diff", "/admin/diff?from=1", "/admin/diff?from=1&to=2&change=ended", "/admin/?at=999",
	}
}

// checkPage opens a page and fails the test for what axe-core finds wrong with it, in light and in dark, wide and narrow.
func (b *browser) checkPage(path string) {
	b.Helper()
	b.visit(path)
	b.checkShown(path)
}

// checkShown is checkPage for the page that is open.
func (b *browser) checkShown(name string) {
	b.Helper()
	source, err := os.ReadFile("testdata/axe/axe-4.14.1.min.js")
	b.try(err)
	if eval[bool](b, `document.querySelector("#live") !== null`) {
		b.until(`document.querySelector("#live-state").innerText === "Live"`)
	}
	eval[bool](b, `document.querySelectorAll("details").forEach(d => d.open = true), true`)
	eval[bool](b, string(source)+"; true")
	for _, width := range []int64{1280, 375} {
		b.try(chromedp.Do(b.ctx, chromedp.EmulateViewport(width, 900)))
		b.colours("light")
		b.report(fmt.Sprintf("%s in light, %d wide", name, width), `{type: "tag", values: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}`)
		b.keep(fmt.Sprintf("%s%s-light-%d", b.Name(), name, width))
		b.colours("dark")
		b.report(fmt.Sprintf("%s in dark, %d wide", name, width), `{type: "rule", values: ["color-contrast"]}`)
		b.keep(fmt.Sprintf("%s%s-dark-%d", b.Name(), name, width))
	}
	b.try(chromedp.Do(b.ctx, chromedp.EmulateViewport(1280, 900)))
}

func TestPagesAreAccessible(t *testing.T) {
	r := newRegistry(t)
	b := open(t, r)
	b.checkPage("/admin/login")
	b.signIn()
	for _, path := range tour(t, r) {
		b.checkPage(path)
	}
}

func TestPagesOfAnEmptyRegistryAreAccessible(t *testing.T) {
	b := open(t, newRegistry(t))
	b.signIn()
	for _, path := range []string{"/admin/", "/admin/clients", "/admin/tokens", "/admin/events", "/admin/refusals"} {
		b.checkPage(path)
	}
}

// report fails the test for what axe-core, which the page must have loaded, finds by some of its rules.
func (b *browser) report(where, rules string) {
	b.Helper()
	found := eval[json.RawMessage](b, `axe.run(document, {runOnly: `+rules+`, resultTypes: ["violations"]}).then(r => r.violations)`)
	var violations axe
	if err := json.Unmarshal(found, &violations); err != nil {
		b.Fatal(err)
	}
	for _, v := range violations {
		for _, n := range v.Nodes {
			b.Errorf("%s: %s: %s\n%s\n%s", where, v.ID, v.Help, n.HTML, n.Summary)
		}
	}
}
