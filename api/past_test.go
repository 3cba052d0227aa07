package api_test

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"roster/api/client"
)

// A client and the list of clients can be seen as they stood, and the answer names the event that it is pinned to.
func TestClientsAsTheyStood(t *testing.T) {
	s := checked(t)
	first, second := s.client(webClient), s.client(publicClient)
	s.do("POST", "/api/v1/clients/"+first.id+"/suspension", asAdmin)
	s.do("DELETE", "/api/v1/clients/"+second.id, asAdmin)

	list := func(query string) (found []string, asOf float64) {
		t.Helper()
		got := s.do("GET", "/api/v1/clients?"+query, asAdmin)
		expect(t, got, http.StatusOK, "")
		page := got.json(t)
		for _, c := range page["clients"].([]any) {
			c := c.(map[string]any)
			found = append(found, c["client_id"].(string)+" "+c["status"].(string))
		}
		seq, err := page["as_of"].(map[string]any)["seq"].(interface{ Float64() (float64, error) }).Float64()
		if err != nil {
			t.Fatal(err)
		}
		return found, seq
	}
	for _, c := range []struct {
		query string
		asOf  float64
		want  []string
	}{
		{"at=0", 0, nil},
		{"at=0001-01-01T00:00:00Z", 0, nil},
		{"at=1", 1, []string{first.id + " active"}},
		{"at=2", 2, []string{second.id + " active", first.id + " active"}},
		{"at=3", 3, []string{second.id + " active", first.id + " suspended"}},
		{"at=4", 4, []string{second.id + " revoked", first.id + " suspended"}},
		{"at=3&status=active", 3, []string{second.id + " active"}},
		{"at=3&q=web", 3, []string{first.id + " suspended"}},
		{"at=4&owner=nobody", 4, nil},
	} {
		if found, asOf := list(c.query); asOf != c.asOf || !cmp.Equal(c.want, found) {
			t.Errorf("%s: as of event %v: %q, want %v: %q", c.query, asOf, found, c.asOf, c.want)
		}
	}
	page := s.do("GET", "/api/v1/clients?at=4&limit=1", asAdmin)
	if found, _ := list("at=4&limit=1&cursor=" + page.text(t, "next_cursor")); !cmp.Equal(found, []string{first.id + " suspended"}) {
		t.Errorf("the second page: %q", found)
	}

	then := s.do("GET", "/api/v1/clients/"+strings.ToUpper(first.id)+"?at=2", asAdmin)
	if then.text(t, "status") != "active" || then.json(t)["as_of"] == nil {
		t.Errorf("the client before it was suspended: %s", then)
	}
	if now := s.do("GET", "/api/v1/clients/"+first.id, asAdmin); now.text(t, "status") != "suspended" || now.json(t)["as_of"] != nil {
		t.Errorf("the client now: %s", now)
	}
	expect(t, s.do("GET", "/api/v1/clients/"+second.id+"?at=1", asAdmin), http.StatusNotFound, "not_found")
	for _, wrong := range []string{"/api/v1/clients?at=", "/api/v1/clients?at=yesterday", "/api/v1/clients?at=-1", "/api/v1/clients/" + first.id + "?at=x",
		"/api/v1/clients?at=1&cursor=x", "/api/v1/clients?at=1&at=2",
		"/api/v1/clients?at=5", "/api/v1/clients?at=2999-01-01T00:00:00Z", "/api/v1/clients/" + first.id + "?at=5", "/api/v1/registry?at=5", "/api/v1/registry?at=2999-01-01T00:00:00Z"} {
		expect(t, s.do("GET", wrong, asAdmin), http.StatusBadRequest, "invalid_request")
	}
}

