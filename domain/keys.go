package domain

import (
	"crypto/ecdsa"
	"crypto/rsa"
	"encoding/base64"
	"fmt"
	"slices"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-json-experiment/json/jsontext"
)

// minRSABits is the least size of RSA keys (RFC 7518 3.3).
const minRSABits = 2048

// publicKeys is the rule of jwks: public asymmetric keys alone (OpenID Connect Dynamic Client
// Registration 1.0, 2), each complete and strong enough to be used.
func publicKeys(_ Policy, v Value) string {
	set, err := ParseDocument([]byte(v.(Object)))
	if err != nil || set["keys"].Kind() != '[' {
		return "must be a JSON Web Key Set: an object with an array keys (RFC 7517 5)"
	}
	uses := map[string]bool{}
	count := 0
	for raw := range elements(set["keys"]) {
		use, wrong := publicKey(raw)
		if wrong != "" {
			return fmt.Sprintf("has a key (number %d) that %s", count+1, wrong)
		}
		uses[use] = true
		count++
	}
	if count == 0 {
		return "must hold at least one key"
	}
	if uses["sig"] && uses["enc"] && uses[""] {
		return "must say the use of every key when it holds keys for signatures and for encryption"
	}
	return ""
}

// privateMembers are the members of private and symmetric keys (RFC 7518 6.2.2, 6.3.2, 6.4.1).
var privateMembers = []string{"d", "p", "q", "dp", "dq", "qi", "oth", "k", "priv"}

// publicKey returns the use of one key and what is wrong with it.
func publicKey(raw jsontext.Value) (use, wrong string) {
	members, err := ParseDocument(raw)
	if err != nil {
		return "", "is not a JSON object"
	}
	if slices.ContainsFunc(privateMembers, func(name string) bool { return members[name] != nil }) {
		return "", "is private or symmetric; only public keys may be registered"
	}
	for _, name := range []string{"kty", "use", "kid", "alg", "crv"} {
		if value := members[name]; value != nil {
			if text, ok := decodeText(value); !ok || !isText(text) {
				return "", "has a " + name + " that is not a non-empty string"
			}
		}
	}
	kty, _ := decodeText(members["kty"])
	use, _ = decodeText(members["use"])
	switch {
	case kty == "oct":
		return "", "is symmetric; only public keys may be registered"
	case kty != "RSA" && kty != "EC" && kty != "OKP":
		return "", "is of no supported type; supported are RSA, EC and OKP"
	case use != "" && use != "sig" && use != "enc":
		return "", "has a use other than sig or enc"
	}
	if crv, _ := decodeText(members["crv"]); kty == "OKP" && crv == "X25519" {
		return use, octets(members["x"], 32)
	}
	return use, checkKey(members)
}

// octets says what would be right when raw is not the base64url of n octets.
func octets(raw jsontext.Value, n int) string {
	text, _ := decodeText(raw)
	if decoded, err := base64.RawURLEncoding.DecodeString(text); err != nil || len(decoded) != n {
		return fmt.Sprintf("does not hold %d octets in base64url", n)
	}
	return ""
}

// checkKey checks parameters, strength and certificates of a key.
func checkKey(members Document) string {
	// go-jose folds the case of member names; it gets those with exact names alone.
	encoded := []byte{'{'}
	for _, name := range []string{"kty", "crv", "x", "y", "n", "e", "use", "kid", "alg", "x5c", "x5t", "x5t#S256"} {
		if value := members[name]; value != nil {
			if len(encoded) > 1 {
				encoded = append(encoded, ',')
			}
			encoded = appendString(encoded, name)
			encoded = append(encoded, ':')
			encoded = append(encoded, value...)
		}
	}
	encoded = append(encoded, '}')
	var key jose.JSONWebKey
	if err := key.UnmarshalJSON(encoded); err != nil || !key.Valid() || !key.IsPublic() {
		return "is not a valid public key, or does not match its certificate"
	}
	switch public := key.Key.(type) {
	case *rsa.PublicKey:
		if public.N.BitLen() < minRSABits || public.N.Bit(0) == 0 {
			return fmt.Sprintf("has an RSA modulus that is not odd or below %d bits", minRSABits)
		}
		if public.E < 3 || public.E%2 == 0 {
			return "has an RSA exponent that is not odd or below 3"
		}
	case *ecdsa.PublicKey:
		if _, err := public.ECDH(); err != nil {
			return "has a point that is not on its curve"
		}
	}
	return ""
}

// hasKeys reports whether the client has keys of its own.
func hasKeys(m Metadata) bool {
	return m["jwks"] != nil || m["jwks_uri"] != nil || m["signed_jwks_uri"] != nil
}
