package web_test

import (
	"context"
	"encoding/csv"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"roster/domain"
	"roster/domain/registrar"
	"roster/projections/readmodel"
	"roster/web"
)

// past is a registry with something to look back on: event 1 registers a client, 2 renames it, 3 registers another, 4
// suspends the first, 5 revokes the second, and 6 registers a third.
func past(t *testing.T, options ...option) (r *registry, first, second, third registrar.Registration) {
	t.Helper()
	r = newRegistry(t, options...)
	admin := domain.Actor{Kind: domain.ActorAdmin, ID: adminName, IP: "192.0.2.1"}
	first = r.register(t, `{"client_name":"Cash desk","ext_param_owner":"shop","redirect_uris":["https://a.example.com/cb","https://a.example.com/old"]}`)
	r.update(t, first, `{"client_id":"`+first.Client.ID+`","client_name":"Till","redirect_uris":["https://a.example.com/cb"]}`)
	second = r.register(t, `{"client_name":"Portal","redirect_uris":["https://b.example.com/cb"]}`)
	for _, err := range []error{
		r.registrar.Suspend(t.Context(), admin, first.Client.ID, "on holiday"),
		r.registrar.Revoke(t.Context(), admin, second.Client.ID, "leaked"),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	third = r.register(t, `{"client_name":"Kiosk","redirect_uris":["https://c.example.com/cb"]}`)
	return r, first, second, third
}

func TestTheRegistryAsItStood(t *testing.T) {
	r, first, second, third := past(t)
	v := r.admin(t)
	pageOf := func(c registrar.Registration) string { return "/admin/clients/" + c.Client.ID }
	for path, want := range map[string]struct{ shown, hidden []string }{
		"/admin/?at=1":                       {[]string{"shop_Cash desk"}, []string{"Till"}},
		"/admin/?at=3":                       {[]string{"As of event 3", "Read only", "Active 2", "Suspended 0", "Events 3", "Registrations a day", "2 clients registered and 0 ended"}, []string{"Kiosk", "Revoked 1"}},
		"/admin/?at=4":                       {[]string{"Active 1", "Suspended 1", "Revoked 0", "Events 4"}, []string{"Kiosk"}},
		"/admin/clients?at=1":                {[]string{"As of event 1", "shop_Cash desk", "Active", "All 1"}, []string{"Till", "Portal", "Suspended 1"}},
		"/admin/clients?at=5":                {[]string{"Till", "Portal", "Suspended 1", "Revoked 1", "All 2"}, []string{"Cash desk", "Kiosk"}},
		"/admin/clients?at=5&status=revoked": {[]string{"Portal"}, []string{"Till"}},
		"/admin/clients?at=1&q=cash":         {[]string{"Cash desk"}, []string{"No clients found"}},
		"/admin/clients?at=2&q=cash":         {[]string{"No clients found"}, []string{"Cash desk"}},
		"/admin/clients?at=1&owner=shop":     {[]string{"Cash desk", "Owner: shop"}, nil},
		"/admin/clients?at=1&owner=shopping": {[]string{"No clients found"}, nil},
		pageOf(first) + "?at=1":              {[]string{"shop_Cash desk", "https://a.example.com/old", "Active", "Since then", "2 events", "Was active, is suspended."}, []string{"Revoke…", "Suspend…", "on holiday"}},
		pageOf(first) + "?at=4":              {[]string{"Till", "Suspended", "on holiday", "Nothing has happened to this client."}, []string{"Resume"}},
		pageOf(second) + "?at=3":             {[]string{"Portal", "Active", "Was active, is revoked."}, []string{"leaked"}},
		pageOf(third) + "?at=6":              {[]string{"Kiosk"}, nil},
	} {
		got := v.get(path)
		text := strings.ReplaceAll(textOf(got.body), "dashboard", "")
		for _, part := range want.shown {
			if got.status != http.StatusOK || !strings.Contains(text, part) {
				t.Errorf("%s: status %d, no %q in\n%s", path, got.status, part, text)
			}
		}
		for _, part := range want.hidden {
			if strings.Contains(text, part) {
				t.Errorf("%s shows %q", path, part)
			}
		}
		if strings.Contains(got.body, `method="post" action="/admin/clients`) {
			t.Errorf("%s offers to change what is past", path)
		}
		if head := v.send(http.MethodHead, path, "", nil); head.status != got.status || head.body != "" {
			t.Errorf("HEAD %s: %d", path, head.status)
		}
	}
}

// Links of a page of the past stay there.
func TestLinksStayInThePast(t *testing.T) {
	r, first, _, _ := past(t)
	v := r.admin(t)
	overview := v.get("/admin/?at=3")
	list := v.get(linkTo(overview.body, "Clients"))
	for name, want := range map[string]string{
		linkTo(overview.body, "Clients"):          "/admin/clients?at=3",
		linkTo(overview.body, "Overview"):         "/admin/?at=3",
		linkTo(overview.body, "Compare with now"): "/admin/diff?from=3",
		linkTo(overview.body, "Back to now"):      "/admin/",
	} {
		if name != want {
			t.Errorf("a link leads to %q, want %q", name, want)
		}
	}
	page := "/admin/clients/" + first.Client.ID
	if !strings.Contains(list.body, `href="`+page+`?at=3"`) {
		t.Errorf("the list does not lead to the client of then: %s", list.body)
	}
	if got := linkTo(v.get("/admin/clients?at=5&status=revoked&q=po&cursor=AAAAAAAAAAk").body, "Back to now"); got != "/admin/clients?q=po&status=revoked" {
		t.Errorf("back to now leads to %q", got)
	}
	if !strings.Contains(v.get(page).body, `href="`+page+`?at=2"`) {
		t.Error("the history does not lead to the client as it stood")
	}
	if !strings.Contains(v.get("/admin/events/2").body, `href="/admin/?at=2"`) {
		t.Error("an event does not lead to the registry as it stood")
	}
}

// A moment can be written in several ways. One that the log has nothing of is refused, and the page says what it has.
func TestMomentsOfAddresses(t *testing.T) {
	r, _, _, third := past(t)
	v := r.admin(t)
	now := time.Now().UTC()
	for _, at := range []string{"6", " 6 ", "0,006", now.Format(time.RFC3339Nano), now.Format("2006-01-02T15:04:05.000000")} {
		if got := v.get("/admin/?at=" + url.QueryEscape(at)); !strings.Contains(got.body, "As of event 6") {
			t.Errorf("%q: status %d: %s", at, got.status, textOf(got.body))
		}
	}
	for path, want := range map[string]string{
		"at=7":                     "There is no event 7 yet. The log ends with event 6 of ",
		"at=2999-01-01":            "That time is still to come. The log ends with event 6 of ",
		"at=2001-01-01+10:00":      "It begins with event 1 of ",
		"at=0":                     "It begins with event 1 of ",
		"at=yesterday":             "“yesterday” is no moment. Give the number of an event, such as 1234, or a time in UTC, such as 2026-11-03 10:00.",
		"at=-1":                    "is no moment",
		"at=%3Cscript%3E":          "“<script>” is no moment",
		"at=99999999999999999999":  "is no moment",
		"at=1&cursor=x":            "place in the list",
		"at=1&status=dead":         "active, suspended, revoked, deleted or lost",
		"at=2026-11-03T10:00:00+1": "is no moment",
	} {
		if got := v.get("/admin/clients?" + path); got.status != http.StatusBadRequest || !strings.Contains(textOf(got.body), want) {
			t.Errorf("%s: status %d, want %q: %s", path, got.status, want, textOf(got.body))
		}
	}
	if got := v.get("/admin/clients/" + third.Client.ID + "?at=5"); got.status != http.StatusNotFound || !strings.Contains(got.body, "Not registered by then") {
		t.Errorf("a client that came later: status %d: %s", got.status, textOf(got.body))
	}
	if got := v.get("/admin/clients/nobody?at=5"); got.status != http.StatusNotFound || !strings.Contains(got.body, "No such client") {
		t.Errorf("a client that never was: status %d: %s", got.status, textOf(got.body))
	}
	if got := newRegistry(t).admin(t).get("/admin/?at=1"); got.status != http.StatusBadRequest || !strings.Contains(got.body, "The event log is empty") {
		t.Errorf("an empty log: status %d: %s", got.status, textOf(got.body))
	}
}

func TestComparingMoments(t *testing.T) {
	r, first, second, third := past(t)
	v := r.admin(t)
	for path, want := range map[string]struct{ shown, hidden []string }{
		"/admin/diff":                          {[]string{"What has changed?"}, []string{"No differences"}},
		"/admin/diff?from=1":                   {[]string{"Till", "Changed", "Was active, is suspended.", "removed: https://a.example.com/old", "Portal", "Came and went", "Registered and revoked in between.", "Kiosk", "Added", "to event 6 of "}, []string{"What has changed?"}},
		"/admin/diff?from=1&to=":               {[]string{"to event 6 of "}, nil},
		"/admin/diff?from=3&to=5":              {[]string{"Till", "Portal", "Ended", "Was active, is revoked."}, []string{"Kiosk"}},
		"/admin/diff?from=3&to=5&change=ended": {[]string{"Portal"}, []string{"Till", "Kiosk"}},
		"/admin/diff?from=3&to=5&change=added": {[]string{"No differences", "All differences"}, []string{"Till"}},
		"/admin/diff?from=6&to=6":              {[]string{"Nothing happened to any client between these two events."}, nil},
	} {
		got := v.get(path)
		text := textOf(got.body)
		for _, part := range want.shown {
			if got.status != http.StatusOK || !strings.Contains(text, part) {
				t.Errorf("%s: status %d, no %q in\n%s", path, got.status, part, text)
			}
		}
		for _, part := range want.hidden {
			if strings.Contains(text, part) {
				t.Errorf("%s shows %q", path, part)
			}
		}
		for _, c := range []registrar.Registration{first, second, third} {
			for _, secret := range []string{c.ClientSecret, c.RegistrationAccessToken} {
				if strings.Contains(got.body, secret) {
					t.Errorf("%s shows a secret", path)
				}
			}
		}
	}
	for path, want := range map[string]string{
		"from=5&to=3":         "is later than the second",
		"from=1&to=7":         "There is no event 7 yet",
		"from=1&change=gone":  "There is no other difference",
		"from=1&cursor=x":     "place in the list",
		"from=soon":           "“soon” is no moment",
		"from=1&to=yesterday": "“yesterday” is no moment",
	} {
		if got := v.get("/admin/diff?" + path); got.status != http.StatusBadRequest || !strings.Contains(textOf(got.body), want) {
			t.Errorf("%s: status %d, want %q: %s", path, got.status, want, textOf(got.body))
		}
	}
}

// A long comparison has pages, which hold each client once.
func TestPagesOfDifferencesHoldEachOnce(t *testing.T) {
	r, _, _, _ := past(t)
	for i := range 120 {
		r.register(t, fmt.Sprintf(`{"client_name":"client %d","redirect_uris":["https://a.example.com/cb"]}`, i))
	}
	v := r.admin(t)
	seen := map[string]int{}
	for next, pages := "/admin/diff?from=6", 0; next != "" && pages < 10; pages++ {
		page := v.get(next)
		for _, m := range clientLinks.FindAllStringSubmatch(strings.ReplaceAll(page.body, "?at=126", ""), -1) {
			seen[m[1]]++
		}
		next = linkTo(page.body, "Next page")
	}
	for id, n := range seen {
		if n != 1 {
			t.Errorf("%s is there %d times", id, n)
		}
	}
	if len(seen) != 120 {
		t.Errorf("%d clients, want 120", len(seen))
	}
}

// hasty is a read model whose time is over after the first event of any search.
type hasty struct{ readmodel.Reader }

func (h hasty) ClientsAt(context.Context, readmodel.Position, readmodel.ClientQuery) (readmodel.PastClientPage, error) {
	at, err := h.Locate(context.Background(), readmodel.Moment{Seq: 2})
	return readmodel.PastClientPage{NextCursor: "AAAAAAAAAAM", Searched: at}, err
}

func (h hasty) Differences(context.Context, readmodel.Position, readmodel.Position, readmodel.DifferenceQuery) (readmodel.DifferencePage, error) {
	at, err := h.Locate(context.Background(), readmodel.Moment{Seq: 2})
	return readmodel.DifferencePage{NextCursor: "AAAAAAAAAAI", Searched: at}, err
}

// A search that was cut short says how far it came, and goes on.
func TestASearchOfThePastSaysHowFarItCame(t *testing.T) {
	r, _, _, _ := past(t, func(o *web.Options) { o.Reader = hasty{o.Reader} })
	v := r.admin(t)
	for path, want := range map[string][2]string{
		"/admin/clients?at=5&q=none":      {"Searched back to event 2 of ", "/admin/clients?at=5&cursor=AAAAAAAAAAM&q=none"},
		"/admin/diff?from=1&change=ended": {"Searched up to event 2 of ", "/admin/diff?change=ended&cursor=AAAAAAAAAAI&from=1&to=6"},
	} {
		got := v.get(path)
		if !strings.Contains(textOf(got.body), want[0]) || strings.Contains(got.body, "No clients found") || strings.Contains(got.body, "No differences") {
			t.Errorf("%s: %s", path, textOf(got.body))
		}
		if next := linkTo(got.body, "Keep looking"); next != want[1] {
			t.Errorf("%s goes on at %q, want %q", path, next, want[1])
		}
	}
}

// TestAPastListIsExported takes the clients of the past away as a file: all that matched then, as they stood.
func TestAPastListIsExported(t *testing.T) {
	r, first, _, _ := past(t)
	v := r.admin(t)
	page := v.get("/admin/clients?at=3&status=active")
	got := v.get(linkTo(page.body, "CSV"))
	records, err := csv.NewReader(strings.NewReader(got.body)).ReadAll()
	if err != nil || got.status != http.StatusOK || got.header.Get("Content-Disposition") != "attachment; filename=clients-at-event-3.csv" {
		t.Fatalf("%d %v: %v", got.status, got.header, err)
	}
	statuses := map[string]string{}
	for _, record := range records[1:] {
		statuses[record[0]] = record[3]
	}
	want, now := clientLinks.FindAllString(page.body, -1), v.get("/admin/clients/export?status=active").body
	if len(statuses) != len(want) || statuses[first.Client.ID] != "active" || strings.Contains(now, first.Client.ID) {
		t.Errorf("%v, want the %d of the page", statuses, len(want))
	}
	for _, query := range []string{"at=never", "at=3&format=xml", "at=3&kind=x", "at=999"} {
		if got := v.get("/admin/clients/export?" + query); got.status != http.StatusBadRequest || got.header.Get("Content-Disposition") != "" {
			t.Errorf("%s: %d %v", query, got.status, got.header)
		}
	}
}

// An administrator looks at the registry before an incident, and at what is different now, with scripts and without.
func TestLookingBackInABrowser(t *testing.T) {
	r, first, _, _ := past(t)
	for _, scripts := range []bool{true, false} {
		b := open(t, r)
		b.SignIn()
		b.RunScripts(scripts)
		b.Visit("/admin/clients?status=active")
		b.Click("Time machine")
		b.Enter("#at", "3")
		b.Click("Show the registry as it stood")
		b.UntilPath("/admin/clients?at=3&status=active")
		b.Until(`document.querySelector(".past").innerText.includes("As of event 3")`)
		b.Click("Till")
		b.UntilPath("/admin/clients/" + first.Client.ID + "?at=3")
		b.Click("Compare with now")
		b.UntilPath("/admin/diff?from=3")
		b.Until(`document.body.innerText.includes("Was active, is suspended.")`)
		b.Click("Ended")
		b.UntilPath("/admin/diff?change=ended&from=3&to=6")
		b.Until(`document.querySelectorAll(".differences > li").length === 1`)
		b.Visit("/admin/clients/" + first.Client.ID + "?at=3")
		b.Click("Back to now")
		b.UntilPath("/admin/clients/" + first.Client.ID)
	}
}
