package web_test

import (
	"encoding/csv"
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/chromedp/chromedp/kb"

	"roster/domain"
)

// findable registers clients that differ in all that they are found by. They are named by what stands for them.
func findable(t *testing.T, r *registry) map[string]string {
	t.Helper()
	ids := map[string]string{}
	for name, body := range map[string]string{
		"teams":  `{"client_name":"Microsoft Teams","redirect_uris":["https://login.example.net/cb"],"software_id":"com.microsoft.teams","software_version":"2.1","contacts":["ops@example.net"]}`,
		"fake":   `{"client_name":"Micros\u043eft Teams","redirect_uris":["https://evil.example.org/cb"]}`,
		"editor": `{"client_name":"Editor","ext_param_owner":"Desk","redirect_uris":["com.example.editor:/cb"],"software_id":"com.example.editor","token_endpoint_auth_method":"none","grant_types":["authorization_code","refresh_token"]}`,
		"pages":  `{"client_name":"Pages","redirect_uris":["https://pages.example.com/cb"],"logo_uri":"https://cdn.example.com/logo"}`,
	} {
		ids[name] = r.register(t, body).Client.ID
	}
	if err := r.registrar.Suspend(t.Context(), domain.Actor{Kind: domain.ActorAdmin, ID: adminName}, ids["pages"], ""); err != nil {
		t.Fatal(err)
	}
	return ids
}

// TestClientsAreFoundByWhatTheyAre is the filters of the list, each alone and together.
func TestClientsAreFoundByWhatTheyAre(t *testing.T) {
	r := newRegistry(t)
	ids := findable(t, r)
	v := r.admin(t)
	for query, want := range map[string]string{
		"q=microsoft":                       "teams fake",
		"q=teams+MICROSOFT":                 "teams fake",
		"q=com.example.editor":              "editor",
		"q=login.example.net":               "teams",
		"q=ｍｉｃｒｏ":                           "teams fake",
		"kind=native":                       "editor",
		"kind=web&status=active":            "teams fake",
		"auth=none":                         "editor",
		"grant=refresh_token":               "editor",
		"software=com.microsoft.teams":      "teams",
		"owner=Desk":                        "editor",
		"contact=ops%40example.net":         "teams",
		"host=pages.example.com":            "pages",
		"host=com.example.editor%3A":        "editor",
		"ip=192.0.2.7&caution=note":         "pages",
		"ip=192.0.2.8":                      "",
		"ip=192.0.2.0/24&kind=native":       "editor",
		"ip=192.0.2.8/29&kind=native":       "",
		"caution=impersonation":             "fake",
		"changed=never":                     "teams fake editor",
		"registered=..2020-01-01":           "",
		"registered=2020-01-01..&kind=web":  "teams fake pages",
		"secret=expired":                    "",
		"q=teams&caution=impersonation":     "fake",
		"q=teams&host=login.example.net":    "teams",
		"sort=name":                         "editor teams fake pages",
		"q=micro&token=no-such-token":       "",
		"unknown=x&shown=nonsense&q=editor": "editor",
	} {
		got := v.get("/admin/clients?" + query)
		if got.status != http.StatusOK {
			t.Errorf("%s: status %d", query, got.status)
		}
		found := map[string]bool{}
		for _, m := range clientLinks.FindAllStringSubmatch(got.body, -1) {
			found[m[1]] = true
		}
		for name, id := range ids {
			if wanted := strings.Contains(" "+want+" ", " "+name+" "); found[id] != wanted {
				t.Errorf("%s finds %s: %t", query, name, found[id])
			}
		}
	}
	for query, said := range map[string]string{
		"status=dead":             "active, suspended, revoked, deleted or lost",
		"kind=mobile":             "web or native",
		"ip=203.0.113":            "an IP address or a network, such as 203.0.113.9",
		"registered=yesterday":    "a day such as 2026-11-24",
		"changed=often":           "never, or a day",
		"secret=soon":             "expired, or the days",
		"caution=high":            "impersonation or note",
		"sort=age":                "registered, changed or name",
		"owner=" + long("x", 501): "up to 500 bytes",
	} {
		if got := v.get("/admin/clients?" + query); got.status != http.StatusBadRequest || !strings.Contains(textOf(got.body), said) {
			t.Errorf("%s: status %d, want 400 with %q:\n%s", query, got.status, said, textOf(got.body))
		}
	}
	// A form without scripts sends what is empty.
	if got := v.get("/admin/clients?q=&kind=web&owner=&status="); got.status != http.StatusSeeOther || got.header.Get("Location") != "/admin/clients?kind=web" {
		t.Errorf("a form is led to %d %s", got.status, got.header.Get("Location"))
	}
}

