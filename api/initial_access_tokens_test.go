package api_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"roster/api"
	"roster/domain"
	"roster/domain/access"
)

const tokensPath = "/api/v1/initial-access-tokens"

// issue issues an initial access token and returns its id and itself.
func (s *service) issue(document string) (id, token string) {
	s.tb.Helper()
	got := s.do("POST", tokensPath, asAdmin, body(document))
	expect(s.tb, got, http.StatusCreated, "")
	return got.text(s.tb, "id"), got.text(s.tb, "token")
}

func TestIssueToken(t *testing.T) {
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	s := checked(t, func(o *api.Options) { o.Now = func() time.Time { return now } })
	expires := time.Now().Add(time.Hour).UTC().Truncate(time.Second).Format(time.RFC3339)
	got := s.do("POST", tokensPath, asAdmin, body(`{"label":"Partners","owner":"acme","expires_at":"`+expires+`","uses":3,`+
		`"grant_types":["authorization_code"],"scopes":["openid"],"redirect_hosts":[".example.org"],"application_types":["web"]}`))
	expect(t, got, http.StatusCreated, "")
	if got.header.Get("Cache-Control") != "no-store" {
		t.Error("the token may be cached")
	}
	issued := got.json(t)
	id, token := got.text(t, "id"), got.text(t, "token")
	if !strings.HasPrefix(token, id+".") {
		t.Errorf("token %s does not say its id %s", token, id)
	}
	delete(issued, "token")
	shown := s.do("GET", tokensPath+"/"+id, asAdmin)
	expect(t, shown, http.StatusOK, "")
	if diff := cmp.Diff(issued, shown.json(t)); diff != "" {
		t.Errorf("shown otherwise than issued (-issued +shown):\n%s", diff)
	}
	if issued["issued_at"] == nil {
		t.Errorf("no issued_at in %s", got)
	}
	delete(issued, "issued_at")
	want := map[string]any{
		"id": id, "status": "active", "label": "Partners", "owner": "acme", "issued_by": "admin", "expires_at": expires,
		"uses": json.Number("3"), "uses_left": json.Number("3"), "clients": json.Number("0"),
		"grant_types": []any{"authorization_code"}, "scopes": []any{"openid"},
		"redirect_hosts": []any{".example.org"}, "application_types": []any{"web"},
	}
	if diff := cmp.Diff(want, issued); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}

	bare := s.do("POST", tokensPath, bearer(apiToken), body(`{"label":null,"expires_in":null}`)).json(t)
	for _, member := range []string{"label", "owner", "expires_at", "uses", "uses_left", "scopes", "revoked_at"} {
		if value, ok := bare[member]; ok {
			t.Errorf("%s is %v for a token without", member, value)
		}
	}
	if bare["issued_by"] != "auditor" {
		t.Errorf("issued by %v", bare["issued_by"])
	}
}

