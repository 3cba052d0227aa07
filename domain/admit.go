package domain

import (
	"maps"
	"slices"
	"strings"
)

// admit returns what is registered for what was requested: with defaults, or an *Error. The same rules
// hold for a registration and an update, always against the whole of what the client would be.
func admit(p Policy, requested Metadata) (Metadata, error) {
	m := withDefaults(requested)
	if err := checkMembers(p, m); err != nil {
		return nil, err
	}
	if err := checkRedirectURIs(p, m); err != nil {
		return nil, err
	}
	for _, rule := range []func(Metadata) error{
		checkGrants, checkAuthentication, checkKeys, checkEncryption, checkSigning, checkLogout, checkCIBA,
	} {
		if err := rule(m); err != nil {
			return nil, err
		}
	}
	return m, nil
}

// withDefaults fills in what the specifications define for members that were left out
// (OpenID Connect Dynamic Client Registration 1.0, 2; RFC 7591 2).
func withDefaults(requested Metadata) Metadata {
	m := maps.Clone(requested)
	setDefault := func(name string, value Value) {
		if m[name] == nil {
			m[name] = value
		}
	}
	setDefault("redirect_uris", List{})
	setDefault("grant_types", List{"authorization_code"})
	setDefault("response_types", defaultResponseTypes(m))
	if isAppOnly(m.List("redirect_uris")) && usesRedirects(m) && !(answersFromAuthorizationEndpoint(m) && hasHTTP(m)) {
		setDefault("application_type", Text("native"))
	}
	for _, member := range Members {
		if member.Default != nil {
			setDefault(member.Name, member.Default)
		}
	}
	for _, prefix := range encryptions {
		if m[prefix+"_alg"] != nil {
			setDefault(prefix+"_enc", Text("A128CBC-HS256"))
		}
	}
	return m
}

// defaultResponseTypes is "code", but nothing for a client whose grants have no use for it.
func defaultResponseTypes(m Metadata) List {
	if usesRedirects(m) {
		return List{"code"}
	}
	return List{}
}

func hasHTTP(m Metadata) bool {
	return slices.ContainsFunc(m.List("redirect_uris"), func(s string) bool {
		u, _ := parseURI(s)
		return u.scheme == "http"
	})
}

// checkMembers holds every member to its own rule.
func checkMembers(p Policy, m Metadata) error {
	for _, name := range m.Names() {
		member, _, _ := LookupMember(name)
		if slices.ContainsFunc(words(m[name]), func(word string) bool { return !isText(word) }) {
			return refuse(name, member.Kind.shape())
		}
		if member.check == nil {
			continue
		}
		if wrong := member.check(p, m[name]); wrong != "" {
			return refuse(name, wrong)
		}
	}
	return nil
}

// checkGrants refuses grant and response types that disagree
// (OpenID Connect Dynamic Client Registration 1.0, 2; RFC 7591 2.1).
func checkGrants(m Metadata) error {
	grants := m.List("grant_types")
	if len(grants) == 0 {
		return refuse("grant_types", "must name at least one grant")
	}
	if usesRedirects(m) && len(m.List("response_types")) == 0 {
		return refuse("response_types", "must name at least one for the grants authorization_code and implicit")
	}
	for _, responseType := range m.List("response_types") {
		types := strings.Split(responseType, " ")
		if slices.Contains(types, "code") && !slices.Contains(grants, "authorization_code") {
			return refuse("grant_types", "must have authorization_code for the response type "+responseType)
		}
		implicit := slices.Contains(types, "token") || slices.Contains(types, "id_token")
		if implicit && !slices.Contains(grants, "implicit") {
			return refuse("grant_types", "must have implicit for the response type "+responseType)
		}
	}
	return nil
}

// certificateNames are the members of which tls_client_auth needs exactly one (RFC 8705 2.1.2).
var certificateNames = []string{
	"tls_client_auth_subject_dn", "tls_client_auth_san_dns", "tls_client_auth_san_uri",
	"tls_client_auth_san_ip", "tls_client_auth_san_email",
}

// checkAuthentication holds what a client brings to the way it authenticates at the token endpoint.
func checkAuthentication(m Metadata) error {
	names := 0
	for _, name := range certificateNames {
		if m[name] != nil {
			names++
		}
	}
	alg := m.Text("token_endpoint_auth_signing_alg")
	switch method := m.Text("token_endpoint_auth_method"); {
	case method == "tls_client_auth" && names != 1:
		return refuse("token_endpoint_auth_method", "needs exactly one of "+strings.Join(certificateNames, ", "))
	case (method == "private_key_jwt" || method == "self_signed_tls_client_auth") && !hasKeys(m):
		return refuse("token_endpoint_auth_method", "needs jwks or jwks_uri")
	case method == "private_key_jwt" && isSymmetricAlg(alg):
		return refuse("token_endpoint_auth_signing_alg", "must be an asymmetric algorithm for private_key_jwt")
	case method == "client_secret_jwt" && alg != "" && !isSymmetricAlg(alg):
		return refuse("token_endpoint_auth_signing_alg", "must be HS256, HS384 or HS512 for client_secret_jwt")
	case method == "none" && slices.Contains(m.List("grant_types"), "client_credentials"):
		return refuse("grant_types", "must not have client_credentials for a client that does not authenticate (RFC 6749 4.4)")
	case method == "none" && needsSharedKey(m):
		return refuse("token_endpoint_auth_method", "must not be none for an algorithm that takes the client secret for its key")
	}
	return nil
}

