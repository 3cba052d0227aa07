package domain

import (
	"slices"
	"strings"
)

// checkGrants refuses grant and response types that disagree
// (OpenID Connect Dynamic Client Registration 1.0, 2; RFC 7591 2.1).
func checkGrants(_ Policy, m Metadata) error {
	grants := m.List("grant_types")
	if usesRedirects(m) && len(m.List("response_types")) == 0 {
		return refuse("response_types", "must name at least one for the grants authorization_code and implicit")
	}
	for _, responseType := range m.List("response_types") {
		types := strings.Split(responseType, " ")
		if slices.Contains(types, "code") && !slices.Contains(grants, "authorization_code") {
			return refuse("grant_types", "must have authorization_code for the response type "+responseType)
		}
		implicit := slices.Contains(types, "token") || slices.Contains(types, "id_token")
		if implicit && !slices.Contains(grants, "implicit") {
			return refuse("grant_types", "must have implicit for the response type "+responseType)
		}
	}
	return nil
}
