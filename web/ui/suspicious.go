package ui

import (
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/a-h/templ"

	"roster/domain/oauth"
)

// Suspicious is UntrustedShort with the letters marked that look like Latin ones and are not.
func Suspicious(text string, limit int) templ.Component {
	return templ.ComponentFunc(func(_ context.Context, w io.Writer) error {
		var b strings.Builder
		b.WriteString(`<bdi dir="auto">`)
		for _, run := range runs(Shorten(text, limit)) {
			if run.mark {
				b.WriteString(`<span class="hidden-char" title="hidden character">` + run.text + `</span>`)
				continue
			}
			for _, r := range run.text {
				if oauth.LooksLatin(r) {
					fmt.Fprintf(&b, `<mark class="foreign-char" title="U+%04X, not a Latin letter">%s</mark>`, r, templ.EscapeString(string(r)))
				} else {
					b.WriteString(templ.EscapeString(string(r)))
				}
			}
		}
		b.WriteString(`</bdi>`)
		_, err := io.WriteString(w, b.String())
		return err
	})
}
