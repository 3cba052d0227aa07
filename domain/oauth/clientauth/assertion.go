package clientauth

import (
	"slices"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"

	"roster/domain/oauth"
)

// MaxLifetime is how far away the exp of an assertion may be. Its jti is remembered until then.
const MaxLifetime = time.Hour

// Algorithms that an assertion may be signed with, by method: those of a public key, and those of a shared secret (RFC
// 7518 3.1, RFC 8037 3.1). None is in both lists, so that no public key is ever taken for a secret.
var (
	asymmetric = []jose.SignatureAlgorithm{
		jose.RS256, jose.RS384, jose.RS512, jose.PS256, jose.PS384, jose.PS512,
		jose.ES256, jose.ES384, jose.ES512, jose.EdDSA,
	}
	symmetric = []jose.SignatureAlgorithm{jose.HS256, jose.HS384, jose.HS512}
)

// An Assertion is a JWT by which a client says who it is. Nothing in it is verified.
type Assertion struct {
	oauth.JWT
	ClientID string // of the claims iss and sub, which are the same
	text     string
}

// ParseAssertion reads an assertion, or returns a Reason: Malformed, WrongType for a JWT that says it is of another
// kind, and WrongIssuer.
func ParseAssertion(text string) (Assertion, error) {
	content, err := oauth.ParseJWT(text)
	if err != nil || content.HasExtensions() {
		return Assertion{}, Malformed
	}
	if !isAssertionType(content.Header) {
		return Assertion{}, WrongType
	}
	issuer, _ := content.Claims.Text("iss")
	subject, _ := content.Claims.Text("sub")
	if issuer == "" || issuer != subject {
		return Assertion{}, WrongIssuer
	}
	return Assertion{JWT: content, ClientID: issuer, text: text}, nil
}

// isAssertionType reports whether a header says nothing against a JWT being an assertion. A client signs others with the
// same keys, such as request objects and proofs of possession, whose typ keeps them from being taken for one (RFC 8725
// 3.11).
func isAssertionType(header oauth.Document) bool {
	if header["typ"] == nil {
		return true
	}
	typ, _ := header.Text("typ")
	typ = strings.TrimPrefix(strings.ToLower(typ), "application/") // RFC 7515 4.1.9
	return typ == "jwt" || typ == "client-authentication+jwt"
}

// Check returns a Reason when the claims are not for now or not for a server with one of these names: WrongAudience,
// WrongTime, TooLong or NoID.
func (a Assertion) Check(now time.Time, audience []string) error {
	expires, limited := a.Time("exp")
	switch {
	case !a.IsFor(audience):
		return WrongAudience
	case !limited || a.CheckTimes(now) != "":
		return WrongTime
	case expires.After(now.Add(MaxLifetime + oauth.Leeway)):
		return TooLong
	case a.ID() == "":
		return NoID
	}
	return nil
}

// ID is the claim jti, empty when there is none that is text.
func (a Assertion) ID() string {
	id, _ := a.Claims.Text("jti")
	return id
}

// UsableUntil is when nobody can use the assertion any more, so that its ID need not be remembered longer.
func (a Assertion) UsableUntil() time.Time {
	expires, _ := a.Time("exp")
	return expires.Add(oauth.Leeway)
}

// Signed returns the assertion with its signature, which is yet to be verified, or WrongAlgorithm when it is not signed
// as a client with such metadata has to.
func (a Assertion) Signed(client oauth.Metadata) (*jose.JSONWebSignature, error) {
	signed, err := jose.ParseSignedCompact(a.text, algorithms(client))
	if err != nil {
		return nil, WrongAlgorithm
	}
	return signed, nil
}

// algorithms returns those that a client may sign assertions with: the registered one, or all of its method where none is
// registered (OpenID Connect Dynamic Client Registration 1.0, 2).
func algorithms(client oauth.Metadata) []jose.SignatureAlgorithm {
	allowed := asymmetric
	if client.Text("token_endpoint_auth_method") == SecretJWT {
		allowed = symmetric
	}
	registered := jose.SignatureAlgorithm(client.Text("token_endpoint_auth_signing_alg"))
	switch {
	case registered == "":
		return allowed
	case slices.Contains(allowed, registered):
		return []jose.SignatureAlgorithm{registered}
	default:
		return nil
	}
}