func TestTokenRequestsThatAreRefused(t *testing.T) {
	s := checked(t)
	for _, document := range []string{
		`{`, `[]`, `null`, `"x"`, `{} {}`, `{"label":"a","label":"b"}`, `{"Label":"a"}`, `{"unknown":1}`, `{"label":7}`, "{\"label\":\"\xff\"}",
		`{"uses":0}`, `{"uses":-1}`, `{"uses":1.5}`, `{"uses":"1"}`, `{"uses":1001}`, `{"uses":99999999999999999999}`,
		`{"expires_in":0}`, `{"expires_in":-1}`, `{"expires_in":3153600001}`, `{"expires_in":1,"expires_at":"2036-01-01T00:00:00Z"}`,
		`{"expires_at":"tomorrow"}`, `{"expires_at":"2020-01-01T00:00:00Z"}`, `{"expires_at":2000000000}`,
		`{"grant_types":[]}`, `{"grant_types":"password"}`, `{"grant_types":["magic"]}`, `{"scopes":["a b"]}`, `{"scopes":[null]}`,
		`{"redirect_hosts":["https://a.example"]}`, `{"application_types":["desktop"]}`, `{"owner":"a\u0000b"}`,
	} {
		expect(t, s.do("POST", tokensPath, asAdmin, body(document)), http.StatusBadRequest, "invalid_request")
	}
	expect(t, s.do("POST", tokensPath, asAdmin, body(`{"label":"`+strings.Repeat("a", 64<<10)+`"}`)), http.StatusRequestEntityTooLarge, "invalid_request")
	expect(t, s.do("POST", tokensPath, asAdmin, body(`{}`), func(r *http.Request) { r.Header.Set("Content-Type", "text/plain") }), http.StatusUnsupportedMediaType, "invalid_request")
	expect(t, s.do("POST", tokensPath, body(`{}`)), http.StatusUnauthorized, "unauthorized")
	expect(t, s.do("POST", tokensPath, bearer("wrong"), body(`{}`)), http.StatusUnauthorized, "unauthorized")
	for _, path := range []string{tokensPath + "?limit=0", tokensPath + "?limit=501", tokensPath + "?cursor=x", tokensPath + "?q=a", tokensPath + "/x?y=z"} {
		expect(t, s.do("GET", path, asAdmin), http.StatusBadRequest, "invalid_request")
	}
	for _, method := range []string{"GET", "DELETE"} {
		expect(t, s.do(method, tokensPath+"/unknown", asAdmin), http.StatusNotFound, "not_found")
		expect(t, s.do(method, tokensPath+"/unknown"), http.StatusUnauthorized, "unauthorized")
	}
	if last := s.last(); last != 0 {
		t.Errorf("%d events", last)
	}
}

func TestListTokens(t *testing.T) {
	s := checked(t)
	var issued []string
	for i := range 5 {
		id, _ := s.issue(fmt.Sprintf(`{"label":"%d"}`, i))
		issued = append([]string{id}, issued...)
	}
	for limit := 1; limit <= 6; limit++ {
		var ids []string
		for cursor := ""; ; {
			got := s.do("GET", fmt.Sprintf("%s?limit=%d&cursor=%s", tokensPath, limit, cursor), asAdmin)
			expect(t, got, http.StatusOK, "")
			page := got.json(t)
			for _, token := range page["initial_access_tokens"].([]any) {
				ids = append(ids, token.(map[string]any)["id"].(string))
			}
			next, more := page["next_cursor"]
			if !more {
				break
			}
			cursor = next.(string)
		}
		if diff := cmp.Diff(issued, ids); diff != "" {
			t.Errorf("in pages of %d:\n%s", limit, diff)
		}
	}
}

