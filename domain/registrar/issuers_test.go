package registrar_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"roster/domain/keyset"
	"roster/domain/oauth"
	"roster/domain/registrar"
)

const (
	issuerName = "https://issuer.example.org"
	ourselves  = "https://roster.example.org"
)

// issuer signs software statements and serves its keys.
type issuer struct {
	mu     sync.Mutex
	keys   []jose.JSONWebKey // public
	broken bool
	read   atomic.Int64 // how often
}

// source is where the issuer's keys are read.
func (i *issuer) source(context.Context) ([]byte, error) {
	i.read.Add(1)
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.broken {
		return nil, errors.New("unreachable")
	}
	return json.Marshal(jose.JSONWebKeySet{Keys: i.keys})
}

func (i *issuer) serves(keys ...jose.JSONWebKey) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.keys = nil
	for _, key := range keys {
		i.keys = append(i.keys, key.Public())
	}
}

func (i *issuer) breaks(broken bool) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.broken = broken
}

func (i *issuer) trust() registrar.Issuers {
	return registrar.Issuers{
		Keys:     map[string]*keyset.Set{issuerName: keyset.New(i.source, slog.New(slog.DiscardHandler))},
		Audience: []string{ourselves},
	}
}

func signingKey(t *testing.T, alg jose.SignatureAlgorithm, kid string) jose.JSONWebKey {
	t.Helper()
	var key any
	var err error
	switch alg[:2] {
	case "RS", "PS":
		key, err = rsa.GenerateKey(rand.Reader, 2048)
	case "ES":
		curves := map[jose.SignatureAlgorithm]elliptic.Curve{jose.ES256: elliptic.P256(), jose.ES384: elliptic.P384(), jose.ES512: elliptic.P521()}
		key, err = ecdsa.GenerateKey(curves[alg], rand.Reader)
	default:
		_, key, err = ed25519.GenerateKey(rand.Reader)
	}
	if err != nil {
		t.Fatal(err)
	}
	return jose.JSONWebKey{Key: key, KeyID: kid, Algorithm: string(alg)}
}

// sign makes a software statement. header is added to what every JWS has.
func sign(t *testing.T, key jose.JSONWebKey, claims string, header map[jose.HeaderKey]any) string {
	t.Helper()
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.SignatureAlgorithm(key.Algorithm), Key: key}, &jose.SignerOptions{ExtraHeaders: header})
	if err != nil {
		t.Fatal(err)
	}
	signed, err := signer.Sign([]byte(claims))
	if err != nil {
		t.Fatal(err)
	}
	compact, err := signed.CompactSerialize()
	if err != nil {
		t.Fatal(err)
	}
	return compact
}

// signature is that of an elliptic curve in the form of RFC 7518 3.4, its two numbers of so many octets.
func signature(t *testing.T, key jose.JSONWebKey, digest []byte, octets int) []byte {
	t.Helper()
	a, b, err := ecdsa.Sign(rand.Reader, key.Key.(*ecdsa.PrivateKey), digest)
	if err != nil {
		t.Fatal(err)
	}
	return append(a.FillBytes(make([]byte, octets)), b.FillBytes(make([]byte, octets))...)
}

func stating(statement string) string {
	return `{"redirect_uris":["https://a.example/cb"],"client_name":"Mine","software_statement":"` + statement + `"}`
}

const claimed = `{"iss":"` + issuerName + `","client_name":"Stated"}`

func (r *registry) trusting(issuers registrar.Issuers) *registry {
	r.Registrar.Issuers = issuers
	return r
}

// wantCode checks that a registration is refused with a code and stores nothing; an empty code is success.
func (r *registry) wantCode(t *testing.T, body string, want oauth.Code) {
	t.Helper()
	before := len(r.types(t))
	_, err := r.Register(t.Context(), "", parse(t, body))
	var refused *oauth.Error
	switch {
	case want == "" && err != nil:
		t.Error(err)
	case want != "" && (!errors.As(err, &refused) || refused.Code != want || refused.Field != "software_statement"):
		t.Errorf("error %v, want %s", err, want)
	case want != "" && len(r.types(t)) != before:
		t.Error("something was stored")
	}
}