// TestTheListSaysWhatToLookAtTwice shows cautions in words, and the letters that they are about.
func TestTheListSaysWhatToLookAtTwice(t *testing.T) {
	r := newRegistry(t)
	findable(t, r)
	got := r.admin(t).get("/admin/clients")
	text := textOf(got.body)
	for _, want := range []string{
		"Possible impersonation Name has a word with letters of several alphabets that look alike.", "Note Logo does not have scheme and host of any redirect URI.",
	} {
		if strings.Count(text, want) != 1 {
			t.Errorf("the list has not once %q:\n%s", want, text)
		}
	}
	if want := `Micros<mark class="foreign-char" title="U+043E, not a Latin letter">о</mark>ft`; strings.Count(got.body, "<mark") != 1 || !strings.Contains(got.body, want) {
		t.Errorf("the list does not mark the letter")
	}
}

// TestTheListTellsWhoIsLikeAnother finds a client with the name of another owner's, and leads from one to the other.
func TestTheListTellsWhoIsLikeAnother(t *testing.T) {
	r := newRegistry(t)
	first := r.register(t, `{"client_name":"Acme Payroll","redirect_uris":["https://payroll.acme.example/cb"]}`).Client.ID
	second := r.register(t, `{"client_name":"ACME PayroII","redirect_uris":["https://acme-payroll.example.org/cb"]}`).Client.ID
	sibling := r.register(t, `{"client_name":"Acme Payroll","redirect_uris":["https://test.acme.example/cb"]}`).Client.ID
	for _, own := range []string{
		`{"client_name":"Acme Payroll","redirect_uris":["http://localhost:8080/cb"],"application_type":"native"}`,
		`{"client_name":"Test","redirect_uris":["https://a.example/cb"]}`, `{"client_name":"test","redirect_uris":["https://b.example/cb"]}`,
	} {
		r.register(t, own)
	}
	v := r.admin(t)
	list := v.get("/admin/clients?caution=impersonation")
	if links := clientLinks.FindAllStringSubmatch(list.body, -1); len(links) != 1 || links[0][1] != second || !strings.Contains(list.body, `href="/admin/clients/`+first+`"`) {
		t.Errorf("the list leads to %v, want %s and from its caution %s:\n%s", links, second, first, textOf(list.body))
	}
	want := "Name is like that of a client of another owner, which is shown here."
	for path, body := range map[string]string{"the list": list.body, "the client": v.get("/admin/clients/" + second).body} {
		if text := textOf(body); !strings.Contains(text, want) {
			t.Errorf("%s lacks %q:\n%s", path, want, text)
		}
	}
	if text := textOf(v.get("/admin/clients/" + first).body); strings.Contains(text, "impersonation") {
		t.Errorf("who was first is accused:\n%s", text)
	}
	if lines := v.get("/admin/clients/export?format=jsonl&caution=impersonation").body; strings.Count(lines, "\n") != 1 || !strings.Contains(lines, `"client_id":"`+first+`"`) {
		t.Errorf("the export is %s", lines)
	}
	// When all clients of the first owner have ended, nobody can be taken for them.
	for _, id := range []string{first, sibling} {
		if text := textOf(v.get("/admin/clients?caution=impersonation").body); !strings.Contains(text, want) {
			t.Errorf("with another client of the owner the list lacks %q:\n%s", want, text)
		}
		if err := r.registrar.Revoke(t.Context(), domain.Actor{Kind: domain.ActorAdmin, ID: adminName}, id, ""); err != nil {
			t.Fatal(err)
		}
	}
	if text := textOf(v.get("/admin/clients?caution=impersonation").body); strings.Contains(text, want) {
		t.Errorf("a client is like one that has ended:\n%s", text)
	}
}

