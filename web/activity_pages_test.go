package web_test

import (
	"context"
	"encoding/csv"
	"fmt"
	"html"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"roster/domain"
	"roster/projections/readmodel"
	"roster/web"
)

// sequences returns the sequences of the events that a page lists.
func sequences(page answer) (seqs []string) {
	for _, m := range eventRows.FindAllStringSubmatch(page.body, -1) {
		seqs = append(seqs, m[1])
	}
	return seqs
}

// Each filter selects what it says, filters combine, and each stands as a chip that leads to the log without it.
func TestFiltersOfTheLogCombine(t *testing.T) {
	r := newRegistry(t)
	a := r.register(t, name(1))                                                                                                                                           // 1
	b := r.register(t, name(2))                                                                                                                                           // 2
	r.update(t, a, fmt.Sprintf(`{"client_id":%q,"client_name":"new name","redirect_uris":["https://a.example.com/cb"]}`, a.Client.ID))                                    // 3
	r.update(t, a, fmt.Sprintf(`{"client_id":%q,"client_name":"new name","redirect_uris":["https://a.example.com/cb","https://b.example.net/cb"]}`, a.Client.ID))         // 4
	r.update(t, b, fmt.Sprintf(`{"client_id":%q,"client_name":"client 2","redirect_uris":["https://a.example.com/cb"],"client_name#de":"Kunde 2"}`, b.Client.ID))         // 5
	for _, alice := range []domain.Actor{{Kind: domain.ActorAdmin, ID: "alice", IP: "2001:db8::7"}, {Kind: domain.ActorAdmin, ID: "bob: the second", IP: "192.0.2.99"}} { // 6, 7
		if err := r.registrar.Suspend(t.Context(), alice, a.Client.ID, "leaked \"again\""); err != nil {
			t.Fatal(err)
		}
		if err := r.registrar.Resume(t.Context(), alice, a.Client.ID); err != nil {
			t.Fatal(err)
		}
	} // 8, 9 are the second's
	v := r.admin(t)
	now := time.Now().UTC()
	for query, want := range map[string][]string{
		"":                              {"9", "8", "7", "6", "5", "4", "3", "2", "1"},
		"actor=client":                  {"5", "4", "3", "2", "1"},
		"actor=admin":                   {"9", "8", "7", "6"},
		"actor=admin:alice":             {"7", "6"},
		"actor=admin:bob%3A+the+second": {"9", "8"},
		"actor=system":                  nil,
		"ip=192.0.2.7":                  {"5", "4", "3", "2", "1"},
		"ip=192.0.2.0/24":               {"9", "8", "5", "4", "3", "2", "1"},
		"ip=2001:DB8::/32":              {"7", "6"},
		"ip=::ffff:192.0.2.99":          {"9", "8"},
		"ip=::ffff:192.0.2.0/120":       {"9", "8", "5", "4", "3", "2", "1"},
		"events=3..5":                   {"5", "4", "3"},
		"events=..2&actor=client":       {"2", "1"},
		"events=8..":                    {"9", "8"},
		"events=7":                      {"7"},
		"events=100..200":               nil,
		"member=redirect_uris":          {"4"},
		"member=client_name":            {"3"},
		"member=client_name%23de":       {"5"},
		"member=client_name&client=" + b.Client.ID:                                              nil,
		"type=ClientSuspended&actor=admin:alice":                                                {"6"},
		"ip=192.0.2.0/24&actor=admin&type=ClientResumed&client=" + strings.ToUpper(a.Client.ID): {"9"},
		"since=" + now.AddDate(0, 0, -1).Format("2006-01-02"):                                   {"9", "8", "7", "6", "5", "4", "3", "2", "1"},
		"until=" + now.Add(time.Hour).Format("2006-01-02T15:04"):                                {"9", "8", "7", "6", "5", "4", "3", "2", "1"},
		"until=" + now.AddDate(0, 0, -2).Format("2006-01-02"):                                   nil,
		"since=" + now.Add(time.Hour).Format(time.RFC3339):                                      nil,
	} {
		page := v.get("/admin/events?" + query)
		if got := sequences(page); page.status != http.StatusOK || !slices.Equal(got, want) {
			t.Errorf("%s: status %d, events %v, want %v", query, page.status, got, want)
		}
		chips := chipsOf(page.body)
		given, _ := url.ParseQuery(query)
		if len(chips) != len(given) {
			t.Errorf("%s: chips %v", query, chips)
		}
		for _, without := range chips {
			left, err := url.Parse(without)
			if err != nil || len(left.Query()) != len(given)-1 {
				t.Errorf("%s: a chip leads to %s", query, without)
			}
		}
		if want == nil && !strings.Contains(page.body, "No events match") {
			t.Errorf("%s: it is not said that nothing matches", query)
		}
	}
	if page := v.get("/admin/events?actor=admin&ip=192.0.2.0/24"); !strings.Contains(page.body, `href="/admin/events?actor=admin&amp;client=`+a.Client.ID+`&amp;ip=192.0.2.0%2F24"`) {
		t.Error("a client of a row does not add to the filters")
	}
}

