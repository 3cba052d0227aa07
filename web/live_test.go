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

// A log that is paused counts what comes and shows it when it goes on: one row stands for what is alike. What was there
// stays, and so does the focus.
func TestALiveLogCountsWhileItIsPaused(t *testing.T) {
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
	b.Until(`document.querySelector("#live-count").innerText === "130 new events"`)
	if text := browsertest.Eval[string](b, `document.querySelector("#log").innerText + document.querySelector("#live-news").innerText`); strings.Contains(text, "130") {
		t.Errorf("a paused log says %s", text)
	}
	b.Resize(375, 800)
	b.Keep("paused-375")
	b.Resize(1280, 900)
	b.Keep("paused-1280")
	b.TabTo(`e.innerText === "client 0"`)
	browsertest.Eval[bool](b, `document.querySelector("#live-toggle").click(), true`)
	b.Until(`document.querySelector("#log .fold .told").innerText.startsWith("130 registered by 192.0.2.7 in ")`)
	if b.Until(`document.querySelectorAll("#log tbody tr").length === 2`); browsertest.Eval[bool](b, `document.querySelector("#live-count").checkVisibility()`) {
		t.Error("events are counted that are shown")
	}
	if got := browsertest.Eval[string](b, "document.activeElement.innerText"); got != "client 0" {
		t.Errorf("the focus went to %q", got)
	}
	b.Until(`document.querySelector("#live-news").innerText === "130 new events"`)

	// A fold that grows keeps the focus, too.
	browsertest.Eval[bool](b, `window.link = document.querySelector("#log .fold a"), link.focus(), true`)
	r.register(t, name(131))
	b.Until(`document.querySelector("#log .fold .told").innerText.startsWith("131 registered")`)
	if !browsertest.Eval[bool](b, `document.activeElement === link && link.isConnected && link.href.includes("events=2..132")`) {
		t.Error("the focus is gone")
	}
	if !browsertest.Eval[bool](b, `(t => new Date(t.title.replace(" UTC", "Z")).getTime() === new Date(t.dateTime).getTime())(document.querySelector("#log .fold time"))`) {
		t.Error("the time of a fold that grew is not the one of its title")
	}
	b.CheckShown("fold")
	b.Click("131 registered")
	b.UntilPath("/admin/events?actor=client&events=2..132&ip=192.0.2.7&type=ClientRegistered")
	b.Until(`document.querySelectorAll("#log tbody tr").length === 50`)
}

// What somebody reads further down stays where it is when rows come on top, and a page holds few of them.
func TestALiveLogStaysWhereItIsRead(t *testing.T) {
	r := newRegistry(t)
	for i := range 60 {
		r.register(t, name(i))
	}
	b := open(t, r)
	b.SignIn()
	b.Visit("/admin/events")
	b.Until(`document.querySelector("#live-state").innerText === "Live"`)
	browsertest.Eval[bool](b, `window.row = document.querySelectorAll("#log tbody tr")[25], row.scrollIntoView(), window.place = row.getBoundingClientRect().top, true`)
	for i := range 5 {
		r.register(t, name(100+i))
		b.Until(fmt.Sprintf(`document.querySelector("#log tbody tr").innerText.includes("client %d")`, 100+i))
	}
	browsertest.Eval[bool](b, `new Promise(done => requestAnimationFrame(() => requestAnimationFrame(() => done(true))))`)
	if moved := browsertest.Eval[float64](b, `row.getBoundingClientRect().top - place`); moved < -1 || moved > 1 {
		t.Errorf("what was read moved by %v pixels", moved)
	}
	browsertest.Eval[bool](b, `scrollTo(0, 0), true`)
	r.register(t, name(200))
	b.Until(`document.querySelector("#log tbody tr").innerText.includes("client 200")`)
	b.Until(`(rows => rows.length === 50 && new URL(document.querySelector("#older").href).searchParams.get("before") === rows[49].dataset.seq)(document.querySelectorAll("#log tbody tr"))`)
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
