package clientauth_test

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"roster/domain/oauth"
	"roster/domain/oauth/clientauth"
)

var now = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func basic(pair string) string {
	return "Basic " + base64.StdEncoding.EncodeToString([]byte(pair))
}

// jwt is an assertion with a signature that nobody looks at.
func jwt(header, claims string) string {
	return base64.RawURLEncoding.EncodeToString([]byte(header)) + "." + base64.RawURLEncoding.EncodeToString([]byte(claims)) + ".c2ln"
}

// reasonOf returns the Reason that an error is, empty when it is none.
func reasonOf(err error) (reason clientauth.Reason) {
	errors.As(err, &reason)
	return reason
}

const es256 = `{"alg":"ES256"}`

func TestCredentials(t *testing.T) {
	own := jwt(es256, `{"iss":"c","sub":"c"}`)
	for name, test := range map[string]struct {
		request clientauth.Request
		method  string // by which the credentials are; empty: refused
		id      string
		secret  string
		refused clientauth.Reason
	}{
		"basic":                         {clientauth.Request{Authorization: basic("c:s")}, clientauth.SecretBasic, "c", "s", ""},
		"basic, of another case":        {clientauth.Request{Authorization: "bAsIc" + basic("c:s")[5:]}, clientauth.SecretBasic, "c", "s", ""},
		"basic, form-encoded":           {clientauth.Request{Authorization: basic("https%3A%2F%2Fc:a%2Bb+c%3A")}, clientauth.SecretBasic, "https://c", "a+b c:", ""},
		"basic, a colon in the secret":  {clientauth.Request{Authorization: basic("c:s:t")}, clientauth.SecretBasic, "c", "s:t", ""},
		"basic, no secret":              {clientauth.Request{Authorization: basic("c:")}, clientauth.SecretBasic, "c", "", ""},
		"basic with its client_id":      {clientauth.Request{Authorization: basic("c:s"), ClientID: "c"}, clientauth.SecretBasic, "c", "s", ""},
		"basic with another client_id":  {clientauth.Request{Authorization: basic("c:s"), ClientID: "d"}, "", "", "", clientauth.OtherClient},
		"basic with a secret":           {clientauth.Request{Authorization: basic("c:s"), ClientID: "c", ClientSecret: "s"}, "", "", "", clientauth.SeveralMethods},
		"basic with an assertion":       {clientauth.Request{Authorization: basic("c:s"), AssertionType: clientauth.JWTBearer, Assertion: own}, "", "", "", clientauth.SeveralMethods},
		"basic, no colon":               {clientauth.Request{Authorization: basic("c")}, "", "", "", clientauth.Malformed},
		"basic, no id":                  {clientauth.Request{Authorization: basic(":s")}, "", "", "", clientauth.NoCredentials},
		"basic, no base64":              {clientauth.Request{Authorization: "Basic c:s"}, "", "", "", clientauth.Malformed},
		"basic, no form-encoding":       {clientauth.Request{Authorization: basic("c:100%")}, "", "", "", clientauth.Malformed},
		"another scheme":                {clientauth.Request{Authorization: "Bearer c"}, "", "", "", clientauth.Malformed},
		"post":                          {clientauth.Request{ClientID: "c", ClientSecret: "s"}, clientauth.SecretPost, "c", "s", ""},
		"post, no id":                   {clientauth.Request{ClientSecret: "s"}, "", "", "", clientauth.NoCredentials},
		"post with an assertion":        {clientauth.Request{ClientID: "c", ClientSecret: "s", AssertionType: clientauth.JWTBearer, Assertion: own}, "", "", "", clientauth.SeveralMethods},
		"none":                          {clientauth.Request{ClientID: "c"}, clientauth.None, "c", "", ""},
		"nothing":                       {clientauth.Request{}, "", "", "", clientauth.NoCredentials},
		"assertion":                     {clientauth.Request{AssertionType: clientauth.JWTBearer, Assertion: own}, clientauth.PrivateKeyJWT, "c", "", ""},
		"assertion of a shared secret":  {clientauth.Request{AssertionType: clientauth.JWTBearer, Assertion: own, ClientID: "c"}, clientauth.SecretJWT, "c", "", ""},
		"assertion, another client_id":  {clientauth.Request{AssertionType: clientauth.JWTBearer, Assertion: own, ClientID: "d"}, "", "", "", clientauth.OtherClient},
		"assertion, no type":            {clientauth.Request{Assertion: own}, "", "", "", clientauth.WrongType},
		"assertion, type of SAML":       {clientauth.Request{AssertionType: "urn:ietf:params:oauth:client-assertion-type:saml2-bearer", Assertion: own}, "", "", "", clientauth.WrongType},
		"type without an assertion":     {clientauth.Request{AssertionType: clientauth.JWTBearer, ClientID: "c"}, "", "", "", clientauth.Malformed},
		"assertion that is no JWT":      {clientauth.Request{AssertionType: clientauth.JWTBearer, Assertion: "a.b"}, "", "", "", clientauth.Malformed},
		"assertion with a member twice": {clientauth.Request{AssertionType: clientauth.JWTBearer, Assertion: jwt(es256, `{"iss":"c","sub":"c","sub":"c"}`)}, "", "", "", clientauth.Malformed},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := test.request.Credentials()
			if test.refused != "" {
				if reasonOf(err) != test.refused {
					t.Errorf("error %v, want %s", err, test.refused)
				}
				return
			}
			if err != nil || got.ClientID != test.id || got.Secret != test.secret || !got.By(test.method) {
				t.Errorf("%+v, %v", got, err)
			}
			all := []string{clientauth.SecretBasic, clientauth.SecretPost, clientauth.SecretJWT, clientauth.PrivateKeyJWT, clientauth.None, "", "tls_client_auth"}
			others := slices.DeleteFunc(all, func(m string) bool { return !got.By(m) })
			if asserted := test.request.Assertion != ""; len(others) != 1 && !asserted || len(others) != 2 && asserted {
				t.Errorf("they are by %v", others)
			}
		})
	}
}