// TestAListIsExported takes a filtered list away as a file.
func TestAListIsExported(t *testing.T) {
	r := newRegistry(t)
	ids := findable(t, r)
	r.register(t, `{"client_name":"=1+1","redirect_uris":["https://a.example.com/cb","https://a.example.com/other"],"software_id":"@evil"}`)
	v := r.admin(t)
	got := v.get("/admin/clients/export?sort=name&kind=web")
	if got.status != http.StatusOK || got.header.Get("Content-Type") != "text/csv; charset=utf-8" ||
		got.header.Get("Content-Disposition") != "attachment; filename=clients-at-event-6.csv" {
		t.Fatalf("%d %v", got.status, got.header)
	}
	records, err := csv.NewReader(strings.NewReader(got.body)).ReadAll()
	if err != nil || len(records) != 5 || records[0][0] != "client_id" {
		t.Fatalf("%v: %q", err, got.body)
	}
	cells := map[string]string{}
	for i, column := range records[0] {
		cells[column] = records[1][i]
	}
	if cells["client_name"] != "'=1+1" || cells["software_id"] != "'@evil" || cells["redirect_uris"] != "https://a.example.com/cb https://a.example.com/other" ||
		cells["registered_from"] != "192.0.2.7" || cells["status"] != "active" || cells["version"] != "1" {
		t.Errorf("the newest client is %v", cells)
	}
	lines := v.get("/admin/clients/export?format=jsonl&caution=impersonation")
	var line map[string]any
	if err := json.Unmarshal([]byte(lines.body), &line); err != nil || line["client_id"] != ids["fake"] || line["registered_from"] != "192.0.2.7" || line["client_name"] != "Micros\u043eft Teams" {
		t.Errorf("%v: %s", err, lines.body)
	}
	if lines.header.Get("Content-Disposition") != "attachment; filename=clients-at-event-6.jsonl" {
		t.Errorf("%v", lines.header)
	}
	for query, status := range map[string]int{"format=xml": http.StatusBadRequest, "kind=x": http.StatusBadRequest, "q=none": http.StatusOK} {
		if got := v.get("/admin/clients/export?" + query); got.status != status {
			t.Errorf("%s: %d", query, got.status)
		}
	}
	if got := r.visitor(t).get("/admin/clients/export"); got.status != http.StatusSeeOther {
		t.Errorf("a visitor gets %d", got.status)
	}
}

// TestAnAdministratorNarrowsAListDown follows values and takes filters away, with scripts and without.
func TestAnAdministratorNarrowsAListDown(t *testing.T) {
	r := newRegistry(t)
	findable(t, r)
	rows := func(n string) string { return `document.querySelectorAll(".clients tbody tr").length === ` + n }
	for name, scripts := range map[string]bool{"with scripts": true, "without": false} {
		t.Run(name, func(t *testing.T) {
			b := open(t, r)
			b.RunScripts(scripts)
			b.SignIn()
			b.Visit("/admin/clients")
			b.Click("com.microsoft.teams")
			b.UntilPath("/admin/clients?software=com.microsoft.teams")
			b.Until(rows("1"))
			b.Click("Remove the filter")
			b.UntilPath("/admin/clients")
			b.Until(rows("4"))
			b.Click("Possible impersonation")
			b.UntilPath("/admin/clients?caution=impersonation")
			b.Until(rows("1"))
			b.Enter("#q", "nobody"+kb.Enter)
			b.Until(`location.search.includes("q=nobody") && location.search.includes("caution=impersonation")`)
			b.Until(`document.body.innerText.includes("No clients found")`)
			b.Click("Clear filters")
			b.UntilPath("/admin/clients")
			b.Click("Filters")
			b.Enter("#host", "pages.example.com"+kb.Enter)
			b.Until(rows("1"))
			b.Until(`new URLSearchParams(location.search).get("host") === "pages.example.com" && !location.search.includes("=&")`)
		})
	}
}
