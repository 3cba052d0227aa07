package web_test

import (
	"context"
	"errors"
	"fmt"
	"html"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"roster/domain"
	"roster/projections/readmodel"
	"roster/web"
)

// hostile is a name that would be a script if it were ever taken for markup.
const hostile = `<script>alert(1)</script>`

func TestEveryAnswerIsGuarded(t *testing.T) {
	r := newRegistry(t)
	v := r.admin(t)
	for _, path := range []string{"/admin/", "/admin/login", "/admin/clients", "/admin/events", "/admin/clients/none", "/admin/none", "/admin"} {
		header := v.get(path).header
		policy := header.Get("Content-Security-Policy")
		for _, want := range []string{"default-src 'none'", "script-src 'self'", "style-src 'self'", "form-action 'self'", "frame-ancestors 'none'", "base-uri 'none'"} {
			if !strings.Contains(policy, want) {
				t.Errorf("%s: policy %q lacks %q", path, policy, want)
			}
		}
		if strings.Contains(policy, "unsafe") {
			t.Errorf("%s: policy %q", path, policy)
		}
		if header.Get("X-Content-Type-Options") != "nosniff" || header.Get("Cache-Control") != "no-store" || header.Get("Referrer-Policy") == "" {
			t.Errorf("%s: headers %v", path, header)
		}
	}
}

func TestTheRootLeadsToTheDashboard(t *testing.T) {
	r := newRegistry(t)
	if got := r.visitor(t).get("/"); got.status != http.StatusFound || got.header.Get("Location") != "/admin/" {
		t.Errorf("status %d to %q", got.status, got.header.Get("Location"))
	}
}

func TestErrorsAreAnsweredInTheDashboardsStyle(t *testing.T) {
	r := newRegistry(t)
	v := r.admin(t)
	for path, want := range map[string]struct {
		status int
		text   string
	}{
		"/admin/none":                        {http.StatusNotFound, "No such page"},
		"/admin/clients/none":                {http.StatusNotFound, "No such client"},
		"/admin/clients/%ff%00":              {http.StatusNotFound, "No such client"},
		"/admin/clients/none/revoke":         {http.StatusNotFound, "No such client"},
		"/admin/clients?cursor=nonsense":     {http.StatusBadRequest, "This list link is no longer valid"},
		"/admin/clients?status=dead":         {http.StatusBadRequest, "active, suspended, revoked, deleted or lost"},
		"/admin/clients?q=" + long("x", 201): {http.StatusBadRequest, "up to 200 characters"},
		"/admin/events?type=Nothing":         {http.StatusBadRequest, "no such type"},
		"/admin/events?before=-1":            {http.StatusBadRequest, "whole number"},
		"/admin/?days=31":                    {http.StatusBadRequest, "30, 90 or 365"},
		"/admin/events/0":                    {http.StatusNotFound, "No such event"},
		"/admin/events/7":                    {http.StatusNotFound, "No such event"},
		"/admin/events/one":                  {http.StatusNotFound, "No such event"},
		"/admin/events?ip=here":              {http.StatusBadRequest, "203.0.113.0/24"},
		"/admin/events?actor=nobody":         {http.StatusBadRequest, "admin:alice"},
		"/admin/events?ip=203.0.113.0/33":    {http.StatusBadRequest, "a network such as 203.0.113.0/24"},
		"/admin/events?events=5..3":          {http.StatusBadRequest, "such as 1001..1312"},
		"/admin/events?events=x":             {http.StatusBadRequest, "such as 1001..1312"},
		"/admin/events?since=yesterday":      {http.StatusBadRequest, "2026-11-24T09:30"},
		"/admin/events?until=13:00":          {http.StatusBadRequest, "2026-11-24T09:30"},
		"/admin/events?member=colour":        {http.StatusBadRequest, "no such member"},
		"/admin/tokens/none":                 {http.StatusNotFound, "No such token"},
		"/admin/tokens/%ff%00":               {http.StatusNotFound, "No such token"},
		"/admin/tokens/none/revoke":          {http.StatusNotFound, "No such token"},
		"/admin/tokens?cursor=nonsense":      {http.StatusBadRequest, "Start again from the first page"},
		"/admin/tokens?status=dead":          {http.StatusBadRequest, "active, used_up, expired, revoked or lost"},
	} {
		got := v.get(path)
		if got.status != want.status || !strings.Contains(got.body, want.text) || !strings.Contains(got.body, `class="brand"`) {
			t.Errorf("%s: status %d, want %d with %q:\n%s", path, got.status, want.status, want.text, got.body)
		}
	}
	for _, path := range []string{"/admin/events", "/admin/clients", "/admin/assets/none.js"} {
		got := v.send(http.MethodDelete, path, "", nil)
		if got.status != http.StatusMethodNotAllowed && got.status != http.StatusNotFound || !strings.Contains(got.body, `class="brand"`) {
			t.Errorf("DELETE %s: status %d: %s", path, got.status, got.body)
		}
	}
}

