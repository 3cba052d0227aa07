package oauth_test

import (
	"errors"
	"strings"
	"testing"

	"roster/domain/oauth"
)

// TestKeysThatAreNotUnderstood has key sets in which there is something that the registry does not know
// (RFC 7517 5): new types, curves and uses come with new specifications.
func TestKeysThatAreNotUnderstood(t *testing.T) {
	const akp = `{"kty":"AKP","alg":"ML-DSA-44","pub":"AAAA"}`
	unknown := []string{
		akp, `{"kty":"FOO"}`, `{"kty":"ec","crv":"P-256"}`, strings.Replace(rsaPub, "RSA", "rsa", 1),
		strings.Replace(ecPub, "P-256", "P-999", 1), strings.Replace(ecPub, "P-256", "brainpoolP256r1", 1),
		strings.Replace(okpPub, "Ed25519", "Ed9999", 1), with(ecPub, `"use":"both"`), with(rsaPub, `"use":"SIG"`),
		with(okpPub, `"use":"tls"`), with(ecPub, `"use":"both","alg":"of the future"`),
	}
	for _, key := range append(unknown, "", strings.Join(unknown, ",")) {
		for _, c := range rows(
			[]trial{{jwks(key), "", values{"jwks": oauth.Object(strings.TrimPrefix(jwks(key), `"jwks":`))}}},
			ok(`"token_endpoint_auth_method":"none",`+jwks(key), `"id_token_signed_response_alg":"ES256",`+jwks(key),
				`"signed_jwks_uri":"https://a.example/jwks","token_endpoint_auth_method":"private_key_jwt",`+jwks(key)),
			no("token_endpoint_auth_method", each(`"token_endpoint_auth_method":%,`+jwks(key), `"private_key_jwt"`, `"self_signed_tls_client_auth"`)...),
			no("introspection_endpoint_auth_method", `"introspection_endpoint_auth_method":"private_key_jwt",`+jwks(key)),
			no("request_object_signing_alg", `"request_object_signing_alg":"ES256",`+jwks(key)),
			no("id_token_encrypted_response_alg", `"id_token_encrypted_response_alg":"ECDH-ES",`+jwks(key)),
		) {
			c.run(t)
		}
		if key == "" {
			continue
		}
		for _, c := range rows(
			ok(jwks(key, rsaPub), `"token_endpoint_auth_method":"private_key_jwt",`+jwks(key, ecPub), `"request_object_signing_alg":"RS256",`+jwks(rsaPub, key)),
			no("jwks", jwks(with(key, `"d":"AAAA"`)), jwks(ecPub, with(key, `"k":"AAAA"`)), jwks(with(key, `"priv":"AAAA"`), ecPub)),
		) {
			if !strings.Contains(key, "},{") {
				c.run(t)
			}
		}
	}
}

