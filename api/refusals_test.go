package api_test

import (
	"bytes"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"roster/api"
	"roster/api/client"
)

const refusalsPath = "/api/v1/refusals"

// What is refused is told with its cause, and with what was asked for.
func TestRefusalsAreListed(t *testing.T) {
	s := checked(t)
	began := time.Now().Add(-time.Second)
	tokenID, token := s.issue(`{"redirect_hosts":["client.example.org"]}`)
	c := s.client(webClient)
	s.do("POST", connectPath, bearer(token), body(`{"client_name":"Pörtal","redirect_uris":["https://evil.example/cb","https://EVIL.example:8443/","https://b.example/"]}`))
	s.do("PUT", c.path, bearer(c.token), body(`{"client_id":"`+c.id+`","redirect_uris":["http://public.example/"]}`))
	s.do("PUT", clientsPath+"/made-up", bearer(c.token), body(`{}`))
	s.do("POST", clientsPath, bearer("unknown."+token), body(webClient))
	s.do("POST", clientsPath, body(`no JSON`))
	s.do("GET", c.path, bearer("wrong"))
	s.do("DELETE", c.path, bearer("wrong"))
	s.do("GET", refusalsPath, func(r *http.Request) { r.SetBasicAuth("admin", "wrong") })

	registry := s.registry(client.Credentials{APIToken: apiToken})
	page, err := registry.Refusals(t.Context(), client.RefusalQuery{})
	if err != nil {
		t.Fatal(err)
	}
	for i, r := range page.Refusals {
		if r.IP != "127.0.0.1" || r.Time.Before(began) || r.Time.After(time.Now()) {
			t.Errorf("refused %s at %s", r.IP, r.Time)
		}
		page.Refusals[i].IP, page.Refusals[i].Time = "", time.Time{}
	}
	registration := func(code, member, setting string) client.RefusalCause {
		return client.RefusalCause{Action: "registration", Code: code, Member: member, Setting: setting}
	}
	want := []client.Refusal{
		{RefusalCause: registration("invalid_client_metadata", "", "")},
		{RefusalCause: registration("invalid_token", "", ""), ClientName: "Web", RedirectHosts: []string{"client.example.org"}},
		{RefusalCause: client.RefusalCause{Action: "change", Code: "invalid_token"}},
		{RefusalCause: client.RefusalCause{Action: "change", Code: "invalid_redirect_uri", Member: "redirect_uris"},
			ClientID: c.id, RedirectHosts: []string{"public.example"}},
		{RefusalCause: registration("invalid_redirect_uri", "redirect_uris", "initial access token"), InitialAccessToken: tokenID,
			ClientName: "Pörtal", RedirectHosts: []string{"evil.example", "b.example"}},
	}
	if diff := cmp.Diff(want, page.Refusals); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if len(page.Causes) != len(want) || page.Causes[0].Kept != 1 || page.Causes[0].Counted != 0 || page.BegunAnew != nil || page.NextCursor != "" {
		t.Errorf("causes %+v, begun anew %v, cursor %q", page.Causes, page.BegunAnew, page.NextCursor)
	}

	for name, c := range map[string]struct {
		query client.RefusalQuery
		want  int
	}{
		"code":          {client.RefusalQuery{Code: "invalid_token"}, 2},
		"since":         {client.RefusalQuery{Since: time.Now().Add(time.Hour)}, 0},
		"until":         {client.RefusalQuery{Until: began}, 0},
		"address":       {client.RefusalQuery{IP: "127.0.0.1"}, 5},
		"other address": {client.RefusalQuery{IP: "2001:db8::1"}, 0},
		"limit":         {client.RefusalQuery{Limit: 2}, 2},
	} {
		if got, err := registry.Refusals(t.Context(), c.query); err != nil || len(got.Refusals) != c.want {
			t.Errorf("%s: %d refusals, %v; want %d", name, len(got.Refusals), err, c.want)
		}
	}
	var listed []client.Refusal
	for q := (client.RefusalQuery{Limit: 2}); ; {
		page, err := registry.Refusals(t.Context(), q)
		if err != nil || q.Cursor != "" && page.Causes != nil {
			t.Fatalf("page %+v, %v", page, err)
		}
		listed = append(listed, page.Refusals...)
		if q.Cursor = page.NextCursor; q.Cursor == "" {
			break
		}
	}
	if len(listed) != len(want) {
		t.Errorf("page by page there are %d", len(listed))
	}
}

func TestQueriesOfRefusalsThatAreWrong(t *testing.T) {
	s := checked(t)
	for query, member := range map[string]string{
		"since=yesterday": "since", "until=1": "until", "ip=localhost": "ip", "ip=192.0.2.0/24": "ip",
		"limit=0": "limit", "limit=501": "limit", "cursor=x": "cursor", "member=x": "",
	} {
		got := s.do("GET", refusalsPath+"?"+query, asAdmin)
		expect(t, got, http.StatusBadRequest, "invalid_request")
		if !strings.Contains(got.text(t, "error_description"), member) {
			t.Errorf("%s: %s", query, got)
		}
	}
	s.closeRefusals()
	expect(t, s.do("GET", refusalsPath, asAdmin), http.StatusServiceUnavailable, "temporarily_unavailable")
}