// The claims of an assertion are held against the rules of RFC 7523 3 and OpenID Connect Core 1.0, 9.
func TestAssertion(t *testing.T) {
	audience := []string{"https://as.example.org", "https://as.example.org/token"}
	good := map[string]any{
		"iss": "c", "sub": "c", "aud": audience[0], "jti": "1", "exp": now.Add(time.Minute).Unix(), "iat": now.Unix(),
	}
	at := func(d time.Duration) int64 { return now.Add(d).Unix() }
	const absent = "\x00"
	for name, test := range map[string]struct {
		claim   string
		value   any
		refused clientauth.Reason
	}{
		"as it should be":                  {"", nil, ""},
		"no iss":                           {"iss", absent, clientauth.WrongIssuer},
		"another iss":                      {"iss", "d", clientauth.WrongIssuer},
		"empty iss":                        {"iss", "", clientauth.WrongIssuer},
		"iss that is no text":              {"iss", 1, clientauth.WrongIssuer},
		"no sub":                           {"sub", absent, clientauth.WrongIssuer},
		"another sub":                      {"sub", "d", clientauth.WrongIssuer},
		"no aud":                           {"aud", absent, clientauth.WrongAudience},
		"null as aud":                      {"aud", nil, clientauth.WrongAudience},
		"another aud":                      {"aud", "https://as.example.org/", clientauth.WrongAudience},
		"empty aud":                        {"aud", "", clientauth.WrongAudience},
		"aud in a list":                    {"aud", []string{"https://other.example.org", audience[1]}, ""},
		"others in a list":                 {"aud", []string{"https://other.example.org"}, clientauth.WrongAudience},
		"empty list":                       {"aud", []string{}, clientauth.WrongAudience},
		"list with a number":               {"aud", []any{audience[0], 1}, clientauth.WrongAudience},
		"object as aud":                    {"aud", map[string]any{"a": audience[0]}, clientauth.WrongAudience},
		"no exp":                           {"exp", absent, clientauth.WrongTime},
		"exp as text":                      {"exp", "1772366460", clientauth.WrongTime},
		"expired":                          {"exp", at(-time.Minute), clientauth.WrongTime},
		"expired, within the leeway":       {"exp", at(-59 * time.Second), ""},
		"exp with a fraction":              {"exp", float64(at(time.Minute)) + .5, ""},
		"exp an hour away":                 {"exp", at(time.Hour), ""},
		"exp an hour away, by their clock": {"exp", at(time.Hour + time.Minute), ""},
		"exp too far away":                 {"exp", at(time.Hour + time.Minute + time.Second), clientauth.TooLong},
		"exp in the year 20000":            {"exp", int64(569000000000), clientauth.WrongTime},
		"nbf now":                          {"nbf", at(0), ""},
		"nbf within the leeway":            {"nbf", at(time.Minute), ""},
		"nbf to come":                      {"nbf", at(time.Minute + time.Second), clientauth.WrongTime},
		"nbf as text":                      {"nbf", "now", clientauth.WrongTime},
		"no iat":                           {"iat", absent, ""},
		"iat long ago":                     {"iat", at(-24 * time.Hour), ""},
		"iat within the leeway":            {"iat", at(time.Minute), ""},
		"iat to come":                      {"iat", at(time.Minute + time.Second), clientauth.WrongTime},
		"no jti":                           {"jti", absent, clientauth.NoID},
		"empty jti":                        {"jti", "", clientauth.NoID},
		"jti that is no text":              {"jti", 1, clientauth.NoID},
		"other claims":                     {"scope", "openid", ""},
	} {
		t.Run(name, func(t *testing.T) {
			claims := maps.Clone(good)
			if claims[test.claim] = test.value; test.claim == "" || test.value == absent {
				delete(claims, test.claim)
			}
			encoded, err := json.Marshal(claims)
			if err != nil {
				t.Fatal(err)
			}
			assertion, err := clientauth.ParseAssertion(jwt(es256, string(encoded)))
			if err == nil {
				err = assertion.Check(now, audience)
			}
			if reasonOf(err) != test.refused || (err == nil) != (test.refused == "") {
				t.Errorf("error %v, want %q", err, test.refused)
			}
		})
	}
	t.Run("no audience", func(t *testing.T) {
		assertion, err := clientauth.ParseAssertion(jwt(es256, `{"iss":"c","sub":"c","aud":"","jti":"1","exp":1772366460}`))
		if err != nil {
			t.Fatal(err)
		}
		if err := assertion.Check(now, nil); !errors.Is(err, clientauth.WrongAudience) {
			t.Errorf("error %v", err)
		}
	})
}

