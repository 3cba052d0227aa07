package oauth

import "slices"

// A keyUse is what a key is for, as the member use of a JSON Web Key says it (RFC 7517 4.2).
type keyUse = string

const (
	keyOfServer      keyUse = ""    // no key of the client's
	keyForSignatures keyUse = "sig" // to verify what the client signed
	keyForEncryption keyUse = "enc" // to encrypt what the client is sent
)

// clientKeyMembers are the members whose algorithms take keys of the client's, unless they are symmetric.
var clientKeyMembers = membersThat(func(m Member) bool { return m.clientKey != keyOfServer })

// checkKeys refuses jwks together with jwks_uri (OpenID Connect Dynamic Client Registration 1.0, 2).
func checkKeys(_ Policy, m Metadata) error {
	if m["jwks"] != nil && m["jwks_uri"] != nil {
		return refuse("jwks", "must not be given together with jwks_uri")
	}
	return nil
}

// checkKeyUse refuses algorithms for which the client has no key.
func checkKeyUse(_ Policy, m Metadata) error {
	for _, name := range clientKeyMembers {
		alg, use := m.Text(name), lookup(name).clientKey
		if alg == "" || alg == "none" || isSymmetricAlg(alg) || hasKeyFor(m, use, alg) {
			continue
		}
		if name == "token_endpoint_auth_signing_alg" && !hasKeyFor(m, use) {
			continue // the client may never sign; that one which must has a key was checked in checkAuthMethod
		}
		return refuse(name, "needs a key that can do it in jwks, or a jwks_uri")
	}
	return nil
}

// hasKeyFor reports whether the client has a key of its own for a use and for one of the algorithms, or for any
// algorithm if none are given. Keys behind a URI may be for everything.
func hasKeyFor(m Metadata, use keyUse, algs ...string) bool {
	if m["jwks_uri"] != nil || m["signed_jwks_uri"] != nil {
		return true
	}
	set, ok := m["jwks"].(Object)
	if !ok {
		return false
	}
	members, _ := ParseDocument([]byte(set))
	for raw := range elements(members["keys"]) {
		key, wrong := parseKey(raw)
		if wrong != nil || checkKeyType(Policy{}, key) != nil || !key.isFor(use) {
			continue
		}
		if len(algs) == 0 || slices.ContainsFunc(algs, key.can) {
			return true
		}
	}
	return false
}

var (
	byAgreement = []string{"ECDH-ES", "ECDH-ES+A128KW", "ECDH-ES+A192KW", "ECDH-ES+A256KW"}
	// algorithms are those that a key of a type, or of a curve, is for (RFC 7518 3.1, 4.1; RFC 8037 3; RFC 8812;
	// RFC 9864).
	algorithms = map[string][]string{
		"RSA": {
			"RS256", "RS384", "RS512", "PS256", "PS384", "PS512",
			"RSA1_5", "RSA-OAEP", "RSA-OAEP-256", "RSA-OAEP-384", "RSA-OAEP-512",
		},
		"P-256":     append([]string{"ES256"}, byAgreement...),
		"P-384":     append([]string{"ES384"}, byAgreement...),
		"P-521":     append([]string{"ES512"}, byAgreement...),
		"secp256k1": {"ES256K"},
		"Ed25519":   {"EdDSA", "Ed25519"},
		"Ed448":     {"EdDSA", "Ed448"},
		"X25519":    byAgreement,
		"X448":      byAgreement,
	}
)

// kind is the key of the table algorithms: the type for RSA, otherwise the curve.
func (key jwk) kind() string {
	if key.name.kty == "RSA" {
		return "RSA"
	}
	return key.crv
}

// can reports whether the key is for an algorithm (RFC 7517 4.4).
func (key jwk) can(alg string) bool {
	return slices.Contains(algorithms[key.kind()], alg) && (key.alg == "" || key.alg == alg)
}

// operations are what keys of a use are for (RFC 7517 4.3).
var operations = map[string][]string{
	"sig": {"sign", "verify"},
	"enc": {"encrypt", "decrypt", "wrapKey", "unwrapKey", "deriveKey", "deriveBits"},
}

// isFor reports whether the key may be used for a use by its members use and key_ops (RFC 7517 4.2, 4.3). An empty
// key_ops forbids nothing: the Web Cryptography API exports public keys of ECDH with one.
func (key jwk) isFor(use string) bool {
	if key.name.use != "" && key.name.use != use {
		return false
	}
	list, _ := decodeList(key.members["key_ops"])
	names := func(use string) bool {
		return slices.ContainsFunc(words(list), func(operation string) bool { return slices.Contains(operations[use], operation) })
	}
	for other := range operations {
		if other != use && names(other) && !names(use) {
			return false
		}
	}
	return true
}
