// Package vault keeps what the program must not lose and must not tell: the keys that client secrets are sealed
// under, and the small files of a data directory that hold such things.
package vault

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
)

// KeySize is the size of a sealing key in bytes.
const KeySize = 32

const (
	keyIDSize  = 8
	version    = 1
	headerSize = 1 + keyIDSize
)

// ErrNotOpened says that no key of a keyring opens what should be a sealed secret of that client. It does not say
// why: the wrong key, the wrong client and a damaged secret cannot be told apart.
var ErrNotOpened = errors.New("no key opens this sealed secret")

// Keyring seals client secrets and opens them again. Its first key seals; every key opens what it sealed, so that
// a key is replaced by putting the new one in front of it. A Keyring may be used concurrently. The zero Keyring
// has no key: it opens nothing, and Seal panics.
//
// Sealed secrets go into the event log and stay there for good, so Open reads every version that was ever written:
//
//	version 1: the byte 1, the id of the key (8 bytes), nonce (12 bytes), ciphertext, tag (16 bytes)
//	version 0: nonce, ciphertext, tag
//
// Both are AES-256-GCM with a random nonce. The additional data are the client_id and, in version 1, the byte and
// the id in front of it: a sealed secret is of no use for another client. Version 0 has no mark: its nonce may
// begin like version 1, so whatever cannot be opened as version 1 is tried as version 0.
type Keyring struct {
	keys []sealingKey
}

type sealingKey struct {
	id   [keyIDSize]byte
	aead cipher.AEAD
}

// LoadKeyring returns the keys in a file. Where there is no such file it makes one with a random key, as LoadOrMake
// does. Its error does not contain any part of a key.
func LoadKeyring(path string) (Keyring, error) {
	encoded, _, err := LoadOrMake(path, func() string {
		key := make([]byte, KeySize)
		rand.Read(key)
		return base64.StdEncoding.EncodeToString(key)
	})
	if err != nil {
		return Keyring{}, err
	}
	ring, err := ParseKeyring(encoded)
	if err != nil {
		return Keyring{}, fmt.Errorf("%s %w", filepath.Base(path), err)
	}
	return ring, nil
}

// ParseKeyring reads keys of KeySize bytes in base64 (RFC 4648, section 4), separated by commas. Its error says what
// the text must be, to be put behind the name of its source, and does not contain any part of it.
func ParseKeyring(encoded string) (Keyring, error) {
	var ring Keyring
	for one := range strings.SplitSeq(encoded, ",") {
		key, err := base64.StdEncoding.DecodeString(strings.TrimSpace(one))
		if err != nil || len(key) != KeySize {
			return Keyring{}, fmt.Errorf("must be %d bytes in base64", KeySize)
		}
		next, err := newSealingKey(key)
		if err != nil {
			return Keyring{}, err
		}
		ring.keys = append(ring.keys, next)
	}
	return ring, nil
}

func newSealingKey(key []byte) (k sealingKey, err error) {
	// The log holds the id: it must not lead back to the key, nor to anything else that is derived from the key.
	id, err := hkdf.Key(sha256.New, key, nil, "roster sealing key id", keyIDSize)
	if err != nil {
		return k, err
	}
	copy(k.id[:], id)
	block, err := aes.NewCipher(key)
	if err != nil {
		return k, err
	}
	k.aead, err = cipher.NewGCMWithRandomNonce(block)
	return k, err
}

// IDs returns the ids of the keys in hexadecimal digits, in the order of the keys. An id is derived from its key and
// does not reveal it.
func (r Keyring) IDs() []string {
	ids := make([]string, len(r.keys))
	for i, key := range r.keys {
		ids[i] = hex.EncodeToString(key.id[:])
	}
	return ids
}

// Seal encrypts a secret of a client with the first key. Sealing the same secret again gives another result.
func (r Keyring) Seal(clientID, secret string) []byte {
	first := r.keys[0]
	header := append([]byte{version}, first.id[:]...)
	return append(header, first.aead.Seal(nil, nil, []byte(secret), boundTo(clientID, header))...)
}

// boundTo returns the additional data of a sealed secret.
func boundTo(clientID string, header []byte) []byte {
	return append(header[:len(header):len(header)], clientID...)
}

// Open returns the secret of a client that Seal, of this or any earlier version of the program, has sealed with one
// of the keys. Otherwise it returns ErrNotOpened.
func (r Keyring) Open(clientID string, sealed []byte) (secret string, err error) {
	for _, key := range r.keys {
		if len(sealed) > headerSize && sealed[0] == version && [keyIDSize]byte(sealed[1:headerSize]) == key.id {
			plain, err := key.aead.Open(nil, nil, sealed[headerSize:], boundTo(clientID, sealed[:headerSize]))
			if err == nil {
				return string(plain), nil
			}
		}
		if plain, err := key.aead.Open(nil, nil, sealed, []byte(clientID)); err == nil {
			return string(plain), nil
		}
	}
	return "", ErrNotOpened
}
