package web_test

import (
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"roster/api/refusals"
	"roster/cmd/roster/rostertest"
	"roster/web"
)

// Causes of refusals.
var (
	notHTTPS        = refusals.Cause{Action: refusals.Registration, Code: "invalid_redirect_uri", Member: "redirect_uris"}
	noRoom          = refusals.Cause{Action: refusals.Registration, Code: "access_denied", Setting: "max-clients"}
	limited         = refusals.Cause{Action: refusals.Registration, Code: "invalid_redirect_uri", Member: "redirect_uris", Setting: "initial access token"}
	suspendedChange = refusals.Cause{Action: refusals.Change, Code: "access_denied"}
)

// causePath is the address of the refusals of a cause.
func causePath(c refusals.Cause) string {
	return "/admin/refusals?" + url.Values{"action": {string(c.Action)}, "code": {c.Code}, "member": {c.Member}, "setting": {c.Setting}}.Encode()
}

// text is the text of a page without markup and with single spaces.
func (a answer) text() string {
	var b strings.Builder
	markup := false
	for _, r := range a.body {
		switch {
		case r == '<':
			markup = true
			b.WriteByte(' ')
		case r == '>':
			markup = false
		case !markup:
			b.WriteRune(r)
		}
	}
	return strings.Join(strings.Fields(b.String()), " ")
}

func TestRefusalsAreGroupedByCause(t *testing.T) {
	r := newRegistry(t)
	v := r.admin(t)
	if got := v.get("/admin/refusals"); got.status != http.StatusOK || !strings.Contains(got.text(), "Nothing was refused") {
		t.Errorf("an empty page: %d %s", got.status, got.text())
	}
	for range 2 {
		r.refused.Record(time.Now().Add(-26*time.Hour), "2001:db8::7", noRoom, func() refusals.Details { return refusals.Details{} })
	}
	r.refused.Record(time.Now().Add(-26*time.Hour), "192.0.2.1", limited, func() refusals.Details { return refusals.Details{} })
	moment := time.Now()
	for i := range 70 {
		r.refused.Record(moment, "203.0.113.9", notHTTPS, func() refusals.Details { return refusals.Details{Name: fmt.Sprint("Portal ", i)} })
	}
	got := v.get("/admin/refusals")
	for _, want := range []string{
		"73 refusals of 3 causes", "Redirect URI not valid Registration · invalid_redirect_uri", "70 20 only counted",
		"No room for another client", "--max-clients", "2001:db8::7 2 refusals",
		"terms of the initial access token",
	} {
		if !strings.Contains(got.text(), want) {
			t.Errorf("the page lacks %q: %s", want, got.text())
		}
	}
	for path, c := range map[string]struct{ has, hasNot string }{
		"?since=day":        {"70 refusals of 1 cause", "No room"},
		"?ip=2001:DB8:0::7": {"2 refusals of 1 cause", "Redirect URI"},
		"?since=hour&ip=192.0.2.99": {
			"No refusals found Nothing was refused in the last hour to 192.0.2.99 . Clear the filter", "Redirect URI"},
	} {
		if got := v.get("/admin/refusals" + path).text(); !strings.Contains(got, c.has) || strings.Contains(got, c.hasNot) {
			t.Errorf("%s: want %q and not %q: %s", path, c.has, c.hasNot, got)
		}
	}
}

func TestTheRefusalsOfACause(t *testing.T) {
	r := newRegistry(t)
	v := r.admin(t)
	client := r.register(t, name(1)).Client.ID
	for i := range 60 {
		at := time.Now().Add(time.Duration(i-100) * time.Second)
		r.refused.Record(at, "203.0.113.9", notHTTPS, func() refusals.Details {
			return refusals.Details{Name: fmt.Sprint("Portal <", i, ">"), Hosts: []string{"portal.example.org", "b.example"}, InitialAccessToken: "the-token"}
		})
	}
	r.refuse("192.0.2.4", suspendedChange, refusals.Details{ClientID: client})
	r.refuse("192.0.2.5", limited, refusals.Details{Name: "Limited"})
	flooded := refusals.Cause{Action: refusals.Registration, Code: "too_many_requests", Setting: "registration-rate"}
	then := time.Now().Add(time.Second)
	for i := range 51 {
		cause := flooded
		if i < 50 {
			cause = limited
		}
		r.refused.Record(then, fmt.Sprint("198.51.100.", i), cause, func() refusals.Details { return refusals.Details{} })
	}

	got := v.get(causePath(notHTTPS))
	text := got.text()
	for _, want := range []string{
		"Redirect URI not valid", "Registration, with the error invalid_redirect_uri", "No setting refused it.", "60, from", "203.0.113.9 60 refusals",
		"Portal &lt;59&gt; portal.example.org b.example the-token 203.0.113.9", "Portal &lt;10&gt;", "Older refusals",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("the page lacks %q: %s", want, text)
		}
	}
	if strings.Contains(text, "Portal &lt;9&gt;") || strings.Contains(text, "Limited") {
		t.Errorf("the page has what is not its own: %s", text)
	}
	_, older, _ := strings.Cut(got.body, `rel="next"`)
	_, before, _ := strings.Cut(got.body[:len(got.body)-len(older)], `class="pages"`)
	address := between(t, before, `href="`, `"`)
	next := v.get(strings.ReplaceAll(address, "&amp;", "&")).text()
	if !strings.Contains(next, "Portal &lt;9&gt;") || !strings.Contains(next, "Portal &lt;0&gt;") || strings.Contains(next, "Portal &lt;10&gt;") || !strings.Contains(next, "Newest") {
		t.Errorf("the next page: %s", next)
	}
	if got := v.get(causePath(suspendedChange)); !strings.Contains(got.body, `href="/admin/clients/`+client+`"`) || !strings.Contains(got.text(), "Client suspended") {
		t.Errorf("a change: %s", got.text())
	}
	if got := v.get(causePath(flooded)).text(); !strings.Contains(got, "They were only counted") {
		t.Errorf("a flood: %s", got)
	}
	if got := v.get(causePath(refusals.Cause{Code: "conflict"})).text(); !strings.Contains(got, "Nothing was refused for this cause") {
		t.Errorf("a cause of nothing: %s", got)
	}
}

