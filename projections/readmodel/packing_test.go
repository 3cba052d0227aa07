package readmodel_test

import (
	"strings"
	"testing"

	"pgregory.net/rapid"

	"roster/projections/readmodel"
)

// What is packed is unpacked to the same, whatever it is.
func TestPacking(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"", "{}", strings.Repeat(`{"client_name":"ä"}`, 1<<16)} {
		if got := unpacked(t, readmodel.Packed(text)); got != text {
			t.Errorf("%d bytes unpacked to %d others", len(text), len(got))
		}
	}
	rapid.Check(t, func(r *rapid.T) {
		text := strings.Join(rapid.SliceOf(rapid.OneOf(rapid.String(), rapid.SampledFrom([]string{
			`{"client_name":"`, `"redirect_uris":["https://`, `"token_endpoint_auth_method":"none"`,
		}))).Draw(r, "text"), "")
		if got := unpacked(t, readmodel.Packed(text)); got != text {
			r.Fatalf("%q unpacked to %q", text, got)
		}
	})
}

// FuzzUnpack takes whatever a damaged page may hold: it is read as something or refused, and takes no more memory than an
// event could.
func FuzzUnpack(f *testing.F) {
	f.Add([]byte{})
	f.Add(readmodel.Packed(`{"client_name":"A client","redirect_uris":["https://client.example.org/callback"]}`))
	f.Add([]byte{0xff, 0xff, 0xff, 0xff, 0x0f, 0})
	f.Fuzz(func(t *testing.T, block []byte) {
		if text, err := readmodel.Unpack(block); err == nil && len(text) > 64<<20 {
			t.Errorf("%d bytes", len(text))
		}
	})
}

func unpacked(t *testing.T, block []byte) string {
	t.Helper()
	text, err := readmodel.Unpack(block)
	if err != nil {
		t.Fatal(err)
	}
	return text
}
