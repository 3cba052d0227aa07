// Package terminal makes text fit for a terminal, whoever wrote it.
package terminal

import (
	"bytes"
	"fmt"
	"io"
	"sync"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"
)

// Writer writes text for a terminal: characters that move its cursor, change its state or cannot be seen become
// escapes such as \u009b, which mean the same in JSON. Clients and administrators choose much of the text, and old
// events hold what would be refused today. A Writer may be used concurrently.
type Writer struct {
	mu      sync.Mutex
	to      io.Writer
	partial []byte // the beginning of a character whose end was not written yet
	escaped []byte // what is written last; kept for its memory
}

// NewWriter returns a Writer that writes to another.
func NewWriter(to io.Writer) *Writer { return &Writer{to: to} }

// Write writes all of p but a character that is cut at its end, which waits for the next call. It returns the
// length of p, or 0 and the error of the writer below.
func (w *Writer) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	text := p
	if len(w.partial) > 0 {
		text = append(w.partial, p...)
	}
	w.escaped = w.escaped[:0]
	for {
		plain := plainLength(text)
		w.escaped = append(w.escaped, text[:plain]...)
		if text = text[plain:]; !utf8.FullRune(text) {
			break
		}
		r, size := utf8.DecodeRune(text)
		if unicode.IsPrint(r) && !(r == utf8.RuneError && size == 1) {
			w.escaped = append(w.escaped, text[:size]...)
		} else {
			w.escaped = appendEscape(w.escaped, r)
		}
		text = text[size:]
	}
	w.partial = bytes.Clone(text)
	if _, err := w.to.Write(w.escaped); err != nil {
		return 0, err
	}
	return len(p), nil
}

// plainLength returns how many bytes of printable ASCII characters, new lines and tabs a text begins with.
func plainLength(text []byte) int {
	for i, c := range text {
		if (c < ' ' || c > '~') && c != '\n' && c != '\t' {
			return i
		}
	}
	return len(text)
}

// appendEscape appends a character as JSON escapes it (RFC 8259, section 7).
func appendEscape(b []byte, r rune) []byte {
	for _, unit := range utf16.AppendRune(nil, r) {
		b = fmt.Appendf(b, `\u%04x`, unit)
	}
	return b
}
