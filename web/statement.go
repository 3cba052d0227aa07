package web

import (
	"cmp"
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"roster/domain/oauth"
	"roster/web/ui"
)

// statementMember is the member that is a software statement.
const statementMember = "software_statement"

// A claim is one claim of a software statement.
type claim struct {
	Name  string
	Value oauth.Value
	Time  time.Time // what Value stands for; zero: it is no time
}

// jwtClaims are the claims that a JWT has of its own, in the order in which they are shown before all others (RFC 7519
// 4.1).
var jwtClaims = []string{"iss", "sub", "aud", "iat", "nbf", "exp", "jti"}

// timeClaims are those of them that are times.
var timeClaims = []string{"iat", "nbf", "exp"}

// claimsOf returns what a software statement states, nothing for what is none.
func claimsOf(statement string) (claims []claim) {
	parsed, err := oauth.ParseSoftwareStatement(statement)
	if err != nil {
		return nil
	}
	place := func(name string) int {
		i := slices.Index(jwtClaims, name)
		if i < 0 {
			return len(jwtClaims)
		}
		return i
	}
	names := slices.SortedFunc(maps.Keys(parsed.Claims), func(a, b string) int {
		return cmp.Or(place(a)-place(b), cmp.Compare(a, b))
	})
	for _, name := range names {
		claims = append(claims, claimOf(name, parsed.Claims[name]))
	}
	return claims
}

func claimOf(name string, raw jsontext.Value) claim {
	c := claim{Name: name, Value: valueOf(raw)}
	if seconds, err := strconv.ParseFloat(string(raw), 64); err == nil && slices.Contains(timeClaims, name) && 0 < seconds && seconds < 1<<37 {
		c.Time = time.Unix(int64(seconds), 0)
	}
	return c
}

// valueOf returns any JSON value as one that a member could have.
func valueOf(raw jsontext.Value) oauth.Value {
	var (
		text string
		list []string
		flag bool
	)
	switch {
	case json.Unmarshal(raw, &text) == nil:
		return oauth.Text(text)
	case json.Unmarshal(raw, &list) == nil:
		return oauth.List(list)
	case json.Unmarshal(raw, &flag) == nil:
		return oauth.Flag(flag)
	case raw.Kind() == '0':
		return oauth.Text(raw)
	}
	return oauth.Object(raw)
}

// statementLine says in a line which software statement it is.
func statementLine(statement string) string {
	parsed, err := oauth.ParseSoftwareStatement(statement)
	if err != nil {
		return statement
	}
	line := "statement by " + parsed.Issuer
	if issued := claimOf("iat", parsed.Claims["iat"]).Time; !issued.IsZero() {
		line += ", issued on " + ui.Minute(issued)
	}
	return line
}
