package oauth_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"errors"
	"math/big"
	"strings"
	"testing"

	"github.com/go-jose/go-jose/v4"

	"roster/domain/oauth"
)

func rsaKey(t *testing.T, bits int) string {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, bits)
	if err != nil {
		t.Fatal(err)
	}
	return jwk(t, jose.JSONWebKey{Key: &key.PublicKey})
}

func jwk(t *testing.T, key jose.JSONWebKey) string {
	t.Helper()
	encoded, err := json.Marshal(key)
	if err != nil {
		t.Fatal(err)
	}
	return string(encoded)
}

// with adds a member to a JSON object.
func with(object, member string) string { return "{" + member + "," + strings.TrimPrefix(object, "{") }

// certificate returns a certificate of a key as x5c has it.
func certificate(t *testing.T, key *ecdsa.PrivateKey) string {
	t.Helper()
	template := &x509.Certificate{SerialNumber: big.NewInt(1)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	return base64.StdEncoding.EncodeToString(der)
}

func TestKeys(t *testing.T) {
	t.Setenv("GODEBUG", "rsa1024min=0")
	private, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	const ed25519 = `{"kty":"OKP","crv":"Ed25519","x":"5lL9EjmkosoCZ9jUvRyENNje-T1SXf8BGKelX0TkQ14"}`
	other, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	rsa2048, ec := rsaKey(t, 2048), jwk(t, jose.JSONWebKey{Key: &private.PublicKey})
	for name, test := range map[string]struct {
		keys string
		ok   bool
	}{
		"RSA":                    {rsa2048, true},
		"EC":                     {ec, true},
		"OKP":                    {ed25519, true},
		"X25519":                 {strings.Replace(ed25519, "Ed25519", "X25519", 1), true},
		"unknown member":         {with(ec, `"foo":"bar"`), true},
		"all with a use":         {with(rsa2048, `"use":"sig"`) + "," + with(ec, `"use":"enc"`), true},
		"some without a use":     {with(rsa2048, `"use":"sig"`) + "," + with(ec, `"use":"enc"`) + "," + ed25519, false},
		"RSA 1024":               {rsaKey(t, 1024), false},
		"exponent 1":             {strings.Replace(rsa2048, "AQAB", "AQ", 1), false},
		"private":                {jwk(t, jose.JSONWebKey{Key: private}), false},
		"private part of RSA":    {with(rsa2048, `"dq":"AAAA"`), false},
		"symmetric":              {`{"kty":"oct","k":"AAAA"}`, false},
		"symmetric without k":    {`{"kty":"oct"}`, false},
		"not on the curve":       {with(`{"kty":"EC","crv":"P-256","x":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAE"}`, `"y":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAE"`), false},
		"X25519 of 31 octets":    {`{"kty":"OKP","crv":"X25519","x":"5lL9EjmkosoCZ9jUvRyENNje-T1SXf8BGKelX0TkQw"}`, false},
		"type in another case":   {strings.Replace(rsa2048, `"kty"`, `"KTY"`, 1), false},
		"no type":                {`{}`, false},
		"null":                   {`null`, false},
		"text":                   {`"x"`, false},
		"kid is a number":        {with(ec, `"kid":1`), false},
		"its certificate":        {with(ec, `"x5c":["`+certificate(t, private)+`"]`), true},
		"certificate of another": {with(ec, `"x5c":["`+certificate(t, other)+`"]`), false},
		"no certificate":         {with(ec, `"x5c":["AAAA"]`), false},
	} {
		t.Run(name, func(t *testing.T) {
			body := `{"redirect_uris":["https://a.example/"],"jwks":{"keys":[` + test.keys + `]}}`
			_, err := admit(t, oauth.DefaultPolicy, request(t, body))
			var refused *oauth.Error
			if test.ok != (err == nil) || !test.ok && (!errors.As(err, &refused) || refused.Field != "jwks") {
				t.Errorf("error %v", err)
			}
			if err != nil {
				checkRefusal(t, err)
			}
		})
	}
}

// TestRules has pairs of what just holds and what just does not.
func TestRules(t *testing.T) {
	const key = `"jwks":{"keys":[{"kty":"OKP","crv":"Ed25519","x":"5lL9EjmkosoCZ9jUvRyENNje-T1SXf8BGKelX0TkQ14"}]}`
	for _, test := range []struct {
		field   string // that is refused; empty: accepted
		members string
	}{
		{"", `"grant_types":["authorization_code","refresh_token"]`},
		{"grant_types", `"grant_types":[]`},
		{"grant_types", `"grant_types":["magic"]`},
		{"grant_types", `"grant_types":["refresh_token"],"response_types":["code"]`},
		{"", `"grant_types":["implicit"]`},
		{"grant_types", `"response_types":["code id_token"]`},
		{"", `"response_types":["id_token code"],"grant_types":["authorization_code","implicit"]`},
		{"response_types", `"response_types":["token"],"grant_types":["implicit"]`},
		{"response_types", `"response_types":["code code"]`},
		{"response_types", `"response_types":["CODE"]`},
		{"response_types", `"response_types":[]`},
		{"", `"response_types":[],"grant_types":["client_credentials"]`},
		{"application_type", `"application_type":"desktop"`},

		{"token_endpoint_auth_method", `"token_endpoint_auth_method":"CLIENT_SECRET_BASIC"`},
		{"token_endpoint_auth_method", `"token_endpoint_auth_method":"private_key_jwt"`},
		{"", `"token_endpoint_auth_method":"private_key_jwt",` + key},
		{"", `"token_endpoint_auth_method":"private_key_jwt","jwks_uri":"https://a.example/jwks"`},
		{"token_endpoint_auth_signing_alg", `"token_endpoint_auth_method":"private_key_jwt","token_endpoint_auth_signing_alg":"HS256",` + key},
		{"token_endpoint_auth_signing_alg", `"token_endpoint_auth_method":"client_secret_jwt","token_endpoint_auth_signing_alg":"RS256"`},
		{"token_endpoint_auth_signing_alg", `"token_endpoint_auth_signing_alg":"none"`},
		{"token_endpoint_auth_method", `"token_endpoint_auth_method":"self_signed_tls_client_auth"`},
		{"token_endpoint_auth_method", `"token_endpoint_auth_method":"tls_client_auth"`},
		{"", `"token_endpoint_auth_method":"tls_client_auth","tls_client_auth_san_ip":"192.0.2.1"`},
		{"token_endpoint_auth_method", `"token_endpoint_auth_method":"tls_client_auth","tls_client_auth_san_ip":"192.0.2.1","tls_client_auth_san_dns":"a.example"`},
		{"tls_client_auth_san_ip", `"token_endpoint_auth_method":"tls_client_auth","tls_client_auth_san_ip":"not-an-ip"`},
		{"token_endpoint_auth_method", `"token_endpoint_auth_method":"none","id_token_signed_response_alg":"HS256"`},
		{"grant_types", `"token_endpoint_auth_method":"none","grant_types":["client_credentials"]`},

		{"jwks", `"jwks_uri":"https://a.example/jwks",` + key},
		{"jwks_uri", `"jwks_uri":"http://a.example/jwks"`},
		{"sector_identifier_uri", `"sector_identifier_uri":"/relative"`},
		{"initiate_login_uri", `"initiate_login_uri":"http://a.example/"`},
		{"", `"client_uri":"http://a.example/"`},
		{"client_uri", `"client_uri":"https://user@a.example/"`},
		{"logo_uri", `"logo_uri":"data:image/png,x"`},
		{"logo_uri#de", `"logo_uri#de":"javascript:x"`},
		{"policy_uri", `"policy_uri":"whatever://not but not a uri"`},
		{"", `"request_uris":["https://a.example/r#hash"]`},
		{"request_uris", `"request_uris":["http://a.example/r"]`},
		{"subject_type", `"subject_type":"private"`},
		{"scope", `"scope":"a  b"`},
		{"", `"scope":"openid https://a.example/read"`},

		{"id_token_signed_response_alg", `"id_token_signed_response_alg":"RSA-OAEP"`},
		{"", `"id_token_signed_response_alg":"none"`},
		{"id_token_signed_response_alg", `"id_token_signed_response_alg":"none","response_types":["id_token"],"grant_types":["implicit"]`},
		{"id_token_encrypted_response_alg", `"id_token_encrypted_response_alg":"FOO"`},
		{"userinfo_encrypted_response_enc", `"userinfo_encrypted_response_enc":"A256GCM"`},
		{"authorization_signed_response_alg", `"authorization_signed_response_alg":"none"`},
		{"", `"request_object_signing_alg":"none"`},

		{"", `"post_logout_redirect_uris":["https://a.example/bye"]`},
		{"post_logout_redirect_uris", `"post_logout_redirect_uris":["ftp://a.example/"]`},
		{"", `"frontchannel_logout_uri":"https://a.example:443/logout"`},
		{"frontchannel_logout_uri", `"frontchannel_logout_uri":"https://b.example/logout"`},
		{"frontchannel_logout_uri", `"frontchannel_logout_uri":"javascript:alert(1)"`},
		{"backchannel_logout_uri", `"backchannel_logout_uri":"https://b.example/#x"`},
		{"backchannel_logout_uri", `"backchannel_logout_uri":"http://b.example/","token_endpoint_auth_method":"none"`},
		{"backchannel_token_delivery_mode", `"grant_types":["urn:openid:params:grant-type:ciba"]`},
		{"backchannel_client_notification_endpoint", `"backchannel_token_delivery_mode":"ping"`},
		{"encrypted_response_enc_values_supported", `"encrypted_response_enc_values_supported":[]`},
	} {
		_, err := admit(t, oauth.DefaultPolicy, request(t, `{"redirect_uris":["https://a.example/"],`+test.members+`}`))
		var refused *oauth.Error
		switch {
		case test.field == "" && err != nil:
			t.Errorf("%s: %v", test.members, err)
		case test.field != "" && (!errors.As(err, &refused) || refused.Code != oauth.InvalidClientMetadata || refused.Field != test.field):
			t.Errorf("%s: error %v, want one at %s", test.members, err, test.field)
		case err != nil:
			checkRefusal(t, err)
		}
	}
}

func TestDefaultOfContentEncryption(t *testing.T) {
	got := registered(t, `{"redirect_uris":["https://a.example/"],"id_token_encrypted_response_alg":"RSA-OAEP","jwks_uri":"https://a.example/jwks"}`)
	if enc := got.Text("id_token_encrypted_response_enc"); enc != "A128CBC-HS256" {
		t.Errorf("id_token_encrypted_response_enc %q", enc)
	}
}

// TestObjectsHoldText puts control characters, as they are and escaped, into names and values at every depth of
// every member that is an object, known and unknown members of keys among them.
func TestObjectsHoldText(t *testing.T) {
	places := []struct{ member, object string }{
		{"vp_formats_supported", `{"%":{"alg_values":["ES256"]}}`},
		{"vp_formats_supported", `{"jwt_vc":"%"}`},
		{"vp_formats_supported", `{"jwt_vc":{"%":["ES256"]}}`},
		{"vp_formats_supported", `{"jwt_vc":{"alg_values":["ES256","%"]}}`},
		{"vp_formats_supported", `{"a":[[{"b":[{"%":true}]}]]}`},
		{"jwks", `{"keys":[` + with(ecPub, `"foo":"%"`) + `]}`},
		{"jwks", `{"keys":[` + with(ecPub, `"%":"foo"`) + `]}`},
		{"jwks", `{"keys":[` + with(ecPub, `"foo":{"bar":["%"]}`) + `]}`},
		{"jwks", `{"keys":[` + with(ecPub, `"kid":"%"`) + `]}`},
		{"jwks", `{"keys":[` + with(ecPub, `"key_ops":["verify","%"]`) + `]}`},
		{"jwks", `{"keys":[{"kty":"%"}]}`},
		{"jwks", `{"keys":[],"%":1}`},
	}
	for _, place := range places {
		for escaped, ok := range map[string]bool{
			`\u0000`: false, `\u0007`: false, `\n`: false, `\u001b[31m`: false, "\u007f": false, `\u007f`: false, "\u0080": false, "\u009b31m": false,
			`\u009b31m`: false, "a\u009fb": false, "\u0085": false, "": false,
			"plain": true, "\u00a0": true, "\u202e": true, "ü": true, `\u00fc`: true, "😀": true,
		} {
			member := `"` + place.member + `":` + strings.Replace(place.object, "%", escaped, 1)
			c := trial{members: member}
			if !ok {
				c.refused = place.member
			}
			c.run(t)
		}
	}
}
