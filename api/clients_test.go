package api_test

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"roster/domain"
)

func TestAdministratorsOnly(t *testing.T) {
	s := checked(t)
	for _, path := range []string{"/api/v1/clients", "/api/v1/clients/x", "/api/v1/clients/x/events", "/api/v1/events", "/api/v1/registry?at=1"} {
		for name, parts := range map[string][]part{
			"nothing":         nil,
			"a wrong token":   {bearer("wrong")},
			"an empty token":  {header("Authorization", "Bearer ")},
			"no real Basic":   {header("Authorization", "Basic !")},
			"another scheme":  {header("Authorization", "Digest x")},
			"a session alone": {header("Cookie", "session=x")},
		} {
			got := s.do("GET", path, parts...)
			expect(t, got, http.StatusUnauthorized, "unauthorized")
			if challenge := got.header.Get("WWW-Authenticate"); !strings.HasPrefix(challenge, "Basic realm=") || !strings.Contains(challenge, "Bearer realm=") {
				t.Errorf("GET %s with %s: WWW-Authenticate is %q", path, name, challenge)
			}
		}
	}
	client := s.client(webClient)
	expect(t, s.do("GET", "/api/v1/clients", bearer(client.token)), http.StatusUnauthorized, "unauthorized")
	expect(t, s.do("DELETE", "/api/v1/clients/"+client.id, bearer(client.token)), http.StatusUnauthorized, "unauthorized")
	expect(t, s.do("GET", "/api/v1/clients", bearer(apiToken)), http.StatusOK, "")
	expect(t, s.do("GET", "/api/v1/clients", asAdmin), http.StatusOK, "")
}

func TestThrottledAdministrators(t *testing.T) {
	s := checked(t)
	wrong := func(r *http.Request) { r.SetBasicAuth("nobody", "wrong") }
	var got answer
	for range 100 {
		if got = s.do("GET", "/api/v1/clients", wrong); got.status != http.StatusUnauthorized {
			break
		}
	}
	expect(t, got, http.StatusTooManyRequests, "too_many_requests")
	if got.header.Get("Retry-After") == "" {
		t.Error("no Retry-After")
	}
}

func TestShowClient(t *testing.T) {
	s := checked(t)
	client := s.client(webClient)
	path := "/api/v1/clients/" + client.id
	got := s.do("GET", path, asAdmin)
	expect(t, got, http.StatusOK, "")
	view := got.json(t)
	if view["status"] != "active" || fmt.Sprint(view["version"]) != "1" || fmt.Sprint(view["client_secret_expires_at"]) != "0" || view["client_name"] != "Web" {
		t.Errorf("client is shown as %s", got)
	}
	holdsNoSecret(t, string(got.body), client)

	for range 2 {
		expect(t, s.do("DELETE", path+"?reason=left+alone", asAdmin), http.StatusNoContent, "")
	}
	view = s.do("GET", path, asAdmin).json(t)
	if view["status"] != "revoked" || fmt.Sprint(view["version"]) != "2" {
		t.Errorf("after revocation it is shown as %v", view)
	}
	events := s.events(path + "/events")
	if last := events[len(events)-1]; last.Actor.Kind != domain.ActorAdmin || last.Data["reason"] != "left alone" {
		t.Errorf("the revocation is recorded as %+v", last)
	}
	for _, method := range []string{"GET", "DELETE"} {
		expect(t, s.do(method, "/api/v1/clients/unknown", asAdmin), http.StatusNotFound, "not_found")
	}
	expect(t, s.do("GET", "/api/v1/clients/unknown/events", asAdmin), http.StatusNotFound, "not_found")
}

// holdsNoSecret fails the test when a text holds a client's secret or token or a digest of one.
func holdsNoSecret(tb testing.TB, text string, client registered) {
	tb.Helper()
	for _, secret := range []string{client.token, client.text(tb, "client_secret")} {
		digest, _ := domain.DigestOf(secret).MarshalText()
		if strings.Contains(text, secret) || strings.Contains(text, string(digest)) {
			tb.Errorf("a secret, a token or a digest of one is in %s", text)
		}
	}
}

