package web_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
)

// The pages of a client lead back to the list that it was found in, also after something was done to it.
func TestTheWayBackKeepsTheSearch(t *testing.T) {
	r := newRegistry(t)
	id := r.register(t, `{"client_name":"Billing","redirect_uris":["https://a.example.com/cb"]}`).Client.ID
	v := r.admin(t)
	const list = "/admin/clients?q=bill&status=active"
	page := linkTo(v.get(list).body, `<bdi dir="auto">Billing</bdi>`)
	if !strings.HasPrefix(page, "/admin/clients/"+id+"?") {
		t.Fatalf("the list leads to %q", page)
	}
	back := func(path string) string { return linkTo(v.get(path).body, "Clients found") }
	ask := linkTo(v.get(page).body, "Suspend…")
	if got := back(page); got != list {
		t.Errorf("the client leads back to %q", got)
	}
	if got := back(ask); got != list {
		t.Errorf("%s leads back to %q", ask, got)
	}
	if got := linkTo(v.get(ask).body, "Cancel"); got != page {
		t.Errorf("Cancel leads to %q", got)
	}
	done := v.post(ask, url.Values{})
	if got := done.header.Get("Location"); got != page || back(got) != list {
		t.Errorf("after that comes %q", got)
	}
	if got := linkTo(v.get("/admin/clients/"+id).body, "Clients"); got != "/admin/clients" {
		t.Errorf("without a search it leads back to %q", got)
	}
	for _, hostile := range []string{"https://evil.example/", "//evil.example", `"><script>`, "%zz", "a;b"} {
		page := v.get("/admin/clients/" + id + "?list=" + url.QueryEscape(hostile))
		if page.status != http.StatusOK || strings.Contains(page.body, `href="https:`) || strings.Contains(page.body, `href="//`) || strings.Contains(page.body, "<script>") {
			t.Errorf("%q: status %d: %s", hostile, page.status, page.body)
		}
	}
}

// Another spelling of an address leads to the one that a page has.
func TestOtherSpellingsLeadToThePage(t *testing.T) {
	r := newRegistry(t)
	id := r.register(t, name(1)).Client.ID
	v := r.admin(t)
	page := "/admin/clients/" + id
	for other, want := range map[string]string{
		"/admin/clients/":                       "/admin/clients",
		"/admin/clients/?q=a&status=active":     "/admin/clients?q=a&status=active",
		"/admin/events/":                        "/admin/events",
		page + "/":                              page,
		"/admin/clients/" + strings.ToUpper(id): page,
		"/admin/clients/" + strings.ToUpper(id) + "/revoke?a=b": page + "/revoke?a=b",
	} {
		for _, method := range []string{http.MethodGet, http.MethodHead} {
			got := v.send(method, other, "", nil)
			if got.status != http.StatusMovedPermanently || got.header.Get("Location") != want {
				t.Errorf("%s %s: status %d to %q, want %q", method, other, got.status, got.header.Get("Location"), want)
			}
		}
		if got := v.get(want); got.status != http.StatusOK {
			t.Errorf("%s: status %d", want, got.status)
		}
	}
	if got := v.post("/admin/clients/"+strings.ToUpper(id)+"/suspend", nil); got.status != http.StatusSeeOther || got.header.Get("Location") != page {
		t.Errorf("suspending by the id in capital letters: status %d to %q", got.status, got.header.Get("Location"))
	}
}
