package domain_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"roster/domain"
)

// Public keys for the checklist.
const (
	rsaN    = `u0CjNE76UCfbD5zZaoOQh0w6R6Cz_1e6_Yf9i60gcEBXOUFsIcvMB2TrNCZisUrUNNdqEWr7VGv-0mvDDb-XOg4YmHDDpJ2jiWIAK4V1KVOIaffrr8XiarMxWpw82G5Az_Nhny32K84l4HMUtgl1cfPufT_Yt76g981B1DzXZhN0gED6J0izCw8TMFL0mEWZn7Ta4403s6DRymJLro_oXM1Heygta9jEvxFbKV2Jtx3_uYW4nfAQQtZXfnJRbItAmlABOR8M-JL9JFogbi__wkf8tsOrDP8ip3Vy5Mrz91gyfHBHl-_6xZ_Y_HT4KfiQZWjHBiSqu5kyn6f18vtQIw`
	rsaPub  = `{"kty":"RSA","n":"` + rsaN + `","e":"AQAB"}`
	ecPub   = `{"kty":"EC","crv":"P-256","x":"sSdRQcVa1s7-yW776xLiQKvKrv-pIhmgVIvqBHagEvA","y":"8QVL4tMoDYp_dW7vnbb-LGh7kRjzvlFcjRSnGJirnIU"}`
	okpPub  = `{"kty":"OKP","crv":"Ed25519","x":"5lL9EjmkosoCZ9jUvRyENNje-T1SXf8BGKelX0TkQ14"}`
	k256Pub = `{"kty":"EC","crv":"secp256k1","x":"eb5mfvncu6xVoGKVzocLBwKb_NstzijZWfKBWxb4F5g","y":"SDradyajxGVdpPv8DhEIqP0XtEimhVQZnEfQj_sQ1Lg"}`
)

func jwks(keys ...string) string { return `"jwks":{"keys":[` + strings.Join(keys, ",") + `]}` }

// A trial registers a client and tells what becomes of it.
type trial struct {
	members string                  // beside redirect_uris of one https URI, unless they have their own
	refused string                  // the member that is refused; empty: registered
	want    map[string]domain.Value // what is registered; nil: no such member
}

func (c trial) run(t *testing.T) {
	t.Helper()
	body := "{" + c.members + "}"
	if !strings.Contains(c.members, `"redirect_uris"`) {
		body = `{"redirect_uris":["https://a.example/cb"]` + prefixed(",", c.members) + `}`
	}
	events, evidence, err := confirmed(register(t, body))
	c.update(t, body, evidence, events, err)
	if err != nil {
		checkRefusal(t, err)
		var refused *domain.Error
		field := ""
		if errors.As(err, &refused) {
			field = refused.Field
			if refused.Code == domain.InvalidRedirectURI {
				field = "redirect_uris"
			}
		}
		if field != c.refused {
			t.Errorf("%s: refused for %q (%v), want %q", body, field, err, c.refused)
		}
		return
	}
	if c.refused != "" {
		t.Errorf("%s: registered, want %s refused", body, c.refused)
		return
	}
	metadata := events[0].(domain.ClientRegistered).Metadata
	for member, want := range c.want {
		if diff := cmp.Diff(want, metadata[member]); diff != "" {
			t.Errorf("%s: %s (-want +got):\n%s", body, member, diff)
		}
	}
}

// update asks for the same of a client that is registered: the answer is that of its registration (RFC 7592 2.2).
func (c trial) update(t *testing.T, body string, evidence domain.Evidence, want []domain.Event, refused error) {
	t.Helper()
	if strings.Contains(body, `"client_id"`) {
		return // which an update must have right (M-10)
	}
	client := domain.Evolve(domain.Client{}, domain.ClientAggregate(clientID), registered(t, `{"redirect_uris":["https://before.example/"]}`))
	command := update(t, strings.Replace(body, "{", `{"client_id":"`+clientID+`",`, 1))
	command.Evidence = evidence
	events, err := domain.Decide(domain.DefaultPolicy, client, command)
	if diff := cmp.Diff(refused, err); diff != "" {
		t.Errorf("update to %s (-as registered +got):\n%s", body, diff)
	}
	if refused != nil || err != nil {
		return
	}
	if diff := cmp.Diff(want[0].(domain.ClientRegistered).Metadata, events[0].(domain.ClientUpdated).Metadata); diff != "" {
		t.Errorf("update to %s (-as registered +got):\n%s", body, diff)
	}
}

func text(s string) domain.Value    { return domain.Text(s) }
func list(s ...string) domain.Value { return append(domain.List{}, s...) }

type values = map[string]domain.Value

// ok are members that are registered.
func ok(members ...string) []trial {
	var trials []trial
	for _, m := range members {
		trials = append(trials, trial{members: m})
	}
	return trials
}

// no are members that are refused for a field.
func no(field string, members ...string) []trial {
	var trials []trial
	for _, m := range members {
		trials = append(trials, trial{members: m, refused: field})
	}
	return trials
}

// uris are redirect URIs of clients with further members, each registered as it is.
func uris(members string, uris ...string) []trial {
	var trials []trial
	for _, u := range uris {
		trials = append(trials, trial{`"redirect_uris":[` + quote(u) + `]` + prefixed(",", members), "", values{"redirect_uris": list(u)}})
	}
	return trials
}

// noURIs are redirect URIs of clients with further members, each refused.
func noURIs(members string, uris ...string) []trial {
	var trials []trial
	for _, u := range uris {
		trials = append(trials, trial{members: `"redirect_uris":[` + quote(u) + `]` + prefixed(",", members), refused: "redirect_uris"})
	}
	return trials
}

