package web_test

import (
	"testing"

	"roster/web"
	"roster/web/browsertest"
)

func TestNoPageScrollsSideways(t *testing.T) {
	r, empty := newRegistry(t), newRegistry(t, func(o *web.Options) { o.PublicURL = "https://a-rather-long-name-of-a-registry.example.com" })
	paths := tour(t, r)
	b := open(t, r)
	b.SignIn()
	check := func(b *browsertest.Browser, path string) {
		b.Visit(path)
		b.Unfold()
		if browsertest.Eval[bool](b, "document.documentElement.scrollWidth > document.documentElement.clientWidth") {
			t.Errorf("%s is wider than the screen: %s", path, browsertest.Eval[string](b,
				`[...document.querySelectorAll("main *, header *")].filter(e => e.getBoundingClientRect().right > innerWidth).map(e => e.outerHTML.slice(0, 200)).join("\n")`))
		}
		small := browsertest.Eval[[]string](b, `[...document.querySelectorAll("a:not(.skip), button, input, select, textarea, summary")].map(e => e.closest("label") ?? e)
			.filter(e => e.checkVisibility() && e.getBoundingClientRect().height > 0 && e.getBoundingClientRect().height < 24 && getComputedStyle(e).display !== "inline")
			.map(e => e.outerHTML)`)
		for _, e := range small {
			t.Errorf("%s has a target lower than 24 pixels: %s", path, e)
		}
	}
	b.Resize(320, 640)
	for _, path := range paths {
		check(b, path)
	}
	none := open(t, empty)
	none.Resize(320, 640)
	check(none, "/admin/login")
}

// What stands in one place is not written over what is beside it, and short words are not broken.
func TestTextKeepsToItsPlace(t *testing.T) {
	r := newRegistry(t)
	paths := tour(t, r)
	b := open(t, r)
	b.SignIn()
	for _, width := range []int64{390, 900, 1280} {
		b.Resize(width, 800)
		for _, path := range paths {
			b.Visit(path)
			b.Unfold()
			beyond := browsertest.Eval[[]string](b, `[...document.querySelectorAll("td *, th *, dd *")]
				.filter(e => e.checkVisibility() && !e.closest(".unseen, .name, .id, .cut") && e.getBoundingClientRect().right > e.closest("td, th, dd").getBoundingClientRect().right + 1)
				.map(e => e.outerHTML.slice(0, 200))`)
			broken := browsertest.Eval[[]string](b, `const lines = e => {
					const text = document.createRange();
					text.selectNodeContents(e);
					return new Set([...text.getClientRects()].map(r => r.top)).size;
				};
				[...document.querySelectorAll("dd bdi, td .badge")]
				.filter(e => !/\S{25}/.test(e.textContent) && lines(e) > e.textContent.trim().split(/\s+/).length)
				.map(e => e.outerHTML.slice(0, 200))`)
			for _, e := range beyond {
				t.Errorf("%s, %d wide: beyond its place: %s", path, width, e)
			}
			for _, e := range broken {
				t.Errorf("%s, %d wide: broken: %s", path, width, e)
			}
		}
	}
}
