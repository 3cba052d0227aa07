package web_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"roster/domain/access"
	"roster/web"
	"roster/web/browsertest"
)

// The promise of a registry without clients is kept, without a reload.
func TestPagesAreKeptCurrent(t *testing.T) {
	for _, path := range []string{"/admin/", "/admin/clients"} {
		t.Run(path, func(t *testing.T) {
			r := newRegistry(t)
			b := open(t, r)
			b.SignIn()
			b.Visit(path)
			b.Until(`document.body.innerText.includes("appears here as soon as it has registered")`)
			r.register(t, name(1))
			b.Until(`document.querySelector("main").innerText.includes("client 1")`)
			b.Until(`document.querySelector("#live-news").innerText === "1 new event"`)
			r.register(t, name(2))
			b.Until(`document.querySelector("main").innerText.includes("client 2")`)

			// Who uses a part of the page is not disturbed.
			b.TabTo(`e.innerText === "client 2"`)
			r.register(t, name(3))
			b.Until(`document.querySelector("#live-news").innerText === "2 new events"`)
			if got := browsertest.Eval[string](b, "document.activeElement.innerText"); got != "client 2" {
				t.Errorf("the focus went to %q", got)
			}
			browsertest.Eval[bool](b, "document.activeElement.blur(), true")
			b.Until(`document.querySelector("main").innerText.includes("client 3")`)
		})
	}
}

func TestASearchIsKeptCurrent(t *testing.T) {
	r := newRegistry(t)
	r.register(t, name(1))
	b := open(t, r)
	b.SignIn()
	b.Visit("/admin/clients")
	b.Enter("#q", "client 2")
	b.Until(`document.querySelector("#summary").innerText === "No clients found"`)
	r.register(t, name(1))
	r.register(t, name(2))
	b.Until(`document.querySelectorAll(".clients tbody tr").length === 1`)
	if got := browsertest.Eval[string](b, "document.activeElement.id"); got != "q" {
		t.Errorf("the focus went to %q", got)
	}
}

// News are told to whoever is signed in, and neither they nor the page that is asked for again keep the session alive
// or take the message for the next page.
func TestNews(t *testing.T) {
	r := newRegistry(t)
	id := r.register(t, name(1)).Client.ID
	v := r.admin(t)
	feed := v.follow("/admin/news?after=0", "")
	feed.want("news", "1")
	r.register(t, name(2))
	feed.want("news", "2")

	v.post("/admin/clients/"+id+"/suspend", nil)
	live := v.send(http.MethodGet, "/admin/clients", "", http.Header{"Roster-Live": {"1"}})
	if live.status != http.StatusOK || strings.Contains(live.body, "is suspended.") {
		t.Errorf("a page that asks for itself again: status %d, takes the message: %s", live.status, textOf(live.body))
	}
	if page := v.get("/admin/clients"); !strings.Contains(page.body, "is suspended.") {
		t.Errorf("the message is gone: %s", textOf(page.body))
	}
	r.visitor(t).follow("/admin/news", "").want("signed-out", "")
}

// What a registry without clients says of how to register one works in its mode of registration.
func TestTheSampleFitsTheRegistrationMode(t *testing.T) {
	for mode, want := range map[access.RegistrationMode]struct{ has, lacks string }{
		access.RegistrationOpen:   {"curl -X POST", "Bearer"},
		access.RegistrationToken:  {`-H "Authorization: Bearer $TOKEN"`, "closed"},
		access.RegistrationClosed: {"Registration is closed", "curl"},
	} {
		t.Run(string(mode), func(t *testing.T) {
			r := newRegistry(t, func(o *web.Options) { o.RegistrationMode = mode })
			v := r.admin(t)
			for _, path := range []string{"/admin/", "/admin/clients"} {
				page := textOf(v.get(path).body)
				if !strings.Contains(page, want.has) || strings.Contains(page, want.lacks) {
					t.Errorf("%s says %s", path, page)
				}
				if promised := strings.Contains(page, "appears here"); promised != (mode != access.RegistrationClosed) {
					t.Errorf("%s promises a client: %t", path, promised)
				}
			}
		})
	}
}

// A log that missed many events says how many and leads to them. What was there stays, and so does the focus.
func TestALiveLogSaysWhatItLeftOut(t *testing.T) {
	r := newRegistry(t)
	r.register(t, name(0))
	b := open(t, r)
	b.SignIn()
	b.Visit("/admin/events")
	b.Until(`document.querySelector("#live-state").innerText === "Live"`)
	b.Click("Pause")
	b.Until(`document.querySelector("#live-state").innerText === "Paused"`)
	for i := range 130 {
		r.register(t, name(i+1))
	}
	b.TabTo(`e.innerText === "client 0"`)
	browsertest.Eval[bool](b, `document.querySelector("#live-toggle").click(), true`)
	b.Until(`document.querySelector("#log tbody tr").innerText.includes("client 130")`)
	b.Until(`document.querySelector("#log .gap").innerText === "30 events are not shown here. Show them"`)
	if got := browsertest.Eval[string](b, "document.activeElement.innerText"); got != "client 0" {
		t.Errorf("the focus went to %q", got)
	}
	b.Resize(375, 800)
	b.Keep("gap-375")
	b.Click("Show them")
	b.UntilPath("/admin/events?before=32")
	b.Until(`document.querySelector("#log tbody tr").innerText.includes("client 30")`)
}

// A text for programs is copied as a whole.
func TestAnIDIsCopied(t *testing.T) {
	r := newRegistry(t)
	id := r.register(t, name(1)).Client.ID
	b := open(t, r)
	b.SignIn()
	b.Visit("/admin/clients/" + id)
	browsertest.Eval[bool](b, `navigator.clipboard.writeText = async text => { window.copied = text }, true`)
	b.Click("Copy")
	b.Until(fmt.Sprintf(`window.copied === %q`, id))
	b.Until(`document.querySelector("button.copy").innerText === "Copied"`)
}
