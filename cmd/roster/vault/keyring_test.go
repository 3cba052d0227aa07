package vault

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// ringOf returns a keyring with keys that repeat one letter each.
func ringOf(tb testing.TB, letters string) Keyring {
	tb.Helper()
	var keys []string
	for _, letter := range letters {
		keys = append(keys, base64.StdEncoding.EncodeToString(bytes.Repeat([]byte{byte(letter)}, KeySize)))
	}
	ring, err := ParseKeyring(strings.Join(keys, ","))
	if err != nil {
		tb.Fatal(err)
	}
	return ring
}

const (
	goldenClient = "0195516c-0c00-7000-8000-000000000001"
	goldenSecret = "CAuvE3QBfOAL9pLyTj7oPUzYx0GmRW1hnkVtXbNdSsI"
)

// golden are sealed values of goldenSecret for goldenClient under the key "a". Logs hold their like for good: they
// are never to be changed, and each further version adds one.
var golden = map[string]string{
	"version 0": "da5e64faf3fe11ead8e302fac2adb7b0fae6405cef642852a7529bd0fca9221f0d989475283df2dd" +
		"645e8dc93e16e30ab0a0db78393718de95094a58bf22b7ee6d78cbfc5a7285",
	"version 0, with a nonce that begins like version 1": "017fa80dd7fd04487d4760b11ebb1921001413565b5d0aac5c48836cd6596bc0" +
		"60c9aa1fdf99879020a02801eb7bfcdfb84be067758bf31cc63e2ad5c9f490960518ff381785ea",
	"version 1": "019870f842d6c627913bcd1ae6d5f857a3df0e4468ca3cc865be216fb75f82513c618af02bf2cac98c9a67931e15c60a5ec0" +
		"32850914abea4b0c35b901cb5a5890574f64a4bb0260f4af51a3bc3396dc",
}

func goldenBytes(tb testing.TB, name string) []byte {
	tb.Helper()
	sealed, err := hex.DecodeString(golden[name])
	if err != nil {
		tb.Fatal(err)
	}
	return sealed
}

// What was ever sealed opens with its key, wherever in the ring that is, and for its client alone.
func TestOpenGolden(t *testing.T) {
	for name := range golden {
		sealed := goldenBytes(t, name)
		for _, ring := range []string{"a", "ba", "ab", "cba"} {
			if secret, err := ringOf(t, ring).Open(goldenClient, sealed); secret != goldenSecret || err != nil {
				t.Errorf("%s with the keys %s: %q, %v", name, ring, secret, err)
			}
		}
		for what, open := range map[string]func() (string, error){
			"another key":    func() (string, error) { return ringOf(t, "b").Open(goldenClient, sealed) },
			"no key":         func() (string, error) { return Keyring{}.Open(goldenClient, sealed) },
			"another client": func() (string, error) { return ringOf(t, "a").Open(goldenClient[:35]+"2", sealed) },
			"no client":      func() (string, error) { return ringOf(t, "a").Open("", sealed) },
		} {
			if secret, err := open(); secret != "" || !errors.Is(err, ErrNotOpened) {
				t.Errorf("%s, %s: %q, %v", name, what, secret, err)
			}
		}
	}
}

// A sealed secret says its version and key, and opens only as a whole.
func TestSealAndOpen(t *testing.T) {
	a, both, b := ringOf(t, "a"), ringOf(t, "ba"), ringOf(t, "b")
	sealed := a.Seal("client", "the secret")
	if id := hex.EncodeToString(sealed[1:headerSize]); sealed[0] != version || id != a.IDs()[0] {
		t.Errorf("sealed by version %d and key %s, want %d and %s", sealed[0], id, version, a.IDs()[0])
	}
	if secret, err := both.Open("client", sealed); secret != "the secret" || err != nil {
		t.Errorf("%q, %v", secret, err)
	}
	for i := range sealed {
		changed := slices.Clone(sealed)
		changed[i] ^= 1
		if secret, err := a.Open("client", changed); err == nil {
			t.Errorf("opened %q with another byte at %d", secret, i)
		}
		if secret, err := a.Open("client", sealed[:i]); err == nil {
			t.Errorf("opened %q cut off at %d", secret, i)
		}
	}
	if bytes.Equal(a.Seal("client", "the secret"), sealed) {
		t.Error("sealed twice to the same")
	}
	sealed = both.Seal("client", "x")
	if opened, err := b.Open("client", sealed); opened != "x" || err != nil || both.IDs()[0] != b.IDs()[0] {
		t.Errorf("%q, %v: the first key is to seal", opened, err)
	}
	if _, err := a.Open("client", sealed); err == nil {
		t.Error("the second key opens what the first has sealed")
	}
}

