package oauth

import (
	"slices"
	"strings"
)

var (
	// certificateNames are the members of which tls_client_auth needs exactly one (RFC 8705 2.1.2).
	certificateNames = membersThat(func(m Member) bool { return m.certificateName })
	// authMethods are the members with an authentication method, each for one endpoint.
	authMethods = membersThat(func(m Member) bool { return m.authMethod })
)

// checkAuthentication refuses authentication methods without what they need, and algorithms that do not go with them.
func checkAuthentication(p Policy, m Metadata) error {
	for _, member := range authMethods {
		if wrong := checkAuthMethod(p, m, m.Text(member)); wrong != nil {
			return wrong.at(member)
		}
	}
	alg := m.Text("token_endpoint_auth_signing_alg")
	switch method := m.Text("token_endpoint_auth_method"); {
	case method == "private_key_jwt" && isSymmetricAlg(alg):
		return refuse("token_endpoint_auth_signing_alg", "must be an asymmetric algorithm for private_key_jwt")
	case method == "client_secret_jwt" && alg != "" && !isSymmetricAlg(alg):
		return refuse("token_endpoint_auth_signing_alg", "must be HS256, HS384 or HS512 for client_secret_jwt")
	case method == "none" && slices.Contains(m.List("grant_types"), "client_credentials"):
		return refuse("grant_types", "must not have client_credentials for a client that does not authenticate (RFC 6749 4.4)")
	case method == "none" && m.NeedsSharedKey() && !authenticates(m, bySecret):
		return refuse("token_endpoint_auth_method", "must not be none for an algorithm that takes the client secret for its key")
	}
	return nil
}

// checkAuthMethod returns what a client lacks for an authentication method (RFC 8705 2.1.2, 2.2.2). Whether a key can
// do the algorithm that is registered is checked in checkKeyUse.
func checkAuthMethod(p Policy, m Metadata, method string) *fault {
	switch method {
	case "tls_client_auth":
		if countMembers(m, certificateNames) != 1 {
			return &fault{text: "needs exactly one of " + strings.Join(certificateNames, ", ")}
		}
	case "private_key_jwt":
		if !hasKeyFor(m, "sig", p.asymmetricSigningAlgs().values...) {
			return &fault{text: "needs a key for signatures by an algorithm that this server allows in jwks, or a jwks_uri"}
		}
	case "self_signed_tls_client_auth":
		if !hasKeyFor(m, "sig") {
			return &fault{text: "needs a key for signatures in jwks, or a jwks_uri"}
		}
	}
	return nil
}

func countMembers(m Metadata, names []string) (count int) {
	for _, name := range names {
		if m[name] != nil {
			count++
		}
	}
	return count
}

// NeedsSecret reports whether the client has any use for a client_secret.
func (m Metadata) NeedsSecret() bool {
	return authenticates(m, bySecret) || m.NeedsSharedKey()
}

// NeedsSharedKey reports whether the authorization server needs the secret itself again, as the key of a
// symmetric algorithm (OpenID Connect Core 1.0, 9, 10.1 and 10.2).
func (m Metadata) NeedsSharedKey() bool {
	if authenticates(m, func(method string) bool { return method == "client_secret_jwt" }) {
		return true
	}
	for name, value := range m {
		alg, isText := value.(Text)
		if isText && isSymmetricAlg(string(alg)) && lookup(name).sharedKey {
			return true
		}
	}
	return false
}

// authenticates reports whether the client has such an authentication method for any endpoint.
func authenticates(m Metadata, such func(method string) bool) bool {
	return slices.ContainsFunc(authMethods, func(member string) bool { return such(m.Text(member)) })
}

// bySecret reports whether a method proves knowledge of the client_secret.
func bySecret(method string) bool { return strings.HasPrefix(method, "client_secret_") }
