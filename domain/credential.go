package domain

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"fmt"
	"time"
)

// Digest is the SHA-256 of a secret or token of 256 random bits: all that is kept of it.
type Digest [sha256.Size]byte

// DigestOf returns the digest of a secret or token.
func DigestOf(secret string) Digest {
	return sha256.Sum256([]byte(secret))
}

// Matches reports whether secret is what the digest was made of, in constant time.
// The zero Digest matches nothing.
func (d Digest) Matches(secret string) bool {
	other := DigestOf(secret)
	return subtle.ConstantTimeCompare(d[:], other[:]) == 1
}

// MarshalText encodes the digest as 64 hexadecimal digits.
func (d Digest) MarshalText() ([]byte, error) {
	return d.AppendText(nil)
}

// AppendText appends what MarshalText returns.
func (d Digest) AppendText(b []byte) ([]byte, error) {
	return hex.AppendEncode(b, d[:]), nil
}

// UnmarshalText decodes what MarshalText encodes.
func (d *Digest) UnmarshalText(text []byte) error {
	if hex.DecodedLen(len(text)) != len(d) {
		return fmt.Errorf("digest of %d characters, want %d", len(text), hex.EncodedLen(len(d)))
	}
	_, err := hex.Decode(d[:], text)
	return err
}

// Secret is what is kept of a client_secret.
type Secret struct {
	Digest    Digest
	ExpiresAt time.Time // client_secret_expires_at, whole seconds; zero: never
	// Sealed is the secret itself, encrypted under a key that is not in the log, for the
	// algorithms that need it again (OpenID Connect Core 10.1, client_secret_jwt). Else empty.
	Sealed []byte
}

// Expired reports whether the secret is no longer valid at a time (RFC 7591 3.2.1).
func (s Secret) Expired(at time.Time) bool {
	return !s.ExpiresAt.IsZero() && !at.Before(s.ExpiresAt)
}