func TestDiff(t *testing.T) {
	s := checked(t)
	kept, changed, ended := s.client(webClient), s.client(webClient), s.client(webClient)
	from := time.Now().UTC()
	added, passing := s.client(publicClient), s.client(publicClient)
	update := fmt.Sprintf(`{"client_id":%q,"redirect_uris":["https://client.example.org/new"],"client_name":"Web","logo_uri":"https://client.example.org/l"}`, changed.id)
	expect(t, s.do("PUT", changed.path, bearer(changed.token), body(update)), http.StatusOK, "")
	s.do("DELETE", ended.path, bearer(ended.token))
	s.do("DELETE", passing.path, bearer(passing.token))
	for _, act := range []string{"POST", "DELETE"} {
		expect(t, s.do(act, "/api/v1/clients/"+kept.id+"/suspension", asAdmin), http.StatusNoContent, "")
	}

	tell := func(query string) (told []string) {
		t.Helper()
		for i, line := range lines[map[string]any](t, s.do("GET", "/api/v1/diff?"+query, asAdmin)) {
			if i == 0 {
				told = append(told, fmt.Sprint(line["from"].(map[string]any)["seq"], "-", line["to"].(map[string]any)["seq"]))
				continue
			}
			c := line["client"].(map[string]any)
			told = append(told, fmt.Sprint(line["change"], " ", c["client_id"], " ", line["status_before"], " ", c["status"], " ", line["events"], " ",
				line["metadata_before"], " ", line["metadata_after"]))
		}
		return told
	}
	all := []string{
		"",
		"added " + added.id + " <nil> active 1 <nil> <nil>",
		"transient " + passing.id + " <nil> deleted 2 <nil> <nil>",
		"changed " + changed.id + " active active 1 map[redirect_uris:[https://client.example.org/cb]] map[logo_uri:https://client.example.org/l redirect_uris:[https://client.example.org/new]]",
		"ended " + ended.id + " active deleted 1 <nil> <nil>",
		"unchanged " + kept.id + " active active 2 <nil> <nil>",
	}
	for query, want := range map[string][]string{
		"from=3":                                {"3-10", all[1], all[2], all[3], all[4], all[5]},
		"from=" + from.Format(time.RFC3339Nano): {"3-10", all[1], all[2], all[3], all[4], all[5]},
		"from=3&to=7":                           {"3-7", all[1], "added " + passing.id + " <nil> active 1 <nil> <nil>", all[3], all[4]},
		"from=3&change=ended":                   {"3-10", all[4]},
		"from=3&change=transient":               {"3-10", all[2]},
		"from=10":                               {"10-10"},
	} {
		if d := cmp.Diff(want, tell(query)); d != "" {
			t.Errorf("%s (-want +got):\n%s", query, d)
		}
	}
	if told := tell("from=0&to=3"); len(told) != 4 || told[0] != "0-3" {
		t.Errorf("since the beginning: %q", told)
	}
	for _, wrong := range []string{"", "from=", "from=x", "to=3", "from=1&to=", "from=1&to=x", "from=3&to=2", "from=1&change=gone", "from=1&change=", "from=1&at=2",
		"from=11", "from=3&to=11", "from=3&to=2999-01-01T00:00:00Z"} {
		expect(t, s.do("GET", "/api/v1/diff?"+wrong, asAdmin), http.StatusBadRequest, "invalid_request")
	}
	expect(t, s.do("GET", "/api/v1/diff?from=1"), http.StatusUnauthorized, "unauthorized")
}

// A replaced secret is told of, and shown as little as ever.
func TestDiffTellsOfCredentials(t *testing.T) {
	s := checked(t)
	c := s.client(publicClient)
	confidential := fmt.Sprintf(`{"client_id":%q,"redirect_uris":["https://client.example.org/cb"]}`, c.id)
	secret := s.do("PUT", c.path, bearer(c.token), body(confidential)).text(t, "client_secret")
	got := s.do("GET", "/api/v1/diff?from=1", asAdmin)
	if told := lines[map[string]any](t, got); len(told) != 2 || fmt.Sprint(told[1]["credentials_changed"]) != "[client_secret]" {
		t.Errorf("told %v", told)
	}
	if strings.Contains(got.String(), secret) || strings.Contains(got.String(), c.token) {
		t.Error("a secret is told")
	}
}

// A long answer comes in several pages of the read model, each client once.
func TestALongDiff(t *testing.T) {
	s := checked(t)
	for range 450 {
		s.client(publicClient)
	}
	ids := map[string]bool{}
	registry := s.registry(client.Credentials{APIToken: apiToken})
	var span client.Span
	err := registry.Diff(t.Context(), client.DiffQuery{Change: "added"},
		func(of client.Span) error { span = of; return nil },
		func(d client.Difference) error { ids[d.Client.ID] = true; return nil })
	if err != nil || len(ids) != 450 || span.From.Seq != 0 || span.To.Seq != 450 {
		t.Errorf("%d clients from %+v to %+v: %v", len(ids), span.From, span.To, err)
	}
	enough := errors.New("enough")
	err = registry.Diff(t.Context(), client.DiffQuery{}, func(client.Span) error { return nil }, func(client.Difference) error { return enough })
	if !errors.Is(err, enough) {
		t.Errorf("an error of the caller: %v", err)
	}
}

// A Go program reads the past as it reads the present.
func TestThePastForPrograms(t *testing.T) {
	s := checked(t)
	c := s.client(webClient)
	s.do("DELETE", c.path, bearer(c.token))
	registry := s.registry(client.Credentials{APIToken: apiToken})
	then, err := registry.ClientAt(t.Context(), c.id, client.Moment{Seq: 1})
	if err != nil || then.Status != "active" || then.AsOf == nil || then.AsOf.Seq != 1 || then.Metadata["as_of"] != nil {
		t.Errorf("the client: %+v, %v", then, err)
	}
	page, err := registry.Clients(t.Context(), client.ClientQuery{At: &client.Moment{Seq: 1}})
	if err != nil || len(page.Clients) != 1 || page.Clients[0].Status != "active" || page.AsOf.Seq != 1 {
		t.Errorf("the page: %+v, %v", page, err)
	}
	if page, err = registry.Clients(t.Context(), client.ClientQuery{At: &client.Moment{}}); err != nil || len(page.Clients) != 0 {
		t.Errorf("the page before the beginning: %+v, %v", page, err)
	}
}
