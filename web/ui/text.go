package ui

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/a-h/templ"

	"roster/domain/oauth"
)

// The most characters of an untrusted text that a place has room for.
const (
	TitleLength   = 60   // the title of a page, a message
	HeadingLength = 120  // a heading
	CellLength    = 200  // a cell of a table
	ItemLength    = 400  // a value that can be unfolded
	DetailLength  = 2000 // a place for details
)

// A run is a stretch of an untrusted text: characters that are shown as they are, or a mark such as
// "U+202E" for one hidden character.
type run struct {
	text string
	mark bool
}

// runs splits an untrusted text into runs. A hidden character is one that a reader could not see or that
// changes how its neighbours look, such as a control character or a directional override.
func runs(text string) []run {
	var (
		split []run
		shown strings.Builder
	)
	flush := func() {
		if shown.Len() > 0 {
			split = append(split, run{text: shown.String()})
			shown.Reset()
		}
	}
	var before rune
	for _, r := range text {
		if oauth.IsHidden(r, before) {
			flush()
			split = append(split, run{text: fmt.Sprintf("U+%04X", r), mark: true})
		} else {
			shown.WriteRune(r)
		}
		before = r
	}
	flush()
	return split
}

// Untrusted shows a text that a caller wrote: escaped, never as a link, with hidden characters marked, and
// isolated, so that its writing direction does not reorder what surrounds it.
func Untrusted(text string) templ.Component { return templ.Raw(isolated(text)) }

// UntrustedLines is Untrusted for a text that may have several lines: a line break in it starts a new one.
func UntrustedLines(text string) templ.Component {
	var lines []string
	for line := range strings.SplitSeq(strings.ReplaceAll(text, "\r\n", "\n"), "\n") {
		lines = append(lines, isolated(line))
	}
	return templ.Raw(`<span class="lines">` + strings.Join(lines, "\n") + `</span>`)
}

// isolated is the markup of an untrusted text.
func isolated(text string) string {
	var b strings.Builder
	b.WriteString(`<bdi dir="auto">`)
	for _, r := range runs(text) {
		if r.mark {
			b.WriteString(`<span class="hidden-char" title="hidden character">` + r.text + `</span>`)
		} else {
			b.WriteString(templ.EscapeString(r.text))
		}
	}
	b.WriteString(`</bdi>`)
	return b.String()
}

// UntrustedShort is Untrusted with at most limit characters.
func UntrustedShort(text string, limit int) templ.Component { return Untrusted(Shorten(text, limit)) }

// PlainUntrusted returns an untrusted text for a place without markup, such as the title of a page: at most
// limit characters, with hidden characters as "[U+202E]". It is not escaped.
func PlainUntrusted(text string, limit int) string {
	var b strings.Builder
	for _, r := range runs(Shorten(text, limit)) {
		if r.mark {
			b.WriteString("[" + r.text + "]")
		} else {
			b.WriteString(r.text)
		}
	}
	return b.String()
}

// Shorten returns the text, or its first limit characters and an ellipsis when it has more.
func Shorten(text string, limit int) string {
	if len(text) <= limit {
		return text
	}
	end := 0
	for range limit {
		_, size := utf8.DecodeRuneInString(text[end:])
		end += size
		if end == len(text) {
			return text
		}
	}
	return text[:end] + "…"
}
