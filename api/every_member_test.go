package api_test

import (
	"maps"
	"slices"
	"strings"

	"roster/domain/oauth"
)

// everyMember is a registration with every member that there is, but for those that exclude one another
// or are fetched.
var everyMember = func() string {
	given := map[string]string{
		"client_name": `"App"`, "client_name#de": `"Anwendung"`, "ext_param_owner": `"ann"`, "application_type": `"web"`,
		"redirect_uris":  `["https://client.example.org/cb"]`,
		"grant_types":    `["authorization_code","implicit","refresh_token","urn:openid:params:grant-type:ciba"]`,
		"response_types": `["code","code id_token"]`, "response_modes": `["form_post"]`,
		"scope": `"openid email"`, "authorization_details_types": `["payment"]`,
		"token_endpoint_auth_method": `"private_key_jwt"`, "token_endpoint_auth_signing_alg": `"ES256"`,
		"introspection_endpoint_auth_method": `"client_secret_basic"`, "revocation_endpoint_auth_method": `"none"`,
		"tls_client_auth_subject_dn": `"CN=a"`, "tls_client_auth_san_dns": `"client.example.org"`, "tls_client_auth_san_uri": `"spiffe://client"`,
		"tls_client_auth_san_ip": `"192.0.2.1"`, "tls_client_auth_san_email": `"a@b.example"`,
		"jwks":            `{"keys":[{"kty":"OKP","crv":"Ed25519","x":"5lL9EjmkosoCZ9jUvRyENNje-T1SXf8BGKelX0TkQ14"}]}`,
		"signed_jwks_uri": `"https://client.example.org/jwks.jwt"`,
		"contacts":        `["a@b.example"]`, "software_id": `"app"`, "software_version": `"1"`, "subject_type": `"pairwise"`,
		"request_uris": `["https://client.example.org/request"]`, "default_max_age": `0`, "default_acr_values": `["1"]`,
		"post_logout_redirect_uris":       `["https://client.example.org/bye"]`,
		"backchannel_token_delivery_mode": `"push"`, "client_registration_types": `["explicit"]`, "organization_name": `"Example"`,
		"description": `"An app"`, "keywords": `["app"]`,
		"claims_redirect_uris": `["https://client.example.org/claims"]`, "encrypted_response_enc_values_supported": `["A128GCM"]`,
		"vp_formats_supported": `{"dc+sd-jwt":{}}`,
	}
	for _, member := range oauth.Members {
		if _, there := given[member.Name]; there || member.Name == "jwks_uri" || member.Name == "sector_identifier_uri" {
			continue
		}
		switch {
		case member.Kind == oauth.KindFlag:
			given[member.Name] = `true`
		case member.Kind == oauth.KindURI:
			given[member.Name] = `"https://client.example.org/` + member.Name + `"`
		case strings.HasSuffix(member.Name, "signed_response_alg") || strings.HasSuffix(member.Name, "signing_alg"):
			given[member.Name] = `"ES256"`
		case strings.HasSuffix(member.Name, "_alg"):
			given[member.Name] = `"RSA-OAEP"`
		case strings.HasSuffix(member.Name, "_enc"):
			given[member.Name] = `"A128GCM"`
		}
	}
	for _, member := range oauth.Members {
		if member.ChoiceOf != "" {
			given[member.Name] = `[` + given[member.ChoiceOf] + `]`
		}
	}
	document := ""
	for _, name := range slices.Sorted(maps.Keys(given)) {
		document += `,"` + name + `":` + given[name]
	}
	return "{" + document[1:] + "}"
}()
