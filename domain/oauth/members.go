package oauth

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

// Members is the table of all members, in the order in which they are encoded, and shown within their groups.
// It must not be changed.
var Members = []Member{
	{Name: "client_name", Label: "Name", Group: AboutTheClient, Source: rfc7591, Localized: true, shownAsName: true, rule: described("with `ext_param_owner` it becomes `OWNER_NAME`")},
	{Name: "ext_param_owner", Label: "Owner", Group: AboutTheClient, Source: wso2, shownAsName: true},
	{Name: "application_type", Label: "Application type", Group: RedirectsAndGrants, Source: oidcDCR, Default: Text("web"), rule: oneOf("web", "native").also("`native` for a client with a private-use scheme, whatever it says; `mobile` is taken as `native`")},
	{Name: "redirect_uris", Label: "Redirect URIs", Group: RedirectsAndGrants, Kind: KindList, Source: rfc7591, rule: described("URIs without fragment that the application type allows: https, http on loopback, private-use schemes of native clients")},
	{Name: "grant_types", Label: "Grant types", Group: RedirectsAndGrants, Kind: KindList, Source: rfc7591, rule: allowed(Policy.grantTypes).also("`authorization_code` when there are none")},
	{Name: "response_types", Label: "Response types", Group: RedirectsAndGrants, Kind: KindList, Source: rfc7591, rule: allowedResponseTypes.also("each with its grant types; `code` for a client of redirects that names none")},
	{Name: "response_modes", Label: "Response modes", Group: RedirectsAndGrants, Kind: KindList, Source: "OAuth 2.0 Multiple Response Type Encoding Practices 2.1", rule: oneOf("query", "fragment", "form_post", "jwt", "query.jwt", "fragment.jwt", "form_post.jwt")},
	{Name: "scope", Label: "Scope", Group: RedirectsAndGrants, Source: rfc7591, rule: allowedScopes},
	{Name: "authorization_details_types", Label: "Authorization details types", Group: RedirectsAndGrants, Kind: KindList, Source: "RFC 9396 10"},

	{Name: "token_endpoint_auth_method", Label: "Token endpoint authentication", Group: AuthenticationAndKeys, Source: rfc7591, Default: Text("client_secret_basic"), authMethod: true, rule: allowed(Policy.authMethods).also("with what the method needs: `jwks` or `jwks_uri`, or exactly one `tls_client_auth` member")},
	{Name: "introspection_endpoint_auth_method", Label: "Introspection endpoint authentication", Group: AuthenticationAndKeys, Source: oidcProvider, authMethod: true, rule: otherAuthMethod},
	{Name: "revocation_endpoint_auth_method", Label: "Revocation endpoint authentication", Group: AuthenticationAndKeys, Source: oidcProvider, authMethod: true, rule: otherAuthMethod},
	{Name: "token_endpoint_auth_signing_alg", Label: "Token endpoint signing algorithm", Group: AuthenticationAndKeys, Source: oidcDCR, clientKey: keyForSignatures, rule: allowed(Policy.signingAlgs)},
	{Name: "tls_client_auth_subject_dn", Label: "TLS certificate subject", Group: AuthenticationAndKeys, Source: mtls + " 2.1.2", certificateName: true, rule: distinguishedName},
	{Name: "tls_client_auth_san_dns", Label: "TLS certificate DNS name", Group: AuthenticationAndKeys, Source: mtls + " 2.1.2", certificateName: true, rule: dnsName},
	{Name: "tls_client_auth_san_uri", Label: "TLS certificate URI", Group: AuthenticationAndKeys, Kind: KindURI, Source: mtls + " 2.1.2", certificateName: true, rule: absoluteURI},
	{Name: "tls_client_auth_san_ip", Label: "TLS certificate address", Group: AuthenticationAndKeys, Source: mtls + " 2.1.2", certificateName: true, rule: ipAddress},
	{Name: "tls_client_auth_san_email", Label: "TLS certificate e-mail", Group: AuthenticationAndKeys, Source: mtls + " 2.1.2", certificateName: true, rule: mailbox},
	{Name: "tls_client_certificate_bound_access_tokens", Label: "Certificate-bound access tokens", Group: AuthenticationAndKeys, Kind: KindFlag, Source: mtls + " 3.4"},
	{Name: "use_mtls_endpoint_aliases", Label: "mTLS endpoint aliases", Group: AuthenticationAndKeys, Kind: KindFlag, Source: "FAPI 2.0 Security Profile 5.2.2.1.1"},
	{Name: "dpop_bound_access_tokens", Label: "DPoP-bound access tokens", Group: AuthenticationAndKeys, Kind: KindFlag, Source: "RFC 9449 5.2"},

	{Name: "jwks_uri", Label: "JWK Set URI", Group: AuthenticationAndKeys, Kind: KindURI, Source: rfc7591, rule: httpsURL.also("not together with `jwks`")},
	{Name: "jwks", Label: "JWK Set", Group: AuthenticationAndKeys, Kind: KindObject, Source: rfc7591, rule: publicKeys.also("not together with `jwks_uri`")},
	{Name: "signed_jwks_uri", Label: "Signed JWK Set URI", Group: AuthenticationAndKeys, Kind: KindURI, Source: federation + ".1", rule: httpsURL},

	page("client_uri", "Home page", rfc7591),
	page("logo_uri", "Logo", rfc7591),
	page("tos_uri", "Terms of service", rfc7591),
	page("policy_uri", "Privacy policy", rfc7591),
	{Name: "contacts", Label: "Contacts", Group: AboutTheClient, Kind: KindList, Source: rfc7591, Personal: true},
	{Name: "software_id", Label: "Software", Group: AboutTheClient, Source: rfc7591, statedAsNumber: true},
	{Name: "software_version", Label: "Software version", Group: AboutTheClient, Source: rfc7591, statedAsNumber: true},
	// Its claims may hold contacts.
	{Name: statementMember, Label: "Software statement", Group: AboutTheClient, Source: "RFC 7591 2.3", Personal: true, rule: described("a JWT that a trusted issuer signed; its claims win over the members beside it")},

	{Name: "sector_identifier_uri", Label: "Sector identifier URI", Group: RedirectsAndGrants, Kind: KindURI, Source: oidcDCR, rule: httpsURL.also("it is fetched, and must list every redirect URI, the `jwks_uri` for the delivery modes poll and ping, and the notification endpoint for push")},
	{Name: "subject_type", Label: "Subject type", Group: RedirectsAndGrants, Source: oidcDCR, settled: true, rule: oneOf("public", "pairwise")},
	{Name: "id_token_signed_response_alg", Label: "ID token signing", Group: SigningAndEncryption, Source: oidcDCR, Default: Text("RS256"), sharedKey: true, rule: allowed(Policy.signingAlgsOrNone).also("or `none` with `allow-unsigned`")},
	encryptionAlg("id_token_encrypted_response_alg", "ID token key encryption", oidcDCR, keyForEncryption),
	encryptionEnc("id_token_encrypted_response_enc", "ID token content encryption", oidcDCR, "id_token_encrypted_response_alg"),
	{Name: "userinfo_signed_response_alg", Label: "UserInfo signing", Group: SigningAndEncryption, Source: oidcDCR, sharedKey: true, rule: allowed(Policy.signingAlgsOrNone).also("or `none` with `allow-unsigned`")},
	encryptionAlg("userinfo_encrypted_response_alg", "UserInfo key encryption", oidcDCR, keyForEncryption),
	encryptionEnc("userinfo_encrypted_response_enc", "UserInfo content encryption", oidcDCR, "userinfo_encrypted_response_alg"),
	{Name: "request_object_signing_alg", Label: "Request object signing", Group: SigningAndEncryption, Source: oidcDCR, clientKey: keyForSignatures, sharedKey: true, rule: allowed(Policy.signingAlgsOrNone).also("or `none` with `allow-unsigned`")},
	encryptionAlg("request_object_encryption_alg", "Request object key encryption", oidcDCR, keyOfServer),
	encryptionEnc("request_object_encryption_enc", "Request object content encryption", oidcDCR, "request_object_encryption_alg"),
	{Name: "request_uris", Label: "Request URIs", Group: RedirectsAndGrants, Kind: KindList, Source: oidcDCR, rule: each(webURL)},
	{Name: "require_signed_request_object", Label: "Signed request object required", Group: SigningAndEncryption, Kind: KindFlag, Source: "RFC 9101 10.5"},
	{Name: "require_pushed_authorization_requests", Label: "Pushed authorization requests required", Group: AuthenticationAndKeys, Kind: KindFlag, Source: "RFC 9126 6"},
	{Name: "default_max_age", Label: "Default maximum age (seconds)", Group: RedirectsAndGrants, Kind: KindNumber, Source: oidcDCR},
	{Name: "require_auth_time", Label: "auth_time required", Group: RedirectsAndGrants, Kind: KindFlag, Source: oidcDCR, Default: Flag(false)},
	{Name: "default_acr_values", Label: "Default ACR values", Group: RedirectsAndGrants, Kind: KindList, Source: oidcDCR},
	{Name: "initiate_login_uri", Label: "Initiate login URI", Group: RedirectsAndGrants, Kind: KindURI, Source: oidcDCR, destination: true, rule: httpsURL},

	{Name: "post_logout_redirect_uris", Label: "Post-logout redirect URIs", Group: SignOutAndBackChannel, Kind: KindList, Source: "OpenID Connect RP-Initiated Logout 1.0, 3.1", destination: true, redirect: true, rule: redirects},
	{Name: "frontchannel_logout_uri", Label: "Front-channel logout URI", Group: SignOutAndBackChannel, Kind: KindURI, Source: frontchannel, destination: true, rule: frontchannelURL.also("with the scheme, host and port of a redirect URI")},
	{Name: "frontchannel_logout_session_required", Label: "Front-channel logout session required", Group: SignOutAndBackChannel, Kind: KindFlag, Source: frontchannel},
	{Name: "backchannel_logout_uri", Label: "Back-channel logout URI", Group: SignOutAndBackChannel, Kind: KindURI, Source: backchannel, rule: backchannelURL},
	{Name: "backchannel_logout_session_required", Label: "Back-channel logout session required", Group: SignOutAndBackChannel, Kind: KindFlag, Source: backchannel},

	{Name: "introspection_signed_response_alg", Label: "Introspection signing", Group: SigningAndEncryption, Source: introspection, sharedKey: true, standard: "RS256", settled: true, rule: allowed(Policy.signingAlgs)},
	encryptionAlg("introspection_encrypted_response_alg", "Introspection key encryption", introspection, keyForEncryption),
	encryptionEnc("introspection_encrypted_response_enc", "Introspection content encryption", introspection, "introspection_encrypted_response_alg"),
	{Name: "authorization_signed_response_alg", Label: "Authorization response signing", Group: SigningAndEncryption, Source: jarm, sharedKey: true, standard: "RS256", settled: true, rule: allowed(Policy.signingAlgs)},
	encryptionAlg("authorization_encrypted_response_alg", "Authorization response key encryption", jarm, keyForEncryption),
	encryptionEnc("authorization_encrypted_response_enc", "Authorization response content encryption", jarm, "authorization_encrypted_response_alg"),
	{Name: "backchannel_token_delivery_mode", Label: "CIBA delivery mode", Group: SignOutAndBackChannel, Source: ciba, rule: oneOf("poll", "ping", "push").also("needed for the grant of CIBA")},
	{Name: "backchannel_client_notification_endpoint", Label: "CIBA notification endpoint", Group: SignOutAndBackChannel, Kind: KindURI, Source: ciba, rule: httpsURL.also("needed for ping and push")},
	{Name: "backchannel_authentication_request_signing_alg", Label: "CIBA request signing", Group: SignOutAndBackChannel, Source: ciba, clientKey: keyForSignatures, rule: allowed(Policy.asymmetricSigningAlgs).also("asymmetric ones alone")},
	{Name: "backchannel_user_code_parameter", Label: "CIBA user code", Group: SignOutAndBackChannel, Kind: KindFlag, Source: ciba},

	{Name: "claims_redirect_uris", Label: "Claims redirect URIs", Group: RedirectsAndGrants, Kind: KindList, Source: uma, destination: true, redirect: true, rule: redirects},
	{Name: "nfv_token_signed_response_alg", Label: "NFV token signing", Group: SigningAndEncryption, Source: nfv, sharedKey: true, rule: allowed(Policy.signingAlgs)},
	encryptionAlg("nfv_token_encrypted_response_alg", "NFV token key encryption", nfv, keyForEncryption),
	encryptionEnc("nfv_token_encrypted_response_enc", "NFV token content encryption", nfv, "nfv_token_encrypted_response_alg"),
	{Name: "client_registration_types", Label: "Federation registration types", Group: AboutTheClient, Kind: KindList, Source: "OpenID Federation 1.0, 5.1.2", rule: oneOf("automatic", "explicit")},
	{Name: "organization_name", Label: "Organization", Group: AboutTheClient, Source: federation + ".2", Localized: true, shownAsName: true},
	page("organization_uri", "Organization page", federation+".2"),
	page("information_uri", "Information page", federation+".2"),
	{Name: "description", Label: "Description", Group: AboutTheClient, Source: federation + ".2", Localized: true},
	{Name: "keywords", Label: "Keywords", Group: AboutTheClient, Kind: KindList, Source: federation + ".2", Localized: true},
	{Name: "encrypted_response_enc_values_supported", Label: "Encryption of presentations", Group: AboutTheClient, Kind: KindList, Source: vp, rule: notEmpty},
	{Name: "vp_formats_supported", Label: "Presentation formats", Group: AboutTheClient, Kind: KindObject, Source: vp},

	choices("subject_types_supported", "Subject types", RedirectsAndGrants, "subject_type"),
	choices("token_endpoint_auth_methods_supported", "Token endpoint authentication methods", AuthenticationAndKeys, "token_endpoint_auth_method"),
	choices("token_endpoint_auth_signing_alg_values_supported", "Token endpoint signing algorithms", AuthenticationAndKeys, "token_endpoint_auth_signing_alg"),
	choices("id_token_signing_alg_values_supported", "ID token signing algorithms", SigningAndEncryption, "id_token_signed_response_alg"),
	choices("id_token_encryption_alg_values_supported", "ID token key encryption algorithms", SigningAndEncryption, "id_token_encrypted_response_alg"),
	choices("id_token_encryption_enc_values_supported", "ID token content encryption algorithms", SigningAndEncryption, "id_token_encrypted_response_enc"),
	choices("userinfo_signing_alg_values_supported", "UserInfo signing algorithms", SigningAndEncryption, "userinfo_signed_response_alg"),
	choices("userinfo_encryption_alg_values_supported", "UserInfo key encryption algorithms", SigningAndEncryption, "userinfo_encrypted_response_alg"),
	choices("userinfo_encryption_enc_values_supported", "UserInfo content encryption algorithms", SigningAndEncryption, "userinfo_encrypted_response_enc"),
	choices("request_object_signing_alg_values_supported", "Request object signing algorithms", SigningAndEncryption, "request_object_signing_alg"),
	choices("request_object_encryption_alg_values_supported", "Request object key encryption algorithms", SigningAndEncryption, "request_object_encryption_alg"),
	choices("request_object_encryption_enc_values_supported", "Request object content encryption algorithms", SigningAndEncryption, "request_object_encryption_enc"),
	choices("introspection_signing_alg_values_supported", "Introspection signing algorithms", SigningAndEncryption, "introspection_signed_response_alg"),
	choices("introspection_encryption_alg_values_supported", "Introspection key encryption algorithms", SigningAndEncryption, "introspection_encrypted_response_alg"),
	choices("introspection_encryption_enc_values_supported", "Introspection content encryption algorithms", SigningAndEncryption, "introspection_encrypted_response_enc"),
	choices("authorization_signing_alg_values_supported", "Authorization response signing algorithms", SigningAndEncryption, "authorization_signed_response_alg"),
	choices("authorization_encryption_alg_values_supported", "Authorization response key encryption algorithms", SigningAndEncryption, "authorization_encrypted_response_alg"),
	choices("authorization_encryption_enc_values_supported", "Authorization response content encryption algorithms", SigningAndEncryption, "authorization_encrypted_response_enc"),
	choices("backchannel_authentication_request_signing_alg_values_supported", "CIBA request signing algorithms", SignOutAndBackChannel, "backchannel_authentication_request_signing_alg"),
}

