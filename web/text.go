package web

import (
	"context"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/a-h/templ"

	"roster/domain/oauth"
)

// How many characters of a text from outside lists and changes show. The page of a client shows all.
const (
	headingText = 120
	listText    = 200
	changeText  = 2000
)

// A run is a stretch of text from outside. A run that is a mark stands for one character that
// would not be seen, or would change how its neighbours are seen.
type run struct {
	text string
	mark bool
}

// runs splits text from outside so that every character in it can be seen: control characters,
// directional overrides and other invisible ones become marks such as "U+202E".
func runs(text string) []run {
	var (
		split []run
		plain strings.Builder
	)
	flush := func() {
		if plain.Len() > 0 {
			split = append(split, run{text: plain.String()})
			plain.Reset()
		}
	}
	var before rune
	for _, r := range text {
		if oauth.IsHidden(r, before) {
			flush()
			split = append(split, run{text: fmt.Sprintf("U+%04X", r), mark: true})
		} else {
			plain.WriteRune(r)
		}
		before = r
	}
	flush()
	return split
}

// said is text from outside as markup: escaped, set apart from the direction of what surrounds it, with
// everything in it to be seen, and never a link.
func said(text string) templ.Component {
	return templ.ComponentFunc(func(_ context.Context, w io.Writer) error {
		var b strings.Builder
		b.WriteString(`<bdi dir="auto">`)
		for _, r := range runs(text) {
			if r.mark {
				b.WriteString(`<span class="hidden-char" title="a character that cannot be seen">` + r.text + `</span>`)
			} else {
				b.WriteString(templ.EscapeString(r.text))
			}
		}
		b.WriteString(`</bdi>`)
		_, err := io.WriteString(w, b.String())
		return err
	})
}

// plain is text from outside for where there is no markup, such as a page's title: visible as by runs
// and at most max characters long.
func plain(text string, max int) string {
	var b strings.Builder
	for _, r := range runs(shorten(text, max)) {
		if r.mark {
			b.WriteString("[" + r.text + "]")
		} else {
			b.WriteString(r.text)
		}
	}
	return b.String()
}

// shorten cuts text after max characters and says so with an ellipsis.
func shorten(text string, max int) string {
	if len(text) <= max {
		return text
	}
	end := 0
	for range max {
		_, size := utf8.DecodeRuneInString(text[end:])
		end += size
		if end == len(text) {
			return text
		}
	}
	return text[:end] + "…"
}
