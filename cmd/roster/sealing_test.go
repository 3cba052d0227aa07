package main

import (
	"encoding/base64"
	"encoding/hex"
	"slices"
	"strings"
	"testing"
)

func ringOf(t *testing.T, keys ...string) keyring {
	t.Helper()
	for i, key := range keys {
		keys[i] = base64.StdEncoding.EncodeToString([]byte(strings.Repeat(key, sealingKeySize)))
	}
	ring, err := parseKeyring(strings.Join(keys, ","))
	if err != nil {
		t.Fatal(err)
	}
	return ring
}

// A sealed secret says its version and key, opens with any ring that has that key, for its client alone, and
// only as a whole.
func TestSealAndOpen(t *testing.T) {
	a, both, b := ringOf(t, "a"), ringOf(t, "b", "a"), ringOf(t, "b")
	sealed := a.Seal("client", "the secret")
	if id := hex.EncodeToString(sealed[1 : 1+keyIDSize]); sealed[0] != sealedVersion || id != a.IDs()[0] {
		t.Errorf("sealed by version %d and key %s, want %d and %s", sealed[0], id, sealedVersion, a.IDs()[0])
	}
	for name, test := range map[string]struct {
		ring   keyring
		client string
		opens  bool
	}{
		"its key": {a, "client", true}, "its key among others": {both, "client", true},
		"another key": {b, "client", false}, "another client": {a, "other", false},
	} {
		if secret, err := test.ring.Open(test.client, sealed); (err == nil) != test.opens || test.opens != (secret == "the secret") {
			t.Errorf("%s: %q, %v", name, secret, err)
		}
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
	if string(a.Seal("client", "the secret")) == string(sealed) {
		t.Error("sealed twice to the same")
	}
	if opened, err := both.Open("client", both.Seal("client", "x")); opened != "x" || err != nil || both.IDs()[0] != b.IDs()[0] {
		t.Errorf("%q, %v: the first key is to seal", opened, err)
	}
}

// What was sealed before there were versions stays readable. Its first byte may look like a version.
func TestOpenUnversioned(t *testing.T) {
	ring := ringOf(t, "b", "a")
	seen := false
	for n := 0; n < 50_000 && !seen; n++ {
		sealed := ring[1].aead.Seal(nil, nil, []byte("old"), []byte("client"))
		seen = sealed[0] == sealedVersion
		if n > 10 && !seen {
			continue
		}
		if secret, err := ring.Open("client", sealed); secret != "old" || err != nil {
			t.Fatalf("%q, %v", secret, err)
		}
	}
	if !seen {
		t.Error("no nonce looked like a version")
	}
}

// The id of a key is for good: the log holds it. It does not hold the key.
func TestKeyID(t *testing.T) {
	if got, want := ringOf(t, "a").IDs()[0], "9870f842d6c62791"; got != want {
		t.Errorf("id %s, want %s", got, want)
	}
}
