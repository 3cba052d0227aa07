package oauth

import (
	"crypto/ecdsa"
	"crypto/rsa"
	"encoding/base64"
	"fmt"
	"math/big"
	"slices"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-json-experiment/json/jsontext"
)

// minRSABits is the minimum size of RSA keys (RFC 7518 3.3). The maximum is that of go-jose: verifying with larger keys
// takes too long.
const minRSABits = 2048

// checkPublicKeys is the rule of jwks: it may hold only public asymmetric keys (OpenID Connect Dynamic Client
// Registration 1.0, 2). Keys of a known type must be complete and strong enough, and no two may have the same name.
// Keys of an unknown type are passed over, even if there is no other: whether the client needs a key is checked in
// checkAuthentication and checkKeyUse.
func checkPublicKeys(p Policy, v Value) *fault {
	set, err := ParseDocument([]byte(v.(Object)))
	if err != nil || set["keys"].Kind() != '[' {
		return &fault{text: "must be a JSON Web Key Set: an object with an array keys (RFC 7517 5)"}
	}
	uses, names := map[string]bool{}, map[jwkName]bool{}
	number := 0
	for raw := range elements(set["keys"]) {
		number++
		key, wrong := publicKey(p, raw)
		if wrong == notUnderstood {
			continue // RFC 7517 5: others may understand it
		}
		if wrong == nil && key.name.kid != "" && names[key.name] {
			wrong = &fault{text: "has type, use and kid of another (RFC 7517 4.5)"}
		}
		if wrong != nil {
			return wrong.after(fmt.Sprintf("has a key (number %d) that ", number))
		}
		uses[key.name.use], names[key.name] = true, true
	}
	if uses["sig"] && uses["enc"] && uses[""] {
		return &fault{text: "must say the use of every key when it holds keys for signatures and for encryption"}
	}
	return nil
}

// A jwk is a JSON Web Key with its name and what its algorithms depend on.
type jwk struct {
	members  Document
	name     jwkName
	crv, alg string
}

// A jwkName is how a key is found in a set.
type jwkName struct{ kty, use, kid string }

// privateMembers are the members of private and symmetric keys (RFC 7518 6.2.2, 6.3.2, 6.4.1).
var privateMembers = []string{"d", "p", "q", "dp", "dq", "qi", "oth", "k", "priv"}

// notUnderstood is the fault of a key of a type, a curve or a use that the registry does not know. Such a key is passed
// over (RFC 7517 5).
var notUnderstood = &fault{text: "is of no supported type, curve or use"}

// publicKey reads one key. It returns what is wrong with it, which may be notUnderstood.
func publicKey(p Policy, raw jsontext.Value) (jwk, *fault) {
	key, wrong := parseKey(raw)
	if wrong != nil {
		return key, wrong
	}
	for _, rule := range []func(Policy, jwk) *fault{checkKeyType, checkKeyAlg, checkOperations, checkCertificates, checkParameters} {
		if wrong := rule(p, key); wrong != nil {
			return key, wrong
		}
	}
	return key, nil
}

// parseKey reads a public key of any type.
func parseKey(raw jsontext.Value) (key jwk, wrong *fault) {
	members, err := ParseDocument(raw)
	if err != nil {
		return key, &fault{text: "is not a JSON object"}
	}
	if slices.ContainsFunc(privateMembers, func(name string) bool { return members[name] != nil }) {
		return key, &fault{text: "is private or symmetric; only public keys may be registered"}
	}
	key.members = members
	for _, text := range []struct {
		name string
		into *string
	}{{"kty", &key.name.kty}, {"use", &key.name.use}, {"kid", &key.name.kid}, {"alg", &key.alg}, {"crv", &key.crv}} {
		if raw := members[text.name]; raw != nil {
			var ok bool
			if *text.into, ok = decodeText(raw); !ok || !isText(*text.into) {
				return key, &fault{text: "has a member " + text.name + " that is not a non-empty string"}
			}
		}
	}
	return key, nil
}

func checkKeyType(_ Policy, key jwk) *fault {
	switch use := key.name.use; {
	case key.name.kty == "":
		return &fault{text: "has no kty"}
	case key.name.kty == "oct":
		return &fault{text: "is symmetric; only public keys may be registered"}
	case !slices.Contains([]string{"RSA", "EC", "OKP"}, key.name.kty),
		key.kind() != "" && algorithms[key.kind()] == nil,
		use != "" && use != "sig" && use != "enc":
		return notUnderstood
	}
	return nil
}

func checkKeyAlg(_ Policy, key jwk) *fault {
	if key.alg != "" && !slices.Contains(algorithms[key.kind()], key.alg) {
		return &fault{text: "has an alg that is not for its type and curve"}
	}
	return nil
}