func TestAServerThatKeepsNoRefusals(t *testing.T) {
	s := checked(t)
	s.api.Refusals = nil
	expect(t, s.do("POST", clientsPath, body(`{}`)), http.StatusBadRequest, "")
	got := s.do("GET", refusalsPath, asAdmin)
	if got.status != http.StatusOK || string(got.body) != `{"refusals":[]}` {
		t.Errorf("got %s", got)
	}
}

// A flood of refusals is counted, and the counts are told.
func TestAFloodOfRefusals(t *testing.T) {
	s := checked(t, func(o *api.Options) { o.Now = frozen })
	for range 60 {
		s.do("POST", clientsPath, body(`{"redirect_uris":["http://public.example/"]}`))
	}
	got, err := s.registry(client.Credentials{APIToken: apiToken}).Refusals(t.Context(), client.RefusalQuery{})
	if err != nil || len(got.Refusals) != 50 {
		t.Fatalf("%d refusals, %v", len(got.Refusals), err)
	}
	want := []client.RefusalGroup{{
		RefusalCause: client.RefusalCause{Action: "registration", Code: "invalid_redirect_uri", Member: "redirect_uris"},
		Kept:         50, Counted: 10, First: frozen(), Last: frozen(),
	}}
	if diff := cmp.Diff(want, got.Causes); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	exposed := string(s.do("GET", "/metrics").body)
	if !strings.Contains(exposed, "\nroster_refusals_dropped_total 0\n") {
		t.Error("the metrics do not tell of refusals that were dropped")
	}
}

// Nothing that may be a secret comes into the file: it is looked for in all bytes.
func TestNoSecretOfARefusalIsKept(t *testing.T) {
	const secret = "hunter2secret"
	s := start(t)
	_, token := s.issue(`{"redirect_hosts":["client.example.org"]}`)
	c := s.client(webClient)
	document := `{"client_name":"Kept","redirect_uris":["https://user:` + secret + `@evil.example/` + secret + `?` + secret + `#` + secret + `",
		"` + secret + `:/cb","` + secret + `","https:` + secret + `@x"],"client_secret":"` + secret + `","software_statement":"` + secret + `",
		"jwks":{"keys":[{"kty":"oct","k":"` + secret + `"}]},"contacts":["` + secret + `"],"` + secret + `":1,"client_name#` + secret + `":"x"}`
	for i, send := range []func() answer{
		func() answer { return s.do("POST", clientsPath, bearer(token), body(document)) },
		func() answer { return s.do("POST", clientsPath+"?"+secret, body(document)) },
		func() answer { return s.do("POST", clientsPath, body(document), header("User-Agent", secret)) },
		func() answer { return s.do("POST", clientsPath, bearer(secret), body(document)) },
		func() answer { return s.do("POST", clientsPath, bearer(secret+"."+secret), body(document)) },
		func() answer { return s.do("POST", clientsPath, bearer(c.id), body(document)) },
		func() answer { return s.do("POST", clientsPath, bearer(c.id+"."+secret), body(document)) },
		func() answer { return s.do("POST", clientsPath, body(secret)) },
		func() answer { return s.do("POST", clientsPath, body(webClient), header("Content-Encoding", secret)) },
		func() answer { return s.do("PUT", c.path, bearer(c.token), body(document)) },
		func() answer { return s.do("PUT", c.path, bearer(c.token+"x"), body(document)) },
		func() answer { return s.do("PUT", clientsPath+"/"+secret, bearer(secret), body(document)) },
	} {
		if got := send(); got.status < 400 {
			t.Fatalf("request %d was answered %s", i, got)
		}
	}
	kept := s.refused()
	if len(kept) != 12 || kept[0].Name != "Kept" || strings.Join(kept[0].Hosts, " ") != "evil.example" {
		t.Errorf("%d are kept, the last %+v", len(kept), kept[0])
	}
	answered := s.do("GET", refusalsPath, asAdmin).body
	s.closeRefusals()
	files, err := filepath.Glob(filepath.Join(s.dir, "*"))
	if err != nil || len(files) == 0 {
		t.Fatalf("files %v, %v", files, err)
	}
	contents := map[string][]byte{"answer": answered}
	for _, file := range files {
		if contents[file], err = os.ReadFile(file); err != nil {
			t.Fatal(err)
		}
	}
	_, random, _ := strings.Cut(token, ".")
	for _, hidden := range []string{secret, random, c.token} {
		for name, content := range contents {
			if bytes.Contains(content, []byte(hidden)) {
				t.Errorf("%s holds %s", name, hidden)
			}
		}
	}
	if all := fmt.Sprintf("%s", contents); !strings.Contains(all, "evil.example") {
		t.Error("what is kept was not looked at")
	}
}

// What is let through leaves nothing, and neither does what is no registration and no change.
func TestOnlyRefusalsAreKept(t *testing.T) {
	s := start(t)
	c := s.client(webClient)
	s.do("PUT", c.path, bearer(c.token), body(stripped(t, c.answer)))
	s.do("DELETE", c.path, bearer(c.token))
	s.do("POST", refusalsPath, asAdmin)
	if kept := s.refused(); len(kept) > 0 {
		t.Errorf("%+v is kept", kept)
	}
}
