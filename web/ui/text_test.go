package ui

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

func TestWhatCannotBeSeenIsMarked(t *testing.T) {
	for text, want := range map[string]string{
		"Portal":              "Portal",
		"Größe 測試 مرحبا":      "Größe 測試 مرحبا",
		"a\u202egpj.exe":      "a[U+202E]gpj.exe",
		"a\u2066b\u2069":      "a[U+2066]b[U+2069]",
		"a\u200bb\u00adc":     "a[U+200B]b[U+00AD]c",
		"a\u00a0b":            "a[U+00A0]b",
		"tab\tline\nnull\x00": "tab[U+0009]line[U+000A]null[U+0000]",
		"esc\x1b[31m":         "esc[U+001B][31m",
		"\ufeffbom":           "[U+FEFF]bom",
		"tag\U000e0041":       "tag[U+E0041]",
		"a\u2028b":            "a[U+2028]b",
		"می\u200cخواهم":       "می\u200cخواهم",
		"👩\u200d💻":            "👩\u200d💻",
		"a\u200db":            "a[U+200D]b",
		"private \ue000":      "private [U+E000]",
		"xn--e1afmkfd.org":    "xn--e1afmkfd.org",
	} {
		if got := PlainUntrusted(text, 100); got != want {
			t.Errorf("%q is shown as %q, want %q", text, got, want)
		}
	}
}

func TestLinesAreLines(t *testing.T) {
	var b strings.Builder
	if err := UntrustedLines("one\r\ntwo\n\nfour\rfive").Render(t.Context(), &b); err != nil {
		t.Fatal(err)
	}
	mark := `<span class="hidden-char" title="hidden character">U+000D</span>`
	want := `<span class="lines"><bdi dir="auto">one</bdi>` + "\n" + `<bdi dir="auto">two</bdi>` + "\n" + `<bdi dir="auto"></bdi>` + "\n" +
		`<bdi dir="auto">four` + mark + `five</bdi></span>`
	if b.String() != want {
		t.Errorf("the lines are shown as %s", b.String())
	}
}

func FuzzShownTextIsSafe(f *testing.F) {
	f.Add("<script>alert(1)</script>")
	f.Add("a\u202eb\x00\xff")
	f.Fuzz(func(t *testing.T, text string) {
		var b strings.Builder
		if err := Untrusted(text).Render(t.Context(), &b); err != nil {
			t.Fatal(err)
		}
		inside := strings.TrimSuffix(strings.TrimPrefix(b.String(), `<bdi dir="auto">`), "</bdi>")
		inside = strings.NewReplacer(`<span class="hidden-char" title="hidden character">`, "", "</span>", "").Replace(inside)
		if strings.ContainsAny(inside, `<>"'`) {
			t.Errorf("%q is rendered as %q", text, b.String())
		}
		if i := strings.IndexFunc(inside, func(r rune) bool {
			return unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r)
		}); i >= 0 {
			t.Errorf("%q is rendered as %q", text, b.String())
		}
		if short := Shorten(text, 3); utf8.RuneCountInString(short) > 4 || !strings.HasPrefix(text, strings.TrimSuffix(short, "…")) {
			t.Errorf("%q is shortened to %q", text, short)
		}
	})
}
