package web_test

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp/kb"

	"roster/domain"
	"roster/web/browsertest"
)

// The search of the header leads straight to what a number or an id names, else to the clients that it finds.
func TestTheHeaderFinds(t *testing.T) {
	r := newRegistry(t)
	id := r.register(t, `{"client_name":"Portal","redirect_uris":["https://a.example.com/cb"]}`).Client.ID
	token := r.issue(t, domain.IssueInitialAccessToken{}).ID
	v := r.admin(t)
	for asked, want := range map[string]string{
		"q=portal":                               "/admin/clients?q=portal",
		"q=+portal+":                             "/admin/clients?q=portal",
		"q=":                                     "/admin/clients",
		"q=1":                                    "/admin/events/1",
		"q=%231":                                 "/admin/events/1",
		"q=1,000":                                "/admin/clients?q=1%2C000",
		"q=0":                                    "/admin/clients?q=0",
		"q=" + id:                                "/admin/clients/" + id,
		"q=" + strings.ToUpper(id):               "/admin/clients/" + id,
		"q=" + token:                             "/admin/tokens/" + token,
		"q=" + token[:len(token)-1]:              "/admin/clients?q=" + token[:len(token)-1],
		"q=01966f0e-5f00-7000-8000-00":           "/admin/clients?q=01966f0e-5f00-7000-8000-00",
		"q=01966f0e-5f00-7000-8000-000000000001": "/admin/clients?q=01966f0e-5f00-7000-8000-000000000001",
		"at=1&q=portal":                          "/admin/clients?at=1&q=portal",
		"at=1&q=" + id:                           "/admin/clients/" + id + "?at=1",
	} {
		if got := v.get("/admin/find?" + asked); got.status != http.StatusSeeOther || got.header.Get("Location") != want {
			t.Errorf("%s: status %d to %q, want %q", asked, got.status, got.header.Get("Location"), want)
		}
	}
}

// Times are shown in the time zone that a browser has chosen, and always tell the one in UTC.
func TestTimesAreShownInAZone(t *testing.T) {
	r := newRegistry(t)
	c, err := r.model.Client(t.Context(), r.register(t, `{"client_name":"Portal","redirect_uris":["https://a.example.com/cb"]}`).Client.ID)
	if err != nil {
		t.Fatal(err)
	}
	utc := `title="` + c.RegisteredAt.UTC().Format("2 Jan 2006, 15:04:05") + ` UTC"`
	v := r.admin(t)
	for _, zone := range []string{"UTC", "Asia/Tokyo", "America/Argentina/Buenos_Aires", "Asia/Kathmandu"} {
		got := v.post("/admin/preferences", url.Values{"zone": {zone}, "back": {"/admin/clients?q=portal"}})
		if got.status != http.StatusSeeOther || got.header.Get("Location") != "/admin/clients?q=portal" {
			t.Fatalf("%s: status %d to %q", zone, got.status, got.header.Get("Location"))
		}
		location, err := time.LoadLocation(zone)
		if err != nil {
			t.Fatal(err)
		}
		for path, layout := range map[string]string{
			"/admin/clients": "2 Jan 2006, 15:04", "/admin/clients/" + c.ID: "2 Jan 2006, 15:04:05 MST", "/admin/events": "2 Jan 2006, 15:04:05",
		} {
			body := v.get(path).body
			shown := c.RegisteredAt.In(location).Format(layout)
			if !strings.Contains(body, shown+"</time>") || !strings.Contains(body, utc) {
				t.Errorf("%s in %s: no %q with %q", path, zone, shown, utc)
			}
		}
		city := strings.ReplaceAll(zone[strings.LastIndexByte(zone, '/')+1:], "_", " ")
		if list := v.get("/admin/clients").body; !strings.Contains(list, `title="`+zone+`">`+city+`</span>`) {
			t.Errorf("the column does not say %s", city)
		}
	}
}

func TestPreferencesThatAreWrong(t *testing.T) {
	r := newRegistry(t)
	v := r.admin(t)
	for _, form := range []url.Values{
		{"zone": {"Middle/Earth"}}, {"zone": {""}}, {"zone": {"Local"}}, {"zone": {"../../etc/passwd"}}, {"zone": {"/etc/localtime"}}, {}, {"theme": {"pink"}},
	} {
		if got := v.post("/admin/preferences", form); got.status != http.StatusBadRequest || len(got.header["Set-Cookie"]) > 0 {
			t.Errorf("%v: status %d, cookies %v", form, got.status, got.header["Set-Cookie"])
		}
	}
	for back, want := range map[string]string{"https://evil.example/": "/admin/", "//evil.example/admin/": "/admin/", "/admin/events?type=x": "/admin/events?type=x", "": "/admin/"} {
		got := v.post("/admin/preferences", url.Values{"theme": {"dark"}, "back": {back}})
		if got.status != http.StatusSeeOther || got.header.Get("Location") != want {
			t.Errorf("back to %q: status %d to %q", back, got.status, got.header.Get("Location"))
		}
	}
	if got := r.visitor(t).post("/admin/preferences", url.Values{"theme": {"dark"}}); got.status != http.StatusSeeOther || len(got.header["Set-Cookie"]) > 0 {
		t.Errorf("nobody: status %d, cookies %v", got.status, got.header["Set-Cookie"])
	}

	// What a browser has made up is ignored.
	for _, cookie := range []string{"roster_zone=Middle/Earth; roster_theme=pink", `roster_zone="><script>; roster_theme="><script>`} {
		got := r.visitor(t).send(http.MethodGet, "/admin/login", "", http.Header{"Cookie": {cookie}})
		if got.status != http.StatusOK || strings.Contains(got.body, "data-theme") || strings.Contains(got.body, `<script>"`) {
			t.Errorf("%s: status %d:\n%s", cookie, got.status, got.body)
		}
	}
}