// quote quotes a string for JSON that may hold any character.
func quote(s string) string {
	quoted := `"`
	for _, r := range s {
		switch {
		case r == '"' || r == '\\':
			quoted += `\` + string(r)
		case r < 0x20 || r == 0x7f:
			quoted += fmt.Sprintf(`\u%04x`, r)
		default:
			quoted += string(r)
		}
	}
	return quoted + `"`
}

// each writes a value into a pattern of members.
func each(pattern string, names ...string) []string {
	var members []string
	for _, name := range names {
		members = append(members, strings.ReplaceAll(pattern, "%", name))
	}
	return members
}

func rows(trials ...[]trial) (all []trial) {
	for _, t := range trials {
		all = append(all, t...)
	}
	return all
}

const (
	native   = `"application_type":"native"`
	web      = `"application_type":"web"`
	implicit = `"grant_types":["implicit"],"response_types":["id_token"]`
	hybrid   = `"grant_types":["authorization_code","implicit"],"response_types":["code id_token"]`
)

// TestChecklist has the statements of the specifications on metadata by their ids in docs/decisions.md:
// C is OpenID Connect Dynamic Client Registration 1.0, D is RFC 7591, U are the rules of redirect URIs, X
// those that extensions have across members.
func TestChecklist(t *testing.T) {
	for row, trials := range map[string][]trial{
		"C-1 redirect URIs are kept byte for byte": uris("",
			"https://A.example/%7Ecb", "https://a.example/~cb", "https://a.example:443/", "https://a.example", "HTTPS://a.example/",
			"https://a.example/a/../b", "https://a.example/?b&a", "https://a.example/cb?"),
		"C-2 response_types": {{"", "", values{"response_types": list("code")}}},
		"C-3 grant_types":    {{"", "", values{"grant_types": list("authorization_code")}}},
		"C-4 response and grant types agree": rows(
			no("grant_types",
				`"response_types":["id_token"]`, `"response_types":["id_token token"]`, `"response_types":["code id_token"]`,
				`"response_types":["code token"]`, `"response_types":["code id_token token"]`, `"response_types":["token id_token code"]`,
				`"grant_types":["implicit"],"response_types":["code"]`,
				`"grant_types":["implicit"],"response_types":["code token"]`,
				`"grant_types":["refresh_token"],"response_types":["code"]`,
				`"grant_types":[],"response_types":["code","id_token"]`),
			[]trial{
				{`"grant_types":["implicit"]`, "", values{"response_types": list("id_token")}},
				{`"grant_types":["client_credentials"],"response_types":["code"]`, "", values{"response_types": list()}},
				{`"grant_types":["implicit"],"response_types":["id_token","code"]`, "", values{"response_types": list("id_token")}},
			},
			ok(`"response_types":["code"]`,
				`"grant_types":["implicit"],"response_types":["id_token"]`, `"grant_types":["implicit"],"response_types":["id_token token"]`,
				`"grant_types":["implicit"],"response_types":["token id_token"]`,
				`"grant_types":["authorization_code","implicit"],"response_types":["code id_token","code token","code id_token token"]`,
				`"grant_types":["authorization_code","implicit"],"response_types":["code","id_token"]`,
				`"grant_types":["authorization_code","implicit","refresh_token"],"response_types":["id_token code"]`)),
		"C-5 application_type": rows(
			[]trial{{"", "", values{"application_type": text("web")}}},
			ok(web, native),
			no("application_type", each(`"application_type":%`, `"WEB"`, `"Native"`, `"desktop"`, `""`, `1`, `[]`, `{}`, `true`)...)),
		"C-6 web clients with the implicit grant": rows(
			uris(implicit, "https://a.example/"), uris(hybrid, "https://a.example/"),
			noURIs(implicit, "http://a.example/", "http://localhost/", "https://localhost/", "https://LOCALHOST:8443/", "http://127.0.0.1/",
				"http://[::1]/", "https://localhost./", "https://a.localhost/", "https://127.0.0.2/", "https://[::ffff:127.0.0.1]/", "https://0.0.0.0/"),
			noURIs(hybrid, "http://localhost/", "https://localhost/cb"),
			uris(web+","+implicit, "com.example.app:/cb")),
		"C-7 native clients": rows(
			uris(native, "com.example.app:/cb", "com.example.app:/", "com.example.app:cb", "com.example.app://cb",
				"cursor://anysphere.cursor-retrieval/oauth/cb",
				"http://localhost/", "http://localhost:8080/cb", "http://127.0.0.1:3000/cb", "http://[::1]/cb"),
			noURIs(native, "http://a.example/cb", "http://127.0.0.1.a.example/", "http://[::2]/", "http://0.0.0.0/", "http://192.168.0.1/",
				"http://127.255.0.1/", "https://localhost/", "https://127.0.0.1/", "https://[::1]/")),
		"C-8 native clients with claimed https": uris(native, "https://a.example/cb"),
		"C-9 all redirect URIs are checked": no("redirect_uris",
			`"redirect_uris":["https://a.example/","https://b.example/","http://c.example/"]`,
			`"redirect_uris":["http://c.example/","https://a.example/"]`, `"redirect_uris":["http://a.example/","com.example.app:/"]`),
		"C-10 contacts": rows(
			ok(`"contacts":["a@b.example","tel:+1-201-555-0123"]`, `"contacts":[]`),
			no("contacts", each(`"contacts":%`, `"a@b.example"`, `[1]`, `[""]`, `[null]`, `[["a@b.example"]]`, `{}`, `true`, `7`)...)),
		"C-11 pages and images": rows(
			ok(each(`"%":"https://a.example/x?y#z"`, "client_uri", "logo_uri", "tos_uri", "policy_uri", "client_uri#de")...),
			ok(each(`"%":"http://a.example/"`, "client_uri", "logo_uri", "tos_uri", "policy_uri")...),
			badURLs("client_uri"), badURLs("logo_uri"), badURLs("tos_uri"), badURLs("policy_uri")),
		"C-13 jwks_uri": rows(ok(`"jwks_uri":"https://a.example/jwks"`),
			no("jwks_uri", `"jwks_uri":"http://a.example/jwks"`, `"jwks_uri":"http://localhost/jwks"`), badURLs("jwks_uri")),
		"C-14 C-18 D-6 jwks or jwks_uri": no("jwks", `"jwks_uri":"https://a.example/jwks",`+jwks(rsaPub)),
		"C-15 public keys alone": rows(
			ok(jwks(rsaPub), jwks(ecPub), jwks(okpPub), jwks(rsaPub, ecPub, okpPub), jwks(with(ecPub, `"foo":"bar"`))),
			no("jwks", jwks(with(rsaPub, `"d":"AAAA"`)), jwks(with(rsaPub, `"p":"AAAA"`)), jwks(with(rsaPub, `"q":"AAAA"`)),
				jwks(with(rsaPub, `"dp":"AAAA"`)),
				jwks(with(rsaPub, `"dq":"AAAA"`)), jwks(with(rsaPub, `"qi":"AAAA"`)), jwks(with(rsaPub, `"oth":[]`)), jwks(with(ecPub, `"d":"AAAA"`)),
				jwks(with(okpPub, `"d":"AAAA"`)), jwks(`{"kty":"oct","k":"AAAA"}`), jwks(`{"kty":"oct"}`), jwks(with(ecPub, `"k":"AAAA"`)),
				jwks(rsaPub, `{"kty":"oct","k":"AAAA"}`), jwks(with(rsaPub, `"d":null`)), jwks(with(rsaPub, `"priv":"AAAA"`)))),
		"C-15 key sets that are none": no("jwks",
			`"jwks":"[]"`, `"jwks":[]`, `"jwks":1`, `"jwks":true`, `"jwks":{}`, `"jwks":{"keys":{}}`,
			`"jwks":{"keys":"x"}`, `"jwks":{"keys":null}`,
			jwks("null"), jwks("1"), jwks(`"x"`), jwks("[]"), jwks("{}"),
			jwks(strings.Replace(rsaPub, "RSA", "", 1)), `"jwks":{"Keys":[`+rsaPub+`]}`),
		"C-15 keys that are of no use": no("jwks",
			jwks(strings.Replace(rsaPub, `"AQAB"`, `"AQ"`, 1)), jwks(strings.Replace(rsaPub, `"AQAB"`, `"Ag"`, 1)),
			jwks(strings.Replace(rsaPub, `"AQAB"`, `""`, 1)),
			jwks(strings.Replace(rsaPub, `"e":"AQAB"`, `"f":1`, 1)), jwks(strings.Replace(rsaPub, rsaN, rsaN[:170], 1)),
			jwks(strings.Replace(rsaPub, rsaN, "not base64!", 1)),
			jwks(strings.Replace(ecPub, "P-256", "P-384", 1)), jwks(strings.Replace(ecPub, "P-256", "Ed25519", 1)), jwks(strings.Replace(ecPub,
				`"x":"s`, `"x":"t`, 1)),
			jwks(strings.Replace(k256Pub, `"x":"e`, `"x":"f`, 1)), jwks(strings.Replace(k256Pub, `"y":"SDra`, `"y":"`, 1)),
			jwks(strings.Replace(ecPub, "P-256", "secp256k1", 1)),
			jwks(strings.Replace(ecPub, `"crv":"P-256",`, "", 1)), jwks(strings.Replace(okpPub, "Ed25519", "Ed448", 1)),
			jwks(strings.Replace(okpPub, "5lL9", "", 1)),
			jwks(with(ecPub, `"use":1`)), jwks(with(ecPub, `"kid":1`)), jwks(with(ecPub, `"kid":null`)),
			jwks(with(ecPub, `"kid":""`)),
			jwks(with(ecPub, `"alg":"RS256"`)), jwks(with(rsaPub, `"alg":"ES256"`)), jwks(with(rsaPub, `"alg":"HS256"`)), jwks(with(rsaPub,
				`"alg":"none"`)), jwks(with(ecPub, `"alg":1`)),
			jwks(with(ecPub, `"alg":"ES384"`)), jwks(with(ecPub, `"alg":"ES256K"`)), jwks(with(okpPub, `"alg":"Ed448"`)),
			jwks(with(okpPub, `"alg":"ECDH-ES"`)), jwks(with(rsaPub, `"alg":"RS"`)),
			jwks(strings.Replace(rsaPub, rsaN, strings.Repeat(rsaN, 3), 1)),
			jwks(with(rsaPub, `"kid":"1"`), with(rsaPub, `"kid":"1"`)), jwks(with(rsaPub, `"kid":"1","use":"sig"`), ecPub, with(rsaPub,
				`"kid":"1","use":"sig"`)),
			jwks(with(ecPub, `"key_ops":"verify"`)), jwks(with(ecPub, `"key_ops":[1]`)), jwks(with(ecPub, `"key_ops":["verify","verify"]`)),
			jwks(with(ecPub, `"use":"sig","key_ops":["deriveKey"]`)), jwks(with(rsaPub, `"use":"enc","key_ops":["wrapKey","verify"]`))),
		"C-15 keys of types that others may understand (RFC 7517 5)": rows(
			[]trial{{jwks(`{"kty":"AKP","alg":"ML-DSA-44","pub":"AAAA"}`, ecPub), "",
				values{"jwks": domain.Object(`{"keys":[{"kty":"AKP","alg":"ML-DSA-44","pub":"AAAA"},` + ecPub + `]}`)}}},
			no("jwks", jwks(`{"kty":"AKP","pub":"AAAA","priv":"AAAA"}`, ecPub), jwks(`{"kty":7}`, ecPub)),
			no("token_endpoint_auth_method", `"token_endpoint_auth_method":"private_key_jwt",`+
				jwks(`{"kty":"AKP","use":"sig","pub":"AAAA"}`, with(ecPub, `"use":"enc"`)))),
		"C-15 keys with all that they may say": ok(jwks(rsaPub, rsaPub), jwks(with(rsaPub, `"kid":"1"`), with(ecPub, `"kid":"1"`)),
			jwks(with(rsaPub, `"kid":"1","use":"sig"`), with(rsaPub, `"kid":"1","use":"enc"`)),
			jwks(with(rsaPub, `"use":"enc","key_ops":["wrapKey","encrypt"]`)),
			jwks(with(ecPub, `"use":"sig","key_ops":["verify","of another specification"]`)), jwks(with(k256Pub, `"alg":"ES256K"`)), jwks(with(rsaPub, `"alg":"PS256","use":"sig","kid":"1","key_ops":["verify"]`)),
			jwks(with(ecPub, `"alg":"ECDH-ES+A128KW","use":"enc"`)), jwks(with(okpPub, `"alg":"EdDSA"`)), jwks(with(okpPub, `"alg":"Ed25519"`)),
			jwks(`{"kty":"OKP","crv":"X25519","x":"5lL9EjmkosoCZ9jUvRyENNje-T1SXf8BGKelX0TkQ14"}`)),
		"C-16 a use for every key": rows(
			ok(jwks(with(rsaPub, `"use":"sig"`), with(ecPub, `"use":"enc"`)), jwks(with(rsaPub, `"use":"sig"`), ecPub)),
			no("jwks", jwks(with(rsaPub, `"use":"sig"`), with(ecPub, `"use":"enc"`), okpPub))),
		"C-17 certificates": no("jwks", jwks(with(ecPub, `"x5c":["AAAA"]`)), jwks(with(ecPub, `"x5c":[]`)), jwks(with(ecPub, `"x5c":"AAAA"`)), jwks(`{"kty":"EC","x5c":["AAAA"]}`),
			jwks(with(ecPub, `"x5u":"http://a.example/cert"`)), jwks(with(ecPub, `"x5u":1`)), jwks(with(ecPub, `"x5t":"AAAA"`))),
		"C-19 sector_identifier_uri": rows(no("sector_identifier_uri", `"sector_identifier_uri":"http://a.example/"`),
			badURLs("sector_identifier_uri")),
		"C-20 subject_type": rows(ok(`"subject_type":"public"`, `"subject_type":"pairwise"`),
			no("subject_type", each(`"subject_type":%`, `"Public"`, `"private"`, `""`, `[]`, `1`, `{}`, `true`, `["public"]`)...)),
		"C-20 pairwise subjects have one host or a sector (OpenID Connect Core 1.0, 8.1)": rows(
			ok(`"redirect_uris":["https://a.example/1","https://A.example:8443/2"],"subject_type":"pairwise"`,
				`"redirect_uris":["https://a.example/","https://b.example/"],"subject_type":"public"`,
				`"redirect_uris":["https://a.example/","https://b.example/"]`,
				`"redirect_uris":["com.example.app:/cb"],"subject_type":"pairwise","sector_identifier_uri":"https://a.example/sector"`,
				`"grant_types":["urn:openid:params:grant-type:ciba"],"backchannel_token_delivery_mode":"poll","subject_type":"pairwise","jwks_uri":"https://a.example/jwks"`),
			no("sector_identifier_uri",
				`"redirect_uris":["https://a.example/","https://b.example/"],"subject_type":"pairwise"`,
				`"redirect_uris":["https://a.example/","https://sub.a.example/"],"subject_type":"pairwise"`,
				`"redirect_uris":["com.example.app:/cb"],"subject_type":"pairwise"`,
				`"redirect_uris":["https://a.example/","com.example.app:/cb"],"application_type":"native","subject_type":"pairwise"`)),
		"C-21 unsigned ID tokens": rows(
			[]trial{{"", "", values{"id_token_signed_response_alg": text("RS256")}}},
			ok(`"id_token_signed_response_alg":"none"`,
				`"id_token_signed_response_alg":"none","grant_types":["authorization_code","implicit"],"response_types":["code token"]`),
			no("id_token_signed_response_alg", `"id_token_signed_response_alg":"none",`+implicit, `"id_token_signed_response_alg":"none",`+hybrid,
				`"id_token_signed_response_alg":"none","grant_types":["authorization_code","implicit"],"response_types":["code","id_token token"]`)),
		"C-22 content encryption needs an algorithm for its key": rows(
			no("id_token_encrypted_response_enc", `"id_token_encrypted_response_enc":"A128GCM"`),
			no("userinfo_encrypted_response_enc", `"userinfo_encrypted_response_enc":"A128GCM"`),
			no("request_object_encryption_enc", `"request_object_encryption_enc":"A128GCM"`),
			no("authorization_encrypted_response_enc", `"authorization_encrypted_response_enc":"A128GCM"`),
			defaultEncs(), ok(each(`"id_token_encrypted_response_alg":"ECDH-ES","id_token_encrypted_response_enc":"%","jwks_uri":"https://a.example/jwks"`,
				"A128CBC-HS256", "A192CBC-HS384", "A256CBC-HS512", "A128GCM", "A192GCM", "A256GCM")...)),
		"C-22 encryption needs a key of the client's": rows(
			no("id_token_encrypted_response_alg", `"id_token_encrypted_response_alg":"RSA-OAEP"`,
				`"id_token_encrypted_response_alg":"RSA-OAEP",`+jwks(with(rsaPub, `"use":"sig"`))),
			no("userinfo_encrypted_response_alg", `"userinfo_encrypted_response_alg":"ECDH-ES"`),
			ok(`"id_token_encrypted_response_alg":"RSA-OAEP",`+jwks(rsaPub),
				`"id_token_encrypted_response_alg":"RSA-OAEP",`+jwks(with(rsaPub, `"use":"enc"`)),
				`"id_token_encrypted_response_alg":"A128KW"`, `"userinfo_encrypted_response_alg":"dir"`,
				`"request_object_encryption_alg":"RSA-OAEP"`)),
		"C-22 algorithms are of their kind": rows(
			no("id_token_signed_response_alg", each(`"id_token_signed_response_alg":%`, `"RSA-OAEP"`, `"rs256"`, `"RS255"`, `"FOO"`, `""`,
				`1`, `[]`, `{}`, `["RS256"]`)...),
			no("userinfo_signed_response_alg", each(`"userinfo_signed_response_alg":%`, `"A128GCM"`, `"foo"`, `true`)...),
			no("id_token_encrypted_response_alg", each(`"id_token_encrypted_response_alg":%`, `"RS256"`, `"none"`, `"A128GCM"`, `"RSA1_5"`, `7`)...),
			no("userinfo_encrypted_response_enc", each(`"userinfo_encrypted_response_alg":"dir","userinfo_encrypted_response_enc":%`,
				`"RSA-OAEP"`, `"none"`, `"FOO"`, `7`)...),
			no("introspection_signed_response_alg", each(`"introspection_signed_response_alg":%`, `"none"`, `"FOO"`)...),
			no("authorization_signed_response_alg", each(`"authorization_signed_response_alg":%`, `"none"`, `"FOO"`)...)),
		"C-23 request_object_signing_alg": rows(
			ok(`"request_object_signing_alg":"none"`, `"request_object_signing_alg":"HS256"`, `"request_object_signing_alg":"ES256",`+jwks(ecPub)),
			no("request_object_signing_alg", `"request_object_signing_alg":"RS256"`,
				`"request_object_signing_alg":"RS256",`+jwks(with(rsaPub, `"use":"enc"`)), `"request_object_signing_alg":"FOO"`)),
		"C-24 D-23 token_endpoint_auth_method": rows(
			[]trial{{"", "", values{"token_endpoint_auth_method": text("client_secret_basic")}}},
			ok(each(`"token_endpoint_auth_method":"%"`, "client_secret_basic", "client_secret_post", "client_secret_jwt", "none")...),
			ok(`"token_endpoint_auth_method":"private_key_jwt",`+jwks(rsaPub),
				`"token_endpoint_auth_method":"private_key_jwt","jwks_uri":"https://a.example/jwks"`),
			no("token_endpoint_auth_method", `"token_endpoint_auth_method":"private_key_jwt"`,
				`"token_endpoint_auth_method":"private_key_jwt",`+jwks(with(rsaPub, `"use":"enc"`))),
			no("token_endpoint_auth_method", each(`"token_endpoint_auth_method":%`, `"CLIENT_SECRET_BASIC"`, `"client_secret"`, `"basic"`,
				`"None"`, `""`, `" none"`, `["none"]`, `1`, `{}`, `true`)...)),
		"C-25 token_endpoint_auth_signing_alg": rows(
			ok(`"token_endpoint_auth_method":"private_key_jwt","token_endpoint_auth_signing_alg":"RS256",`+jwks(rsaPub),
				`"token_endpoint_auth_method":"client_secret_jwt","token_endpoint_auth_signing_alg":"HS512"`),
			no("token_endpoint_auth_signing_alg", `"token_endpoint_auth_signing_alg":"none"`, `"token_endpoint_auth_signing_alg":"FOO"`,
				`"token_endpoint_auth_method":"private_key_jwt","token_endpoint_auth_signing_alg":"HS256",`+jwks(rsaPub),
				`"token_endpoint_auth_method":"client_secret_jwt","token_endpoint_auth_signing_alg":"RS256"`)),
		"C-24 methods at other endpoints": rows(
			[]trial{{"", "", values{"introspection_endpoint_auth_method": nil, "revocation_endpoint_auth_method": nil}}},
			otherMethods("introspection_endpoint_auth_method"), otherMethods("revocation_endpoint_auth_method")),
		"C-26 numbers, flags and lists": rows(
			[]trial{
				{"", "", values{"require_auth_time": domain.Flag(false), "default_max_age": nil, "default_acr_values": nil}},
				{`"default_max_age":0`, "", values{"default_max_age": domain.Number(0)}},
				{`"default_max_age":1e2`, "", values{"default_max_age": domain.Number(100)}},
				{`"default_max_age":60.0`, "", values{"default_max_age": domain.Number(60)}},
				{`"default_max_age":9007199254740991`, "", values{"default_max_age": domain.Number(1<<53 - 1)}},
				{`"default_max_age":86400,"require_auth_time":true,"default_acr_values":["0","urn:x"]`, "",
					values{"default_max_age": domain.Number(86400), "require_auth_time": domain.Flag(true), "default_acr_values": list("0",
						"urn:x")}},
			},
			no("default_max_age", each(`"default_max_age":%`, "-1", "1.5", `"10"`, "[]", "{}", "true", "1e400", "1e999999999", "9007199254740992",
				"99999999999999999999")...),
			no("require_auth_time", each(`"require_auth_time":%`, `"true"`, `"false"`, "0", "1", "[]", "{}")...),
			no("default_acr_values", each(`"default_acr_values":%`, `"0"`, `[0]`, `[""]`, `[null]`, `{}`, `1`)...)),
		"C-27 initiate_login_uri": rows(ok(`"initiate_login_uri":"https://a.example/login"`),
			no("initiate_login_uri", `"initiate_login_uri":"http://a.example/login"`, `"initiate_login_uri":"http://localhost/login"`),
			badURLs("initiate_login_uri")),
		"C-28 request_uris": rows(
			ok(`"request_uris":["https://a.example/r#sha-256"]`, `"request_uris":[]`,
				`"request_uris":["http://a.example/r"],"request_object_signing_alg":"RS256",`+jwks(rsaPub),
				`"request_uris":["http://a.example/r"],"request_object_signing_alg":"HS256"`),
			no("request_uris", `"request_uris":["http://a.example/r"]`, `"request_uris":["http://a.example/r"],"request_object_signing_alg":"none"`,
				`"request_uris":["https://a.example/r","javascript:x"]`, `"request_uris":"https://a.example/r"`, `"request_uris":[1]`,
				`"request_uris":[""]`,
				`"request_uris":["ftp://a.example/r"],"request_object_signing_alg":"HS256"`)),
		"C-29 C-37 what is not understood is left out": {{`"x":1,"__proto__":{"a":1},"constructor":{},"Client_Name":"x","client_id":"mine","client_secret":"mine"`, "",
			values{"x": nil, "__proto__": nil, "constructor": nil, "Client_Name": nil, "client_name": nil, "client_id": nil, "client_secret": nil}}},
		"C-30 languages": rows(
			[]trial{{`"client_name":"a","client_name#ja-Jpan-JP":"ア","client_name#de":"Ä","keywords#de":["x"],"organization_name#fr":"é"`, "", values{
				"client_name": text("a"), "client_name#ja-Jpan-JP": text("ア"), "client_name#de": text("Ä"), "keywords#de": list("x"),
				"organization_name#fr": text("é")}},
				{`"client_name#":"x","client_name#d_e":"x","scope#de":"x","redirect_uris#de":["javascript:x"],"client_name#abcdefghi":"x","#de":"x"`, "", values{
					"client_name#": nil, "client_name#d_e": nil, "scope#de": nil, "redirect_uris#de": nil, "client_name#abcdefghi": nil,
					"#de": nil}}},
			no("client_name#ja", `"client_name#ja":123`), no("logo_uri#de", `"logo_uri#de":"data:image/svg+xml,x"`),
			no("tos_uri#fr", `"tos_uri#fr":["https://a.example/"]`)),
		"C-36 redirect URIs are not replaced": {{`"redirect_uris":["https://b.example/","https://a.example/","https://b.example/"]`, "",
			values{"redirect_uris": list("https://b.example/", "https://a.example/", "https://b.example/")}}},
		"C-51 names are compared by code points": {{`"redirect_uris":["https://a.example/"],"redirect_uri\u017f":["javascript:x"],"REDIRECT_URIS":["javascript:x"],"redirect_ur\u0131s":["javascript:x"]`, "",
			values{"redirect_uris": list("https://a.example/")}},
			{`"\u0063lient_uri":"https:\/\/a.example\/"`, "", values{"client_uri": text("https://a.example/")}}},
		"C-52 one wrong member refuses all": no("logo_uri", `"client_name":"x","logo_uri":"javascript:x","client_uri":"https://a.example/"`),

		"D-1 redirect URIs are needed where they are used": rows(
			no("redirect_uris", `"redirect_uris":[]`, `"redirect_uris":null`, `"redirect_uris":[],`+implicit,
				`"redirect_uris":[],"grant_types":["authorization_code","client_credentials"]`),
			no("redirect_uris", each(`"redirect_uris":%`, `"https://a.example/"`, `{}`, `1`, `true`, `[1]`, `[null]`,
				`[["https://a.example/"]]`, `[{}]`, `[""]`)...),
			ok(each(`"redirect_uris":[],"grant_types":["%"]`, "client_credentials", "password", "urn:ietf:params:oauth:grant-type:device_code",
				"urn:ietf:params:oauth:grant-type:token-exchange", "urn:ietf:params:oauth:grant-type:jwt-bearer", "refresh_token")...)),
		"D-2 D-3 null is left out": {{`"client_name":null,"grant_types":null,"default_max_age":null,"jwks":null,"contacts":null,"scope":null,"require_auth_time":null`, "",
			values{"client_name": nil, "grant_types": list("authorization_code"), "default_max_age": nil, "jwks": nil, "contacts": nil,
				"scope": nil, "require_auth_time": domain.Flag(false)}}},
		"D-4 methods of others are a matter of policy": no("token_endpoint_auth_method", `"token_endpoint_auth_method":"https://a.example/method"`),
		"D-5 grant types": no("grant_types", each(`"grant_types":%`, `["this is clearly wrong"]`, `["Authorization_Code"]`,
			`"authorization_code"`, `[1]`, `[null]`, `[""]`, `{}`, `true`,
			`["authorization_code "]`, `["authorization_code","foo"]`)...),
		"D-5 response types": no("response_types", each(`"response_types":%`, `["CODE"]`, `"code"`, `[1]`, `[""]`, `["code code"]`,
			`["code  id_token"]`, `[" code"]`, `["foo"]`, `["none"]`, `["token"]`, `{}`, `[]`)...),
		"D-7 scope": rows(
			[]trial{{"", "", values{"scope": nil}}, {`"scope":"openid https://a.example/read offline_access"`, "",
				values{"scope": text("openid https://a.example/read offline_access")}}},
			no("scope", each(`"scope":%`, `" "`, `"a  b"`, `" a"`, `"a "`, `"a\tb"`, `"a\nb"`, `"a\"b"`, `"a\\b"`, `"ä"`, `["a"]`, `1`,
				`{}`)...)),
		"D-8 software": rows(
			[]trial{{`"software_id":"4NRB1-0XZABZI9E6-5SM3R","software_version":"2.1"`, "",
				values{"software_id": text("4NRB1-0XZABZI9E6-5SM3R"), "software_version": text("2.1")}}},
			no("software_id", `"software_id":1`, `"software_id":"x\u0000y"`), no("software_version", `"software_version":2.1`)),
		"D-10 no inconsistent state": rows(
			[]trial{{`"redirect_uris":[],"grant_types":[],"response_types":[]`, "", values{"grant_types": list(), "response_types": list()}},
				{`"grant_types":["client_credentials"]`, "", values{"response_types": list()}}},
			no("grant_types", `"grant_types":[]`, `"grant_types":[],"response_types":["code"]`),
			no("response_types", `"response_types":[]`, `"grant_types":["authorization_code"],"response_types":[]`),
			no("grant_types", `"token_endpoint_auth_method":"none","grant_types":["client_credentials"]`)),
		"D-11 a name in one language alone": {{`"client_name#de":"Ä"`, "", values{"client_name": nil, "client_name#de": text("Ä")}}},
		"D-22 redirect URIs lead to TLS, the device or an app": rows(
			uris("", "https://a.example/", "http://127.0.0.1:1/", "com.example.app:/cb"),
			noURIs("", "http://a.example/", "ftp://a.example/", "ws://a.example/", "urn:ietf:wg:oauth:2.0:oob", "urn:ietf:wg:oauth:2.0:oob:auto")),

		"U-1 absolute, without a fragment": rows(
			noURIs("", "https://a.example/#", "https://a.example/#x", "https://a.example/cb?x#y", "//a.example/cb", "/cb", "cb", "?x", "#x",
				"a.example", "https:", "https://", "https:///cb", "https:/a.example", "https:a.example"),
			noURIs(native, "com.example.app:/cb#x", "com.example.app:", "com.example.app", "://cb", "1app:/cb")),
		"U-2 characters of RFC 3986": noURIs("",
			"https://a.example/c b", " https://a.example/", "https://a.example/ ", "https://a.example/\t", "https://a.example/\n",
			"https://a.example/\r\nx", "https://a.example/\x00", "https://a.example/\x7f",
			"https://a.example/<x>", `https://a.example/"x"`, "https://a.example/{x}", "https://a.example/|", `https://a.example/\x`,
			"https://a.example/^", "https://a.example/`",
			"https://a.example/ä", "https://ä.example/", "https://a.example\u3002evil.test/", "https://a.example/\u200b",
			"https://a.example\u202egro.live/", "https://a.example/%", "https://a.example/%2", "https://a.example/%zz",
			"https://a.example/[", "https://a.example/?x[]=1", "https://a.example?]", `https:\\a.example\cb`, `https://a.example\@b.example/`, "\ufeffhttps://a.example/", "https://a.example/\u0085"),
		"U-3 a host and no user": noURIs("",
			"https://user@a.example/", "https://user:pass@a.example/", "https://@a.example/", "https://a.example@b.example/",
			"https://a.example:@b.example/", "https://%61.example/", "https://a.example%00.b.example/",
			"https://a.example%2f@b.example/", "https://.a.example/", "https://a..example/", "https://*.a.example/", "https://a_b*.example/",
			"https://[::1/", "https://[::1%25lo]/", "https://[v1.x]/", "https://[1.2.3.4]/",
			"https://a.example:/", "https://a.example:0/", "https://a.example:65536/", "https://a.example:-1/", "https://a.example:1x/",
			"https://127.1/", "https://2130706433/", "https://0x7f000001/", "https://0177.0.0.1/", "https://1.2.3.4.5/", "https://256.1.1.1/"),
		"U-4 no pattern is a redirect URI": noURIs("", "https://*.a.example/", "https://*/", "*"),
		"U-5 no http but on the device": noURIs("", "http://a.example/", "http://localhost.a.example/", "http://127.0.0.1.a.example/",
			"http://a.example/?localhost", "http://localhost@a.example/", "http://[::ffff:127.0.0.1]/",
			"http://127.1/", "http://0x7f.1/", "http://2130706433/", "http://localhost./", "http://0.0.0.0/", "http://10.0.0.1/", "http://[::]/"),
		"U-6 no implicit grant of access tokens alone": no("response_types", `"grant_types":["implicit"],"response_types":["token"]`),
		"U-7 private-use schemes": rows(
			uris("", "com.example.app:/cb", "app.example:/cb"), uris(web, "com.example.app:/cb"),
			[]trial{{`"redirect_uris":["com.example.app:/cb"]`, "", values{"application_type": text("native")}},
				{`"redirect_uris":["com.example.app:/cb","http://127.0.0.1/"]`, "", values{"application_type": text("native")}}},
			noURIs(native, "javascript:alert(1)", "JaVaScRiPt:alert(1)", "javascript://a.example/%0aalert(1)", "data:text/html,x",
				"DATA:text/html;base64,eA==", "file:///etc/passwd", "file://a.example/x", "blob:https://a.example/x",
				"about:blank", "view-source:https://a.example/", "filesystem:https://a.example/x", "vbscript:x", "intent://a#Intent;end",
				"intent:x", "ftp://a.example/", "ftps://a.example/", "ws://a.example/", "wss://a.example/",
				"mailto:a@b.example", "urn:x:y", "tel:123", "sms:123", "chrome://settings", "chrome-extension://x/",
				"jar:https://a.example/", "ldap://a.example/", "gopher://a.example/", "ssh://a.example/", "blob:x", "content://x", "resource://x",
				"ms-officecmd:x", "mk:@MSITStore:x", "microsoft-edge:https://a.example/", "itms-services://?x", "php://input", "devtools://x/",
				"com.example.app://user:pass@host/cb")),
		"U-8 U-9 loopback with any port": uris("", "http://localhost/", "http://localhost:65535/", "http://127.0.0.1/",
			"http://127.0.0.1:1/", "http://[::1]:8080/cb", "http://LOCALHOST/"),
		"U-10 backchannel_logout_uri": rows(ok(`"backchannel_logout_uri":"https://b.example/logout?x"`),
			no("backchannel_logout_uri", `"backchannel_logout_uri":"https://b.example/#x"`, `"backchannel_logout_uri":"https://b.example/#"`,
				`"backchannel_logout_uri":"http://b.example/"`), badURLs("backchannel_logout_uri"),
			no("backchannel_logout_session_required", each(`"backchannel_logout_session_required":%`, `"true"`, "1", "[]", "{}")...)),
		"U-11 frontchannel_logout_uri": rows(ok(`"frontchannel_logout_uri":"https://a.example/logout"`,
			`"frontchannel_logout_uri":"https://A.EXAMPLE:443/logout"`,
			`"redirect_uris":["http://localhost:8080/cb"],"frontchannel_logout_uri":"http://localhost:8080/logout"`),
			no("frontchannel_logout_uri", `"frontchannel_logout_uri":"https://b.example/logout"`,
				`"frontchannel_logout_uri":"https://a.example:8443/logout"`, `"frontchannel_logout_uri":"http://a.example/logout"`,
				`"frontchannel_logout_uri":"https://a.example/#x"`, `"frontchannel_logout_uri":"https://sub.a.example/"`),
			badURLs("frontchannel_logout_uri"),
			no("frontchannel_logout_session_required", each(`"frontchannel_logout_session_required":%`, `"true"`, "1", "[]", "{}")...)),
		"U-12 post_logout_redirect_uris": rows(
			ok(`"post_logout_redirect_uris":["https://b.example/bye","http://localhost:8080/bye"]`, `"post_logout_redirect_uris":[]`,
				`"redirect_uris":["com.example.app:/cb"],"post_logout_redirect_uris":["com.example.app:/bye"]`),
			no("post_logout_redirect_uris", each(`"post_logout_redirect_uris":%`, `["http://b.example/"]`, `["javascript:alert(1)"]`,
				`["ftp://a.example/"]`, `["http://127.0.0.2/"]`, `["//a.example/"]`, `["/bye"]`, `[""]`,
				`["https://u@a.example/"]`, `["https://a.example/ "]`, `["data:text/html,x"]`, `"https://a.example/"`, `[1]`, `{}`,
				`["https://a.example/","not-a-url"]`)...)),

		"X RFC 8705 2.1.2 one name of the certificate": rows(
			ok(each(`"token_endpoint_auth_method":"tls_client_auth",%`, `"tls_client_auth_subject_dn":"CN=a,O=Example Inc.,2.5.4.5=1"`,
				`"tls_client_auth_subject_dn":"CN=a\\, b+OU=c"`,
				`"tls_client_auth_san_dns":"a.example"`, `"tls_client_auth_san_dns":"*.a.example"`,
				`"tls_client_auth_san_uri":"spiffe://a.example/x"`, `"tls_client_auth_san_ip":"192.0.2.1"`,
				`"tls_client_auth_san_ip":"2001:db8::1"`, `"tls_client_auth_san_email":"a@b.example"`)...),
			no("token_endpoint_auth_method", `"token_endpoint_auth_method":"tls_client_auth"`,
				`"token_endpoint_auth_method":"tls_client_auth","tls_client_auth_san_ip":"192.0.2.1","tls_client_auth_subject_dn":"CN=a"`),
			no("tls_client_auth_subject_dn", each(`"token_endpoint_auth_method":"tls_client_auth","tls_client_auth_subject_dn":%`, `"a"`,
				`"CN"`, `"=a"`, `"CN=a,b"`, `1`, `""`)...),
			no("tls_client_auth_san_dns", each(`"token_endpoint_auth_method":"tls_client_auth","tls_client_auth_san_dns":%`, `"a b"`,
				`"https://a.example"`, `"a..b"`, `1`)...),
			no("tls_client_auth_san_ip", each(`"token_endpoint_auth_method":"tls_client_auth","tls_client_auth_san_ip":%`, `"not-an-ip"`,
				`"192.0.2.1/24"`, `"fe80::1%eth0"`, `"192.0.2.256"`, `1`)...),
			no("tls_client_auth_san_email", each(`"token_endpoint_auth_method":"tls_client_auth","tls_client_auth_san_email":%`, `"a"`,
				`"A <a@b.example>"`, `"a@"`, `1`)...),
			no("tls_client_auth_san_uri", each(`"token_endpoint_auth_method":"tls_client_auth","tls_client_auth_san_uri":%`, `"a"`, `"/a"`,
				`"https://a b"`, `1`)...)),
		"X RFC 8705 2.2.2 a key for the self-signed certificate": rows(no("token_endpoint_auth_method",
			`"token_endpoint_auth_method":"self_signed_tls_client_auth"`),
			ok(`"token_endpoint_auth_method":"self_signed_tls_client_auth",`+jwks(ecPub),
				`"token_endpoint_auth_method":"self_signed_tls_client_auth","jwks_uri":"https://a.example/jwks"`)),
		"X flags are true or false": rows(flags("tls_client_certificate_bound_access_tokens"), flags("dpop_bound_access_tokens"),
			flags("require_signed_request_object"),
			flags("require_pushed_authorization_requests"), flags("use_mtls_endpoint_aliases"), flags("backchannel_user_code_parameter")),
		"X RFC 9101 10.5 what must be signed is not unsigned": rows(ok(`"require_signed_request_object":true`,
			`"require_signed_request_object":false,"request_object_signing_alg":"none"`),
			no("request_object_signing_alg", `"require_signed_request_object":true,"request_object_signing_alg":"none"`)),
		"X RFC 9701 6 introspection": rows(no("introspection_encrypted_response_enc", `"introspection_encrypted_response_enc":"A128GCM"`),
			no("introspection_encrypted_response_alg", `"introspection_encrypted_response_alg":"RSA-OAEP"`),
			[]trial{{`"introspection_encrypted_response_alg":"RSA-OAEP",` + jwks(rsaPub), "",
				values{"introspection_encrypted_response_enc": text("A128CBC-HS256")}}}),
		"X RFC 9396 10 authorization_details_types": rows(ok(`"authorization_details_types":["payment_initiation"]`),
			no("authorization_details_types", `"authorization_details_types":"x"`, `"authorization_details_types":[{}]`)),
		"X CIBA": rows(ok(`"grant_types":["urn:openid:params:grant-type:ciba"],"redirect_uris":[],"backchannel_token_delivery_mode":"ping","backchannel_client_notification_endpoint":"https://a.example/n"`),
			no("backchannel_token_delivery_mode", `"backchannel_token_delivery_mode":"pull"`, `"grant_types":["urn:openid:params:grant-type:ciba"]`),
			no("backchannel_client_notification_endpoint", `"backchannel_token_delivery_mode":"push"`,
				`"backchannel_client_notification_endpoint":"http://a.example/"`),
			no("backchannel_authentication_request_signing_alg", `"backchannel_authentication_request_signing_alg":"HS256"`,
				`"backchannel_authentication_request_signing_alg":"none"`,
				`"backchannel_authentication_request_signing_alg":"ES256"`)),
		"X UMA 2.0 Grant 3.3.2 claims_redirect_uris": rows(
			ok(`"claims_redirect_uris":["https://a.example/claims?x"]`,
				`"redirect_uris":["com.example.app:/cb"],"claims_redirect_uris":["com.example.app:/claims","http://127.0.0.1/"]`),
			no("claims_redirect_uris", each(`"claims_redirect_uris":%`, `["javascript:x"]`, `["https://a.example/#x"]`, `["http://a.example/"]`,
				`["http://127.0.0.2/"]`, `["/claims"]`, `[""]`, `[1]`, `"https://a.example/"`)...)),
		"X federation and presentations": rows(
			ok(`"client_registration_types":["automatic","explicit"]`,
				`"vp_formats_supported":{"dc+sd-jwt":{"sd-jwt_alg_values":["ES256"]}}`,
				`"encrypted_response_enc_values_supported":["A128GCM"]`),
			no("client_registration_types", `"client_registration_types":["x"]`), no("signed_jwks_uri", `"signed_jwks_uri":"http://a.example/"`),
			no("encrypted_response_enc_values_supported", `"encrypted_response_enc_values_supported":[]`), no("vp_formats_supported",
				`"vp_formats_supported":[]`, `"vp_formats_supported":{"x":null}`),
			badURLs("organization_uri"), badURLs("information_uri")),
		"X Relying Party Metadata Choices": rows(
			[]trial{
				{`"subject_types_supported":["pairwise","public"]`, "", values{"subject_types_supported": nil, "subject_type": text("pairwise")}},
				{`"id_token_signing_alg_values_supported":["PS256","RS256"]`, "", values{"id_token_signing_alg_values_supported": nil,
					"id_token_signed_response_alg": text("RS256")}},
				{`"id_token_signing_alg_values_supported":["of the future","ES256","PS256"]`, "", values{"id_token_signed_response_alg": text("ES256")}},
				{`"id_token_signing_alg_values_supported":["ES256","PS256"],"id_token_signed_response_alg":"PS256"`, "",
					values{"id_token_signed_response_alg": text("PS256")}},
				{`"token_endpoint_auth_methods_supported":["attest_jwt_client_auth","client_secret_post"]`, "",
					values{"token_endpoint_auth_method": text("client_secret_post")}},
				{`"authorization_signing_alg_values_supported":["ES256"],"introspection_signing_alg_values_supported":["ES384"]`, "",
					values{"authorization_signed_response_alg": text("ES256"), "introspection_signed_response_alg": text("ES384")}},
				{`"id_token_encryption_alg_values_supported":["RSA-OAEP"],"id_token_encryption_enc_values_supported":["A256GCM"],"userinfo_signing_alg_values_supported":["ES256"]`, "",
					values{"id_token_encrypted_response_alg": nil, "id_token_encrypted_response_enc": nil, "userinfo_signed_response_alg": nil}},
				{`"id_token_encrypted_response_alg":"RSA-OAEP","id_token_encryption_enc_values_supported":["A256GCM"],"jwks_uri":"https://a.example/jwks"`, "",
					values{"id_token_encrypted_response_enc": text("A256GCM")}},
			},
			no("id_token_signed_response_alg", `"id_token_signing_alg_values_supported":["ES256"],"id_token_signed_response_alg":"PS256"`),
			no("userinfo_signed_response_alg", `"userinfo_signing_alg_values_supported":["ES256"],"userinfo_signed_response_alg":"PS256"`),
			no("id_token_signing_alg_values_supported", `"id_token_signing_alg_values_supported":["of the future"]`,
				`"id_token_signing_alg_values_supported":[]`),
			no("subject_types_supported", each(`"subject_types_supported":%`, `"public"`, `[1]`, `[""]`, `{}`, `["none"]`)...)),
		"X keys that the client secret makes": no("token_endpoint_auth_method", each(`"token_endpoint_auth_method":"none",%`,
			`"id_token_signed_response_alg":"HS256"`, `"userinfo_signed_response_alg":"HS512"`, `"request_object_signing_alg":"HS256"`,
			`"id_token_encrypted_response_alg":"A128KW"`, `"userinfo_encrypted_response_alg":"dir"`)...),
		"P names are kept code point for code point": rows(
			[]trial{{`"client_name":"\"><img src=x onerror=alert(1)>"`, "", values{"client_name": text(`"><img src=x onerror=alert(1)>`)}},
				{`"client_name":"A\u030a \u00c5 \ud83d\ude00  x "`, "", values{"client_name": text("A\u030a \u00c5 😀  x ")}}},
			no("client_name", each(`"client_name":%`, `"a\u0000b"`, `"a\nb"`, `"\u001b[31m"`, `"\u0085"`, `1`, `{}`, `[]`, `true`)...)),
	} {
		t.Run(row, func(t *testing.T) {
			for _, c := range trials {
				c.run(t)
			}
		})
	}
}

// badURLs are what no member that holds a URL of the web takes.
func badURLs(member string) []trial {
	return no(member, each(`"`+member+`":%`,
		`"javascript:alert(1)"`, `"data:text/html,x"`, `"file:///etc/passwd"`, `"vbscript:x"`, `"blob:x"`, `"not-a-url"`, `"/relative/path"`,
		`"//b.example/x"`, `"ftp://a.example/x"`, `"whatever://not but not a uri"`,
		`" "`, `" https://a.example/"`, `"https://a.example/ "`, `"https://a.example/\n"`, `"https://user:pass@a.example/"`, `"https://"`,
		`"https:///x"`, `"https://a.example/<x>"`, `"https://ä.example/"`, `"com.example.app:/x"`,
		`"https://a.example:99999/"`, `1`, `true`, `[]`, `{}`, `["https://a.example/"]`)...)
}

// otherMethods are what a member with a method for another endpoint than that of tokens takes and refuses.
func otherMethods(member string) []trial {
	return rows(
		ok(each(`"token_endpoint_auth_method":"none","`+member+`":%`, `"client_secret_post"`, `"client_secret_jwt"`, `"none"`, `"tls_client_auth","tls_client_auth_san_ip":"192.0.2.1"`,
			`"private_key_jwt","jwks_uri":"https://a.example/jwks"`)...),
		no(member, each(`"`+member+`":%`, `"private_key_jwt"`, `"self_signed_tls_client_auth"`, `"tls_client_auth"`, `"magic"`, `""`, `1`, `["none"]`)...))
}

// flags are what a member that is true or false takes and refuses.
func flags(member string) []trial {
	return rows(
		[]trial{{`"` + member + `":true`, "", values{member: domain.Flag(true)}}, {`"` + member + `":false`, "", values{member: domain.Flag(false)}}},
		no(member, each(`"`+member+`":%`, `"true"`, `"false"`, `0`, `1`, `[]`, `{}`, `""`)...))
}

// defaultEncs are the content encryptions that go with an algorithm for the key.
func defaultEncs() (trials []trial) {
	for _, prefix := range []string{"id_token_encrypted_response", "userinfo_encrypted_response", "request_object_encryption",
		"authorization_encrypted_response"} {
		trials = append(trials, trial{`"` + prefix + `_alg":"RSA-OAEP","jwks_uri":"https://a.example/jwks"`, "",
			values{prefix + "_enc": text("A128CBC-HS256")}})
	}
	return trials
}
