package web_test

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"roster/api/lastuse"
	"roster/domain"
	"roster/domain/oauth"
	"roster/web"
	"roster/web/browsertest"
)

// Every value of a client that the list can be filtered by leads to the clients that share it, now and in the past.
func TestValuesOfAClientLeadToThoseThatShareThem(t *testing.T) {
	r := newRegistry(t)
	token := r.issue(t, domain.IssueInitialAccessToken{Label: "Partners"})
	c := r.registerWith(t, token.Token, `{"client_name":"Portal","ext_param_owner":"shop & co","software_id":"com.example.portal","contacts":["ops@example.com"],
		"redirect_uris":["https://A.example.com:8443/https://a.example.com","com.example.app:/cb"],"application_type":"native","token_endpoint_auth_method":"none","logo_uri":"https://b.example.com/logo.png"}`)
	other := r.register(t, `{"client_name":"Other","redirect_uris":["https://b.example.com/cb"]}`).Client.ID
	v := r.admin(t)
	last, err := r.log.Last(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, moment := range []string{"", fmt.Sprint("at=", last)} {
		body := v.get("/admin/clients/"+c.Client.ID+"?"+moment).body + v.get("/admin/clients/"+c.Client.ID+"/credentials?"+moment).body
		for _, filter := range []string{
			"status=active", "kind=native", "software=com.example.portal", "owner=shop+%26+co", "contact=ops%40example.com", "host=A.example.com", "host=com.example.app%3A",
			"ip=192.0.2.7", "token=" + token.ID, "auth=none", "grant=authorization_code", "caution=note", "registered=" + c.Client.IssuedAt.UTC().Format(time.DateOnly),
		} {
			link := regexp.MustCompile(`href="(/admin/clients\?[^"]*` + regexp.QuoteMeta(filter) + `[^"]*)"`).FindStringSubmatch(body)
			if link == nil {
				t.Errorf("%q: nothing leads to %s", moment, filter)
				continue
			}
			address := strings.ReplaceAll(link[1], "&amp;", "&")
			found := v.get(address)
			if !strings.Contains(address, moment) || !strings.Contains(found.body, c.Client.ID) {
				t.Errorf("%q: %s does not find the client: status %d", moment, address, found.status)
			}
			if shared := strings.Contains(found.body, other); shared != strings.Contains("status=active ip=192.0.2.7 grant=authorization_code registered=", strings.Split(filter, "=")[0]+"=") {
				t.Errorf("%q: %s finds the other client: %v", moment, address, shared)
			}
		}
	}
}

// A client's tabs are pages of their own, which keep the list that the client was found in and the moment.
func TestTabsOfAClient(t *testing.T) {
	r, first, _, _ := past(t)
	v := r.admin(t)
	page := "/admin/clients/" + first.Client.ID
	for _, params := range []string{"", "?list=q%3Dtill", "?at=3"} {
		for tab, path := range map[string]string{"Settings": "", "History": "/history", "Credentials": "/credentials", "JSON": "/json"} {
			got := v.get(page + path + params)
			for other, want := range map[string]string{"Settings": "", "History": "/history", "Credentials": "/credentials", "JSON": "/json"} {
				if link := linkTo(got.body[strings.Index(got.body, "page-tabs"):], other); link != page+want+params {
					t.Errorf("%s%s leads to %s at %q", path, params, other, link)
				}
			}
			if n := strings.Count(got.body, `aria-current="page">`+tab+`</a>`); got.status != http.StatusOK || n != 1 {
				t.Errorf("%s%s: status %d, %s is the page %d times", path, params, got.status, tab, n)
			}
			if at := strings.Contains(got.body, "As of event 3"); at != (params == "?at=3") {
				t.Errorf("%s%s: the past: %v", path, params, at)
			}
			if at := params == "?at=3"; at && linkTo(got.body, "Back to now") != page+path {
				t.Errorf("%s%s goes back to now at %q", path, params, linkTo(got.body, "Back to now"))
			}
			if chooser := `action="` + page + path + `"`; !strings.Contains(got.body, chooser) {
				t.Errorf("%s%s does not lead to another moment of itself", path, params)
			}
		}
	}
	if text := textOf(v.get(page + "/history?at=2&before=9").body); !strings.Contains(text, "Changed") || strings.Contains(text, "Suspended") {
		t.Errorf("the history of then shows what came later: %s", text)
	}
	if got := v.get(page + "/credentials?at=3"); strings.Contains(textOf(got.body), "Last changed by then") == false {
		t.Errorf("the credentials of then: %s", textOf(got.body))
	}
	for _, path := range []string{"/none", "/history?before=x", "/json?at=x"} {
		if got := v.get(page + path); got.status != http.StatusNotFound && got.status != http.StatusBadRequest {
			t.Errorf("%s: status %d", path, got.status)
		}
	}
}

// What the log knows of a client's credentials is told, and no secret with it.
func TestCredentialsOfAClient(t *testing.T) {
	r := newRegistry(t)
	c := r.register(t, `{"client_name":"Portal","redirect_uris":["https://a.example.com/cb"]}`)
	r.update(t, c, `{"client_id":"`+c.Client.ID+`","client_name":"Portal","redirect_uris":["https://a.example.com/cb"],"token_endpoint_auth_method":"none"}`)
	v := r.admin(t)
	got := textOf(v.get("/admin/clients/" + c.Client.ID + "/credentials").body)
	for _, want := range []string{
		"The client secret stopped working.", "A client secret was issued that", "A registration access token was issued.", "by event 1.",
		"None. The client's authentication method needs no secret.", "Last usednot known", "Admitted byOpen registration. No initial access token.",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("the credentials lack %q: %s", want, got)
		}
	}
}