// encryptionAlg is the row of the algorithm for the key of an encryption. use says whose key an asymmetric one takes:
// keyForEncryption is one of the client's, keyOfServer is none of it. Each has a row of encryptionEnc beside it.
func encryptionAlg(name, label, source string, use keyUse) Member {
	return Member{
		Name: name, Label: label, Group: SigningAndEncryption, Source: source,
		clientKey: use, sharedKey: true, rule: allowed(Policy.usableEncryptionAlgs),
	}
}

// encryptionEnc is the row of the algorithm for the content of an encryption, whose key has an algorithm of its own.
func encryptionEnc(name, label, source, keyAlgorithm string) Member {
	return Member{
		Name: name, Label: label, Group: SigningAndEncryption, Source: source,
		keyAlgorithm: keyAlgorithm, standard: "A128CBC-HS256",
		rule: allowed(Policy.encryptionEncs).also("goes with the key encryption; `A128CBC-HS256` when that comes alone"),
	}
}

// page is the row of a page or an image that people are shown as the client's own.
func page(name, label, source string) Member {
	return Member{
		Name: name, Label: label, Group: AboutTheClient, Kind: KindURI, Source: source, Localized: true,
		page: true, rule: webURL,
	}
}

// choices is the row of a list from which the server chooses a value of another member.
func choices(name, label string, group Group, of string) Member {
	return Member{
		Name: name, Label: label, Group: group, Kind: KindList, Source: rpChoices, ChoiceOf: of,
		rule: described("values for `" + of + "` that the client can do with; that member is answered, the list is not"),
	}
}