// chipsOf returns where the chips of a page lead.
func chipsOf(body string) (leads []string) {
	_, chips, found := strings.Cut(body, `class="chips"`)
	if !found {
		return nil
	}
	chips, _, _ = strings.Cut(chips, `class="all"`)
	for _, m := range regexp.MustCompile(`href="([^"]*)"`).FindAllStringSubmatch(chips, -1) {
		leads = append(leads, html.UnescapeString(m[1]))
	}
	return leads
}

func TestRowsOfTheLogSayWhatHappened(t *testing.T) {
	r := newRegistry(t)
	c := r.register(t, `{"client_name":"Portal","redirect_uris":["https://a.example.com/cb","https://a.example.com/old"]}`)
	r.update(t, c, fmt.Sprintf(`{"client_id":%q,"client_name":"Portal 2","contacts":["ops@example.com"],"tos_uri":"https://a.example.com/tos",
		"redirect_uris":["https://payroll.example.net/b","com.example.app:/cb","https://a.example.com/cb"]}`, c.Client.ID))
	r.update(t, c, fmt.Sprintf(`{"client_id":%q,"client_name":"Portal 2","token_endpoint_auth_method":"none",
		"redirect_uris":["https://a.example.com/cb","https://payroll.example.net/b","com.example.app:/cb"]}`, c.Client.ID))
	admin := domain.Actor{Kind: domain.ActorAdmin, ID: adminName}
	if err := r.registrar.Revoke(t.Context(), admin, c.Client.ID, "left <b>the</b> company"); err != nil {
		t.Fatal(err)
	}
	page := r.admin(t).get("/admin/events")
	for _, want := range []string{
		"Registereda.example.com",
		"Changedredirect_uris +2 −1client_name changed",
		"new host payroll.example.net and 1 more",
		"redirect_uris reordered", "The client secret stopped working",
		"Revokedleft <b>the</b> company",
	} {
		if !strings.Contains(textOf(page.body), want) {
			t.Errorf("the log lacks %q: %s", want, textOf(page.body))
		}
	}
	if strings.Contains(page.body, "<b>") {
		t.Error("the log takes text for markup")
	}
}