func TestListClients(t *testing.T) {
	s := checked(t)
	const count = 7
	for i := range count {
		s.register(fmt.Sprintf(`{"redirect_uris":["https://client.example.org/cb"],"client_name":"Client %d","ext_param_owner":"owner%d","software_id":"com.example.%d"}`, i, i%2, i))
	}
	ended := s.client(webClient)
	s.do("DELETE", ended.path, bearer(ended.token))

	// Pages of every size hold each client once, the newest first.
	for limit := 1; limit <= count+2; limit++ {
		var names []any
		for cursor := ""; ; {
			got := s.do("GET", fmt.Sprintf("/api/v1/clients?status=active&limit=%d&cursor=%s", limit, url.QueryEscape(cursor)), asAdmin)
			expect(t, got, http.StatusOK, "")
			page := got.json(t)
			for _, client := range page["clients"].([]any) {
				names = append(names, client.(map[string]any)["client_name"])
			}
			next, more := page["next_cursor"]
			if !more {
				break
			}
			cursor = next.(string)
		}
		if len(names) != count || names[0] != "owner0_Client 6" || names[count-1] != "owner0_Client 0" {
			t.Errorf("in pages of %d: %v", limit, names)
		}
	}
	for query, want := range map[string]int{
		"":              count + 1,
		"?q=cLiEnT+3":   1,
		"?q=%25":        0,
		"?owner=owner1": 3,
		"?q=3+OWNER1":   1, "?q=com.example+4": 1, "?q=сliеnt+3": 1, // with Cyrillic letters
		"?owner=owner1&software=com.example.3": 1, "?owner=owner0&software=com.example.3": 0, "?host=client.example.org": count + 1, "?grant=authorization_code&kind=web": count + 1,
		"?auth=none": 0, "?ip=127.0.0.1": count + 1, "?ip=203.0.113.1": 0, "?registered=2020-01-01..": count + 1, "?registered=..2020-01-01": 0, "?changed=never": count,
		"?secret=expired": 0, "?caution=impersonation": 0, "?token=x": 0, "?contact=x": 0, "?sort=name": count + 1, "?status=": count + 1,
		"?status=active": count, "?status=deleted": 1, "?status=revoked": 0,
	} {
		got := s.do("GET", "/api/v1/clients"+query, asAdmin)
		expect(t, got, http.StatusOK, "")
		if found := got.json(t)["clients"].([]any); len(found) != want {
			t.Errorf("%s finds %d clients, want %d", query, len(found), want)
		}
	}
}

func TestRefusedQueries(t *testing.T) {
	s := checked(t)
	client := s.client(webClient)
	for _, path := range []string{
		"/api/v1/clients?limit=0", "/api/v1/clients?limit=501", "/api/v1/clients?limit=x", "/api/v1/clients?limit=-1", "/api/v1/clients?limit=",
		"/api/v1/clients?ip=x", "/api/v1/clients?registered=yesterday", "/api/v1/clients?secret=soon", "/api/v1/clients?sort=age", "/api/v1/clients?sort=name&at=1", "/api/v1/clients?caution=1", "/api/v1/clients?kind=x",
		"/api/v1/clients?status=gone", "/api/v1/clients?cursor=nonsense", "/api/v1/clients?unknown=1", "/api/v1/clients?q=a&q=b",
		"/api/v1/clients?q=%zz", "/api/v1/clients?q=a;b", "/api/v1/clients?q=%ff", "/api/v1/clients?q=" + strings.Repeat("a", 501),
		"/api/v1/clients/" + client.id + "?x=1",
		"/api/v1/clients/" + client.id + "/events?client_id=x",
		"/api/v1/events?after=-1", "/api/v1/events?after=x", "/api/v1/events?limit=0", "/api/v1/events?since=yesterday", "/api/v1/events?until=1",
		"/api/v1/events?after=18446744073709551616",
		"/api/v1/events?type=Nonsense", "/api/v1/events?type=", "/api/v1/events?member=secrets", "/api/v1/events?actor=root", "/api/v1/events?actor=client:x",
		"/api/v1/events?actor=admin:", "/api/v1/events?ip=x", "/api/v1/events?ip=203.0.113.0/33", "/api/v1/events?ip=", "/api/v1/events?by=admin",
		"/api/v1/clients/" + client.id + "/events?token=x", "/api/v1/clients/" + client.id + "/events?ip=x",
		"/api/v1/registry", "/api/v1/registry?at=", "/api/v1/registry?at=now", "/api/v1/registry?at=-1", "/api/v1/registry?at=1&at=2",
	} {
		expect(t, s.do("GET", path, asAdmin), http.StatusBadRequest, "invalid_request")
	}
	expect(t, s.do("GET", "/api/v1/events", asAdmin, header("Accept", "text/event-stream"), header("Last-Event-ID", "x")), http.StatusBadRequest, "invalid_request")
	expect(t, s.do("GET", "/api/v1/events?until=2030-01-01T00:00:00Z", asAdmin, header("Accept", "text/event-stream")), http.StatusBadRequest, "invalid_request")
	expect(t, s.do("DELETE", "/api/v1/clients/"+client.id+"?why=x", asAdmin), http.StatusBadRequest, "invalid_request")
	expect(t, s.do("GET", client.path, bearer(client.token)), http.StatusOK, "")
}
