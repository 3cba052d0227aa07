package oauth

import (
	"cmp"
	"slices"
	"strings"
)

// Member is one row of the table of members that the registry understands: decoding, checks, encoding,
// the OpenAPI document and the dashboard's labels all come from it.
type Member struct {
	Name      string // such as "redirect_uris"
	Label     string // for people, such as "Redirect URIs"
	Kind      Kind
	Source    string // the specification and section that define it
	Localized bool   // may carry a language tag: name#BCP47 (OpenID Connect Dynamic Client Registration 1.0, 2.1)
	Personal  bool   // holds personal data
	// Default is what a client has that leaves the member out; nil: none, or one that depends on other members.
	// What the members of extensions mean when they are left out goes without saying.
	Default  Value
	ChoiceOf string // names the member that a list of choices is for; such a list is never registered itself

	rule rule // on its own value
}

// Rule says for people what a value must be beside being of the member's kind; empty: nothing more.
func (m Member) Rule() string { return m.rule.text }

// HoldsURIs reports whether every word of a value is a URI.
func (m Member) HoldsURIs() bool { return m.Kind == KindURI || m.rule.uris }

// Pattern returns a regular expression that every word of a value matches.
func (m Member) Pattern() string { return cmp.Or(m.rule.pattern, textPattern) }

// Values returns all the words that a value may hold under a policy, nil when no list says so.
func (m Member) Values(p Policy) []string {
	if m.rule.allowance == nil {
		return nil
	}
	return m.rule.allowance(p).values
}

// EmptyIsNothing reports whether a request that has an empty string for the member leaves it out: clients fill in
// forms so. A word of a list is no free text, and on a name in a certificate the client's authentication rests.
func (m Member) EmptyIsNothing() bool {
	isText := m.Kind == KindText || m.Kind == KindURI
	return isText && m.rule.allowance == nil && !slices.Contains(certificateNames, m.Name)
}

// Kind is the JSON shape of a member.
type Kind int

// The kinds of members.
const (
	KindText   Kind = iota // a non-empty string
	KindURI                // a string that holds a URI
	KindList               // an array of non-empty strings
	KindFlag               // true or false
	KindNumber             // an integer from 0
	KindObject             // an object
)

// String names the kind as the reference does.
func (k Kind) String() string {
	return [...]string{"string", "URI", "array of strings", "boolean", "integer from 0", "object"}[k]
}

// shape says what a value of the kind must be.
func (k Kind) shape() string {
	switch k {
	case KindText, KindURI:
		return "must be a non-empty string without control characters"
	case KindList:
		return "must be an array of non-empty strings without control characters"
	case KindFlag:
		return "must be true or false"
	case KindNumber:
		return "must be an integer from 0"
	default:
		return "must be an object"
	}
}

const (
	rfc7591       = "RFC 7591 2"
	oidcDCR       = "OpenID Connect Dynamic Client Registration 1.0, 2"
	wso2          = "WSO2 Identity Server 5.3.0"
	oidcProvider  = "node-oidc-provider 6"
	uma           = "UMA 2.0 Grant 2"
	nfv           = "ETSI GS NFV-SEC 022"
	mtls          = "RFC 8705"
	introspection = "RFC 9701 6"
	federation    = "OpenID Federation 1.0, 5.2"
	jarm          = "JARM 3"
	ciba          = "OpenID Connect CIBA Core 1.0, 4"
	frontchannel  = "OpenID Connect Front-Channel Logout 1.0, 2"
	backchannel   = "OpenID Connect Back-Channel Logout 1.0, 2.2"
	vp            = "OpenID4VP 1.0, 11.1"
	rpChoices     = "OpenID Connect Relying Party Metadata Choices 1.0, 2"
)

