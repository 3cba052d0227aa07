package oauth

import (
	"slices"
	"strings"
)

// contentEncryptions are the members with an algorithm for content, each of which needs one for its key.
var contentEncryptions = membersThat(func(m Member) bool { return m.keyAlgorithm != "" })

// checkEncryption refuses a content encryption without the algorithm for its key.
func checkEncryption(_ Policy, m Metadata) error {
	for _, name := range contentEncryptions {
		if alg := lookup(name).keyAlgorithm; m[name] != nil && m[alg] == nil {
			return refuse(name, "needs "+alg)
		}
	}
	return nil
}

// checkSigning refuses unsigned ID tokens from the authorization endpoint
// (OpenID Connect Dynamic Client Registration 1.0, 2).
func checkSigning(_ Policy, m Metadata) error {
	if m.Text("id_token_signed_response_alg") != "none" {
		return nil
	}
	for _, responseType := range m.List("response_types") {
		if slices.Contains(strings.Split(responseType, " "), "id_token") {
			return refuse("id_token_signed_response_alg", "must not be none for the response type "+responseType)
		}
	}
	return nil
}

// checkRequests requires https for request_uris unless the signature of the request objects can be verified
// (OpenID Connect Dynamic Client Registration 1.0, 2), and a signature where they must be signed (RFC 9101 10.5).
func checkRequests(_ Policy, m Metadata) error {
	alg := m.Text("request_object_signing_alg")
	if m.Flag("require_signed_request_object") && alg == "none" {
		return refuse("request_object_signing_alg", "must not be none for a client that must sign its request objects")
	}
	signed := alg != "" && alg != "none"
	for _, s := range m.List("request_uris") {
		if u, _ := parseURI(s); u.scheme != "https" && !signed {
			return refuse("request_uris", "must use https, unless request_object_signing_alg names a signature")
		}
	}
	return nil
}

// isSymmetricAlg reports whether a JWS or JWE algorithm takes the client secret for its key
// (OpenID Connect Core 1.0, 10.1 and 10.2).
func isSymmetricAlg(alg string) bool {
	return strings.HasPrefix(alg, "HS") || alg == "dir" ||
		strings.HasPrefix(alg, "A") && strings.HasSuffix(alg, "KW")
}
