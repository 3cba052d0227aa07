package main

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

const (
	sealingKeySize = 32
	sealingKeyFile = "roster.key"
	keyIDSize      = 8
	sealedVersion  = 1
)

// A sealed secret is
//
//	version 1: the byte 1, the key's id, and the secret encrypted under the key, to which the client_id and all
//	before it are bound
//	version 0: the secret encrypted under the key, to which the client_id is bound
//
// each with AES-256-GCM, whose random nonce comes first. Version 0 has no mark. It is what cannot be opened as
// version 1: a nonce that looks like one is found out by the authentication.

// keyring is a registrar.Sealer with one or more keys, of which the first seals. It may be used concurrently.
type keyring []sealingKey

type sealingKey struct {
	id   [keyIDSize]byte
	aead cipher.AEAD
}

// newKeyring returns the keys of the settings, or else the one in the data directory, which it makes at the
// first start.
func newKeyring(data, setting string) (keyring, error) {
	encoded, source := setting, "--secret-key"
	if encoded == "" {
		source = sealingKeyFile
		var err error
		encoded, _, err = loadOrMake(filepath.Join(data, sealingKeyFile), func() string {
			key := make([]byte, sealingKeySize)
			rand.Read(key)
			return base64.StdEncoding.EncodeToString(key)
		})
		if err != nil {
			return nil, fmt.Errorf("sealing key: %w", err)
		}
	}
	ring, err := parseKeyring(encoded)
	if err != nil {
		return nil, fmt.Errorf("sealing key: %s %w", source, err)
	}
	return ring, nil
}

// parseKeyring reads keys in base64, comma-separated. Its error says nothing of them.
func parseKeyring(encoded string) (keyring, error) {
	var ring keyring
	for one := range strings.SplitSeq(encoded, ",") {
		key, err := base64.StdEncoding.DecodeString(strings.TrimSpace(one))
		if err != nil || len(key) != sealingKeySize {
			return nil, fmt.Errorf("must be %d bytes in base64", sealingKeySize)
		}
		next, err := newSealingKey(key)
		if err != nil {
			return nil, err
		}
		ring = append(ring, next)
	}
	return ring, nil
}

func newSealingKey(key []byte) (k sealingKey, err error) {
	// The id goes into the log: it must not lead back to the key, nor to what else is derived from it.
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

// IDs returns the ids of the keys in hexadecimal digits.
func (r keyring) IDs() []string {
	ids := make([]string, len(r))
	for i, key := range r {
		ids[i] = hex.EncodeToString(key.id[:])
	}
	return ids
}

// Seal implements registrar.Sealer.
func (r keyring) Seal(clientID, secret string) []byte {
	head := append([]byte{sealedVersion}, r[0].id[:]...)
	return append(head, r[0].aead.Seal(nil, nil, []byte(secret), append(head[:len(head):len(head)], clientID...))...)
}

// errNotOpened says that no key of a ring opens what was to be a secret of that client.
var errNotOpened = errors.New("no key opens this sealed secret")

// Open is the inverse of Seal, for every version there ever was.
func (r keyring) Open(clientID string, sealed []byte) (secret string, err error) {
	const head = 1 + keyIDSize
	for _, key := range r {
		if len(sealed) > head && sealed[0] == sealedVersion && [keyIDSize]byte(sealed[1:head]) == key.id {
			plain, err := key.aead.Open(nil, nil, sealed[head:], append(sealed[:head:head], clientID...))
			if err == nil {
				return string(plain), nil
			}
		}
		if plain, err := key.aead.Open(nil, nil, sealed, []byte(clientID)); err == nil {
			return string(plain), nil
		}
	}
	return "", errNotOpened
}