// TestAlgorithmsThatNoKeyCanDo registers an algorithm beside keys (RFC 7518 3.1, 4.1; RFC 7517 4.2 to 4.4).
func TestAlgorithmsThatNoKeyCanDo(t *testing.T) {
	const x25519 = `{"kty":"OKP","crv":"X25519","x":"5lL9EjmkosoCZ9jUvRyENNje-T1SXf8BGKelX0TkQ14"}`
	signing := []string{"request_object_signing_alg", "backchannel_authentication_request_signing_alg", "token_endpoint_auth_signing_alg"}
	encrypting := []string{
		"id_token_encrypted_response_alg", "userinfo_encrypted_response_alg", "introspection_encrypted_response_alg",
		"authorization_encrypted_response_alg", "nfv_token_encrypted_response_alg",
	}
	for _, test := range []struct {
		members []string
		alg     string
		keys    string
		can     bool
	}{
		{signing, "RS256", ecPub, false},
		{signing, "RS256", okpPub, false},
		{signing, "RS256", ecPub + "," + okpPub, false},
		{signing, "RS256", ecPub + "," + rsaPub, true},
		{signing, "PS512", rsaPub, true},
		{signing, "ES256", rsaPub, false},
		{signing, "ES256", ecPub, true},
		{signing, "ES384", ecPub, false},
		{signing, "EdDSA", okpPub, true},
		{signing, "EdDSA", ecPub, false},
		{signing, "RS256", with(rsaPub, `"alg":"RS256"`), true},
		{signing, "RS256", with(rsaPub, `"alg":"PS256"`), false},
		{signing, "RS256", with(rsaPub, `"alg":"RS512"`) + "," + with(rsaPub, `"kid":"2","alg":"RS256"`), true},
		{signing, "RS256", with(rsaPub, `"use":"sig","alg":"RS384"`), false},
		{signing, "RS256", with(rsaPub, `"key_ops":["verify"]`), true},
		{signing, "RS256", with(rsaPub, `"key_ops":["sign"]`), true},
		{signing, "RS256", with(rsaPub, `"key_ops":["of the future"]`), true},
		{signing, "RS256", with(rsaPub, `"key_ops":["verify"],"use":"sig","alg":"RS256","kid":"1"`), true},
		{signing, "RS256", with(rsaPub, `"key_ops":["verify"]`) + "," + ecPub, true},
		{signing, "ES256", with(ecPub, `"key_ops":["deriveKey"]`) + "," + okpPub, false},
		{signing, "RS256", with(ecPub, `"alg":"ES256"`) + `,{"kty":"AKP","alg":"RS256","pub":"AAAA"}`, false},

		{encrypting, "RSA-OAEP", ecPub, false},
		{encrypting, "RSA-OAEP", x25519, false},
		{encrypting, "RSA-OAEP", rsaPub, true},
		{encrypting, "RSA-OAEP", with(rsaPub, `"alg":"RSA-OAEP-256"`), false},
		{encrypting, "RSA-OAEP", with(rsaPub, `"key_ops":["verify"]`), false},
		{encrypting, "RSA-OAEP", with(rsaPub, `"key_ops":["wrapKey"]`), true},
		{encrypting, "RSA-OAEP", with(rsaPub, `"use":"sig"`), false},
		{encrypting, "ECDH-ES+A128KW", ecPub, true},
		{encrypting, "ECDH-ES", with(ecPub, `"key_ops":[]`), true},
		{encrypting, "ECDH-ES", x25519, true},
		{encrypting, "ECDH-ES", okpPub, false},
		{encrypting, "ECDH-ES", rsaPub, false},
	} {
		for _, member := range test.members {
			members := `"` + member + `":"` + test.alg + `",` + jwks(test.keys)
			if member == "token_endpoint_auth_signing_alg" {
				members += `,"token_endpoint_auth_method":"private_key_jwt"`
			}
			c := trial{members: members}
			if !test.can {
				c.refused = member
			}
			c.run(t)
		}
	}
	for _, c := range rows(
		no("token_endpoint_auth_method",
			`"token_endpoint_auth_method":"private_key_jwt",`+jwks(x25519), `"token_endpoint_auth_method":"private_key_jwt",`+jwks(with(rsaPub, `"alg":"RSA-OAEP"`)),
			`"token_endpoint_auth_method":"private_key_jwt",`+jwks(k256Pub), `"token_endpoint_auth_method":"private_key_jwt",`+jwks(with(ecPub, `"key_ops":["deriveBits"]`))),
		no("token_endpoint_auth_signing_alg", `"token_endpoint_auth_signing_alg":"RS256",`+jwks(ecPub)),
		ok(`"token_endpoint_auth_signing_alg":"RS256"`, `"token_endpoint_auth_signing_alg":"RS256","jwks":{"keys":[]}`,
			`"token_endpoint_auth_signing_alg":"RS256",`+jwks(with(ecPub, `"use":"enc"`)), `"id_token_signed_response_alg":"RS256",`+jwks(ecPub),
			`"request_object_signing_alg":"RS256","jwks_uri":"https://a.example/jwks"`, `"request_object_signing_alg":"HS256",`+jwks(ecPub)),
	) {
		c.run(t)
	}
}

// TestRefusalsOfKeysAreEnglish has every member of a key that must be a string.
func TestRefusalsOfKeysAreEnglish(t *testing.T) {
	for _, member := range []string{"kty", "use", "kid", "alg", "crv"} {
		_, err := admit(t, oauth.DefaultPolicy, request(t, `{"redirect_uris":["https://a.example/"],"jwks":{"keys":[{"`+member+`":1}]}}`))
		want := "has a key (number 1) that has a member " + member + " that is not a non-empty string"
		var refused *oauth.Error
		if !errors.As(err, &refused) || refused.Detail != want {
			t.Errorf("error %v, want %s", err, want)
		}
	}
}