// When a client was authenticated last is told of it as it is now, and not of the past, which nobody kept.
func TestTheLastUseOfAClient(t *testing.T) {
	used := lastuse.Open(t.TempDir(), slog.New(slog.DiscardHandler))
	t.Cleanup(func() {
		if err := used.Close(); err != nil {
			t.Error(err)
		}
	})
	r := newRegistry(t, func(o *web.Options) { o.LastUse = used })
	c := r.register(t, `{"redirect_uris":["https://a.example.com/cb"]}`)
	used.Record(c.Client.ID, time.Date(2026, 3, 2, 10, 20, 30, 0, time.UTC))
	v := r.admin(t)
	path := "/admin/clients/" + c.Client.ID
	for address, want := range map[string]string{
		"/credentials": "Last used2 Mar 2026, 10:20:30 UTC", "/json": `"last_used_at": "2026-03-02T10:20:30Z"`,
		"/client.json": `"last_used_at":"2026-03-02T10:20:30Z"`,
	} {
		for deadline := time.Now().Add(time.Minute); ; { // the store opens its file beside this
			got := textOf(v.get(path + address).body)
			if strings.Contains(got, want) {
				break
			}
			if time.Now().After(deadline) {
				t.Fatalf("%s lacks %q: %s", address, want, got)
			}
		}
		if past := textOf(v.get(path + address + "?at=1").body); strings.Contains(past, "Last used") || strings.Contains(past, "last_used_at") {
			t.Errorf("%s of the past tells of a use: %s", address, past)
		}
	}
}

// The JSON of a client is shown so that what is copied is the document, and kept as a file.
func TestTheDocumentOfAClient(t *testing.T) {
	r := newRegistry(t)
	c := r.register(t, `{"client_name":"gnp\u202egpj.exe \ud834\udd73`+hostile+`","redirect_uris":["https://a.example.com/cb"]}`)
	r.update(t, c, `{"client_id":"`+c.Client.ID+`","client_name":"Portal","redirect_uris":["https://a.example.com/cb"]}`)
	v := r.admin(t)
	path := "/admin/clients/" + c.Client.ID
	shown := v.get(path + "/json?at=1").body
	if strings.Contains(shown, "\u202e") || strings.Contains(shown[strings.Index(shown, `id="document"`):], "hidden-char") || !strings.Contains(shown, `gnp\u202egpj.exe`) {
		t.Errorf("the document is shown as %s", shown)
	}
	for address, want := range map[string]struct{ file, name string }{
		"/client.json":      {"client-" + c.Client.ID + ".json", "Portal"},
		"/client.json?at=1": {"client-" + c.Client.ID + "-at-event-1.json", "gnp\u202egpj.exe \U0001d173" + hostile},
	} {
		got := v.get(path + address)
		var document struct {
			ID   string `json:"client_id"`
			Name string `json:"client_name"`
			AsOf *struct {
				Seq uint64 `json:"seq"`
			} `json:"as_of"`
		}
		if err := json.Unmarshal([]byte(got.body), &document); err != nil || document.ID != c.Client.ID || document.Name != want.name || (document.AsOf != nil) != strings.Contains(address, "at=") {
			t.Errorf("%s: %v: %s", address, err, got.body)
		}
		if disposition := got.header.Get("Content-Disposition"); disposition != "attachment; filename="+want.file || got.header.Get("Content-Type") != "application/json" {
			t.Errorf("%s is sent as %s, %s", address, disposition, got.header.Get("Content-Type"))
		}
	}
	for _, secret := range []string{c.ClientSecret, c.RegistrationAccessToken, digestOf(t, c.RegistrationAccessToken)} {
		if strings.Contains(v.get(path+"/json").body, secret) {
			t.Error("the document shows a secret")
		}
	}
}