// A page for each event tells all of it but hashes, and leads to its neighbours and to what is like it.
func TestAnEventHasAPage(t *testing.T) {
	r := newRegistry(t)
	c := r.register(t, `{"client_name":"Portal","redirect_uris":["https://a.example.com/cb","https://a.example.com/old"],"response_types":["code","id_token"]}`)
	r.update(t, c, fmt.Sprintf(`{"client_id":%q,"client_name":"`+hostile+`","redirect_uris":["https://a.example.com/cb"]}`, c.Client.ID))
	admin := domain.Actor{Kind: domain.ActorAdmin, ID: adminName, IP: "2001:db8::7"}
	if err := r.registrar.Revoke(t.Context(), admin, c.Client.ID, "left the company"); err != nil {
		t.Fatal(err)
	}
	v := r.admin(t)
	for seq, want := range map[int][]string{
		1: {"Event 1", "Registered", c.Client.ID, "the client itself", "192.0.2.7", "All from this address", "added: https://a.example.com/old",
			"Requested, but not registered because the client may not have it:response_typesid_token", "After: 8 members", `"seq": 1`, `"type": "ClientRegistered"`},
		2: {"Event 2", "Changed", "removed: https://a.example.com/old", "removed: Portaladded: " + hostile, "Before: 8 members", "After: 8 members", `"client_name": "<script>`},
		3: {"Event 3", "Revoked", "administrator admin", "All by this administrator", "2001:db8::7", "left the company", `"reason": "left the company"`},
	} {
		page := v.get(fmt.Sprint("/admin/events/", seq))
		text := textOf(strings.NewReplacer("<bdi dir=\"auto\">", "", "</bdi>", "").Replace(page.body))
		for _, part := range want {
			if !strings.Contains(text, part) {
				t.Errorf("event %d lacks %q: %s", seq, part, text)
			}
		}
		if strings.Contains(page.body, "<script>alert") || strings.Contains(page.body, "digest") {
			t.Errorf("event %d takes text for markup, or shows a hash:\n%s", seq, page.body)
		}
		previous, next := "", ""
		if seq > 1 {
			previous = fmt.Sprint("/admin/events/", seq-1)
		}
		if seq < 3 {
			next = fmt.Sprint("/admin/events/", seq+1)
		}
		if got := linkTo(page.body, "Previous event"); got != previous {
			t.Errorf("the event before %d is said to be %q", seq, got)
		}
		if got := linkTo(page.body, "Next event"); got != next {
			t.Errorf("the event after %d is said to be %q", seq, got)
		}
	}
	if rows := sequences(v.get(linkTo(v.get("/admin/events/3").body, "All from this address"))); !slices.Equal(rows, []string{"3"}) {
		t.Errorf("all from that address are %v", rows)
	}
}

// impatient is a read model that at first looks at nothing before an event.
type impatient struct {
	readmodel.Reader
	reached uint64
	at      time.Time
}

func (i impatient) FindEvents(ctx context.Context, q readmodel.EventQuery) (readmodel.EventPage, error) {
	if q.Before != 0 {
		return i.Reader.FindEvents(ctx, q)
	}
	q.After = i.reached - 1
	page, err := i.Reader.FindEvents(ctx, q)
	page.Next, page.SearchedTo = i.reached, i.at
	return page, err
}

// A search that takes long ends, says how far it came and leads on.
func TestASearchOfTheLogGoesOnWhereItEnded(t *testing.T) {
	at := time.Date(2026, 11, 3, 9, 30, 0, 0, time.UTC)
	r := newRegistry(t, func(o *web.Options) { o.Reader = impatient{o.Reader, 2, at} })
	r.register(t, name(1))
	r.register(t, name(2))
	admin := r.admin(t)
	for query, want := range map[string]string{
		"?ip=192.0.2.7":       "Searched back to 3 Nov 2026, 09:30 UTC.",
		"?type=ClientRevoked": "No event since 3 Nov 2026, 09:30 UTC matches.",
	} {
		page := admin.get("/admin/events" + query)
		if !strings.Contains(textOf(page.body), want) || strings.Contains(page.body, "No events match") {
			t.Errorf("%s lacks %q: %s", query, want, textOf(page.body))
		}
		next := linkTo(page.body, "Keep looking")
		if next != "/admin/events?before=2&"+query[1:] {
			t.Errorf("%s leads on to %q", query, next)
		}
	}
	first := admin.get("/admin/events?ip=192.0.2.7")
	if got := sequences(admin.get(linkTo(first.body, "Keep looking"))); !slices.Equal(got, []string{"1"}) {
		t.Errorf("further on are %v", got)
	}
}

