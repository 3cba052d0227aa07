package web_test

import (
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"testing"
)

// A visitor sends requests with cookies of its own and follows no redirect.
type visitor struct {
	testing.TB
	client *http.Client
	base   string
}

// An answer is what a visitor got.
type answer struct {
	status int
	header http.Header
	body   string
}

// visitor returns somebody who has not signed in.
func (r *registry) visitor(t testing.TB) *visitor {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	return &visitor{t, &http.Client{
		Transport:     r.server.Client().Transport,
		Jar:           jar,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}, r.server.URL}
}

// admin returns the administrator, signed in.
func (r *registry) admin(t testing.TB) *visitor {
	t.Helper()
	v := r.visitor(t)
	got := v.post("/admin/login", url.Values{"name": {adminName}, "password": {adminPassword}})
	if got.status != http.StatusSeeOther {
		t.Fatalf("sign-in: status %d: %s", got.status, got.body)
	}
	return v
}

func (v *visitor) get(path string) answer {
	v.Helper()
	return v.send(http.MethodGet, path, "", nil)
}

func (v *visitor) post(path string, form url.Values) answer {
	v.Helper()
	return v.send(http.MethodPost, path, form.Encode(), http.Header{"Content-Type": {"application/x-www-form-urlencoded"}})
}

func (v *visitor) send(method, path, body string, header http.Header) answer {
	v.Helper()
	req, err := http.NewRequestWithContext(v.Context(), method, v.base+path, strings.NewReader(body))
	if err != nil {
		v.Fatal(err)
	}
	for name, values := range header {
		req.Header[name] = values
	}
	resp, err := v.client.Do(req)
	if err != nil {
		v.Fatal(err)
	}
	defer resp.Body.Close()
	content, err := io.ReadAll(resp.Body)
	if err != nil {
		v.Fatal(err)
	}
	return answer{resp.StatusCode, resp.Header, string(content)}
}