const (
	accepted   = oauth.Code("")
	invalid    = oauth.InvalidSoftwareStatement
	unapproved = oauth.UnapprovedSoftwareStatement
)

func TestStatementsOfTrustedIssuers(t *testing.T) {
	for _, alg := range []jose.SignatureAlgorithm{
		jose.RS256, jose.RS384, jose.RS512, jose.PS256, jose.PS384, jose.PS512, jose.ES256, jose.ES384, jose.ES512, jose.EdDSA,
	} {
		t.Run("D-12 "+string(alg), func(t *testing.T) {
			key, i := signingKey(t, alg, "one"), new(issuer)
			i.serves(key)
			r := newRegistry().trusting(i.trust())
			registered := r.mustRegister(t, stating(sign(t, key, claimed, nil)))
			if name := registered.Client.Metadata.Name(); name != "Stated" {
				t.Errorf("D-9 name %q", name)
			}
			r.wantCode(t, stating(sign(t, signingKey(t, alg, "one"), claimed, nil)), invalid)
		})
	}
}

func TestStatementsTellWhatIsWrong(t *testing.T) {
	key, i := signingKey(t, jose.ES256, "one"), new(issuer)
	i.serves(key)
	r := newRegistry().trusting(i.trust())
	claims := func(members string) string { return strings.TrimSuffix(claimed, "}") + members + "}" }
	at := func(name string, after time.Duration) string {
		return claims(fmt.Sprintf(`,"%s":%d`, name, r.now.Add(after).Unix()))
	}
	for name, test := range map[string]struct {
		claims string
		want   oauth.Code
	}{
		"as it should be":              {claimed, accepted},
		"typed":                        {claims(`,"jti":"1","sub":"x"`), accepted},
		"of another issuer":            {`{"iss":"https://other.example.org"}`, unapproved},
		"issuer differs by a slash":    {`{"iss":"` + issuerName + `/"}`, unapproved},
		"expires later":                {at("exp", time.Hour), accepted},
		"expired within the leeway":    {at("exp", -59*time.Second), accepted},
		"expired":                      {at("exp", -time.Minute), invalid},
		"expired long ago":             {at("exp", -time.Hour), invalid},
		"valid within the leeway":      {at("nbf", time.Minute), accepted},
		"not valid yet":                {at("nbf", 61*time.Second), invalid},
		"issued before":                {at("iat", -time.Hour), accepted},
		"issued in the future":         {at("iat", time.Hour), invalid},
		"exp with a fraction":          {claims(`,"exp":99999999999.5`), accepted},
		"exp as text":                  {claims(`,"exp":"99999999999"`), invalid},
		"exp below zero":               {claims(`,"exp":-1`), invalid},
		"exp beyond all time":          {claims(`,"exp":1e300`), invalid},
		"exp in another case, expired": {claims(`,"EXP":1`), accepted},
		"nbf as an object":             {claims(`,"nbf":{}`), invalid},
		"for us":                       {claims(`,"aud":"` + ourselves + `"`), accepted},
		"for us and others":            {claims(`,"aud":["x","` + ourselves + `"]`), accepted},
		"for others":                   {claims(`,"aud":"https://other.example.org"`), invalid},
		"for nobody":                   {claims(`,"aud":[]`), invalid},
		"for a number":                 {claims(`,"aud":[1]`), invalid},
		"C-51 a claim twice":           {claims(`,"client_name":"Other"`), invalid},
		"a member of another type":     {claims(`,"grant_types":"password"`), invalid},
		"a statement within":           {claims(`,"software_statement":"x"`), accepted},
	} {
		t.Run("D-20 "+name, func(t *testing.T) {
			r.wantCode(t, stating(sign(t, key, test.claims, nil)), test.want)
		})
	}
	for name, header := range map[string]map[jose.HeaderKey]any{
		"crit": {"crit": []string{"exp"}}, "b64": {"b64": true}, "crit b64": {"crit": []string{"b64"}, "b64": true},
	} {
		t.Run("D-20 header "+name, func(t *testing.T) {
			r.wantCode(t, stating(sign(t, key, claimed, header)), invalid)
		})
	}

	t.Run("D-20 of nobody whom the server trusts", func(t *testing.T) {
		newRegistry().wantCode(t, stating(sign(t, key, claimed, nil)), unapproved)
	})
	t.Run("D-12 not signed", func(t *testing.T) {
		encode := base64.RawURLEncoding.EncodeToString
		for _, alg := range []string{"none", "None", "NONE", ""} {
			unsigned := encode([]byte(`{"alg":"`+alg+`"}`)) + "." + encode([]byte(claimed)) + "."
			r.wantCode(t, stating(unsigned), invalid)
			r.wantCode(t, stating(unsigned+"AAAA"), invalid)
		}
	})
	t.Run("D-12 signed with what is public", func(t *testing.T) {
		public, err := json.Marshal(key.Public())
		if err != nil {
			t.Fatal(err)
		}
		hmac := jose.JSONWebKey{Key: public, KeyID: "one", Algorithm: "HS256"}
		statement := stating(sign(t, hmac, claimed, nil))
		r.wantCode(t, statement, invalid)
		if _, err := r.Register(t.Context(), "", parse(t, statement)); !strings.Contains(err.Error(), "asymmetric algorithm") {
			t.Errorf("refused for another reason: %v", err)
		}
	})
	t.Run("D-12 with a key of its own in the header", func(t *testing.T) {
		own := signingKey(t, jose.ES256, "one")
		for _, header := range []map[jose.HeaderKey]any{
			{"jwk": own.Public()}, {"jku": "https://127.0.0.1/keys"}, {"x5u": "https://127.0.0.1/keys"},
		} {
			r.wantCode(t, stating(sign(t, own, claimed, header)), invalid)
		}
	})
	t.Run("D-12 changed after it was signed", func(t *testing.T) {
		parts := strings.Split(sign(t, key, claimed, nil), ".")
		other := strings.Split(sign(t, key, claims(`,"scope":"all"`), nil), ".")
		r.wantCode(t, stating(parts[0]+"."+other[1]+"."+parts[2]), invalid)
		r.wantCode(t, stating(parts[0]+"."+parts[1]+"."+other[2]), invalid)
		r.wantCode(t, stating(parts[0]+"."+parts[1]+"."), invalid)
	})
	t.Run("a key serves for its own algorithm alone", func(t *testing.T) {
		rsaKey := signingKey(t, jose.RS256, "two")
		i := new(issuer)
		i.serves(rsaKey)
		r := newRegistry().trusting(i.trust())
		rsaKey.Algorithm = string(jose.PS256)
		r.wantCode(t, stating(sign(t, rsaKey, claimed, nil)), invalid)
	})
	t.Run("nor does a key for encryption", func(t *testing.T) {
		encrypting := signingKey(t, jose.RS256, "two")
		encrypting.Use = "enc"
		i := new(issuer)
		i.serves(encrypting, key)
		r := newRegistry().trusting(i.trust())
		r.wantCode(t, stating(sign(t, encrypting, claimed, nil)), invalid)
		r.wantCode(t, stating(sign(t, key, claimed, nil)), accepted)
	})
	t.Run("nor does a curve for the algorithm of another", func(t *testing.T) {
		short := key // RFC 7518 3.4: ES384 is of P-384 alone. No library makes such a signature.
		short.Algorithm = ""
		i := new(issuer)
		i.serves(short)
		r := newRegistry().trusting(i.trust())
		encode := base64.RawURLEncoding.EncodeToString
		signed := encode([]byte(`{"alg":"ES384"}`)) + "." + encode([]byte(claimed))
		digest := sha512.Sum384([]byte(signed))
		r.wantCode(t, stating(signed+"."+encode(signature(t, short, digest[:], 48))), invalid)
	})
	t.Run("nor does the key of another issuer whom the server trusts", func(t *testing.T) {
		const second = "https://second.example.org"
		others := new(issuer)
		otherKey := signingKey(t, jose.ES256, "one") // they may even have the same name
		others.serves(otherKey)
		trusted := i.trust()
		trusted.Keys[second] = keyset.New(others.source, slog.New(slog.DiscardHandler))
		r := newRegistry().trusting(trusted)
		r.wantCode(t, stating(sign(t, otherKey, claimed, nil)), invalid)
		r.wantCode(t, stating(sign(t, key, `{"iss":"`+second+`"}`, nil)), invalid)
		r.wantCode(t, stating(sign(t, otherKey, `{"iss":"`+second+`"}`, nil)), accepted)
	})
	t.Run("C-51 a header parameter twice", func(t *testing.T) {
		encode := base64.RawURLEncoding.EncodeToString
		payload := encode([]byte(claimed))
		for _, header := range []string{`{"alg":"none","alg":"ES256"}`, `{"alg":"ES256","kid":"one","kid":"two"}`, `{"ALG":"ES256"}`} {
			signed := encode([]byte(header)) + "." + payload
			digest := sha256.Sum256([]byte(signed))
			r.wantCode(t, stating(signed+"."+encode(signature(t, key, digest[:], 32))), invalid)
		}
	})
	t.Run("a statement that names a key is of no other", func(t *testing.T) {
		other := key
		other.KeyID = "two"
		r.wantCode(t, stating(sign(t, other, claimed, nil)), invalid)
	})
	t.Run("a statement that names no key is of any", func(t *testing.T) {
		nameless := key
		nameless.KeyID = ""
		r.wantCode(t, stating(sign(t, nameless, claimed, nil)), accepted)
	})
}