// A JWT that says it is something else is no assertion, whoever signed it.
func TestAssertionHeader(t *testing.T) {
	for header, refused := range map[string]clientauth.Reason{
		`{"alg":"ES256"}`:                                               "",
		`{"alg":"ES256","typ":"JWT"}`:                                   "",
		`{"alg":"ES256","typ":"jwt"}`:                                   "",
		`{"alg":"ES256","typ":"client-authentication+jwt"}`:             "",
		`{"alg":"ES256","typ":"application/client-authentication+JWT"}`: "",
		`{"alg":"ES256","typ":"dpop+jwt"}`:                              clientauth.WrongType,
		`{"alg":"ES256","typ":"oauth-authz-req+jwt"}`:                   clientauth.WrongType,
		`{"alg":"ES256","typ":1}`:                                       clientauth.WrongType,
		`{"alg":"ES256","crit":["b64"],"b64":false}`:                    clientauth.Malformed,
		`{"alg":"ES256","crit":[]}`:                                     clientauth.Malformed,
		`["alg"]`:                                                       clientauth.Malformed,
	} {
		_, err := clientauth.ParseAssertion(jwt(header, `{"iss":"c","sub":"c"}`))
		if reasonOf(err) != refused || (err == nil) != (refused == "") {
			t.Errorf("%s: error %v, want %q", header, err, refused)
		}
	}
}

