package oauth

import (
	"encoding/base64"
	"errors"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-json-experiment/json/jsontext"
)

// A JWT is the content of a JSON Web Token, whether it is true or not (RFC 7519).
type JWT struct{ Header, Claims Document }

// What keeps a text from being a JWT, in words that follow the name of what it should be.
var (
	errNotCompact = errors.New("must be a signed JWT in compact form")
	errNotObjects = errors.New("must have a header and claims that are JSON objects without a member twice")
)

// ParseJWT reads a JWT in compact form (RFC 7519 3): header and claims are JSON objects, read as strictly as requests
// are. It verifies nothing.
func ParseJWT(text string) (t JWT, err error) {
	parts := strings.Split(text, ".")
	if len(parts) != 3 {
		return JWT{}, errNotCompact
	}
	if t.Header, err = parsePart(parts[0]); err != nil {
		return JWT{}, err
	}
	if t.Claims, err = parsePart(parts[1]); err != nil {
		return JWT{}, err
	}
	return t, nil
}

func parsePart(part string) (Document, error) {
	decoded, err := base64.RawURLEncoding.Strict().DecodeString(part)
	if err != nil {
		return nil, errNotCompact
	}
	document, err := ParseDocument(decoded)
	if err != nil {
		return nil, errNotObjects
	}
	return document, nil
}

// HasExtensions reports whether the header asks for more than is understood here: RFC 7797 7 keeps b64 out of JWTs, and
// no other extension is known (RFC 7515 4.1.11).
func (t JWT) HasExtensions() bool { return t.Header["crit"] != nil || t.Header["b64"] != nil }

// Leeway is how far the clock of whoever made a JWT may be from ours.
const Leeway = time.Minute

// CheckTimes says what is wrong with the times that a JWT was made for (RFC 7519 4.1.4 to 4.1.6); empty: nothing.
func (t JWT) CheckTimes(now time.Time) string {
	at := map[string]time.Time{}
	for _, name := range []string{"exp", "nbf", "iat"} {
		if t.Claims[name] == nil {
			continue
		}
		claimed, ok := t.Time(name)
		if !ok {
			return "has a claim " + name + " that is not a number of seconds"
		}
		at[name] = claimed
	}
	expires, limited := at["exp"]
	switch {
	case limited && !now.Before(expires.Add(Leeway)):
		return "has expired"
	case now.Add(Leeway).Before(at["nbf"]):
		return "is not valid yet"
	case now.Add(Leeway).Before(at["iat"]):
		return "was issued in the future"
	}
	return ""
}

// Time reads a claim that is seconds since 1970, with or without a fraction (RFC 7519 2), up to the year 9999. ok is
// false for something else, and for nothing.
func (t JWT) Time(claim string) (at time.Time, ok bool) {
	const year10000 = 253402300800
	raw := t.Claims[claim]
	if raw.Kind() != '0' {
		return time.Time{}, false
	}
	seconds, err := strconv.ParseFloat(string(raw), 64)
	if err != nil || seconds < 0 || seconds >= year10000 {
		return time.Time{}, false
	}
	return time.UnixMilli(int64(seconds * 1000)), true
}

// IsFor reports whether the claim aud, a string or an array of strings, holds one of the names (RFC 7519 4.1.3).
func (t JWT) IsFor(names []string) bool {
	audience := t.Claims["aud"]
	if audience.Kind() == '"' {
		audience = slices.Concat(jsontext.Value{'['}, audience, jsontext.Value{']'})
	}
	list, ok := decodeList(audience)
	return ok && slices.ContainsFunc(words(list), func(name string) bool { return slices.Contains(names, name) })
}

// VerificationKeys returns the public keys of a JSON Web Key Set that signatures can be verified with. Keys
// that are of another kind or use, weak or wrong are passed over (RFC 7517 5). The set itself is parsed as strictly as a
// request. It returns an error for what is no such set, and for one without any such key.
func VerificationKeys(set []byte) ([]jose.JSONWebKey, error) {
	document, err := ParseDocument(set)
	if err != nil {
		return nil, err
	}
	if document["keys"].Kind() != '[' {
		return nil, malformed("a JSON Web Key Set is an object with an array keys (RFC 7517 5)")
	}
	var keys []jose.JSONWebKey
	for raw := range elements(document["keys"]) {
		candidate, wrong := publicKey(DefaultPolicy, raw)
		if wrong != nil || !candidate.isFor("sig") {
			continue
		}
		if key, ok := decodeKey(candidate.members); ok {
			keys = append(keys, key)
		}
	}
	if len(keys) == 0 {
		return nil, malformed("the JSON Web Key Set has no key that signatures can be verified with")
	}
	return keys, nil
}

// VerifiedBy reports whether one of the keys made a signature. A key that names an algorithm verifies no other, and a
// signature that names a key can be of that key only (RFC 7515 4.1.4, RFC 7517 4.4).
func VerifiedBy(keys []jose.JSONWebKey, signed *jose.JSONWebSignature) bool {
	header := signed.Signatures[0].Header
	return slices.ContainsFunc(keys, func(key jose.JSONWebKey) bool {
		fits := (header.KeyID == "" || key.KeyID == header.KeyID) && (key.Algorithm == "" || key.Algorithm == header.Algorithm)
		if !fits {
			return false
		}
		_, err := signed.Verify(key.Key)
		return err == nil
	})
}
