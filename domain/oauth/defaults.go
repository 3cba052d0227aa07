package oauth

import (
	"cmp"
	"slices"
	"strings"
)

var withDefaults = membersThat(func(m Member) bool { return m.Default != nil })

// complete fills in what the specifications and the policy define for members that were left out (OpenID Connect
// Dynamic Client Registration 1.0, 2; RFC 7591 2). Grants are there already. Every default is one that the bounds
// allow and that the client can do with what it brings, if there is any. It returns an *Error where the request
// leaves a choice to the server in which there is nothing to choose.
func (b bounds) complete(m Metadata) error {
	setDefault := func(name string, value Value) {
		if m[name] == nil && value != nil {
			m[name] = value
		}
	}
	setDefault("redirect_uris", List{})
	setDefault("response_types", b.defaultResponseTypes(m))
	m["application_type"] = b.applicationType(m)
	setDefault("scope", b.defaultScope())
	if err := choose(b.Policy, m); err != nil {
		return err
	}
	for _, name := range withDefaults {
		member := lookup(name)
		switch {
		case m[name] != nil:
		case member.rule.allowance == nil:
			m[name] = member.Default
		default:
			setFirstFit(b.Policy, m, name, preferred(member.Values(b.Policy), member.Default))
		}
	}
	// Where the client can do none of the methods, the rules say what it lacks for the first.
	setDefault("token_endpoint_auth_method", Text(b.AuthMethods[0]))
	for _, name := range contentEncryptions {
		if enc := lookup(name); m[enc.keyAlgorithm] != nil && m[name] == nil {
			setFirstFit(b.Policy, m, name, preferred(enc.Values(b.Policy), enc.standardValue()))
		}
	}
	return nil
}

// preferred orders the values that a member can have by default: what the specification says, then in the order of
// the policy, which a server may choose from (RFC 7591 2, 3.2.1); after the others those that need a secret for
// their key, and last those that prove nothing.
func preferred(values []string, standard Value) []string {
	rank := func(value string) int {
		switch {
		case Text(value) == standard:
			return 0
		case value == "none":
			return 3
		case isSymmetricAlg(value):
			return 2
		}
		return 1
	}
	values = slices.Clone(values)
	slices.SortStableFunc(values, func(a, b string) int { return cmp.Compare(rank(a), rank(b)) })
	return values
}

// setFirstFit sets a member to the first of the values that goes with what else the client is. Where none does it
// leaves the member out.
func setFirstFit(p Policy, m Metadata, name string, values []string) {
	rules := []func(Policy, Metadata) error{checkAuthentication, checkSigning}
	if name == "subject_type" {
		rules = []func(Policy, Metadata) error{checkSubject}
	}
	breaks := func(rule func(Policy, Metadata) error) bool { return rule(p, m) != nil }
	for _, value := range values {
		m[name] = Text(value)
		if !slices.ContainsFunc(rules, breaks) {
			return
		}
	}
	delete(m, name)
}

// defaultResponseTypes is "code", or another that the policy allows with the client's grants, but nothing for a
// client whose grants have no use for it. One that has no grant at all, such as a resource server, has to say both.
func (b bounds) defaultResponseTypes(m Metadata) List {
	grants := m.List("grant_types")
	if len(grants) > 0 && !usesRedirects(m) {
		return List{}
	}
	usable := b.usableResponseTypes(grants)
	if len(usable) == 0 || slices.Contains(usable, "code") {
		return List{"code"}
	}
	fits := func(responseType string) bool {
		return checkSigning(b.Policy, with(m, Metadata{"response_types": List{responseType}})) == nil
	}
	// Where none fits, the rules say why the first does not.
	return List{usable[max(0, slices.IndexFunc(usable, fits))]}
}

// defaultScope is what a client has that asks for no scope. The authorization server holds a client without one to
// none, so that a limit of the terms has to be its scope.
func (b bounds) defaultScope() Value {
	scopes := b.DefaultScopes
	if limit := b.terms.Scopes; limit != nil {
		scopes = slices.DeleteFunc(slices.Clone(limit), func(scope string) bool { return !b.allowsScope(scope) })
		if len(scopes) == 0 {
			scopes = limit // which the rules refuse, for the policy was changed since
		}
	}
	if len(scopes) == 0 {
		return nil
	}
	return Text(strings.Join(scopes, " "))
}

// possibleGrants are the grants that a client may get, the most wanted first: what it asked for, or else
// authorization_code. Where that cannot be, they are what else the bounds allow a client that was given redirect
// URIs, or was not.
func (b bounds) possibleGrants(requested Metadata) []List {
	if asked, ok := requested["grant_types"].(List); ok {
		return []List{asked}
	}
	standard := List{"authorization_code"}
	if b.allowsGrant("authorization_code") && len(b.usableResponseTypes(standard)) > 0 {
		return []List{standard}
	}
	var redirecting, others []List
	for _, responseType := range b.ResponseTypes {
		grants := grantsOf(responseType)
		if len(grants) > 0 && !slices.ContainsFunc(grants, func(grant string) bool { return !b.allowsGrant(grant) }) {
			redirecting = append(redirecting, grants)
		}
	}
	for _, grant := range preferred(b.GrantTypes, Text("client_credentials")) {
		if b.allowsGrant(grant) && !slices.Contains(redirectGrants, grant) && grant != "refresh_token" {
			others = append(others, List{grant})
		}
	}
	first, second := others, redirecting
	if len(requested.List("redirect_uris")) > 0 {
		first, second = redirecting, others
	}
	switch {
	case len(first) > 0:
		return first
	case len(second) > 0:
		return second
	}
	return []List{standard} // which the rules refuse in their words
}