// checkKeys is OpenID Connect Dynamic Client Registration 1.0, 2: jwks and jwks_uri exclude one another.
func checkKeys(m Metadata) error {
	if m["jwks"] != nil && m["jwks_uri"] != nil {
		return refuse("jwks", "must not be given together with jwks_uri")
	}
	return nil
}

// encryptions are the beginnings of the pairs of members for the encryption of answers and requests.
var encryptions = []string{
	"id_token_encrypted_response", "userinfo_encrypted_response", "request_object_encryption",
	"introspection_encrypted_response", "authorization_encrypted_response", "nfv_token_encrypted_response",
}

// checkEncryption refuses a content encryption without the algorithm for its key.
func checkEncryption(m Metadata) error {
	for _, prefix := range encryptions {
		if m[prefix+"_enc"] != nil && m[prefix+"_alg"] == nil {
			return refuse(prefix+"_enc", "needs "+prefix+"_alg")
		}
	}
	return nil
}

// checkSigning refuses unsigned ID tokens from the authorization endpoint
// (OpenID Connect Dynamic Client Registration 1.0, 2).
func checkSigning(m Metadata) error {
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

// checkLogout is RP-Initiated Logout 3.1, Front-Channel Logout 2 and Back-Channel Logout 2.2.
func checkLogout(m Metadata) error {
	native := m.Text("application_type") == "native"
	for _, s := range m.List("post_logout_redirect_uris") {
		if wrong := checkPostLogoutURI(s, native); wrong != "" {
			return refuse("post_logout_redirect_uris", wrong)
		}
	}
	if s := m.Text("backchannel_logout_uri"); s != "" && m.Text("token_endpoint_auth_method") == "none" {
		if u, _ := parseURI(s); u.scheme != "https" {
			return refuse("backchannel_logout_uri", "must use https for a public client")
		}
	}
	if s := m.Text("frontchannel_logout_uri"); s != "" && !sharesOrigin(s, m.List("redirect_uris")) {
		return refuse("frontchannel_logout_uri", "must have the scheme, host and port of a redirect URI")
	}
	return nil
}

func checkPostLogoutURI(s string, native bool) string {
	if wrong := checkRedirectURI(s, native, false); wrong != "" {
		return "has a URI that " + wrong
	}
	return ""
}

// sharesOrigin reports whether one of the URIs has the scheme, host and port of s.
func sharesOrigin(s string, uris []string) bool {
	u, _ := parseURI(s)
	return slices.ContainsFunc(uris, func(other string) bool {
		o, wrong := parseURI(other)
		return wrong == "" && o.scheme == u.scheme && o.host == u.host && o.effectivePort() == u.effectivePort()
	})
}

// checkCIBA is OpenID Connect CIBA Core 1.0, 4: the delivery mode is needed for the grant, and an endpoint
// to be notified at for ping and push.
func checkCIBA(m Metadata) error {
	mode := m.Text("backchannel_token_delivery_mode")
	if slices.Contains(m.List("grant_types"), "urn:openid:params:grant-type:ciba") && mode == "" {
		return refuse("backchannel_token_delivery_mode", "is needed for the CIBA grant")
	}
	if (mode == "ping" || mode == "push") && m["backchannel_client_notification_endpoint"] == nil {
		return refuse("backchannel_client_notification_endpoint", "is needed for the delivery modes ping and push")
	}
	return nil
}

// needsSecret reports whether the client has any use for a client_secret.
func needsSecret(m Metadata) bool {
	return strings.HasPrefix(m.Text("token_endpoint_auth_method"), "client_secret_") || needsSharedKey(m)
}

// needsSharedKey reports whether the authorization server needs the secret itself again, as the key of a
// symmetric algorithm (OpenID Connect Core 1.0, 9, 10.1 and 10.2).
func needsSharedKey(m Metadata) bool {
	if m.Text("token_endpoint_auth_method") == "client_secret_jwt" {
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

func refuse(field, detail string) *Error {
	return &Error{Code: InvalidClientMetadata, Field: field, Detail: detail}
}