func TestInitialAccessTokens(t *testing.T) {
	both := map[string]*service{"open": checked(t), "token": checked(t, func(o *api.Options) { o.RegistrationMode = access.RegistrationToken })}

	for mode, s := range both {
		t.Run("C-33 D-14 a token is accepted as RFC 6750 has it, registration "+mode, func(t *testing.T) {
			s := s.in(t)
			_, token := s.issue(`{"owner":"acme"}`)
			for _, scheme := range []string{"Bearer", "bearer", "BEARER"} {
				got := s.do("POST", connectPath, header("Authorization", scheme+" "+token), body(webClient))
				expect(t, got, http.StatusCreated, "")
				if client := got.json(t); client["ext_param_owner"] != "acme" || client["client_name"] != "acme_Web" {
					t.Errorf("the token's owner does not win: %s", got)
				}
			}
			// Nowhere but in the header: a token in an address or a form would be kept in logs.
			got := s.do("POST", clientsPath+"?access_token="+token, body(`{"redirect_uris":["https://a.example/"],"access_token":"`+token+`"}`))
			if want := map[string]int{"open": 201, "token": 401}[mode]; got.status != want || strings.Contains(string(got.body), token) {
				t.Errorf("token in the query: %s", got)
			}
		})
		t.Run("D-19 0 whatever is wrong with a token, the same 401, registration "+mode, func(t *testing.T) {
			s := s.in(t)
			usedID, used := s.issue(`{"uses":1}`)
			expect(t, s.do("POST", clientsPath, bearer(used), body(webClient)), http.StatusCreated, "")
			revokedID, revoked := s.issue(`{}`)
			expect(t, s.do("DELETE", tokensPath+"/"+revokedID+"?reason=published", asAdmin), http.StatusNoContent, "")
			expect(t, s.do("DELETE", tokensPath+"/"+revokedID, asAdmin), http.StatusNoContent, "")
			_, good := s.issue(`{}`)
			before := s.last()
			var first answer
			for i, token := range []string{used, revoked, "wrong", usedID, usedID + ".x", good + "A", strings.ToUpper(good), "*.x", "", "a b"} {
				for _, document := range []string{webClient, `{"redirect_uris":["ftp://a"]}`, `{`} { // a token that is refused says no more
					got := s.do("POST", clientsPath, header("Authorization", "Bearer "+token), body(document))
					expect(t, got, http.StatusUnauthorized, "invalid_token")
					if i == 0 {
						first = got
					}
					if string(got.body) != string(first.body) || got.header.Get("WWW-Authenticate") != first.header.Get("WWW-Authenticate") ||
						got.header.Get("WWW-Authenticate") != `Bearer realm="roster", error="invalid_token"` {
						t.Errorf("%q is told apart: %v %s", token, got.header, got)
					}
				}
			}
			if after := s.last(); after != before {
				t.Errorf("%d events for refusals", after-before)
			}
			view := s.do("GET", tokensPath+"/"+revokedID, asAdmin).json(t)
			if view["status"] != "revoked" || view["revoked_by"] != "admin" || view["reason"] != "published" || view["revoked_at"] == nil {
				t.Errorf("a revoked token is shown as %v", view)
			}
			if view := s.do("GET", tokensPath+"/"+usedID, asAdmin).json(t); view["status"] != "used_up" || fmt.Sprint(view["uses_left"], view["clients"]) != "01" {
				t.Errorf("a token that is used up is shown as %v", view)
			}
		})
	}
	t.Run("D-19 without a token where one is needed, a challenge without an error", func(t *testing.T) {
		got := both["token"].in(t).do("POST", clientsPath, body(`{`))
		expect(t, got, http.StatusUnauthorized, "invalid_token")
		if challenge := got.header.Get("WWW-Authenticate"); challenge != `Bearer realm="roster"` {
			t.Errorf("WWW-Authenticate is %q", challenge)
		}
	})
	t.Run("0 a registration that fails with 400 takes no use", func(t *testing.T) {
		s := both["token"].in(t)
		id, token := s.issue(`{"uses":1}`)
		for _, document := range []string{`{`, `{"redirect_uris":["ftp://a"]}`, `{"redirect_uris":[]}`, `{"grant_types":["magic"]}`} {
			if got := s.do("POST", clientsPath, bearer(token), body(document)); got.status != http.StatusBadRequest {
				t.Errorf("%s: %s", document, got)
			}
		}
		if view := s.do("GET", tokensPath+"/"+id, asAdmin).json(t); fmt.Sprint(view["uses_left"]) != "1" {
			t.Errorf("uses left: %v", view)
		}
		expect(t, s.do("POST", clientsPath, bearer(token), body(webClient)), http.StatusCreated, "")
	})
	t.Run("the limits bind updates, and go on when the token is revoked", func(t *testing.T) {
		s := both["open"].in(t)
		id, token := s.issue(`{"owner":"acme","scopes":["openid"],"redirect_hosts":["client.example.org"],"grant_types":["authorization_code"],"application_types":["web"]}`)
		got := s.do("POST", clientsPath, bearer(token), body(webClient))
		expect(t, got, http.StatusCreated, "")
		path, rat := clientsPath+"/"+got.text(t, "client_id"), got.text(t, "registration_access_token")
		expect(t, s.do("DELETE", tokensPath+"/"+id, asAdmin), http.StatusNoContent, "")
		put := func(members string) answer {
			return s.do("PUT", path, bearer(rat), body(`{"client_id":"`+got.text(t, "client_id")+`",`+members+`}`))
		}
		before := s.last()
		for members, code := range map[string]string{
			`"redirect_uris":["https://evil.example/"]`:                                                          "invalid_redirect_uri",
			`"redirect_uris":["https://client.example.org/"],"scope":"email admin"`:                              "invalid_client_metadata",
			`"redirect_uris":["https://client.example.org/"],"grant_types":["client_credentials"]`:               "invalid_client_metadata",
			`"redirect_uris":["https://client.example.org/"],"application_type":"native"`:                        "invalid_client_metadata",
			`"redirect_uris":["https://client.example.org/"],"post_logout_redirect_uris":["https://b.example/"]`: "invalid_client_metadata",
		} {
			expect(t, put(members), http.StatusBadRequest, code)
		}
		if s.last() != before {
			t.Error("a refused update is in the log")
		}
		changed := put(`"redirect_uris":["https://client.example.org/other"],"ext_param_owner":"other","client_name":"New"`)
		expect(t, changed, http.StatusOK, "")
		if client := changed.json(t); client["ext_param_owner"] != "acme" || client["client_name"] != "acme_New" || client["scope"] != "openid" {
			t.Errorf("after an update: %s", changed)
		}
		if view := s.do("GET", "/api/v1"+strings.Replace(path, clientsPath, "/clients", 1), asAdmin).json(t); view["initial_access_token"] != id {
			t.Errorf("the client is shown without its token: %v", view)
		}
	})
}