// An assertion is signed by the registered algorithm, or by any of the method: never by one of the other method, which
// would take a public key for a secret, and never by none.
func TestAlgorithms(t *testing.T) {
	all := slices.Concat(
		[]string{"RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"},
		[]string{"HS256", "HS384", "HS512", "none", "ES256K", "A128KW", ""},
	)
	for name, test := range map[string]struct {
		method, registered string
		allowed            []string
	}{
		"keys":                   {clientauth.PrivateKeyJWT, "", all[:10]},
		"keys, registered":       {clientauth.PrivateKeyJWT, "PS256", []string{"PS256"}},
		"keys, symmetric":        {clientauth.PrivateKeyJWT, "HS256", nil},
		"keys, of another curve": {clientauth.PrivateKeyJWT, "ES256K", nil},
		"secret":                 {clientauth.SecretJWT, "", all[10:13]},
		"secret, registered":     {clientauth.SecretJWT, "HS512", []string{"HS512"}},
		"secret, asymmetric":     {clientauth.SecretJWT, "RS256", nil},
	} {
		metadata := oauth.Metadata{"token_endpoint_auth_method": oauth.Text(test.method)}
		if test.registered != "" {
			metadata["token_endpoint_auth_signing_alg"] = oauth.Text(test.registered)
		}
		for _, alg := range all {
			assertion, err := clientauth.ParseAssertion(jwt(`{"alg":"`+alg+`"}`, `{"iss":"c","sub":"c"}`))
			if err != nil {
				t.Fatal(err)
			}
			_, err = assertion.Signed(metadata)
			if allowed := slices.Contains(test.allowed, alg); allowed != (err == nil) || !allowed && !errors.Is(err, clientauth.WrongAlgorithm) {
				t.Errorf("%s: %q: error %v", name, alg, err)
			}
		}
	}
}

func TestReasonsAreToldApart(t *testing.T) {
	seen := map[clientauth.Reason]bool{}
	for _, reason := range clientauth.Reasons {
		if seen[reason] || reason == "" || strings.Trim(string(reason), "abcdefghijklmnopqrstuvwxyz_") != "" {
			t.Errorf("reason %q", reason)
		}
		seen[reason] = true
	}
}

// Whatever is presented is read without a panic, and is of one client that the request does not contradict.
func FuzzCredentials(f *testing.F) {
	secret := make([]byte, 64)
	rand.Read(secret)
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.HS256, Key: secret}, nil)
	if err != nil {
		f.Fatal(err)
	}
	signed, err := signer.Sign([]byte(`{"iss":"c","sub":"c","aud":["a","b"],"jti":"1","exp":1772366460,"nbf":1.5e9}`))
	if err != nil {
		f.Fatal(err)
	}
	compact, err := signed.CompactSerialize()
	if err != nil {
		f.Fatal(err)
	}
	f.Add("", "", "", clientauth.JWTBearer, compact, "a")
	f.Add(basic("c:s"), "", "", "", "", "")
	f.Add(basic("%41:%2B"), "A", "", "", "", "")
	f.Add("", "c", "s", "", "", "")
	f.Fuzz(func(t *testing.T, authorization, id, secret, assertionType, assertion, audience string) {
		request := clientauth.Request{
			Authorization: authorization, ClientID: id, ClientSecret: secret, AssertionType: assertionType, Assertion: assertion,
		}
		got, err := request.Credentials()
		if err != nil {
			if !slices.Contains(clientauth.Reasons, reasonOf(err)) {
				t.Errorf("error %v", err)
			}
			return
		}
		if got.ClientID == "" || id != "" && got.ClientID != id {
			t.Errorf("credentials of %q in a request of %q", got.ClientID, id)
		}
		if !got.By(clientauth.PrivateKeyJWT) {
			return
		}
		if err := got.Assertion.Check(now, []string{audience}); err == nil {
			until := got.Assertion.UsableUntil()
			if got.Assertion.ID() == "" || !until.After(now) || until.After(now.Add(clientauth.MaxLifetime+2*oauth.Leeway)) {
				t.Errorf("an assertion with the id %q is good until %v", got.Assertion.ID(), until)
			}
		}
		_, _ = got.Assertion.Signed(oauth.Metadata{"token_endpoint_auth_method": oauth.Text(clientauth.SecretJWT)})
	})
}