// TestStatementsInUpdates puts a statement back and presents others.
func TestStatementsInUpdates(t *testing.T) {
	key, i := signingKey(t, jose.EdDSA, "one"), new(issuer)
	i.serves(key)
	r := newRegistry().trusting(i.trust())
	first := sign(t, key, strings.TrimSuffix(claimed, "}")+fmt.Sprintf(`,"exp":%d}`, r.now.Add(10*time.Minute).Unix()), nil)
	registered := r.mustRegister(t, stating(first))
	put := func(statement string) error {
		_, err := r.Update(t.Context(), "", registered.Client.ID, registered.RegistrationAccessToken,
			parse(t, `{"client_id":"`+registered.Client.ID+`",`+strings.TrimPrefix(stating(statement), "{")))
		return err
	}
	if got := registered.Client.Metadata.Text("software_statement"); got != first {
		t.Errorf("D-17 returned %q, want %q", got, first)
	}
	r.now = r.now.Add(30 * time.Minute) // the client secret is good for longer
	i.breaks(true)
	if err := put(first); err != nil || len(r.types(t)) != 1 {
		t.Errorf("M-6 put back after it expired: %v", err)
	}
	i.breaks(false)
	var refused *oauth.Error
	if err := put(sign(t, signingKey(t, jose.EdDSA, "one"), claimed, nil)); !errors.As(err, &refused) || refused.Code != invalid {
		t.Errorf("of a wrong key: %v", err)
	}
	another := sign(t, key, claimed, nil)
	if err := put(another); err != nil || len(r.types(t)) != 2 {
		t.Errorf("another one: %v", err)
	}
	r.trusting(registrar.Issuers{})
	if err := put(another); err != nil || len(r.types(t)) != 2 {
		t.Errorf("M-6 put back when its issuer is no longer trusted: %v", err)
	}
	if err := put(first); !errors.As(err, &refused) || refused.Code != unapproved {
		t.Errorf("presented anew when its issuer is no longer trusted: %v", err)
	}
}
