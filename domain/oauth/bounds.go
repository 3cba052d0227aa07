package oauth

import "slices"

// bounds are what a client may be: by the policy of the server, and by the terms of the initial access token
// that it is registered with.
type bounds struct {
	Policy
	terms Terms
}

// within reports whether a limit of terms allows a value. A limit that is nil allows any.
func within(limit []string, value string) bool {
	return limit == nil || slices.Contains(limit, value)
}

func (b bounds) allowsGrant(grant string) bool {
	return slices.Contains(b.GrantTypes, grant) && within(b.terms.GrantTypes, grant)
}

func (b bounds) allowsScope(scope string) bool {
	return b.Policy.allowsScope(scope) && within(b.terms.Scopes, scope)
}