// between returns what stands between two texts.
func between(t *testing.T, text, after, before string) string {
	t.Helper()
	_, rest, found := strings.Cut(text, after)
	part, _, ends := strings.Cut(rest, before)
	if !found || !ends {
		t.Fatalf("nothing between %q and %q in %s", after, before, text)
	}
	return part
}

func TestQueriesOfRefusalsThatAreWrong(t *testing.T) {
	r := newRegistry(t)
	v := r.admin(t)
	for path, want := range map[string]string{
		"?since=never":                  "last hour, of 24 hours or of 7 days",
		"?ip=localhost":                 "This is not an address",
		"?code=conflict&cursor=nowhere": "Start again from the first page",
	} {
		if got := v.get("/admin/refusals" + path); got.status != http.StatusBadRequest || !strings.Contains(got.text(), want) {
			t.Errorf("%s: %d %s", path, got.status, got.text())
		}
	}
	if got := r.visitor(t).get("/admin/refusals"); got.status != http.StatusSeeOther {
		t.Errorf("one who has not signed in gets %d", got.status)
	}
}

// refusedIn is a registry with the refusals of a directory.
func refusedIn(t *testing.T, dir string) *registry {
	t.Helper()
	kept := refusals.Open(refusals.Options{Dir: dir, Logger: slog.New(slog.NewTextHandler(&rostertest.Buffer{}, nil))})
	t.Cleanup(func() {
		if err := kept.Close(); err != nil {
			t.Error(err)
		}
	})
	r := newRegistry(t, func(o *web.Options) { o.Refusals = kept })
	r.refused = kept
	return r
}

// What was lost is said, and what cannot be read.
func TestRefusalsThatAreMissing(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "refusals.db"), []byte("no database, for as long as a header is"+long(" ", 100)), 0o600); err != nil {
		t.Fatal(err)
	}
	r := refusedIn(t, dir)
	if got := r.admin(t).get("/admin/refusals").text(); !strings.Contains(got, "Begun anew. What was refused before") || !strings.Contains(got, "the file was damaged") {
		t.Errorf("a file that was damaged: %s", got)
	}
	r = refusedIn(t, filepath.Join(dir, "none"))
	r.refuse("192.0.2.1", noRoom, refusals.Details{})
	got := r.admin(t).get("/admin/refusals")
	if got.status != http.StatusServiceUnavailable || !strings.Contains(got.text(), "Refusals cannot be read") {
		t.Errorf("a directory that is not there: %d %s", got.status, got.text())
	}
	if err := os.Mkdir(filepath.Join(dir, "none"), 0o700); err != nil {
		t.Fatal(err)
	}
	if got := r.admin(t).get("/admin/refusals").text(); !strings.Contains(got, "Some are missing. 1 refusal since") {
		t.Errorf("with one that was dropped: %s", got)
	}
	none := newRegistry(t, func(o *web.Options) { o.Refusals = nil })
	if got := none.admin(t).get("/admin/refusals").text(); !strings.Contains(got, "Nothing was refused") {
		t.Errorf("where none are kept: %s", got)
	}
}

// An administrator finds out why a registration was refused yesterday, without scripts.
func TestAnAdministratorFindsOutWhySomethingWasRefused(t *testing.T) {
	for _, scripts := range []bool{true, false} {
		r := newRegistry(t)
		r.refused.Record(time.Now().Add(-25*time.Hour), "203.0.113.9", noRoom, func() refusals.Details {
			return refusals.Details{Name: hostile, Hosts: []string{"portal.example.org"}}
		})
		r.refuse("192.0.2.1", notHTTPS, refusals.Details{Name: "another"})
		b := open(t, r)
		b.RunScripts(scripts)
		b.SignIn()
		b.Click("Activity")
		b.UntilPath("/admin/events")
		b.Click("Refusals")
		b.UntilPath("/admin/refusals")
		b.Enter("#ip", "203.0.113.9")
		b.Click("Filter")
		filtered := "/admin/refusals?ip=203.0.113.9"
		if !scripts { // which leaves empty fields out
			filtered = "/admin/refusals?since=&ip=203.0.113.9"
		}
		b.UntilPath(filtered)
		b.Until(`document.querySelectorAll(".causes tbody tr").length === 1`)
		b.Click("No room for another client")
		b.UntilPath("/admin/refusals?action=registration&code=access_denied&ip=203.0.113.9&setting=max-clients")
		b.Until(`document.querySelector(".cause").innerText.includes("--max-clients Active clients in all.")`)
		b.Until(`document.querySelector(".refusals tbody").innerText.includes("<script>alert(1)</script>")`)
		b.Until(`document.querySelector(".refusals tbody").innerText.includes("portal.example.org")`)
		b.Click("Clear")
		b.UntilPath("/admin/refusals?action=registration&code=access_denied&setting=max-clients")
		b.Click("Refusals")
		b.UntilPath("/admin/refusals")
	}
}
