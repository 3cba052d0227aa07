package oauth

import (
	"crypto/sha256"
	"encoding/base64"
	"math/big"
)

// A Key is what people are told of a key of a JSON Web Key Set (RFC 7517 4). What the key does not say is empty.
type Key struct {
	ID         string // kid
	Type       string // kty
	Curve      string // crv
	Use        string
	Algorithm  string // alg
	Bits       int    // length of an RSA modulus; 0: it is no RSA key
	Thumbprint string // SHA-256 in base64url (RFC 7638, RFC 8037 2); empty: the type of the key is not known
}

// Keys returns the keys of a JSON Web Key Set in their order, those of unknown types too; ok is false for an object
// that is no such set. It checks none of them.
func (v Object) Keys() (keys []Key, ok bool) {
	set, err := ParseDocument([]byte(v))
	if err != nil || set["keys"].Kind() != '[' {
		return nil, false
	}
	for raw := range elements(set["keys"]) {
		members, err := ParseDocument(raw)
		if err != nil {
			return nil, false
		}
		keys = append(keys, describeKey(members))
	}
	return keys, true
}

func describeKey(members Document) Key {
	text := func(name string) string { text, _ := members.Text(name); return text }
	key := Key{
		ID: text("kid"), Type: text("kty"), Curve: text("crv"), Use: text("use"), Algorithm: text("alg"),
		Thumbprint: thumbprint(members),
	}
	if modulus, err := base64.RawURLEncoding.DecodeString(text("n")); err == nil && key.Type == "RSA" {
		key.Bits = new(big.Int).SetBytes(modulus).BitLen()
	}
	return key
}

// thumbprintMembers are those that make a key of a type what it is, in the order in which they are hashed (RFC 7638
// 3.2, RFC 8037 2).
var thumbprintMembers = map[string][]string{
	"EC": {"crv", "kty", "x", "y"}, "OKP": {"crv", "kty", "x"}, "RSA": {"e", "kty", "n"},
}

// thumbprint returns the thumbprint of a public key, empty for one of an unknown type or without one of the members
// that it takes.
func thumbprint(key Document) string {
	kty, _ := key.Text("kty")
	names := thumbprintMembers[kty]
	if names == nil {
		return ""
	}
	var hashed []byte
	for i, name := range names {
		text, ok := key.Text(name)
		if !ok {
			return ""
		}
		hashed = append(hashed, "{,"[min(i, 1)])
		hashed = append(appendString(hashed, name), ':')
		hashed = appendString(hashed, text)
	}
	sum := sha256.Sum256(append(hashed, '}'))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}
