package access

import (
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"

	"golang.org/x/crypto/argon2"
)

// passwordHash is an argon2id hash with its parameters (RFC 9106).
type passwordHash struct {
	memory  uint32 // KiB
	passes  uint32
	threads uint8
	salt    []byte
	sum     []byte
}

// hashSlowly returns the argon2id hash of a password with a salt of 16 bytes or more: the same hash each time. The
// parameters are the second choice of RFC 9106 4: 64 MiB, 3 passes, 4 lanes.
func hashSlowly(password string, salt []byte) passwordHash {
	return passwordHash{memory: 64 << 10, passes: 3, threads: 4, salt: salt}.with(password)
}

// NewPassword returns a password of 128 random bits that a person can type, and its argon2id hash, a PHC string.
// The work of a hash is there to make guessing slow, and nobody guesses 128 random bits, however fast: so this hash
// takes little time and memory.
func NewPassword() (password, hash string) {
	password = rand.Text()
	salt := make([]byte, 16)
	rand.Read(salt)
	return password, passwordHash{memory: 1 << 10, passes: 1, threads: 1, salt: salt}.with(password).String()
}

// with returns the hash of a password with the parameters and the salt of h.
func (h passwordHash) with(password string) passwordHash {
	h.sum = h.of(password, 32)
	return h
}

func (h passwordHash) of(password string, size int) []byte {
	return argon2.IDKey([]byte(password), h.salt, h.passes, h.memory, h.threads, uint32(size))
}

func (h passwordHash) matches(password string) bool {
	return subtle.ConstantTimeCompare(h.sum, h.of(password, len(h.sum))) == 1
}

// String returns the hash as a PHC string.
func (h passwordHash) String() string {
	return fmt.Sprintf(phcFormat+"$%s$%s", argon2.Version, h.memory, h.passes, h.threads,
		base64.RawStdEncoding.EncodeToString(h.salt), base64.RawStdEncoding.EncodeToString(h.sum))
}

const phcFormat = "$argon2id$v=%d$m=%d,t=%d,p=%d"

func parsePasswordHash(s string) (passwordHash, error) {
	var h passwordHash
	var version int
	var encoded string
	_, err := fmt.Sscanf(s, phcFormat+"$%s", &version, &h.memory, &h.passes, &h.threads, &encoded)
	if err != nil || version != argon2.Version || h.passes == 0 || h.threads == 0 {
		return passwordHash{}, errors.New("not an argon2id hash as a PHC string")
	}
	salt, sum, _ := strings.Cut(encoded, "$")
	var saltErr, sumErr error
	h.salt, saltErr = base64.RawStdEncoding.DecodeString(salt)
	h.sum, sumErr = base64.RawStdEncoding.DecodeString(sum)
	if saltErr != nil || sumErr != nil || len(h.salt) < 8 || len(h.sum) < 16 {
		return passwordHash{}, errors.New("salt or sum of the hash is malformed")
	}
	return h, nil
}
