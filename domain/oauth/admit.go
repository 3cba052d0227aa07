// Package oauth holds the rules of what a client may be: the members of its metadata, the policy of a deployment,
// the terms of initial access tokens, URIs, keys and software statements (OpenID Connect Dynamic Client Registration
// 1.0, RFC 7591 and what they build on).
//
// It has no I/O, no clock, no randomness and no logging. Admit answers a request with metadata or a refusal.
package oauth

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
)

// Admit returns the metadata that a request leads to under a policy, defaults included, and what of the request was
// left out, by member. It returns an *Error for what the request has wrong, and a *Missing when nothing is wrong but
// others have to be asked first. The sector is checked last, so that nothing is fetched for a request that is refused
// for something else.
func Admit(p Policy, r Request) (registered, leftOut Metadata, err error) {
	requested, err := r.metadata(p)
	if err != nil {
		return nil, nil, err
	}
	registered, leftOut, err = bounds{p, r.Terms}.admit(requested)
	if err != nil {
		return nil, nil, err
	}
	if err := checkSector(registered, r.Evidence.Sector); err != nil {
		return nil, nil, err
	}
	return registered, leftOut, nil
}

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

// usualDefaults is about how many members a client leaves out that have defaults.
const usualDefaults = 8

// admit returns what is registered within bounds for what was requested, with defaults, and what of the request was
// left out, by member; or an *Error. The same rules hold for a registration and an update, always against the whole
// of what the client would be.
func (b bounds) admit(requested Metadata) (registered, leftOut Metadata, err error) {
	for _, grants := range b.possibleGrants(requested) {
		m := make(Metadata, len(requested)+usualDefaults)
		maps.Copy(m, requested)
		m["grant_types"] = grants
		leftOut := b.narrow(m)
		wrong := b.complete(m)
		if wrong == nil {
			wrong = b.check(m)
		}
		if wrong == nil {
			return m, leftOut, nil
		}
		err = cmp.Or(err, wrong)
	}
	return nil, nil, err
}

// check applies all rules to what a client would be. It returns the *Error of the first that refuses.
func (b bounds) check(m Metadata) error {
	for _, rule := range []func(Policy, Metadata) error{
		checkMembers, checkRedirectURIs, checkPages, checkGrants, checkAuthentication, checkKeys, checkKeyUse,
		checkEncryption, checkSigning, checkRequests, checkSubject, checkOtherRedirects, checkLogout,
		checkDestinations, checkCIBA, checkSize,
	} {
		if err := rule(b.Policy, m); err != nil {
			return err
		}
	}
	return b.terms.check(m)
}

// checkMembers applies the rule of every member to its value.
func checkMembers(p Policy, m Metadata) error {
	for _, present := range m.inOrder(make([]present, 0, usualMembers)) {
		name, member := present.name, &Members[present.place]
		if slices.ContainsFunc(words(m[name]), func(word string) bool { return !isText(word) }) {
			return refuse(name, member.Kind.shape())
		}
		if object, ok := m[name].(Object); ok {
			if wrong := checkObject(object); wrong != nil {
				return wrong.at(name)
			}
		}
		if member.rule.check == nil {
			continue
		}
		if wrong := member.rule.check(p, m[name]); wrong != nil {
			return wrong.at(name)
		}
	}
	return nil
}

// besideMetadata is how many bytes of a request are kept for what an update has beside the metadata, such as client_id.
const besideMetadata = 1 << 10

// checkSize refuses metadata that its client could not put back: with defaults, and with the claims of a
// software statement beside it, they take more than they took in the request.
func checkSize(p Policy, m Metadata) error {
	size, encoded := len("{}"), []byte(nil)
	for name, value := range m {
		encoded = value.appendJSON(encoded[:0])
		size += len(`"":,`) + len(name) + len(encoded)
	}
	if most := p.MaxBodySize - besideMetadata; size > most {
		return policyFault(SettingMaxBodySize,
			fmt.Sprintf("the metadata with defaults, and with what a software statement says, would be larger than %d bytes, which", most),
			" leaves for them").at("")
	}
	return nil
}