// The pages of a search that ended early are accessible.
func TestASearchThatEndedEarlyIsAccessible(t *testing.T) {
	at := time.Date(2026, 11, 3, 9, 30, 0, 0, time.UTC)
	r := newRegistry(t, func(o *web.Options) { o.Reader = impatient{o.Reader, 2, at} })
	r.register(t, name(1))
	r.register(t, name(2))
	b := open(t, r)
	b.SignIn()
	for _, query := range []string{"?ip=192.0.2.7", "?type=ClientRevoked"} {
		b.CheckPage("/admin/events" + query)
	}
	b.Click("Keep looking")
	b.UntilPath("/admin/events?before=2&type=ClientRevoked")
}

// TestActivityIsExported takes filtered activity away as a file, which says up to which event it tells all.
func TestActivityIsExported(t *testing.T) {
	r := newRegistry(t)
	c := r.register(t, `{"client_name":"=HYPERLINK(\"https://x\")","redirect_uris":["https://a.example.com/cb"]}`)
	r.update(t, c, fmt.Sprintf(`{"client_id":%q,"client_name":"Portal, \"new\"","redirect_uris":["https://a.example.com/cb","https://payroll.example.net/b"]}`, c.Client.ID))
	admin := domain.Actor{Kind: domain.ActorAdmin, ID: "@alice", IP: "2001:db8::7"}
	if err := r.registrar.Suspend(t.Context(), admin, c.Client.ID, "-1+2\nsecond line"); err != nil {
		t.Fatal(err)
	}
	r.register(t, name(4))
	v := r.admin(t)
	got := v.get("/admin/events/export?events=..3")
	if got.status != http.StatusOK || got.header.Get("Content-Type") != "text/csv; charset=utf-8" ||
		got.header.Get("Content-Disposition") != "attachment; filename=activity-to-event-4.csv" {
		t.Fatalf("status %d, %v", got.status, got.header)
	}
	records, err := csv.NewReader(strings.NewReader(got.body)).ReadAll()
	if err != nil || len(records) != 4 {
		t.Fatalf("%v: %q", err, records)
	}
	cell := func(row int, column string) string { return records[row][slices.Index(records[0], column)] }
	for column, want := range map[string][3]string{
		"event":           {"1", "2", "3"},
		"type":            {"ClientRegistered", "ClientUpdated", "ClientSuspended"},
		"client_id":       {c.Client.ID, c.Client.ID, c.Client.ID},
		"client_name":     {`'=HYPERLINK("https://x")`, `Portal, "new"`, ""},
		"actor":           {"client", "client", "admin"},
		"actor_id":        {c.Client.ID, c.Client.ID, "'@alice"},
		"ip":              {"192.0.2.7", "192.0.2.7", "2001:db8::7"},
		"changed_members": {"", "redirect_uris +1; client_name changed", ""},
		"new_hosts":       {"a.example.com", "payroll.example.net", ""},
		"reason":          {"", "", "'-1+2\nsecond line"},
	} {
		if got := [3]string{cell(1, column), cell(2, column), cell(3, column)}; got != want {
			t.Errorf("%s is %q, want %q", column, got, want)
		}
	}

	lines := v.get("/admin/events/export?format=jsonl&member=redirect_uris")
	if lines.header.Get("Content-Disposition") != "attachment; filename=activity-to-event-4.jsonl" || strings.Count(lines.body, "\n") != 1 ||
		!strings.HasPrefix(lines.body, `{"seq":2,`) || strings.Contains(v.get("/admin/events/export?format=jsonl").body, "digest") {
		t.Errorf("%v: %s", lines.header, lines.body)
	}
	page := v.get("/admin/events?ip=192.0.2.0/24")
	if got := linkTo(page.body, "CSV"); got != "/admin/events/export?format=csv&ip=192.0.2.0%2F24" {
		t.Errorf("the page exports %q", got)
	}
	for _, query := range []string{"format=pdf", "ip=x", "events=3..1"} {
		if got := v.get("/admin/events/export?" + query); got.status != http.StatusBadRequest || got.header.Get("Content-Disposition") != "" {
			t.Errorf("%s: status %d, %v", query, got.status, got.header)
		}
	}
	if got := r.visitor(t).get("/admin/events/export"); got.status != http.StatusSeeOther {
		t.Errorf("a stranger gets status %d", got.status)
	}
}
