package oauth

import (
	"slices"
	"strings"
)

// narrow removes from grant_types, response_types and scope what the bounds do not allow, and response types for which
// the client has no grants. It returns what it removed by member, nil for nothing. In these three a client asks for as
// much as it could use, and the answer tells what it got (RFC 7591 3.2.1; OpenID Connect Dynamic Client Registration
// 1.0, 3.2).
//
// A member of which nothing usable would be left stays as it is, and so do words that no specification knows: the rules
// refuse both and say what would be right. No other member is narrowed: the client's security depends on its redirect
// URIs, methods, algorithms and keys.
func (b bounds) narrow(m Metadata) Metadata {
	if b.RefuseExcess {
		return nil
	}
	leftOut := Metadata{}
	grants, excess := split(m.List("grant_types"), func(grant string) bool {
		return b.allowsGrant(grant) || !b.knowsGrant(grant)
	})
	if len(excess) > 0 && isUsable(grants) {
		m["grant_types"], leftOut["grant_types"] = grants, excess
	}
	types, excess := split(m.List("response_types"), func(responseType string) bool {
		allowed := checkAllowedResponseTypes(b.Policy, Text(responseType)) == nil
		return allowed && missingGrant(responseType, m.List("grant_types")) == "" || !isResponseType(responseType)
	})
	if usable := len(types) > 0 || !usesRedirects(m) && isUsable(m.List("grant_types")); len(excess) > 0 && usable {
		m["response_types"], leftOut["response_types"] = types, excess
	}
	scopes, excess := split(strings.Split(m.Text("scope"), " "), func(scope string) bool {
		return b.allowsScope(scope) || !isScopeToken(scope)
	})
	if len(excess) > 0 && len(scopes) > 0 {
		m["scope"], leftOut["scope"] = Text(strings.Join(scopes, " ")), Text(strings.Join(excess, " "))
	}
	if len(leftOut) == 0 {
		return nil
	}
	return leftOut
}

// split returns the values to keep and the others, each in their order.
func split(values []string, keep func(string) bool) (kept, others List) {
	kept = List{}
	for _, value := range values {
		if keep(value) {
			kept = append(kept, value)
		} else {
			others = append(others, value)
		}
	}
	return kept, others
}

// isUsable reports whether a client can get tokens with the grants. With refresh_token alone it cannot.
func isUsable(grants []string) bool {
	return slices.ContainsFunc(grants, func(grant string) bool { return grant != "refresh_token" })
}

// knowsGrant reports whether a grant is defined in a specification or allowed by this server.
func (b bounds) knowsGrant(grant string) bool {
	return slices.Contains(DefaultPolicy.GrantTypes, grant) || slices.Contains(moreGrantTypes, grant) || slices.Contains(b.GrantTypes, grant)
}

// isResponseType reports whether a response type, in any order of its words, is defined in a specification.
func isResponseType(responseType string) bool {
	known := Policy{ResponseTypes: slices.Concat(DefaultPolicy.ResponseTypes, moreResponseTypes)}
	return checkAllowedResponseTypes(known, Text(responseType)) == nil
}
