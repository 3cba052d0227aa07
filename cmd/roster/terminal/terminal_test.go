package terminal

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"testing"
	"testing/iotest"
	"unicode"
)

// TestWriter writes whole and byte by byte.
func TestWriter(t *testing.T) {
	for text, want := range map[string]string{
		"":                            "",
		"{\"a\":1}\n":                 "{\"a\":1}\n",
		"tab\tand ü 日本 😀 é":           "tab\tand ü 日本 😀 é",
		"a\u009b31mb":                 `a\u009b31mb`,
		"\x1b[2J\x07\x00\r\b":         `\u001b[2J\u0007\u0000\u000d\u0008`,
		"del\x7f":                     `del\u007f`,
		"\u0080\u0085\u009d\u009f":    `\u0080\u0085\u009d\u009f`,
		"\u202eevil\u2066\u200f":      `\u202eevil\u2066\u200f`,
		"zero\u200bwidth\ufeff\u00ad": `zero\u200bwidth\ufeff\u00ad`,
		"\u2028\u2029":                `\u2028\u2029`,
		"tag\U000e0041":               `tag\udb40\udc41`,
		"not UTF-8 \x9b31m":           `not UTF-8 \ufffd31m`,
		"�":                           "�",
	} {
		var whole, pieces bytes.Buffer
		if n, err := NewWriter(&whole).Write([]byte(text)); n != len(text) || err != nil {
			t.Errorf("%q: wrote %d, error %v", text, n, err)
		}
		if _, err := io.Copy(NewWriter(&pieces), iotest.OneByteReader(bytes.NewReader([]byte(text)))); err != nil {
			t.Error(err)
		}
		if whole.String() != want || pieces.String() != want {
			t.Errorf("%q: whole %q, in pieces %q, want %q", text, whole.String(), pieces.String(), want)
		}
	}
}

// TestWriterKeepsJSON has every character in a string: the value is the same, and nothing of the text but
// what a terminal only shows.
func TestWriterKeepsJSON(t *testing.T) {
	var all []rune
	for r := rune(0); r <= unicode.MaxRune; r++ {
		if r < 0xd800 || r > 0xdfff {
			all = append(all, r)
		}
	}
	encoded, err := json.Marshal(string(all))
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	fmt.Fprintf(NewWriter(&out), "%s", encoded)
	var got string
	if err := json.Unmarshal(out.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	if got != string(all) {
		t.Error("the value is another")
	}
	for _, r := range out.String() {
		if !unicode.IsPrint(r) {
			t.Fatalf("%q is left", r)
		}
	}
}
