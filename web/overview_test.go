package web_test

import (
	"cmp"
	"html"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"roster/api/refusals"
	"roster/domain"
	"roster/domain/oauth"
	"roster/web"
)

// A registration is one of the past.
type registration struct {
	at       time.Time
	from     string // address
	name     string
	software string
	token    string    // id of the initial access token
	expires  time.Time // of the client secret; zero: never
}

// registered records registrations of the past.
func (r *registry) registered(t testing.TB, registrations ...registration) {
	t.Helper()
	for _, c := range registrations {
		metadata := oauth.Metadata{"client_name": oauth.Text(c.name), "redirect_uris": oauth.List{"https://client.example.org/cb"}}
		if c.software != "" {
			metadata["software_id"] = oauth.Text(c.software)
		}
		id := uuid.NewString()
		seq, err := r.log.Append(t.Context(), domain.Change{Events: []domain.Envelope{{
			ID: "event-" + id, Time: c.at, Aggregate: domain.ClientAggregate(id), Actor: domain.Actor{Kind: domain.ActorClient, ID: id, IP: c.from},
			Event: domain.ClientRegistered{
				Metadata: metadata, IssuedAt: c.at.Truncate(time.Second), RegistrationAccessToken: domain.DigestOf(id),
				Secret: &domain.Secret{Digest: domain.DigestOf("secret " + id), ExpiresAt: c.expires.Truncate(time.Second)}, InitialAccessToken: c.token,
			},
		}}})
		if err == nil {
			err = r.model.Wait(t.Context(), seq)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

// times returns so many registrations alike.
func (c registration) times(n int) (all []registration) {
	for range n {
		all = append(all, c)
	}
	return all
}

// concern is a sentence of the overview with the number that it begins with, and where that leads.
var concern = regexp.MustCompile(`<li class="(bad|warning)"><span><a href="([^"]*)">([0-9,]+)`)

// What needs attention is said with a number, which is that of the list that it leads to.
func TestTheOverviewSaysWhatNeedsAttention(t *testing.T) {
	r := newRegistry(t)
	v := r.admin(t)
	now := time.Now().UTC()
	r.registered(t, registration{at: now.AddDate(0, 0, -100), from: "192.0.2.1", name: "Portal"})
	if got := v.get("/admin/"); got.status != http.StatusOK || !strings.Contains(got.text(), "Nothing needs attention.") {
		t.Errorf("a quiet registry: %d %s", got.status, got.text())
	}

	token := r.issue(t, domain.IssueInitialAccessToken{Label: "Build <b>"})
	r.registered(t, registration{at: now.AddDate(0, 0, -50), from: "192.0.2.1", name: "Old", expires: now.Add(-time.Hour)}.times(2)...)
	r.registered(t,
		registration{at: now.AddDate(0, 0, -50), from: "192.0.2.1", name: "Expiring", expires: now.AddDate(0, 0, 13)},
		registration{at: now.AddDate(0, 0, -50), from: "192.0.2.1", name: "Lasting", expires: now.AddDate(0, 0, 20)},
		registration{at: now.AddDate(0, 0, -50), from: "192.0.2.1", name: "Micros\u043eft"})
	// A busy address that always was, and one that was not.
	for day := range 8 {
		r.registered(t, registration{at: now.AddDate(0, 0, -day).Add(-time.Hour), from: "192.0.2.2", name: "Usual"}.times(100)...)
	}
	r.registered(t, registration{at: now.AddDate(0, 0, -3), from: "203.0.113.9", name: "Few", token: token.InitialAccessToken.ID}.times(7)...)
	r.registered(t, registration{at: now.Add(-time.Hour), from: "203.0.113.9", name: "Spike", token: token.InitialAccessToken.ID}.times(110)...)
	r.refused.Record(now.AddDate(0, 0, -2), "192.0.2.7", notHTTPS, func() refusals.Details { return refusals.Details{} })
	for range 60 {
		r.refuse("203.0.113.9", notHTTPS, refusals.Details{})
	}

	got := v.get("/admin/")
	text := got.text()
	for _, want := range []string{
		"2 active clients have a secret that has expired.",
		"1 active client has a secret that expires within 14 days.",
		"1 active client is a possible impersonation.",
		"110 clients registered in the last 24 hours from 203.0.113.9 , against 1 a day in the 7 days before.",
		"110 clients registered in the last 24 hours with the initial access token “Build &lt;b&gt;” , against 1 a day in the 7 days before.",
		"60 refusals in the last 24 hours",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in %s", want, text)
		}
	}
	if strings.Contains(text, "from 192.0.2.2") || strings.Contains(text, "Nothing needs attention") {
		t.Errorf("what is usual needs attention: %s", text)
	}
	concerns := concern.FindAllStringSubmatch(got.body, -1)
	if len(concerns) != 6 || concerns[0][1] != "bad" {
		t.Errorf("%d concerns: %q", len(concerns), concerns)
	}
	for _, c := range concerns {
		path, number := html.UnescapeString(c[2]), c[3]
		page := v.get(path)
		clients := regexp.MustCompile(`(\d+) clients?\b|of (\d+)`).FindString(page.text())
		if strings.HasPrefix(path, "/admin/clients") && !strings.Contains(page.text(), "of "+number) && clients != number+" client" && clients != number+" clients" {
			t.Errorf("%s does not list %s clients: %s", path, number, page.text())
		}
		if page.status != http.StatusOK {
			t.Errorf("%s: status %d", path, page.status)
		}
	}
}

// The overview ranks software and addresses, each with the list that it counts, and shows what administrators did last.
func TestTheOverviewRanks(t *testing.T) {
	r := newRegistry(t)
	v := r.admin(t)
	now := time.Now().UTC()
	r.registered(t, registration{at: now.AddDate(0, 0, -2), from: "192.0.2.1", name: "Old", software: "com.example.wiki"}.times(3)...)
	r.registered(t, registration{at: now.Add(-time.Hour), from: "2001:db8::7", name: "New", software: "<b>editor</b>"}.times(2)...)
	if got := v.get("/admin/").text(); !strings.Contains(got, "No administrator has changed anything yet.") {
		t.Errorf("no acts: %s", got)
	}
	r.issue(t, domain.IssueInitialAccessToken{Label: "Partners"})
	got := v.get("/admin/")
	text := got.text()
	for _, want := range []string{
		"Software of most active clients com.example.wiki 3 &lt;b&gt;editor&lt;/b&gt; 2",
		"Most registrations by address, last 24 hours 2001:db8::7 2 Latest acts",
		"Initial access token issued",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in %s", want, text)
		}
	}
	for _, name := range []string{"com.example.wiki", "2001:db8::7"} {
		link := regexp.MustCompile(`<a href="([^"]*)"><bdi dir="auto">` + regexp.QuoteMeta(name)).FindStringSubmatch(got.body)
		if link == nil {
			t.Errorf("%s leads nowhere", name)
			continue
		}
		if list := v.get(html.UnescapeString(link[1])); !strings.Contains(list.text(), " clients") || list.status != http.StatusOK {
			t.Errorf("%s: %d %s", link[1], list.status, list.text())
		}
	}
}

// The chart counts days, or weeks when there are many; its bars and the rows of its table lead to what they count.
func TestTheChartLeadsToItsDays(t *testing.T) {
	now := time.Date(2026, 11, 26, 10, 0, 0, 0, time.UTC) // a Thursday
	r := newRegistry(t, func(o *web.Options) { o.Clock = func() time.Time { return now } })
	v := r.admin(t)
	r.registered(t, registration{at: now.AddDate(0, 0, -200), from: "192.0.2.1", name: "Old"},
		registration{at: now.AddDate(0, 0, -3), from: "192.0.2.1", name: "Monday"}, registration{at: now.Add(-time.Hour), from: "192.0.2.1", name: "Today"})
	for path, want := range map[string]struct {
		bars, rows int
		bar, row   string // what they select
		text       string
	}{
		"/admin/":              {30, 30, "2026-11-23", "2026-11-23", "26 Nov 2026 so far"},
		"/admin/?days=90":      {90, 14, "2026-11-23", "2026-11-23..2026-11-26", "In 90 days up to 26 Nov 2026 2 clients registered and 0 ended."},
		"/admin/?days=365":     {53, 13, "2026-11-23..2026-11-26", "2026-11-01..2026-11-26", "1 Nov 2026 – 26 Nov 2026 so far"},
		"/admin/?at=2":         {30, 30, "2026-11-23", "2026-11-23", "23 Nov 2026 so far"},
		"/admin/?at=2&days=90": {90, 14, "2026-11-23", "2026-11-23", "In 90 days up to 23 Nov 2026 1 client registered and 0 ended."},
	} {
		got := v.get(path)
		body := html.UnescapeString(got.body)
		if bars := strings.Count(body, `class="slot"`) / 2; bars != want.bars {
			t.Errorf("%s: status %d, %d bars, want %d", path, got.status, bars, want.bars)
		}
		chart, table, _ := strings.Cut(body, "Show as table")
		if rows := strings.Count(table, `<th scope="row">`); rows != want.rows {
			t.Errorf("%s: %d rows, want %d", path, rows, want.rows)
		}
		for part, days := range map[string]string{chart: want.bar, table: want.row} {
			first, last, _ := strings.Cut(days, "..")
			at, before := "", ""
			if strings.Contains(path, "at=2") {
				at, before = "at=2&", "before=3&"
			}
			for _, link := range []string{"/admin/clients?" + at + "registered=" + days, "/admin/events?" + before + "since=" + first + "&until=" + cmp.Or(last, first)} {
				if !strings.Contains(part, `href="`+link+`"`) {
					t.Errorf("%s: no bar or row leads to %s", path, link)
				}
			}
		}
		if !strings.Contains(got.text(), want.text) {
			t.Errorf("%s: no %q in %s", path, want.text, got.text())
		}
		if strings.Count(body, "url(#chart-hatch)") != 1 && path != "/admin/?at=2" && path != "/admin/?at=2&days=90" {
			t.Errorf("%s: the day that is not over does not look so", path)
		}
	}
	if got := v.get("/admin/clients?at=2&registered=2026-11-23"); !strings.Contains(got.text(), "Monday") || strings.Contains(got.text(), "Today") {
		t.Errorf("the day of then: %s", got.text())
	}
}

// The days until a secret expires are counted from the moment that is shown.
func TestSecretsOfThePastExpireFromThen(t *testing.T) {
	r := newRegistry(t)
	v := r.admin(t)
	then := time.Now().UTC().AddDate(0, 0, -100)
	r.registered(t, registration{at: then, from: "192.0.2.1", name: "Soon", expires: then.AddDate(0, 0, 10)},
		registration{at: then, from: "192.0.2.1", name: "Later", expires: then.AddDate(0, 0, 105)})
	for query, want := range map[string]string{"secret=14d": "Soon", "secret=expired": "No clients found"} {
		if got := v.get("/admin/clients?at=2&" + query).text(); !strings.Contains(got, want) || strings.Contains(got, "Later") {
			t.Errorf("%s: %s", query, got)
		}
	}
	if got := v.get("/admin/clients?at=2&secret=14d&software=x&days=90"); !strings.Contains(got.body, `<input type="hidden" name="secret" value="14d">`) {
		t.Error("another moment forgets a filter")
	}
}
