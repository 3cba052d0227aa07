package oauth

import (
	"slices"
	"strings"
)

// grantsOf are the grants that a response type needs (OpenID Connect Dynamic Client Registration 1.0, 2).
func grantsOf(responseType string) (grants List) {
	code, implicit := flowsOf(responseType)
	if code {
		grants = append(grants, "authorization_code")
	}
	if implicit {
		grants = append(grants, "implicit")
	}
	return grants
}

// flowsOf reports whether a response type gives out a code, and whether it gives out tokens in the redirect.
func flowsOf(responseType string) (code, implicit bool) {
	for word := range strings.SplitSeq(responseType, " ") {
		code = code || word == "code"
		implicit = implicit || word == "token" || word == "id_token"
	}
	return code, implicit
}

// missingGrant is a grant that a response type needs and that is not among the given, empty when there is none.
func missingGrant(responseType string, grants []string) string {
	switch code, implicit := flowsOf(responseType); {
	case code && !slices.Contains(grants, "authorization_code"):
		return "authorization_code"
	case implicit && !slices.Contains(grants, "implicit"):
		return "implicit"
	}
	return ""
}

// canHaveResponseType reports whether the policy allows any that a client with such grants can have.
func (p Policy) canHaveResponseType(grants []string) bool {
	return slices.ContainsFunc(p.ResponseTypes, func(t string) bool { return missingGrant(t, grants) == "" })
}

// usableResponseTypes are those that the policy allows and that a client with such grants can have.
func (p Policy) usableResponseTypes(grants []string) []string {
	return slices.DeleteFunc(slices.Clone(p.ResponseTypes), func(t string) bool { return missingGrant(t, grants) != "" })
}

// checkGrants refuses grant and response types that disagree
// (OpenID Connect Dynamic Client Registration 1.0, 2; RFC 7591 2.1).
func checkGrants(p Policy, m Metadata) error {
	grants := m.List("grant_types")
	if usesRedirects(m) && len(m.List("response_types")) == 0 {
		return refuse("response_types", "must name at least one for the grants authorization_code and implicit"+p.usableWith(grants))
	}
	for _, responseType := range m.List("response_types") {
		if missing := missingGrant(responseType, grants); missing != "" {
			return refuse("grant_types", "must have "+missing+" for the response type "+responseType+p.usableWith(grants))
		}
	}
	return nil
}

// usableWith tells, at the end of a refusal, which response types a client with such grants can have.
func (p Policy) usableWith(grants []string) string {
	usable := p.usableResponseTypes(grants)
	if len(usable) == 0 {
		return ""
	}
	return "; with its grants it can have " + strings.Join(usable, ", ")
}