// digestOf is the digest of a token as text.
func digestOf(t *testing.T, token string) string {
	t.Helper()
	text, err := domain.DigestOf(token).MarshalText()
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// A member that is registered with nothing in it says so, and is no link.
func TestEmptyMembers(t *testing.T) {
	r := newRegistry(t, trusting("https://issuer.example"))
	id := r.vouched(t, `{"iss":"https://issuer.example"}`, oauth.Metadata{"contacts": oauth.List{}, "software_id": oauth.Text("")})
	got := r.admin(t).get("/admin/clients/" + id)
	for _, want := range []string{"Contacts contactsnone", "Software software_idnone", "KindnoneSoftwarenone", "Client secretnone"} {
		if !strings.Contains(textOf(got.body), want) {
			t.Errorf("the page lacks %q: %s", want, textOf(got.body))
		}
	}
}

// An administrator goes through a client's tabs by the keyboard and by the browser's ways back, with scripts and without.
func TestTabsInABrowser(t *testing.T) {
	r, first, _, _ := past(t)
	page := "/admin/clients/" + first.Client.ID
	for _, scripts := range []bool{true, false} {
		b := open(t, r)
		b.SignIn()
		b.RunScripts(scripts)
		b.Visit(page + "?at=3")
		if scripts {
			browsertest.Eval[bool](b, `window.kept = true`)
		}
		b.TabTo(`e.innerText === "History"`)
		b.Press("\r")
		b.UntilPath(page + "/history?at=3")
		b.Until(`document.querySelectorAll(".timeline > li").length === 2 && document.querySelector(".page-tabs [aria-current=page]").innerText === "History"`)
		if scripts {
			b.Until(`window.kept && document.activeElement.innerText === "History" && document.title.includes("History")`)
		}
		b.Click("JSON")
		b.UntilPath(page + "/json?at=3")
		b.Until(`document.querySelector("pre").innerText.includes('"client_name"')`)
		browsertest.Eval[bool](b, `history.back(), true`)
		b.UntilPath(page + "/history?at=3")
		b.Until(`document.querySelectorAll(".timeline > li").length === 2 && !document.querySelector("pre")`)
		if copies := browsertest.Eval[bool](b, `[...document.querySelectorAll("button.copy")].some(e => e.checkVisibility())`); copies != scripts {
			t.Errorf("with scripts %v, buttons that copy are shown: %v", scripts, copies)
		}
	}
}

// On a phone the latest history of a client stands above its settings, on a wide screen beside them.
func TestHistoryStandsFirstOnAPhone(t *testing.T) {
	r, first, _, _ := past(t)
	b := open(t, r)
	b.SignIn()
	const above = `(h => h.latest.bottom <= h.settings.top)({latest: document.querySelector("#latest").closest(".card").getBoundingClientRect(), settings: document.querySelector(".members").closest(".card").getBoundingClientRect()})`
	for width, want := range map[int64]bool{375: true, 1280: false} {
		b.Resize(width, 800)
		b.Visit("/admin/clients/" + first.Client.ID)
		if got := browsertest.Eval[bool](b, above); got != want {
			t.Errorf("%d wide: the history stands above the settings: %v", width, got)
		}
	}
}
