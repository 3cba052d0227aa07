package api_test

import (
	"net/http"
	"strings"
	"testing"
)

func TestSuspension(t *testing.T) {
	s := checked(t)
	c := s.client(`{"redirect_uris":["https://client.example.org/cb"],"client_name":"Portal"}`)
	at := "/api/v1/clients/" + c.id
	own := bearer(c.token)

	expect(t, s.do("POST", at+"/suspension", asAdmin, body(`{"reason":"reported twice"}`)), http.StatusNoContent, "")
	expect(t, s.do("POST", at+"/suspension?reason=again", asAdmin), http.StatusNoContent, "")
	t.Run("its registration access token is refused with 403", func(t *testing.T) {
		refused := s.do("GET", c.path, own)
		expect(t, refused, http.StatusForbidden, "access_denied")
		if !strings.Contains(refused.text(t, "error_description"), "suspended") || refused.header.Get("WWW-Authenticate") != "" {
			t.Errorf("answered %s with challenge %q", refused.body, refused.header.Get("WWW-Authenticate"))
		}
		expect(t, s.do("PUT", c.path, own, body(`{"client_id":"`+c.id+`","redirect_uris":["https://client.example.org/other"]}`)), http.StatusForbidden, "access_denied")
		expect(t, s.do("DELETE", c.path, own), http.StatusForbidden, "access_denied")
	})
	t.Run("another token learns nothing", func(t *testing.T) {
		expect(t, s.do("GET", c.path, bearer("other")), http.StatusUnauthorized, "invalid_token")
	})
	t.Run("every lookup says so", func(t *testing.T) {
		shown := s.do("GET", at, asAdmin)
		if expect(t, shown, http.StatusOK, ""); shown.text(t, "status") != "suspended" || shown.text(t, "client_name") != "Portal" {
			t.Errorf("shown as %s", shown.body)
		}
		for path, want := range map[string]string{
			"/api/v1/clients?status=suspended": c.id,
			"/api/v1/registry?at=2":            `"status":"suspended"`,
			at + "/events":                     `"type":"ClientSuspended"`,
			"/api/v1/events":                   `"reason":"reported twice"`,
		} {
			if got := s.do("GET", path, asAdmin); got.status != http.StatusOK || !strings.Contains(string(got.body), want) {
				t.Errorf("%s: %d %s", path, got.status, got.body)
			}
		}
	})
	t.Run("an administrator may still use its registration_client_uri", func(t *testing.T) {
		expect(t, s.do("GET", c.path, asAdmin), http.StatusOK, "")
	})

	expect(t, s.do("DELETE", at+"/suspension", asAdmin), http.StatusNoContent, "")
	expect(t, s.do("DELETE", at+"/suspension", asAdmin), http.StatusNoContent, "")
	expect(t, s.do("GET", c.path, own), http.StatusOK, "")

	t.Run("what is wrong is refused and changes nothing", func(t *testing.T) {
		for _, wrong := range []string{`[]`, `null`, `{"reason":1}`, `{"why":"x"}`, `{"reason":"` + strings.Repeat("x", 501) + `"}`} {
			expect(t, s.do("POST", at+"/suspension", asAdmin, body(wrong)), http.StatusBadRequest, "invalid_request")
		}
		expect(t, s.do("POST", at+"/suspension?reason=one", asAdmin, body(`{"reason":"another"}`)), http.StatusBadRequest, "invalid_request")
		expect(t, s.do("POST", at+"/suspension", own), http.StatusUnauthorized, "")
		expect(t, s.do("POST", "/api/v1/clients/unknown/suspension", asAdmin), http.StatusNotFound, "not_found")
		expect(t, s.do("DELETE", "/api/v1/clients/unknown/suspension", asAdmin), http.StatusNotFound, "not_found")
		expect(t, s.do("GET", c.path, own), http.StatusOK, "")
	})
	t.Run("the reason may be in the query beside a body that has none, or in both", func(t *testing.T) {
		for _, with := range []string{`{}`, `{"reason":""}`, `{"reason":"reported"}`} {
			c := s.client(webClient)
			expect(t, s.do("POST", "/api/v1/clients/"+c.id+"/suspension?reason=reported", asAdmin, body(with)), http.StatusNoContent, "")
			if got := s.do("GET", "/api/v1/clients/"+c.id+"/events", asAdmin); !strings.Contains(string(got.body), `"reason":"reported"`) {
				t.Errorf("with the body %s: %s", with, got.body)
			}
		}
	})
	t.Run("a suspended client can be revoked, and is then neither suspended nor resumed", func(t *testing.T) {
		expect(t, s.do("POST", at+"/suspension", asAdmin), http.StatusNoContent, "")
		expect(t, s.do("DELETE", at, asAdmin), http.StatusNoContent, "")
		expect(t, s.do("GET", c.path, own), http.StatusUnauthorized, "invalid_token")
		expect(t, s.do("POST", at+"/suspension", asAdmin), http.StatusConflict, "conflict")
		expect(t, s.do("DELETE", at+"/suspension", asAdmin), http.StatusConflict, "conflict")
	})
}