// The theme is part of the page, so that it is there before the first paint.
func TestAThemeIsChosen(t *testing.T) {
	r := newRegistry(t)
	for _, scripts := range []bool{true, false} {
		b := open(t, r)
		b.RunScripts(scripts)
		b.SignIn()
		b.Colours("light")
		for _, choice := range []struct{ button, attribute, ground string }{
			{"Dark", "dark", "rgb(19, 20, 23)"}, {"Light", "light", "rgb(246, 246, 243)"}, {"System", "", "rgb(246, 246, 243)"},
		} {
			b.Visit("/admin/clients?status=active")
			b.Click("Signed in as")
			b.Click(choice.button)
			b.UntilPath("/admin/clients?status=active")
			b.Until(fmt.Sprintf(`(document.documentElement.dataset.theme ?? "") === %q && getComputedStyle(document.body).backgroundColor === %q`, choice.attribute, choice.ground))
		}
		b.Colours("dark")
		b.Until(`getComputedStyle(document.body).backgroundColor === "rgb(19, 20, 23)"`)
	}
}

// The header needs no mouse, and at no width more room than there is.
func TestTheHeaderWithKeys(t *testing.T) {
	r := newRegistry(t)
	id := r.register(t, `{"client_name":"Portal","redirect_uris":["https://a.example.com/cb"]}`).Client.ID
	b := open(t, r)
	browsertest.Call(b, emulation.SetTimezoneOverride, emulation.SetTimezoneOverrideParams{TimezoneID: "Europe/Lisbon"})
	b.SignIn()
	b.Visit("/admin/events")
	slash := `document.activeElement.dispatchEvent(new KeyboardEvent("keydown", {key: "/", bubbles: true, cancelable: true}))`
	if browsertest.Eval[bool](b, slash) {
		t.Error("the slash would be written into the search")
	}
	b.Until(`document.activeElement.id === "find"`)
	if !browsertest.Eval[bool](b, slash) {
		t.Error("nobody can search for a slash")
	}
	b.Press(id + kb.Enter)
	b.UntilPath("/admin/clients/" + id)
	b.TabTo(`e.textContent.trim() === "Time zone: UTC"`)
	b.Press(kb.Enter)
	b.TabTo(`e.innerText === "Local time (Europe/Lisbon)"`)
	b.Press(kb.Enter)
	b.Until(`document.querySelector(".top").innerText.includes("Lisbon")`)
	b.TabTo(`e.innerText === "Time machine"`)
	b.Press(kb.Enter)
	b.TabTo(`e.id === "at"`)
	b.Press(kb.Escape)
	b.Until(`document.activeElement.innerText === "Time machine" && !document.querySelector(".menu[open]")`)
	b.TabTo(`e.textContent.trim() === "Signed in as ` + adminName + `"`)
	b.Press(kb.Enter)
	b.TabTo(`e.innerText === "Sign out"`)
	b.Press(kb.Enter)
	b.UntilPath("/admin/login")
}

// Each menu of the header is accessible while it is open, and stays on the screen.
func TestTheMenusOfTheHeader(t *testing.T) {
	r := newRegistry(t)
	b := open(t, r)
	b.SignIn()
	for i, menu := range []string{"Time machine", "Time zone", "Signed in as"} {
		b.Visit("/admin/clients")
		browsertest.Eval[bool](b, fmt.Sprintf(`document.querySelectorAll(".menu")[%d].open = true`, i))
		b.CheckOpen("/" + menu)
		for _, width := range []int64{320, 375, 1280, 1600} {
			b.Resize(width, 700)
			if browsertest.Eval[bool](b, `(p => p.left < 0 || p.right > innerWidth || p.width < 200)(document.querySelector(".menu[open] .panel").getBoundingClientRect())`) {
				t.Errorf("%s is not on a screen of %d pixels", menu, width)
			}
			b.Keep(fmt.Sprintf("header-%s-%d", menu, width))
		}
	}
}
