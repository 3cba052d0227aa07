package web_test

import (
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
)

var discard = slog.New(slog.DiscardHandler)

// signInDirectly signs in without a network and returns the session's token.
func signInDirectly(t *testing.T, dashboard http.Handler) string {
	t.Helper()
	form := url.Values{"name": {adminName}, "password": {adminPassword}}
	req := httptest.NewRequest(http.MethodPost, "/admin/login", strings.NewReader(form.Encode()))
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	rec := httptest.NewRecorder()
	dashboard.ServeHTTP(rec, req)
	for _, c := range rec.Result().Cookies() {
		if c.Name == "roster_session" {
			return c.Value
		}
	}
	t.Fatalf("sign-in: status %d without a cookie", rec.Code)
	return ""
}

// statusOf opens the overview with a session's token and further headers, without a network.
func statusOf(dashboard http.Handler, token string, header http.Header) int {
	req := httptest.NewRequest(http.MethodGet, "/admin/", nil)
	maps.Copy(req.Header, header)
	req.AddCookie(&http.Cookie{Name: "roster_session", Value: token})
	rec := httptest.NewRecorder()
	dashboard.ServeHTTP(rec, req)
	return rec.Code
}
