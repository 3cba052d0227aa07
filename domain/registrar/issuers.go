package registrar

import (
	"context"
	"time"

	"github.com/go-jose/go-jose/v4"

	"roster/domain/keyset"
	"roster/domain/oauth"
)

// Issuers says whose software statements are trusted. The zero Issuers trusts nobody.
type Issuers struct {
	Keys     map[string]*keyset.Set // by the claim iss
	Audience []string               // what a claim aud may name this server by
}

// Trust reports whether an issuer is trusted at present. What it signed before may be registered all the same.
func (i Issuers) Trust(issuer string) bool {
	_, trusted := i.Keys[issuer]
	return trusted
}

// statementAlgorithms are those that a software statement may be signed with. They are asymmetric: with a symmetric
// one, whoever knows the verification key, which is public, could sign.
var statementAlgorithms = []jose.SignatureAlgorithm{
	jose.RS256, jose.RS384, jose.RS512, jose.PS256, jose.PS384, jose.PS512,
	jose.ES256, jose.ES384, jose.ES512, jose.EdDSA,
}

// verify returns nil for a software statement that a trusted issuer has signed, for now and for this server.
// It returns an *oauth.Error when it is refused, and domain.ErrKeysUnavailable.
func (i Issuers) verify(ctx context.Context, now time.Time, text string) error {
	statement, err := oauth.ParseSoftwareStatement(text)
	if err != nil {
		return err
	}
	keys, trusted := i.Keys[statement.Issuer]
	if !trusted {
		return oauth.UnapprovedStatement(oauth.SettingSoftwareIssuers, "is of an issuer that this server does not trust")
	}
	if wrong := statement.CheckTimes(now); wrong != "" {
		return oauth.InvalidStatement(wrong)
	}
	if statement.Claims["aud"] != nil && !statement.IsFor(i.Audience) {
		return oauth.InvalidStatement("is for another audience (RFC 7519 4.1.3)")
	}
	if statement.HasExtensions() {
		return oauth.InvalidStatement("must not have a header parameter crit or b64")
	}
	signed, err := jose.ParseSignedCompact(text, statementAlgorithms)
	if err != nil {
		return oauth.InvalidStatement("must be signed with an asymmetric algorithm: RS256, PS256, ES256, their longer ones, or EdDSA")
	}
	genuine, err := keys.Verify(ctx, now, signed)
	if err == nil && !genuine {
		return oauth.InvalidStatement("has a signature that is of none of its issuer's keys")
	}
	return err
}