// 50 registrations with one token at the same time: the answer says exactly who got its use.
func TestOneUseAmongMany(t *testing.T) {
	s := checked(t)
	_, token := s.issue(`{"uses":1}`)
	var mu sync.Mutex
	statuses := map[int]int{}
	var all sync.WaitGroup
	for range 50 {
		all.Go(func() {
			got := s.do("POST", clientsPath, bearer(token), body(webClient))
			mu.Lock()
			defer mu.Unlock()
			statuses[got.status]++
		})
	}
	all.Wait()
	if diff := cmp.Diff(map[int]int{201: 1, 401: 49}, statuses); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	counted := map[string]int{}
	for _, e := range s.events("/api/v1/events") {
		counted[e.Type]++
	}
	want := map[string]int{"InitialAccessTokenIssued": 1, "InitialAccessTokenUsed": 1, "ClientRegistered": 1}
	if diff := cmp.Diff(want, counted); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// A token is in the answer to its issue and nowhere else; its digest is in no view.
func TestTokensDoNotLeak(t *testing.T) {
	s := checked(t)
	id, token := s.issue(`{"uses":2,"label":"Partners"}`)
	s.do("POST", clientsPath, bearer(token), body(webClient))
	s.do("POST", clientsPath+"?token="+token, bearer(token), body(`{`))
	s.do("GET", tokensPath+"/"+token, asAdmin)
	secret := token[len(id)+1:]
	var seen []string
	for _, path := range []string{tokensPath, tokensPath + "/" + id, "/api/v1/events", "/api/v1/clients", "/api/v1/registry?at=2", "/metrics"} {
		seen = append(seen, string(s.do("GET", path, asAdmin).body))
	}
	digest, _ := domain.DigestOf(token).MarshalText()
	for _, text := range seen[:2] {
		if strings.Contains(text, string(digest)) {
			t.Errorf("a digest is in %s", text)
		}
	}
	s.Close()
	for _, text := range append(seen, s.logs.String()) {
		if strings.Contains(text, secret) {
			t.Errorf("a token is in %s", text)
		}
	}
}
