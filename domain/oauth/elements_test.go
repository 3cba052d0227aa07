package oauth

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"github.com/go-json-experiment/json/jsontext"
	"pgregory.net/rapid"
)

// The elements of an array are those that a decoder finds, wherever there is white space.
func TestElements(t *testing.T) {
	space := rapid.StringMatching(`[ \t\r\n]{0,2}`)
	element := rapid.SampledFrom([]string{
		`""`, `"a"`, `"],[{}"`, `"\""`, `"\\"`, `"\\\""`, `"ü日本😀"`, `0`, `-1.5e+3`, `true`, `null`, `[]`, `{}`, `[[],[" ]"]]`,
		`{"keys":[{"kty":"RSA" , "n":"]"}],"a" : "}"}`, `[1 , 2]`,
	})
	rapid.Check(t, func(t *rapid.T) {
		var text strings.Builder
		text.WriteString("[" + space.Draw(t, "space"))
		for i := range rapid.IntRange(0, 5).Draw(t, "elements") {
			if i > 0 {
				text.WriteString("," + space.Draw(t, "space"))
			}
			text.WriteString(element.Draw(t, "element") + space.Draw(t, "space"))
		}
		text.WriteString("]")
		array := jsontext.Value(text.String())

		var want []string
		decoder := jsontext.NewDecoder(bytes.NewReader(array))
		_, err := decoder.ReadToken()
		for err == nil && decoder.PeekKind() != ']' {
			var value jsontext.Value
			value, err = decoder.ReadValue()
			want = append(want, string(value))
		}
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for value := range elements(array) {
			got = append(got, string(value))
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s: got %q, want %q", array, got, want)
		}
	})
	for _, other := range []string{"", "{}", `"[1]"`, "1", "null"} {
		for value := range elements(jsontext.Value(other)) {
			t.Errorf("%s has the element %s", other, value)
		}
	}
}
