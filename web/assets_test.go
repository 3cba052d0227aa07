package web_test

import (
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// What was borrowed is what its makers published: the checksums were taken from their packages.
func TestBorrowedFilesAreUnchanged(t *testing.T) {
	for _, dir := range []string{"ui/assets/vendor", "browsertest/axe"} {
		sums, err := os.ReadFile(filepath.Join(dir, "SHA256SUMS"))
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(string(sums)) {
			want, name, _ := strings.Cut(strings.TrimSpace(line), "  ")
			content, err := os.ReadFile(filepath.Join(dir, name))
			if err != nil {
				t.Fatal(err)
			}
			sum := sha256.Sum256(content)
			if got := hex.EncodeToString(sum[:]); got != want {
				t.Errorf("%s/%s has SHA-256 %s, want %s", dir, name, got, want)
			}
		}
		if licences, _ := filepath.Glob(filepath.Join(dir, "*LICENSE*")); len(licences) == 0 {
			t.Errorf("%s holds no licence", dir)
		}
	}
}

// An asset may be kept for ever because its address changes with its content, and an address that was
// never given out holds nothing.
func TestAssetsAreKeptForEver(t *testing.T) {
	r := newRegistry(t)
	login := r.visitor(t).get("/admin/login")
	addresses := regexp.MustCompile(`"(/admin/assets/[^"]+)"`).FindAllStringSubmatch(login.body, -1)
	if len(addresses) != 4 {
		t.Fatalf("the page refers to %d assets, want 4: icon, style, htmx and script", len(addresses))
	}
	for _, a := range addresses {
		answer := r.visitor(t).get(a[1])
		if answer.status != http.StatusOK || !strings.Contains(answer.header.Get("Cache-Control"), "immutable") {
			t.Errorf("%s: status %d, Cache-Control %q", a[1], answer.status, answer.header.Get("Cache-Control"))
		}
	}
	if got := r.visitor(t).get("/admin/assets/dashboard.0000000000000000.css"); got.status == http.StatusOK {
		t.Error("an asset was served under a hash that is not its own")
	}
}
