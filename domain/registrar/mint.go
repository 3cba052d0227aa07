package registrar

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"strings"
	"time"
)

// newID returns a UUIDv7 (RFC 9562 5.7) with 74 random bits: ids ascend in time and cannot be guessed.
func newID(now time.Time) string {
	var id [16]byte
	binary.BigEndian.PutUint64(id[:8], uint64(now.UnixMilli())<<16)
	rand.Read(id[6:])
	id[6] = id[6]&0x0f | 0x70
	id[8] = id[8]&0x3f | 0x80
	text := hex.AppendEncode(nil, id[:])
	return string(text[:8]) + "-" + string(text[8:12]) + "-" + string(text[12:16]) + "-" + string(text[16:20]) + "-" + string(text[20:])
}

// idForm is the form of the ids that newID makes: x stands for a hexadecimal digit, v for one that begins with the
// variant, and everything else for itself.
const idForm = "xxxxxxxx-xxxx-7xxx-vxxx-xxxxxxxxxxxx"

// IsID reports whether an id has the form of those that the registry gives to clients and initial access tokens.
func IsID(id string) bool {
	if len(id) != len(idForm) {
		return false
	}
	for i := range len(id) {
		allowed := idForm[i : i+1]
		switch allowed {
		case "x":
			allowed = "0123456789abcdef"
		case "v":
			allowed = "89ab"
		}
		if strings.IndexByte(allowed, id[i]) < 0 {
			return false
		}
	}
	return true
}

// newToken returns 256 random bits as 43 characters of base64url (RFC 7592 5, RFC 6749 10.10).
func newToken() string { return random(32) }

// base62 is the letters and digits: no client has trouble with them in a secret.
const base62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

// secretLength is how many octets the longest key has that is made of a client secret: that of HS512 (RFC 7518 3.2;
// OpenID Connect Core 1.0, 10.1 and 16.19).
const secretLength = 64

// newClientSecret returns 381 random bits as letters and digits. Six random bits that are beyond the end of base62
// are skipped, so that all characters are equally likely.
func newClientSecret() string {
	secret := make([]byte, 0, secretLength)
	for random := make([]byte, secretLength); ; {
		rand.Read(random)
		for _, b := range random {
			if place := int(b & 0x3f); place < len(base62) {
				secret = append(secret, base62[place])
			}
			if len(secret) == secretLength {
				return string(secret)
			}
		}
	}
}

// random returns random octets in base64url.
func random(octets int) string {
	secret := make([]byte, octets)
	rand.Read(secret)
	return base64.RawURLEncoding.EncodeToString(secret)
}