// checkCertificates checks x5u and x5c of a key (RFC 7517 4.6, 4.7).
func checkCertificates(p Policy, key jwk) *fault {
	if raw := key.members["x5c"]; raw != nil {
		if chain, _ := decodeList(raw); len(words(chain)) == 0 {
			return &fault{text: "has an x5c that is not an array of certificates"}
		}
	}
	if raw := key.members["x5u"]; raw != nil {
		x5u, _ := decodeText(raw)
		if wrong := checkHTTPSURL(p, Text(x5u)); wrong != nil {
			return wrong.after("has an x5u that ")
		}
	}
	return nil
}

// checkOperations refuses key_ops that have a value twice, or one that contradicts the use (RFC 7517 4.3). Values that
// the RFC does not define contradict nothing.
func checkOperations(_ Policy, key jwk) *fault {
	raw, use := key.members["key_ops"], key.name.use
	if raw == nil {
		return nil
	}
	list, ok := decodeList(raw)
	if !ok {
		return &fault{text: "has key_ops that are not an array of strings"}
	}
	seen := map[string]bool{}
	for _, operation := range words(list) {
		if seen[operation] {
			return &fault{text: "has a value more than once in its key_ops"}
		}
		seen[operation] = true
		for other, ofOther := range operations {
			if use != "" && use != other && slices.Contains(ofOther, operation) {
				return &fault{text: "has key_ops that contradict its use"}
			}
		}
	}
	return nil
}

// otherCurves are the sizes of public keys by curve (RFC 8037 2, 3.2).
var otherCurves = map[string]int{"X25519": 32, "X448": 56, "Ed448": 57}

// checkParameters checks the key itself. go-jose knows Ed25519 alone of the curves of RFC 8037, and not that of
// RFC 8812.
func checkParameters(_ Policy, key jwk) *fault {
	size := otherCurves[key.crv]
	modulus, _ := decodeText(key.members["n"])
	switch {
	case key.name.kty == "RSA" && base64.RawURLEncoding.DecodedLen(len(modulus))*8 > jose.MaxRSAModulusBits:
		return &fault{text: fmt.Sprintf("has an RSA modulus above %d bits", jose.MaxRSAModulusBits)}
	case key.name.kty == "OKP" && size != 0:
		return octets(key.members["x"], size)
	case key.name.kty == "EC" && key.crv == "secp256k1":
		return checkSecp256k1(key.members)
	}
	return checkKey(key.members)
}

// secp256k1Prime is the p of y² = x³ + 7 mod p (SEC 2, 2.4.1).
var secp256k1Prime = new(big.Int).Sub(new(big.Int).Lsh(big.NewInt(1), 256), big.NewInt(1<<32+977))

// checkSecp256k1 checks a key on the curve secp256k1 (RFC 8812 3.1).
func checkSecp256k1(members Document) *fault {
	var coordinates [2]*big.Int
	for i, name := range []string{"x", "y"} {
		if wrong := octets(members[name], 32); wrong != nil {
			return wrong
		}
		text, _ := decodeText(members[name])
		decoded, _ := base64.RawURLEncoding.DecodeString(text)
		coordinates[i] = new(big.Int).SetBytes(decoded)
	}
	x, y := coordinates[0], coordinates[1]
	left := new(big.Int).Exp(y, big.NewInt(2), secp256k1Prime)
	right := new(big.Int).Exp(x, big.NewInt(3), secp256k1Prime)
	right.Add(right, big.NewInt(7)).Mod(right, secp256k1Prime)
	if x.Cmp(secp256k1Prime) >= 0 || y.Cmp(secp256k1Prime) >= 0 || left.Cmp(right) != 0 {
		return &fault{text: "has a point that is not on its curve"}
	}
	return nil
}

// octets returns the fault of a value that is not the base64url of n octets.
func octets(raw jsontext.Value, n int) *fault {
	text, _ := decodeText(raw)
	if decoded, err := base64.RawURLEncoding.DecodeString(text); err != nil || len(decoded) != n {
		return &fault{text: fmt.Sprintf("does not hold %d octets in base64url", n)}
	}
	return nil
}

// decodeKey decodes a public key. go-jose folds the case of member names; it gets those with exact names alone.
func decodeKey(members Document) (key jose.JSONWebKey, ok bool) {
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
	err := key.UnmarshalJSON(encoded)
	return key, err == nil && key.Valid() && key.IsPublic()
}

// checkKey checks parameters, strength and certificates of a key.
func checkKey(members Document) *fault {
	key, ok := decodeKey(members)
	if !ok {
		return &fault{text: "is not a valid public key, or does not match its certificate"}
	}
	switch public := key.Key.(type) {
	case *rsa.PublicKey:
		if public.N.BitLen() < minRSABits || public.N.Bit(0) == 0 {
			return &fault{text: fmt.Sprintf("has an RSA modulus that is not odd or below %d bits", minRSABits)}
		}
		if public.E < 3 || public.E%2 == 0 {
			return &fault{text: "has an RSA exponent that is not odd or below 3"}
		}
	case *ecdsa.PublicKey:
		if _, err := public.ECDH(); err != nil {
			return &fault{text: "has a point that is not on its curve"}
		}
	}
	return nil
}
