package oauth

import (
	"iter"
	"slices"
	"strings"
)

var withDefaults = membersThat(func(m Member) bool { return m.Default != nil })

// complete sets the members that were left out to their defaults by the specifications and the policy (OpenID Connect
// Dynamic Client Registration 1.0, 2; RFC 7591 2). The grants must be set before. Where it can, it sets a value that
// the bounds allow and that goes with the rest of the metadata. It returns an *Error for a list of choices without a
// possible value.
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
	// The client has what it takes for none of the methods: the rules will say what it lacks for the first.
	setDefault("token_endpoint_auth_method", Text(b.AuthMethods[0]))
	for _, name := range contentEncryptions {
		if enc := lookup(name); m[enc.keyAlgorithm] != nil && m[name] == nil {
			setFirstFit(b.Policy, m, name, preferred(enc.Values(b.Policy), enc.standardValue()))
		}
	}
	return nil
}

// preferred orders the values that a member can have by default: first what the specification says, then the others in
// the order of the policy, from which a server may choose (RFC 7591 2, 3.2.1), but symmetric algorithms after the
// asymmetric ones and none at the end.
func preferred(values []string, standard Value) iter.Seq[string] {
	const ranks = 4
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
	return func(yield func(string) bool) {
		for wanted := range ranks {
			for _, value := range values {
				if rank(value) == wanted && !yield(value) {
					return
				}
			}
		}
	}
}

// setFirstFit sets a member to the first of the values that goes with the rest of the metadata. It leaves the member
// out if there is no such value.
func setFirstFit(p Policy, m Metadata, name string, values iter.Seq[string]) {
	rules := []func(Policy, Metadata) error{checkAuthentication, checkSigning}
	if name == "subject_type" {
		rules = []func(Policy, Metadata) error{checkSubject}
	}
	breaks := func(rule func(Policy, Metadata) error) bool { return rule(p, m) != nil }
	for value := range values {
		m[name] = Text(value)
		if !slices.ContainsFunc(rules, breaks) {
			return
		}
	}
	delete(m, name)
}

// defaultResponseTypes returns "code", or another response type that the policy allows with the client's grants if it
// does not allow that. It returns none for a client whose grants do not redirect.
func (b bounds) defaultResponseTypes(m Metadata) List {
	grants := m.List("grant_types")
	if len(grants) > 0 && !usesRedirects(m) {
		return List{}
	}
	if slices.Contains(b.ResponseTypes, "code") && missingGrant("code", grants) == "" || !b.canHaveResponseType(grants) {
		return List{"code"}
	}
	fits := func(responseType string) bool {
		return checkSigning(b.Policy, with(m, Metadata{"response_types": List{responseType}})) == nil
	}
	usable := b.usableResponseTypes(grants)
	// If none fits, the rules will say why the first does not.
	return List{usable[max(0, slices.IndexFunc(usable, fits))]}
}

// defaultScope is the scope of a client that asks for none. An authorization server does not limit a client that has no
// scope, so a limit by the terms is registered as the client's scope.
func (b bounds) defaultScope() Value {
	scopes := b.DefaultScopes
	if limit := b.terms.Scopes; limit != nil {
		scopes = slices.DeleteFunc(slices.Clone(limit), func(scope string) bool { return !b.allowsScope(scope) })
		if len(scopes) == 0 {
			scopes = limit // the policy was changed since, and the rules will refuse it
		}
	}
	if len(scopes) == 0 {
		return nil
	}
	return Text(strings.Join(scopes, " "))
}

// possibleGrants returns the lists of grants to try, the most wanted first: only what the client asked for, or else only
// authorization_code. Where the bounds do not allow that, it returns the others that they allow, and begins with
// grants that redirect if the client has redirect URIs.
func (b bounds) possibleGrants(requested Metadata) []List {
	if asked, ok := requested["grant_types"].(List); ok {
		return []List{asked}
	}
	standard := List{"authorization_code"}
	if b.allowsGrant("authorization_code") && b.canHaveResponseType(standard) {
		return []List{standard}
	}
	var redirecting, others []List
	for _, responseType := range b.ResponseTypes {
		grants := grantsOf(responseType)
		if len(grants) > 0 && !slices.ContainsFunc(grants, func(grant string) bool { return !b.allowsGrant(grant) }) {
			redirecting = append(redirecting, grants)
		}
	}
	for grant := range preferred(b.GrantTypes, Text("client_credentials")) {
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
	return []List{standard} // the rules will refuse it
}
