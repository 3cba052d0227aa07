package oauth

import (
	"slices"
	"strings"
)

// narrow leaves out of the wishes of m, its grant types, response types and scope, what the bounds do not allow and
// response types that the client has no grants for, and returns what it left out by member, nil when that is
// nothing. A client asks in them for as much as it could use, and the answer says what it got (RFC 7591 3.2.1; OpenID
// Connect Dynamic Client Registration 1.0, 3.2).
//
// A wish of which nothing usable would be left stays as it is, as do words that no specification knows: the rules
// refuse them, and say what would be right. Nothing else is ever narrowed: on redirect URIs, methods, algorithms
// and keys the client's security rests.
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

// split parts the values that are to be kept from the others, each in their order.
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

// isUsable reports whether a client can get tokens with the grants: refresh_token takes those of another grant.
func isUsable(grants []string) bool {
	return slices.ContainsFunc(grants, func(grant string) bool { return grant != "refresh_token" })
}

// knowsGrant reports whether a grant is of a specification, or of this server.
func (b bounds) knowsGrant(grant string) bool {
	return slices.Contains(DefaultPolicy.GrantTypes, grant) || slices.Contains(moreGrantTypes, grant) || slices.Contains(b.GrantTypes, grant)
}

// isResponseType reports whether a response type is of a specification, in any order of its words.
func isResponseType(responseType string) bool {
	known := Policy{ResponseTypes: slices.Concat(DefaultPolicy.ResponseTypes, moreResponseTypes)}
	return checkAllowedResponseTypes(known, Text(responseType)) == nil
}