// Those who watch whether the dashboard is up ask with HEAD, before anybody has signed in.
func TestHeadOfPages(t *testing.T) {
	r := newRegistry(t)
	client := r.register(t, `{"redirect_uris":["https://client.example.org/cb"]}`)
	page := "/admin/clients/" + client.Client.ID
	for _, v := range []*visitor{r.visitor(t), r.admin(t)} {
		for _, path := range []string{"/", "/admin", "/admin/login", "/admin/", "/admin/clients", page, page + "/revoke", "/admin/events", "/admin/events/1", "/admin/tokens", "/admin/tokens/new", "/admin/none"} {
			got, head := v.get(path), v.send(http.MethodHead, path, "", nil)
			if head.status != got.status || head.header.Get("Location") != got.header.Get("Location") || head.body != "" {
				t.Errorf("HEAD %s: %d %v, GET: %d %v", path, head.status, head.header, got.status, got.header)
			}
		}
	}
}

func TestFaultsTellNothingOfTheInside(t *testing.T) {
	for name, c := range map[string]struct {
		err    error
		status int
		text   string
	}{
		"outcome unknown": {fmt.Errorf("nats at 10.0.0.1: %w", domain.ErrOutcomeUnknown), http.StatusServiceUnavailable, "not known whether"},
		"no leader":       {fmt.Errorf("nats at 10.0.0.1: %w", domain.ErrUnavailable), http.StatusServiceUnavailable, "event log is not available"},
		"disk full":       {fmt.Errorf("nats at 10.0.0.1: %w", domain.ErrDiskFull), http.StatusServiceUnavailable, "The disk is full"},
		"being built":     {fmt.Errorf("nats at 10.0.0.1: %w", readmodel.ErrUnavailable), http.StatusServiceUnavailable, "The read model cannot be read"},
		"too slow":        {fmt.Errorf("nats at 10.0.0.1: %w", context.DeadlineExceeded), http.StatusServiceUnavailable, "in time"},
		"anything":        {errors.New("nats at 10.0.0.1: disk full"), http.StatusInternalServerError, "Something went wrong"},
		"panic":           {nil, http.StatusInternalServerError, "Something went wrong"},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRegistry(t, appending(func(domain.Change) error {
				if c.err == nil {
					panic("a fault of ours")
				}
				return c.err
			}))
			client := r.register(t, `{"redirect_uris":["https://a.example.com/cb"]}`)
			got := r.admin(t).post("/admin/clients/"+client.Client.ID+"/revoke", url.Values{})
			if got.status != c.status || !strings.Contains(got.body, c.text) {
				t.Errorf("status %d, want %d with %q: %s", got.status, c.status, c.text, got.body)
			}
			if unavailable := c.status == http.StatusServiceUnavailable; unavailable != (got.header.Get("Retry-After") != "") {
				t.Errorf("status %d with Retry-After %q", got.status, got.header.Get("Retry-After"))
			}
			if strings.Contains(got.body, "10.0.0.1") || strings.Contains(got.body, "fault of ours") {
				t.Error("the page tells of the inside")
			}
			if c.status >= 500 && r.logged.String() == "" {
				t.Error("nothing was logged")
			}
		})
	}
}

