package oauth

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Policy is what this deployment lets a client be. It is never changed once made. Refusals name the setting that a
// field comes from, see the Setting constants.
type Policy struct {
	GrantTypes     []string `json:"grant_types,omitempty"`
	ResponseTypes  []string `json:"response_types,omitempty"`  // each in any order of its words
	AuthMethods    []string `json:"auth_methods,omitempty"`    // token_endpoint_auth_method
	SigningAlgs    []string `json:"signing_algs,omitempty"`    // JWS algorithms without "none"
	Unsigned       bool     `json:"unsigned,omitempty"`        // "none" where the specifications let it be
	EncryptionAlgs []string `json:"encryption_algs,omitempty"` // JWE key management algorithms
	EncryptionEncs []string `json:"encryption_encs,omitempty"` // JWE content encryption algorithms

	Scopes        []string `json:"scopes,omitempty"`         // that a client may ask for; none: any
	DefaultScopes []string `json:"default_scopes,omitempty"` // for a client that asks for none

	// RedirectHosts are the hosts of the http and https URIs that people may be sent to (see destinations), those on
	// loopback included: "example.org" is that host, ".example.org" every host below it. None: any.
	RedirectHosts   []string `json:"redirect_hosts,omitempty"`
	RedirectSchemes []string `json:"redirect_schemes,omitempty"` // private-use schemes of native clients; none: any
	// PagesOnRedirectHost requires scheme and host of a redirect URI for pages that people are shown
	// (RFC 7591 5; OpenID Connect Dynamic Client Registration 1.0, 9.1).
	PagesOnRedirectHost bool `json:"pages_on_redirect_host,omitempty"`

	MaxBodySize        int `json:"max_body_size,omitempty"` // bytes of a request; it is checked where requests are read
	MaxRedirectURIs    int `json:"max_redirect_uris,omitempty"`
	MaxURILength       int `json:"max_uri_length,omitempty"`        // characters
	MaxClients         int `json:"max_clients,omitempty"`           // active ones; 0: no limit
	MaxClientsPerOwner int `json:"max_clients_per_owner,omitempty"` // active ones of one owner that an initial access token imposed; 0: no limit

	// RefuseExcess refuses grant types, response types and scopes that the client may not have. Otherwise they are
	// left out (RFC 7591 3.2.1).
	RefuseExcess bool `json:"refuse_excess,omitempty"`

	// RequireSoftwareStatement refuses clients without a software statement (RFC 7591 2.3).
	RequireSoftwareStatement bool `json:"require_software_statement,omitempty"`
}

