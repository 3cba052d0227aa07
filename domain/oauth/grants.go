package oauth

import (
	"slices"
	"strings"
)

// grantsOf are the grants that a response type needs (OpenID Connect Dynamic Client Registration 1.0, 2).
func grantsOf(responseType string) (grants List) {
	types := strings.Split(responseType, " ")
	if slices.Contains(types, "code") {
		grants = append(grants, "authorization_code")
	}
	if slices.Contains(types, "token") || slices.Contains(types, "id_token") {
		grants = append(grants, "implicit")
	}
	return grants
}

// missingGrant is a grant that a response type needs and that is not among the given, empty when there is none.
func missingGrant(responseType string, grants []string) string {
	for _, needed := range grantsOf(responseType) {
		if !slices.Contains(grants, needed) {
			return needed
		}
	}
	return ""
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
