package web_test

import (
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"

	"roster/domain"
	"roster/domain/oauth"
)

var eventRows = regexp.MustCompile(`<tr role="row" data-seq="(\d+)"`)

func TestTheLogIsShownNewestFirstInPages(t *testing.T) {
	r := newRegistry(t)
	var ids []string
	for i := range 60 {
		ids = append(ids, r.register(t, fmt.Sprintf(`{"client_name":"c%d","redirect_uris":["https://a.example.com/cb"]}`, i)).Client.ID)
	}
	v := r.admin(t)
	v.post("/admin/clients/"+ids[7]+"/revoke", url.Values{})

	var got []string
	next := "/admin/events"
	for pages := 0; next != "" && pages < 5; pages++ {
		page := v.get(next)
		for _, m := range eventRows.FindAllStringSubmatch(page.body, -1) {
			got = append(got, m[1])
		}
		next = linkTo(page.body, "Older events")
	}
	var want []string
	for seq := 61; seq >= 1; seq-- {
		want = append(want, fmt.Sprint(seq))
	}
	if !slices.Equal(got, want) {
		t.Errorf("the pages hold %v", got)
	}
	for query, n := range map[string]int{
		"?type=ClientRevoked": 1, "?client=" + ids[7]: 2, "?client=" + ids[8]: 1,
		"?type=ClientDeleted": 0, "?type=ClientRegistered&client=" + ids[7]: 1, "?client=none": 0,
	} {
		if rows := eventRows.FindAllString(v.get("/admin/events"+query).body, -1); len(rows) != n {
			t.Errorf("%s shows %d events, want %d", query, len(rows), n)
		}
	}
}

// A filter that no event passes says so and leads to all events.
func TestNoEventsMatch(t *testing.T) {
	r := newRegistry(t)
	r.register(t, name(1))
	page := r.admin(t).get("/admin/events?type=ClientDeleted").body
	if !strings.Contains(textOf(page), "No events match") || linkTo(page, "Clear filters") != "/admin/events" {
		t.Errorf("the log says %s", textOf(page))
	}
}

// Events of initial access tokens are shown as what they are, with the client that used one.
func TestTheLogShowsTokens(t *testing.T) {
	r := newRegistry(t)
	admin := domain.Actor{Kind: domain.ActorAdmin, ID: adminName}
	token, err := r.registrar.IssueInitialAccessToken(t.Context(), admin, domain.IssueInitialAccessToken{MaxUses: 1, Label: "Partners"})
	if err != nil {
		t.Fatal(err)
	}
	document, err := oauth.ParseDocument([]byte(`{"client_name":"Shop","redirect_uris":["https://a.example.com/cb"]}`))
	if err != nil {
		t.Fatal(err)
	}
	registered, err := r.registrar.RegisterWith(t.Context(), "192.0.2.7", token.Token, document)
	if err != nil {
		t.Fatal(err)
	}
	if err := r.registrar.RevokeInitialAccessToken(t.Context(), admin, token.ID, ""); err != nil {
		t.Fatal(err)
	}
	v := r.admin(t)
	for path, want := range map[string][]string{
		"/admin/events?type=InitialAccessTokenIssued":  {"Initial access token issued", "For 1 client", "Partners", token.ID},
		"/admin/events?type=InitialAccessTokenUsed":    {"Initial access token used", "token Partners", "Shop", registered.Client.ID},
		"/admin/events?type=InitialAccessTokenRevoked": {"Initial access token revoked", "Partners", token.ID},
		"/admin/events?type=ClientRegistered":          {"Registered", "token Partners", "Shop"},
		"/admin/":                                      {"Initial access token issued", "Initial access token used", "Registered", "Partners"},
	} {
		page := v.get(path)
		for _, text := range want {
			if !strings.Contains(textOf(page.body), text) {
				t.Errorf("%s lacks %q: %s", path, text, textOf(page.body))
			}
		}
		if !strings.Contains(page.body, `href="/admin/tokens/`+token.ID) || strings.Contains(page.body, "/admin/clients/"+token.ID) {
			t.Errorf("%s does not link to the token, or as if it were a client", path)
		}
		if strings.Contains(page.body, token.Token[len(token.ID):]) {
			t.Errorf("%s shows the token", path)
		}
	}
	other := r.issue(t, domain.IssueInitialAccessToken{Label: "Others"})
	r.register(t, name(1))
	r.update(t, registered, fmt.Sprintf(`{"client_id":%q,"client_name":"New","redirect_uris":["https://a.example.com/cb"]}`, registered.Client.ID))
	for query, n := range map[string]int{"?token=" + token.ID: 5, "?token=" + other.ID: 1, "?token=none": 0, "?token=" + token.ID + "&type=ClientUpdated": 1} {
		if rows := eventRows.FindAllString(v.get("/admin/events"+query).body, -1); len(rows) != n {
			t.Errorf("%s shows %d events, want %d", query, len(rows), n)
		}
	}
	if page := v.get("/admin/clients/" + registered.Client.ID); page.status != http.StatusOK || strings.Contains(page.body, "Initial access token used") {
		t.Errorf("the client's page: %d %s", page.status, textOf(page.body))
	}
}

// Events of the registry itself are shown as such, and link to nothing.
func TestTheLogShowsTheRegistry(t *testing.T) {
	r := newRegistry(t)
	r.append(t, domain.SealingKeyIntroduced{KeyID: "<b>key"}, domain.SealingKeyLost{KeyID: "gone"}, domain.LossAccepted{From: 7, To: 9})
	v := r.admin(t)
	page := v.get("/admin/events")
	for _, want := range []string{
		"Sealing key introducedRegistry key <b>keythe system", "Sealing key lostRegistry key gone",
		"Loss of events acceptedRegistry events 7 to 9",
	} {
		if !strings.Contains(textOf(page.body), want) {
			t.Errorf("the log lacks %q: %s", want, textOf(page.body))
		}
	}
	if strings.Contains(page.body, "/admin/clients/registry") || strings.Contains(page.body, "<b>key") {
		t.Error("the log links to the registry as if it were a client, or shows a key's id as markup")
	}
	if got := v.get("/admin/"); got.status != http.StatusOK || !strings.Contains(textOf(got.body), "Loss of events accepted") {
		t.Errorf("the overview: %d %s", got.status, textOf(got.body))
	}
}

func TestTheOverviewCounts(t *testing.T) {
	r := newRegistry(t)
	v := r.admin(t)
	if got := textOf(v.get("/admin/").body); !strings.Contains(got, "No client has registered yet") || !strings.Contains(got, r.server.URL+"/identity/connect/register") {
		t.Errorf("before the first client: %s", got)
	}
	a := r.register(t, `{"client_name":"a","redirect_uris":["https://a.example.com/cb"]}`)
	r.register(t, `{"client_name":"b","redirect_uris":["https://a.example.com/cb"]}`)
	if err := r.registrar.Delete(t.Context(), "192.0.2.7", a.Client.ID, a.RegistrationAccessToken); err != nil {
		t.Fatal(err)
	}
	got := textOf(v.get("/admin/").body)
	for _, want := range []string{"Active 1", "Revoked 0", "Deleted 1", "Events 3", " 2 clients registered and 1 ended"} {
		if !strings.Contains(got, want) {
			t.Errorf("the overview lacks %q: %s", want, got)
		}
	}
}
