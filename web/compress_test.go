package web_test

import (
	"compress/gzip"
	"io"
	"net/http"
	"regexp"
	"strings"
	"testing"
)

// gzipped sends a request that takes gzip, and returns the answer with its body as it was before compression.
func (v *visitor) gzipped(path string) answer {
	v.Helper()
	got := v.send(http.MethodGet, path, "", http.Header{"Accept-Encoding": {"gzip"}})
	if got.header.Get("Content-Encoding") != "gzip" {
		return got
	}
	plain, err := gzip.NewReader(strings.NewReader(got.body))
	if err != nil {
		v.Fatal(err)
	}
	body, err := io.ReadAll(plain)
	if err != nil {
		v.Fatalf("%s: %v", path, err)
	}
	got.body = string(body)
	return got
}

func TestPagesAndAssetsAreCompressed(t *testing.T) {
	r := newRegistry(t)
	client := r.register(t, name(1)).Client.ID
	v := r.admin(t)
	paths := []string{"/admin/", "/admin/clients", "/admin/clients/" + client, "/admin/events", "/admin/none", "/admin/clients?status=none"}
	for _, asset := range regexp.MustCompile(`"(/admin/assets/[^"]+\.(?:css|js))"`).FindAllStringSubmatch(v.get("/admin/").body, -1) {
		paths = append(paths, asset[1])
	}
	if len(paths) != 9 {
		t.Fatalf("the pages and their style and scripts are %v", paths)
	}
	for _, path := range paths {
		plain := v.send(http.MethodGet, path, "", http.Header{"Accept-Encoding": {"identity"}})
		got := v.gzipped(path)
		if got.header.Get("Content-Encoding") != "gzip" || got.status != plain.status || got.body != plain.body {
			t.Errorf("%s: status %d, Content-Encoding %q, the same page: %t", path, got.status, got.header.Get("Content-Encoding"), got.body == plain.body)
		}
		if got.header.Get("Vary") != "Accept-Encoding" || plain.header.Get("Vary") != "Accept-Encoding" {
			t.Errorf("%s: Vary %q and %q", path, got.header.Get("Vary"), plain.header.Get("Vary"))
		}
		if plain.header.Get("Content-Encoding") != "" {
			t.Errorf("%s is compressed for one who does not take it", path)
		}
	}
	login := r.visitor(t).gzipped("/admin/login")
	if login.header.Get("Content-Encoding") != "gzip" || !strings.Contains(login.body, "Sign in") {
		t.Errorf("the sign-in: Content-Encoding %q: %s", login.header.Get("Content-Encoding"), login.body)
	}
}

// Live events reach a browser that takes gzip, as browsers do, each when it happens.
func TestTheStreamIsNotHeldBackByCompression(t *testing.T) {
	r := newRegistry(t)
	r.register(t, name(1))
	feed := r.admin(t).follow("/admin/events/stream?after=0", "")
	feed.want("rows", "1")
	r.register(t, name(2))
	feed.want("rows", "2")
	if got := feed.header.Get("Content-Encoding"); got != "" {
		t.Errorf("Content-Encoding %q", got)
	}
}
