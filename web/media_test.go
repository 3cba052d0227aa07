package web_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/emulation"

	"roster/web/browsertest"
)

// On paper a page has all of its content and nothing to press.
func TestPagesOnPaper(t *testing.T) {
	r := newRegistry(t)
	uris := make([]string, 30)
	for i := range uris {
		uris[i] = fmt.Sprintf(`"https://a.example.com/callbacks/%d"`, i)
	}
	id := r.register(t, `{"client_name":"Portal","redirect_uris":[`+strings.Join(uris, ",")+`]}`).Client.ID
	b := open(t, r)
	b.SignIn()
	browsertest.Call(b, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Media: "print"})
	for _, path := range []string{"/admin/clients", "/admin/clients/" + id, "/admin/clients/" + id + "/history", "/admin/events"} {
		b.Visit(path)
		if pressed := browsertest.Eval[[]string](b, `[...document.querySelectorAll("button, input, select, .tabs a, .sections a")].filter(e => e.checkVisibility()).map(e => e.outerHTML)`); len(pressed) > 0 {
			t.Errorf("%s is printed with %v", path, pressed)
		}
		b.Keep("print" + path)
	}
	b.Visit("/admin/clients/" + id)
	if !browsertest.Eval[bool](b, `[...document.querySelectorAll(".members code")].find(e => e.textContent.endsWith("/callbacks/29")).checkVisibility({contentVisibilityAuto: true}) && document.querySelector(".timeline .changes").getBoundingClientRect().height > 0`) {
		t.Error("what is folded is not printed")
	}
}

// Where the reader's system chooses the colours, the page that is shown and its tab still stand out.
func TestPagesInForcedColours(t *testing.T) {
	r := newRegistry(t)
	id := r.register(t, name(1)).Client.ID
	b := open(t, r)
	b.SignIn()
	for _, scheme := range []string{"light", "dark"} {
		browsertest.Call(b, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{
			{Name: "forced-colors", Value: "active"}, {Name: "prefers-color-scheme", Value: scheme},
		}})
		for _, path := range []string{"/admin/clients", "/admin/clients/" + id, "/admin/events"} {
			b.Visit(path)
			b.Keep("forced-" + scheme + path)
			const line = `(a => getComputedStyle(document.querySelector(a)).borderBottomColor)`
			if browsertest.Eval[bool](b, line+`(".sections a[aria-current]") === `+line+`(".sections a:not([aria-current])")`) {
				t.Errorf("%s in forced colours on %s: no section stands out", path, scheme)
			}
			if browsertest.Eval[bool](b, `document.querySelector(".tabs") !== null && (a => getComputedStyle(document.querySelector(a)).borderTopWidth)(".tabs [aria-current]") === "0px"`) {
				t.Errorf("%s in forced colours on %s: no tab stands out", path, scheme)
			}
		}
	}
}