// The log holds the ids of keys: the id of a key is for good. It is not the key.
func TestKeyIDs(t *testing.T) {
	if got, want := strings.Join(ringOf(t, "ab").IDs(), " "), "9870f842d6c62791 "+ringOf(t, "b").IDs()[0]; got != want {
		t.Errorf("ids %s, want %s", got, want)
	}
}

// Whatever is sealed opens, for its client. Nothing else opens but what was sealed.
func FuzzOpen(f *testing.F) {
	var sealedBefore [][]byte
	for name := range golden {
		sealed := goldenBytes(f, name)
		sealedBefore = append(sealedBefore, sealed)
		f.Add(goldenClient, goldenSecret, sealed)
	}
	f.Add("", "", []byte{})
	f.Add("client", "s", append([]byte{version}, make([]byte, headerSize)...))
	old, ring, other := ringOf(f, "a"), ringOf(f, "ba"), ringOf(f, "c")
	f.Fuzz(func(t *testing.T, clientID, secret string, sealed []byte) {
		fresh := ring.Seal(clientID, secret)
		if opened, err := ring.Open(clientID, fresh); opened != secret || err != nil {
			t.Errorf("%q, %v: want %q", opened, err, secret)
		}
		if _, err := ring.Open(clientID+"x", fresh); !errors.Is(err, ErrNotOpened) {
			t.Errorf("for another client: %v", err)
		}
		if _, err := other.Open(clientID, fresh); !errors.Is(err, ErrNotOpened) {
			t.Errorf("with another key: %v", err)
		}
		known := clientID == goldenClient && slices.ContainsFunc(sealedBefore, func(b []byte) bool { return bytes.Equal(b, sealed) })
		for _, ring := range []Keyring{old, ring} {
			opened, err := ring.Open(clientID, sealed)
			if known && opened != goldenSecret || !known && !errors.Is(err, ErrNotOpened) {
				t.Errorf("%x opens as %q, %v", sealed, opened, err)
			}
		}
	})
}

// A wrong key is refused without a word of it, and a file is left as it is.
func TestWrongKeys(t *testing.T) {
	const canary = "CANARY7f3a9"
	right := base64.StdEncoding.EncodeToString(bytes.Repeat([]byte("k"), KeySize))
	for name, encoded := range map[string]string{
		"empty": "", "not base64": canary + "!", "too short": base64.StdEncoding.EncodeToString([]byte(canary)),
		"too long":   base64.StdEncoding.EncodeToString(bytes.Repeat([]byte(canary), KeySize)),
		"URL safe":   strings.Repeat("_", 43) + "=",
		"one of two": right + "," + canary, "a comma too many": right + ",",
	} {
		if _, err := ParseKeyring(encoded); err == nil || err.Error() != "must be 32 bytes in base64" {
			t.Errorf("%s: %v", name, err)
		}
		path := filepath.Join(t.TempDir(), "the.key")
		if err := os.WriteFile(path, []byte(encoded), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := LoadKeyring(path); err == nil || err.Error() != "the.key must be 32 bytes in base64" {
			t.Errorf("%s: %v", name, err)
		}
		if content, err := os.ReadFile(path); string(content) != encoded || err != nil {
			t.Errorf("%s: the file was changed to %q, %v", name, content, err)
		}
	}
}
