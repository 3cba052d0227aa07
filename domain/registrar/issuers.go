package registrar

import (
	"context"
	"slices"
	"strconv"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"roster/domain/oauth"
)

// Issuers says whose software statements are trusted. The zero Issuers trusts nobody.
type Issuers struct {
	Keys     map[string]*KeySet // by the claim iss
	Audience []string           // what a claim aud may name this server by
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

// leeway is how far the clock of an issuer may be from ours.
const leeway = time.Minute

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
	if wrong := checkTimes(now, statement.Claims); wrong != "" {
		return oauth.InvalidStatement(wrong)
	}
	if !i.isFor(statement.Claims["aud"]) {
		return oauth.InvalidStatement("is for another audience (RFC 7519 4.1.3)")
	}
	// RFC 7797 7 keeps b64 out of JWTs, and no other extension is understood.
	if statement.Header["crit"] != nil || statement.Header["b64"] != nil {
		return oauth.InvalidStatement("must not have a header parameter crit or b64")
	}
	signed, err := jose.ParseSignedCompact(text, statementAlgorithms)
	if err != nil {
		return oauth.InvalidStatement("must be signed with an asymmetric algorithm: RS256, PS256, ES256, their longer ones, or EdDSA")
	}
	genuine, err := keys.verify(ctx, now, signed)
	if err == nil && !genuine {
		return oauth.InvalidStatement("has a signature that is of none of its issuer's keys")
	}
	return err
}

// checkTimes says what is wrong with the times that a statement was made for (RFC 7519 4.1.4 to 4.1.6).
func checkTimes(now time.Time, claims oauth.Document) string {
	at := map[string]time.Time{}
	for _, name := range []string{"exp", "nbf", "iat"} {
		raw := claims[name]
		if raw == nil {
			continue
		}
		t, ok := numericDate(raw)
		if !ok {
			return "has a claim " + name + " that is not a number of seconds"
		}
		at[name] = t
	}
	expires, limited := at["exp"]
	switch {
	case limited && !now.Before(expires.Add(leeway)):
		return "has expired"
	case now.Add(leeway).Before(at["nbf"]):
		return "is not valid yet"
	case now.Add(leeway).Before(at["iat"]):
		return "was issued in the future"
	}
	return ""
}

// numericDate reads seconds since 1970, with or without a fraction (RFC 7519 2), up to the year 9999.
func numericDate(raw jsontext.Value) (time.Time, bool) {
	const year10000 = 253402300800
	if raw.Kind() != '0' {
		return time.Time{}, false
	}
	seconds, err := strconv.ParseFloat(string(raw), 64)
	if err != nil || seconds < 0 || seconds >= year10000 {
		return time.Time{}, false
	}
	return time.UnixMilli(int64(seconds * 1000)), true
}

// isFor reports whether a statement with this claim aud, a string or an array of them, is for this server.
// One that names no audience is for all.
func (i Issuers) isFor(audience jsontext.Value) bool {
	if audience == nil {
		return true
	}
	var names []string
	if audience.Kind() == '"' {
		audience = slices.Concat(jsontext.Value{'['}, audience, jsontext.Value{']'})
	}
	err := json.Unmarshal(audience, &names)
	return err == nil && slices.ContainsFunc(names, func(name string) bool { return slices.Contains(i.Audience, name) })
}
