package oauth

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// admit returns what is registered within bounds for what was requested, with defaults, and what of the request was
// left out, by member; or an *Error. The same rules hold for a registration and an update, always against the whole
// of what the client would be.
func (b bounds) admit(requested Metadata) (registered, leftOut Metadata, err error) {
	for _, grants := range b.possibleGrants(requested) {
		m := maps.Clone(requested)
		m["grant_types"] = grants
		leftOut := b.narrow(m)
		wrong := b.complete(m)
		if wrong == nil {
			wrong = b.check(m)
		}
		if wrong == nil {
			return m, leftOut, nil
		}
		err = cmp.Or(err, wrong)
	}
	return nil, nil, err
}

// check holds what a client would be to all rules.
func (b bounds) check(m Metadata) error {
	for _, rule := range []func(Policy, Metadata) error{
		checkMembers, checkRedirectURIs, checkPages, checkGrants, checkAuthentication, checkKeys, checkKeyUse,
		checkEncryption, checkSigning, checkRequests, checkSubject, checkOtherRedirects, checkLogout,
		checkDestinations, checkCIBA, checkSize,
	} {
		if err := rule(b.Policy, m); err != nil {
			return err
		}
	}
	return b.terms.check(m)
}

// checkMembers holds every member to its own rule.
func checkMembers(p Policy, m Metadata) error {
	for _, name := range m.Names() {
		member, _, _ := LookupMember(name)
		if slices.ContainsFunc(words(m[name]), func(word string) bool { return !isText(word) }) {
			return refuse(name, member.Kind.shape())
		}
		if object, ok := m[name].(Object); ok {
			if wrong := checkObject(object); wrong != nil {
				return wrong.at(name)
			}
		}
		if member.rule.check == nil {
			continue
		}
		if wrong := member.rule.check(p, m[name]); wrong != nil {
			return wrong.at(name)
		}
	}
	return nil
}

// certificateNames are the members of which tls_client_auth needs exactly one (RFC 8705 2.1.2).
var certificateNames = []string{
	"tls_client_auth_subject_dn", "tls_client_auth_san_dns", "tls_client_auth_san_uri",
	"tls_client_auth_san_ip", "tls_client_auth_san_email",
}

// authMethods are the members that say how the client authenticates: at the token endpoint, and at others where
// it does so in another way.
var authMethods = []string{"token_endpoint_auth_method", "introspection_endpoint_auth_method", "revocation_endpoint_auth_method"}

// checkAuthentication holds what a client brings to the ways it authenticates.
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

// checkAuthMethod says what a client lacks for a way to authenticate (RFC 8705 2.1.2, 2.2.2). Which key an
// algorithm needs that is registered, checkKeyUse says.
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

// encryptions are the beginnings of the pairs of members for the encryption of answers and requests.
var encryptions = []string{
	"id_token_encrypted_response", "userinfo_encrypted_response", "request_object_encryption",
	"introspection_encrypted_response", "authorization_encrypted_response", "nfv_token_encrypted_response",
}

// checkEncryption refuses a content encryption without the algorithm for its key.
func checkEncryption(_ Policy, m Metadata) error {
	for _, prefix := range encryptions {
		if m[prefix+"_enc"] != nil && m[prefix+"_alg"] == nil {
			return refuse(prefix+"_enc", "needs "+prefix+"_alg")
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

// checkRequests is OpenID Connect Dynamic Client Registration 1.0, 2 and RFC 9101 10.5: request objects are
// fetched over https unless their signature can be verified, and those that must be signed have an
// algorithm to sign with.
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

// pages are the members that people are shown as the client's own.
var pages = []string{"client_uri", "logo_uri", "tos_uri", "policy_uri", "information_uri", "organization_uri"}

// checkPages holds pages, in every language, to scheme and host of a redirect URI where the policy asks
// for it (RFC 7591 5; OpenID Connect Dynamic Client Registration 1.0, 9.1).
func checkPages(p Policy, m Metadata) error {
	if !p.PagesOnRedirectHost {
		return nil
	}
	for _, name := range m.Names() {
		base, _, _ := strings.Cut(name, "#")
		if slices.Contains(pages, base) && !sharesHost(m.Text(name), m.List("redirect_uris")) {
			return policyFault(SettingPagesOnRedirectHost, "must have scheme and host of a redirect URI by", "").at(name)
		}
	}
	return nil
}

// sharesHost reports whether one of the URIs has scheme and host of s.
func sharesHost(s string, uris []string) bool {
	u, _ := parseURI(s)
	return slices.ContainsFunc(uris, func(other string) bool {
		o, wrong := parseURI(other)
		return wrong == nil && o.scheme == u.scheme && o.host == u.host
	})
}

// checkLogout is Front-Channel Logout 2.
func checkLogout(_ Policy, m Metadata) error {
	if s := m.Text("frontchannel_logout_uri"); s != "" && !sharesOrigin(s, m.List("redirect_uris")) {
		return refuse("frontchannel_logout_uri", "must have the scheme, host and port of a redirect URI")
	}
	return nil
}

// sharesOrigin reports whether one of the URIs has the scheme, host and port of s.
func sharesOrigin(s string, uris []string) bool {
	u, _ := parseURI(s)
	return slices.ContainsFunc(uris, func(other string) bool {
		o, wrong := parseURI(other)
		return wrong == nil && o.scheme == u.scheme && o.host == u.host && o.effectivePort() == u.effectivePort()
	})
}

// besideMetadata is how much of a request's body is for what a client puts back beside its metadata.
const besideMetadata = 1 << 10

// checkSize refuses metadata that its client could not put back: with defaults, and with the claims of a
// software statement beside it, they take more than they took in the request.
func checkSize(p Policy, m Metadata) error {
	size := len("{}")
	for name, value := range m {
		size += len(`"":,`) + len(name) + len(value.appendJSON(nil))
	}
	if most := p.MaxBodySize - besideMetadata; size > most {
		return policyFault(SettingMaxBodySize,
			fmt.Sprintf("the metadata with defaults, and with what a software statement says, would be larger than %d bytes, which", most),
			" leaves for them").at("")
	}
	return nil
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
		if isText && strings.HasSuffix(name, "_alg") && name != "token_endpoint_auth_signing_alg" && isSymmetricAlg(string(alg)) {
			return true
		}
	}
	return false
}

// authenticates reports whether the client authenticates in such a way anywhere.
func authenticates(m Metadata, such func(method string) bool) bool {
	return slices.ContainsFunc(authMethods, func(member string) bool { return such(m.Text(member)) })
}

// bySecret reports whether a method proves knowledge of the client_secret.
func bySecret(method string) bool { return strings.HasPrefix(method, "client_secret_") }
