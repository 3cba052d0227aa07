package domain

import (
	"slices"
	"strings"
)

// Policy is what this deployment lets a client be. It is never changed once made.
type Policy struct {
	GrantTypes      []string
	ResponseTypes   []string // each in any order of its words
	AuthMethods     []string // token_endpoint_auth_method
	SigningAlgs     []string // JWS algorithms without "none"
	EncryptionAlgs  []string // JWE key management algorithms
	EncryptionEncs  []string // JWE content encryption algorithms
	MaxRedirectURIs int
	MaxURILength    int // characters
}

// DefaultPolicy is the policy of a registry whose settings say nothing else.
var DefaultPolicy = Policy{
	GrantTypes: []string{
		"authorization_code", "implicit", "refresh_token", "client_credentials", "password",
		"urn:ietf:params:oauth:grant-type:device_code",
		"urn:ietf:params:oauth:grant-type:token-exchange",
		"urn:ietf:params:oauth:grant-type:jwt-bearer",
		"urn:ietf:params:oauth:grant-type:saml2-bearer",
		"urn:openid:params:grant-type:ciba",
	},
	// "token" alone is left out: RFC 9700 2.1.2.
	ResponseTypes: []string{"code", "id_token", "id_token token", "code id_token", "code token", "code id_token token"},
	AuthMethods: []string{
		"client_secret_basic", "client_secret_post", "client_secret_jwt", "private_key_jwt",
		"tls_client_auth", "self_signed_tls_client_auth", "none",
	},
	SigningAlgs: []string{
		"RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA",
		"HS256", "HS384", "HS512",
	},
	EncryptionAlgs: []string{
		"RSA-OAEP", "RSA-OAEP-256", "ECDH-ES", "ECDH-ES+A128KW", "ECDH-ES+A192KW", "ECDH-ES+A256KW",
		"A128KW", "A192KW", "A256KW", "A128GCMKW", "A192GCMKW", "A256GCMKW", "dir",
	},
	EncryptionEncs:  []string{"A128CBC-HS256", "A192CBC-HS384", "A256CBC-HS512", "A128GCM", "A192GCM", "A256GCM"},
	MaxRedirectURIs: 32,
	MaxURILength:    2000,
}

func (p Policy) grantTypes() []string     { return p.GrantTypes }
func (p Policy) authMethods() []string    { return p.AuthMethods }
func (p Policy) signingAlgs() []string    { return p.SigningAlgs }
func (p Policy) encryptionAlgs() []string { return p.EncryptionAlgs }
func (p Policy) encryptionEncs() []string { return p.EncryptionEncs }

func (p Policy) signingAlgsOrNone() []string {
	return append(slices.Clone(p.SigningAlgs), "none")
}

func (p Policy) asymmetricSigningAlgs() []string {
	return slices.DeleteFunc(slices.Clone(p.SigningAlgs), isSymmetricAlg)
}

// isSymmetricAlg reports whether a JWS or JWE algorithm takes the client secret for its key
// (OpenID Connect Core 1.0, 10.1 and 10.2).
func isSymmetricAlg(alg string) bool {
	return strings.HasPrefix(alg, "HS") || alg == "dir" ||
		strings.HasPrefix(alg, "A") && strings.HasSuffix(alg, "KW")
}