// Members is the table of all members, in the order in which they are shown and encoded.
// It must not be changed.
var Members = []Member{
	{Name: "client_name", Label: "Name", Source: rfc7591, Localized: true, rule: described("with `ext_param_owner` it becomes `OWNER_NAME`")},
	{Name: "ext_param_owner", Label: "Owner", Source: wso2},
	{Name: "application_type", Label: "Application type", Source: oidcDCR, Default: Text("web"), rule: oneOf("web", "native").also("`native` for a client with a private-use scheme, whatever it says; `mobile` is taken as `native`")},
	{Name: "redirect_uris", Label: "Redirect URIs", Kind: KindList, Source: rfc7591, rule: described("URIs without fragment that the application type allows: https, http on loopback, private-use schemes of native clients")},
	{Name: "grant_types", Label: "Grant types", Kind: KindList, Source: rfc7591, rule: allowed(Policy.grantTypes).also("`authorization_code` when there are none")},
	{Name: "response_types", Label: "Response types", Kind: KindList, Source: rfc7591, rule: allowedResponseTypes.also("each with its grant types; `code` for a client of redirects that names none")},
	{Name: "response_modes", Label: "Response modes", Kind: KindList, Source: "OAuth 2.0 Multiple Response Type Encoding Practices 2.1", rule: oneOf("query", "fragment", "form_post", "jwt", "query.jwt", "fragment.jwt", "form_post.jwt")},
	{Name: "scope", Label: "Scope", Source: rfc7591, rule: allowedScopes},
	{Name: "authorization_details_types", Label: "Authorization details types", Kind: KindList, Source: "RFC 9396 10"},

	{Name: "token_endpoint_auth_method", Label: "Token endpoint authentication", Source: rfc7591, Default: Text("client_secret_basic"), rule: allowed(Policy.authMethods).also("with what the method needs: `jwks` or `jwks_uri`, or exactly one `tls_client_auth` member")},
	{Name: "introspection_endpoint_auth_method", Label: "Introspection endpoint authentication", Source: oidcProvider, rule: otherAuthMethod},
	{Name: "revocation_endpoint_auth_method", Label: "Revocation endpoint authentication", Source: oidcProvider, rule: otherAuthMethod},
	{Name: "token_endpoint_auth_signing_alg", Label: "Token endpoint signing algorithm", Source: oidcDCR, rule: allowed(Policy.signingAlgs)},
	{Name: "tls_client_auth_subject_dn", Label: "TLS certificate subject", Source: mtls + " 2.1.2", rule: distinguishedName},
	{Name: "tls_client_auth_san_dns", Label: "TLS certificate DNS name", Source: mtls + " 2.1.2", rule: dnsName},
	{Name: "tls_client_auth_san_uri", Label: "TLS certificate URI", Kind: KindURI, Source: mtls + " 2.1.2", rule: absoluteURI},
	{Name: "tls_client_auth_san_ip", Label: "TLS certificate address", Source: mtls + " 2.1.2", rule: ipAddress},
	{Name: "tls_client_auth_san_email", Label: "TLS certificate e-mail", Source: mtls + " 2.1.2", rule: mailbox},
	{Name: "tls_client_certificate_bound_access_tokens", Label: "Certificate-bound access tokens", Kind: KindFlag, Source: mtls + " 3.4"},
	{Name: "use_mtls_endpoint_aliases", Label: "mTLS endpoint aliases", Kind: KindFlag, Source: "FAPI 2.0 Security Profile 5.2.2.1.1"},
	{Name: "dpop_bound_access_tokens", Label: "DPoP-bound access tokens", Kind: KindFlag, Source: "RFC 9449 5.2"},

	{Name: "jwks_uri", Label: "JWK Set URI", Kind: KindURI, Source: rfc7591, rule: httpsURL.also("not together with `jwks`")},
	{Name: "jwks", Label: "JWK Set", Kind: KindObject, Source: rfc7591, rule: publicKeys.also("not together with `jwks_uri`")},
	{Name: "signed_jwks_uri", Label: "Signed JWK Set URI", Kind: KindURI, Source: federation + ".1", rule: httpsURL},

	{Name: "client_uri", Label: "Home page", Kind: KindURI, Source: rfc7591, Localized: true, rule: webURL},
	{Name: "logo_uri", Label: "Logo", Kind: KindURI, Source: rfc7591, Localized: true, rule: webURL},
	{Name: "tos_uri", Label: "Terms of service", Kind: KindURI, Source: rfc7591, Localized: true, rule: webURL},
	{Name: "policy_uri", Label: "Privacy policy", Kind: KindURI, Source: rfc7591, Localized: true, rule: webURL},
	{Name: "contacts", Label: "Contacts", Kind: KindList, Source: rfc7591, Personal: true},
	{Name: "software_id", Label: "Software", Source: rfc7591},
	{Name: "software_version", Label: "Software version", Source: rfc7591},
	// Its claims may hold contacts.
	{Name: statementMember, Label: "Software statement", Source: "RFC 7591 2.3", Personal: true, rule: described("a JWT that a trusted issuer signed; its claims win over the members beside it")},

	{Name: "sector_identifier_uri", Label: "Sector identifier URI", Kind: KindURI, Source: oidcDCR, rule: httpsURL.also("it is fetched, and must list every redirect URI, the `jwks_uri` for the delivery modes poll and ping, and the notification endpoint for push")},
	{Name: "subject_type", Label: "Subject type", Source: oidcDCR, rule: oneOf("public", "pairwise")},
	{Name: "id_token_signed_response_alg", Label: "ID token signing", Source: oidcDCR, Default: Text("RS256"), rule: allowed(Policy.signingAlgsOrNone).also("or `none` with `allow-unsigned`")},
	{Name: "id_token_encrypted_response_alg", Label: "ID token key encryption", Source: oidcDCR, rule: allowed(Policy.usableEncryptionAlgs)},
	{Name: "id_token_encrypted_response_enc", Label: "ID token content encryption", Source: oidcDCR, rule: allowed(Policy.encryptionEncs).also("goes with the key encryption; `A128CBC-HS256` when that comes alone")},
	{Name: "userinfo_signed_response_alg", Label: "UserInfo signing", Source: oidcDCR, rule: allowed(Policy.signingAlgsOrNone).also("or `none` with `allow-unsigned`")},
	{Name: "userinfo_encrypted_response_alg", Label: "UserInfo key encryption", Source: oidcDCR, rule: allowed(Policy.usableEncryptionAlgs)},
	{Name: "userinfo_encrypted_response_enc", Label: "UserInfo content encryption", Source: oidcDCR, rule: allowed(Policy.encryptionEncs).also("goes with the key encryption; `A128CBC-HS256` when that comes alone")},
	{Name: "request_object_signing_alg", Label: "Request object signing", Source: oidcDCR, rule: allowed(Policy.signingAlgsOrNone).also("or `none` with `allow-unsigned`")},
	{Name: "request_object_encryption_alg", Label: "Request object key encryption", Source: oidcDCR, rule: allowed(Policy.usableEncryptionAlgs)},
	{Name: "request_object_encryption_enc", Label: "Request object content encryption", Source: oidcDCR, rule: allowed(Policy.encryptionEncs).also("goes with the key encryption; `A128CBC-HS256` when that comes alone")},
	{Name: "request_uris", Label: "Request URIs", Kind: KindList, Source: oidcDCR, rule: each(webURL)},
	{Name: "require_signed_request_object", Label: "Signed request object required", Kind: KindFlag, Source: "RFC 9101 10.5"},
	{Name: "require_pushed_authorization_requests", Label: "Pushed authorization requests required", Kind: KindFlag, Source: "RFC 9126 6"},
	{Name: "default_max_age", Label: "Default maximum age (seconds)", Kind: KindNumber, Source: oidcDCR},
	{Name: "require_auth_time", Label: "auth_time required", Kind: KindFlag, Source: oidcDCR, Default: Flag(false)},
	{Name: "default_acr_values", Label: "Default ACR values", Kind: KindList, Source: oidcDCR},
	{Name: "initiate_login_uri", Label: "Initiate login URI", Kind: KindURI, Source: oidcDCR, rule: httpsURL},

	{Name: "post_logout_redirect_uris", Label: "Post-logout redirect URIs", Kind: KindList, Source: "OpenID Connect RP-Initiated Logout 1.0, 3.1", rule: redirects},
	{Name: "frontchannel_logout_uri", Label: "Front-channel logout URI", Kind: KindURI, Source: frontchannel, rule: frontchannelURL.also("with the scheme, host and port of a redirect URI")},
	{Name: "frontchannel_logout_session_required", Label: "Front-channel logout session required", Kind: KindFlag, Source: frontchannel},
	{Name: "backchannel_logout_uri", Label: "Back-channel logout URI", Kind: KindURI, Source: backchannel, rule: backchannelURL},
	{Name: "backchannel_logout_session_required", Label: "Back-channel logout session required", Kind: KindFlag, Source: backchannel},

	{Name: "introspection_signed_response_alg", Label: "Introspection signing", Source: introspection, rule: allowed(Policy.signingAlgs)},
	{Name: "introspection_encrypted_response_alg", Label: "Introspection key encryption", Source: introspection, rule: allowed(Policy.usableEncryptionAlgs)},
	{Name: "introspection_encrypted_response_enc", Label: "Introspection content encryption", Source: introspection, rule: allowed(Policy.encryptionEncs).also("goes with the key encryption; `A128CBC-HS256` when that comes alone")},
	{Name: "authorization_signed_response_alg", Label: "Authorization response signing", Source: jarm, rule: allowed(Policy.signingAlgs)},
	{Name: "authorization_encrypted_response_alg", Label: "Authorization response key encryption", Source: jarm, rule: allowed(Policy.usableEncryptionAlgs)},
	{Name: "authorization_encrypted_response_enc", Label: "Authorization response content encryption", Source: jarm, rule: allowed(Policy.encryptionEncs).also("goes with the key encryption; `A128CBC-HS256` when that comes alone")},
	{Name: "backchannel_token_delivery_mode", Label: "CIBA delivery mode", Source: ciba, rule: oneOf("poll", "ping", "push").also("needed for the grant of CIBA")},
	{Name: "backchannel_client_notification_endpoint", Label: "CIBA notification endpoint", Kind: KindURI, Source: ciba, rule: httpsURL.also("needed for ping and push")},
	{Name: "backchannel_authentication_request_signing_alg", Label: "CIBA request signing", Source: ciba, rule: allowed(Policy.asymmetricSigningAlgs).also("asymmetric ones alone")},
	{Name: "backchannel_user_code_parameter", Label: "CIBA user code", Kind: KindFlag, Source: ciba},

	{Name: "claims_redirect_uris", Label: "Claims redirect URIs", Kind: KindList, Source: uma, rule: redirects},
	{Name: "nfv_token_signed_response_alg", Label: "NFV token signing", Source: nfv, rule: allowed(Policy.signingAlgs)},
	{Name: "nfv_token_encrypted_response_alg", Label: "NFV token key encryption", Source: nfv, rule: allowed(Policy.usableEncryptionAlgs)},
	{Name: "nfv_token_encrypted_response_enc", Label: "NFV token content encryption", Source: nfv, rule: allowed(Policy.encryptionEncs).also("goes with the key encryption; `A128CBC-HS256` when that comes alone")},
	{Name: "client_registration_types", Label: "Federation registration types", Kind: KindList, Source: "OpenID Federation 1.0, 5.1.2", rule: oneOf("automatic", "explicit")},
	{Name: "organization_name", Label: "Organization", Source: federation + ".2", Localized: true},
	{Name: "organization_uri", Label: "Organization page", Kind: KindURI, Source: federation + ".2", Localized: true, rule: webURL},
	{Name: "information_uri", Label: "Information page", Kind: KindURI, Source: federation + ".2", Localized: true, rule: webURL},
	{Name: "description", Label: "Description", Source: federation + ".2", Localized: true},
	{Name: "keywords", Label: "Keywords", Kind: KindList, Source: federation + ".2", Localized: true},
	{Name: "encrypted_response_enc_values_supported", Label: "Encryption of presentations", Kind: KindList, Source: vp, rule: notEmpty},
	{Name: "vp_formats_supported", Label: "Presentation formats", Kind: KindObject, Source: vp},

	{Name: "subject_types_supported", Label: "Subject types", Kind: KindList, Source: rpChoices, ChoiceOf: "subject_type", rule: choicesOf("subject_type")},
	{Name: "token_endpoint_auth_methods_supported", Label: "Token endpoint authentication methods", Kind: KindList, Source: rpChoices, ChoiceOf: "token_endpoint_auth_method", rule: choicesOf("token_endpoint_auth_method")},
	{Name: "token_endpoint_auth_signing_alg_values_supported", Label: "Token endpoint signing algorithms", Kind: KindList, Source: rpChoices, ChoiceOf: "token_endpoint_auth_signing_alg", rule: choicesOf("token_endpoint_auth_signing_alg")},
	{Name: "id_token_signing_alg_values_supported", Label: "ID token signing algorithms", Kind: KindList, Source: rpChoices, ChoiceOf: "id_token_signed_response_alg", rule: choicesOf("id_token_signed_response_alg")},
	{Name: "id_token_encryption_alg_values_supported", Label: "ID token key encryption algorithms", Kind: KindList, Source: rpChoices, ChoiceOf: "id_token_encrypted_response_alg", rule: choicesOf("id_token_encrypted_response_alg")},
	{Name: "id_token_encryption_enc_values_supported", Label: "ID token content encryption algorithms", Kind: KindList, Source: rpChoices, ChoiceOf: "id_token_encrypted_response_enc", rule: choicesOf("id_token_encrypted_response_enc")},
	{Name: "userinfo_signing_alg_values_supported", Label: "UserInfo signing algorithms", Kind: KindList, Source: rpChoices, ChoiceOf: "userinfo_signed_response_alg", rule: choicesOf("userinfo_signed_response_alg")},
	{Name: "userinfo_encryption_alg_values_supported", Label: "UserInfo key encryption algorithms", Kind: KindList, Source: rpChoices, ChoiceOf: "userinfo_encrypted_response_alg", rule: choicesOf("userinfo_encrypted_response_alg")},
	{Name: "userinfo_encryption_enc_values_supported", Label: "UserInfo content encryption algorithms", Kind: KindList, Source: rpChoices, ChoiceOf: "userinfo_encrypted_response_enc", rule: choicesOf("userinfo_encrypted_response_enc")},
	{Name: "request_object_signing_alg_values_supported", Label: "Request object signing algorithms", Kind: KindList, Source: rpChoices, ChoiceOf: "request_object_signing_alg", rule: choicesOf("request_object_signing_alg")},
	{Name: "request_object_encryption_alg_values_supported", Label: "Request object key encryption algorithms", Kind: KindList, Source: rpChoices, ChoiceOf: "request_object_encryption_alg", rule: choicesOf("request_object_encryption_alg")},
	{Name: "request_object_encryption_enc_values_supported", Label: "Request object content encryption algorithms", Kind: KindList, Source: rpChoices, ChoiceOf: "request_object_encryption_enc", rule: choicesOf("request_object_encryption_enc")},
	{Name: "introspection_signing_alg_values_supported", Label: "Introspection signing algorithms", Kind: KindList, Source: rpChoices, ChoiceOf: "introspection_signed_response_alg", rule: choicesOf("introspection_signed_response_alg")},
	{Name: "introspection_encryption_alg_values_supported", Label: "Introspection key encryption algorithms", Kind: KindList, Source: rpChoices, ChoiceOf: "introspection_encrypted_response_alg", rule: choicesOf("introspection_encrypted_response_alg")},
	{Name: "introspection_encryption_enc_values_supported", Label: "Introspection content encryption algorithms", Kind: KindList, Source: rpChoices, ChoiceOf: "introspection_encrypted_response_enc", rule: choicesOf("introspection_encrypted_response_enc")},
	{Name: "authorization_signing_alg_values_supported", Label: "Authorization response signing algorithms", Kind: KindList, Source: rpChoices, ChoiceOf: "authorization_signed_response_alg", rule: choicesOf("authorization_signed_response_alg")},
	{Name: "authorization_encryption_alg_values_supported", Label: "Authorization response key encryption algorithms", Kind: KindList, Source: rpChoices, ChoiceOf: "authorization_encrypted_response_alg", rule: choicesOf("authorization_encrypted_response_alg")},
	{Name: "authorization_encryption_enc_values_supported", Label: "Authorization response content encryption algorithms", Kind: KindList, Source: rpChoices, ChoiceOf: "authorization_encrypted_response_enc", rule: choicesOf("authorization_encrypted_response_enc")},
	{Name: "backchannel_authentication_request_signing_alg_values_supported", Label: "CIBA request signing algorithms", Kind: KindList, Source: rpChoices, ChoiceOf: "backchannel_authentication_request_signing_alg", rule: choicesOf("backchannel_authentication_request_signing_alg")},
}