// DefaultPolicy is the policy by the defaults of the settings.
var DefaultPolicy = Policy{
	GrantTypes: []string{
		"authorization_code", "implicit", "refresh_token", "client_credentials", "password",
		"urn:ietf:params:oauth:grant-type:device_code",
		"urn:ietf:params:oauth:grant-type:token-exchange",
		"urn:ietf:params:oauth:grant-type:jwt-bearer",
		"urn:ietf:params:oauth:grant-type:saml2-bearer",
		cibaGrant,
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
	Unsigned: true,
	EncryptionAlgs: []string{
		"RSA-OAEP", "RSA-OAEP-256", "ECDH-ES", "ECDH-ES+A128KW", "ECDH-ES+A192KW", "ECDH-ES+A256KW",
		"A128KW", "A192KW", "A256KW", "A128GCMKW", "A192GCMKW", "A256GCMKW", "dir",
	},
	EncryptionEncs:  []string{"A128CBC-HS256", "A192CBC-HS384", "A256CBC-HS512", "A128GCM", "A192GCM", "A256GCM"},
	MaxBodySize:     64 << 10,
	MaxRedirectURIs: 32,
	MaxURILength:    2000,
}

// Version identifies the content of the policy with 16 hexadecimal digits. The same content has the same version on
// every machine and in every release: a field that a later release adds must not change it while it is empty.
func (p Policy) Version() string {
	content, err := json.Marshal(p)
	if err != nil {
		panic(err) // a policy is made of nothing but strings, numbers and flags
	}
	sum := sha256.Sum256(content)
	return hex.EncodeToString(sum[:8])
}

// What a policy can allow beyond DefaultPolicy.
var (
	moreGrantTypes = []string{
		"urn:ietf:params:oauth:grant-type:uma-ticket",          // UMA 2.0 Grant 3.3.1
		"urn:ietf:params:oauth:grant-type:pre-authorized_code", // OpenID4VCI 1.0, 4.1.1
	}
	moreResponseTypes  = []string{"token", "none"}
	moreSigningAlgs    = []string{"ES256K", "Ed25519", "Ed448"}
	moreEncryptionAlgs = []string{"RSA1_5", "RSA-OAEP-384", "RSA-OAEP-512"}
)

// Validate returns nil, or an error of one line that names the setting that is wrong.
func (p Policy) Validate() error {
	for _, rule := range []struct {
		allowance
		known []string
	}{
		{p.responseTypes(), slices.Concat(DefaultPolicy.ResponseTypes, moreResponseTypes)},
		{p.authMethods(), DefaultPolicy.AuthMethods},
		{p.signingAlgs(), slices.Concat(DefaultPolicy.SigningAlgs, moreSigningAlgs)},
		{p.encryptionAlgs(), slices.Concat(DefaultPolicy.EncryptionAlgs, moreEncryptionAlgs)},
		{p.encryptionEncs(), DefaultPolicy.EncryptionEncs},
	} {
		for _, value := range rule.values {
			if !slices.Contains(rule.known, value) {
				return fmt.Errorf("%s: %q is not supported; supported are %s", rule.setting, value, strings.Join(rule.known, ", "))
			}
		}
	}
	if len(p.GrantTypes) == 0 || len(p.AuthMethods) == 0 {
		return errors.New(SettingGrantTypes + " and " + SettingAuthMethods + " must each allow something")
	}
	for _, grant := range p.GrantTypes {
		if !isScopeToken(grant) {
			return fmt.Errorf("%s: %q is not a grant type", SettingGrantTypes, grant)
		}
	}
	for _, scope := range slices.Concat(p.Scopes, p.DefaultScopes) {
		if !isScopeToken(scope) {
			return fmt.Errorf("%s, %s: %q is not a scope", SettingScopes, SettingDefaultScopes, scope)
		}
	}
	for _, scope := range p.DefaultScopes {
		if !p.allowsScope(scope) {
			return fmt.Errorf("%s: %q is not among %s", SettingDefaultScopes, scope, SettingScopes)
		}
	}
	for _, host := range p.RedirectHosts {
		if !isHostRule(host) {
			return fmt.Errorf("%s: %q is not a host in lower case, nor one after a dot", SettingRedirectHosts, host)
		}
	}
	for _, scheme := range p.RedirectSchemes {
		u, wrong := parseURI(scheme + ":/")
		if wrong != nil || u.scheme != scheme || scheme == "http" || scheme == "https" || isDangerousScheme(scheme) {
			return fmt.Errorf("%s: %q is not a private-use scheme in lower case", SettingRedirectSchemes, scheme)
		}
	}
	switch {
	case p.MaxBodySize < 4<<10 || p.MaxBodySize > 256<<10: // an event is at most 1 MiB
		return errors.New(SettingMaxBodySize + " must be from 4096 to 262144")
	case p.MaxRedirectURIs < 1 || p.MaxURILength < 1:
		return errors.New(SettingMaxRedirectURIs + " and " + SettingMaxURILength + " must be 1 or more")
	case p.MaxClients < 0 || p.MaxClientsPerOwner < 0:
		return errors.New(SettingMaxClients + " and " + SettingMaxClientsPerOwner + " must be 0 or more")
	}
	return nil
}