func TestAReadModelThatStoppedIsSaid(t *testing.T) {
	for name, c := range map[string]struct {
		health readmodel.Health
		want   string
	}{
		"stopped":     {readmodel.Health{Applied: 1200, Last: 1300, Err: errors.New("unknown type")}, "Event 1,201 could not be applied: unknown type. Pages show the registry as of event 1,200 of 1,300."},
		"in trouble":  {readmodel.Health{Applied: 1200, Last: 1200, Trouble: errors.New("disk at /srv/x")}, "cannot follow the event log at present"},
		"catching up": {readmodel.Health{Applied: 1200, Last: 90000}, "The read model is catching up. Pages show the registry as of event 1,200 of 90,000."},
		"rebuilding":  {readmodel.Health{Applied: 1200, Last: 90000, Trouble: readmodel.ErrRebuilding}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRegistry(t, func(o *web.Options) { o.Reader = ill{o.Reader, c.health} })
			got := r.admin(t).get("/admin/")
			if said := strings.Contains(got.body, `class="note `); said != (c.want != "") {
				t.Errorf("the page says that it is out of date: %t", said)
			}
			if !strings.Contains(got.body, c.want) || strings.Contains(got.body, "/srv/x") {
				t.Errorf("want %q in:\n%s", c.want, got.body)
			}
		})
	}
}

// ill is a read model with a state of health.
type ill struct {
	readmodel.Reader
	health readmodel.Health
}

func (i ill) Health() readmodel.Health { return i.health }

func TestHostileTextIsTextEverywhere(t *testing.T) {
	r := newRegistry(t)
	body := fmt.Sprintf(`{"client_name":%q,"redirect_uris":["https://a.example.com/cb"],"client_uri":"https://a.example.com/","logo_uri":"https://a.example.com/logo.png","ext_param_owner":"<img src=x onerror=alert(2)>"}`, hostile)
	client := r.register(t, body)
	path := "/admin/clients/" + client.Client.ID
	v := r.admin(t)
	pages := map[string]answer{}
	for _, p := range []string{"/admin/", "/admin/clients", "/admin/clients?q=script", path, path + "/revoke", "/admin/events",
		"/admin/clients?q=" + url.QueryEscape(hostile+"none"), "/admin/events?client=" + url.QueryEscape(hostile)} {
		pages[p] = v.get(p)
	}
	v.post(path+"/revoke", url.Values{"reason": {hostile}})
	pages["after revoking"] = v.get(path)
	for name, got := range pages {
		if got.status != http.StatusOK {
			t.Errorf("%s: status %d", name, got.status)
		}
		if strings.Contains(got.body, "<script>") || strings.Contains(got.body, "<img") {
			t.Errorf("%s takes text for markup:\n%s", name, got.body)
		}
		if !strings.Contains(html.UnescapeString(got.body), hostile) {
			t.Errorf("%s does not show the text", name)
		}
		for _, m := range regexp.MustCompile(`(?:href|src|action)="([^"]*)"`).FindAllStringSubmatch(got.body, -1) {
			if target := m[1]; target != "#main" && !strings.HasPrefix(target, "/admin/") {
				t.Errorf("%s refers to %q", name, target)
			}
		}
	}
}

func TestNoPageShowsASecretOrItsDigest(t *testing.T) {
	r := newRegistry(t)
	client := r.register(t, `{"client_name":"a","redirect_uris":["https://a.example.com/cb"]}`)
	digest, _ := domain.DigestOf(client.ClientSecret).MarshalText()
	token, _ := client.Client.RegistrationAccessToken.MarshalText()
	v := r.admin(t)
	path := "/admin/clients/" + client.Client.ID
	issued := r.issue(t, domain.IssueInitialAccessToken{})
	tokenDigest, _ := issued.Digest.MarshalText()
	for _, p := range []string{"/admin/", "/admin/clients", path, path + "/revoke", "/admin/events", "/admin/events/1", "/admin/events/2",
		"/admin/tokens", "/admin/tokens/" + issued.ID, "/admin/tokens/" + issued.ID + "/revoke"} {
		got := v.get(p)
		if got.status != http.StatusOK {
			t.Errorf("%s: status %d", p, got.status)
		}
		for _, secret := range []string{client.ClientSecret, client.RegistrationAccessToken, string(digest), string(token), adminPassword, issued.Token, string(tokenDigest)} {
			if secret == "" || strings.Contains(got.body+r.logged.String(), secret) {
				t.Errorf("%s shows or logs %q", p, secret)
			}
		}
	}
}

var tags = regexp.MustCompile(`<[^>]*>`)

// textOf is the text of a page with its spaces made one.
func textOf(body string) string {
	return strings.Join(strings.Fields(html.UnescapeString(tags.ReplaceAllString(body, ""))), " ")
}

func long(text string, n int) string { return strings.Repeat(text, n) }