// memberPlaces finds the place of a member in Members by its name.
var memberPlaces = func() map[string]int {
	places := make(map[string]int, len(Members))
	for i, m := range Members {
		places[m.Name] = i
	}
	return places
}()

// LookupMember returns the member that a name, with or without a language tag, stands for. A name with a
// tag where none is allowed, or with one that is not of BCP 47's form, stands for none.
func LookupMember(name string) (member Member, tag string, ok bool) {
	place, tag, ok := lookupPlace(name)
	if !ok {
		return Member{}, "", false
	}
	return Members[place], tag, true
}

func lookupPlace(name string) (place int, tag string, ok bool) {
	base, tag, tagged := strings.Cut(name, "#")
	place, ok = memberPlaces[base]
	if !ok || tagged && !(Members[place].Localized && isLanguageTag(tag)) {
		return 0, "", false
	}
	return place, tag, true
}

// isLanguageTag reports whether tag has the form of a language tag: subtags of 1 to 8 letters and digits,
// the first of letters alone (RFC 5646 2.1).
func isLanguageTag(tag string) bool {
	for i, subtag := range strings.Split(tag, "-") {
		if len(subtag) < 1 || len(subtag) > 8 {
			return false
		}
		for _, c := range []byte(subtag) {
			letter := 'a' <= c|0x20 && c|0x20 <= 'z'
			digit := '0' <= c && c <= '9'
			if !letter && (i == 0 || !digit) {
				return false
			}
		}
	}
	return true
}
