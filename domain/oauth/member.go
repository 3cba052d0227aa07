package oauth

import (
	"cmp"
	"strings"
)

// Member is one row of the table of members that the registry understands. Decoding, checks, defaults, encoding, the
// OpenAPI document and the dashboard all follow what the row says.
type Member struct {
	Name      string // such as "redirect_uris"
	Label     string // for people, such as "Redirect URIs"
	Group     Group  // with which others people are shown it
	Kind      Kind
	Source    string // the specification and section that define it
	Localized bool   // may carry a language tag: name#BCP47 (OpenID Connect Dynamic Client Registration 1.0, 2.1)
	Personal  bool   // holds personal data
	// Default is registered for a client that leaves the member out; nil: nothing is, or what is depends on other
	// members. Defaults of extensions are not registered.
	Default  Value
	ChoiceOf string // names the member that a list of choices is for; such a list is never registered itself

	rule rule // on its own value

	// Facts that the rules between members go by.
	authMethod      bool   // it is how the client authenticates at an endpoint
	certificateName bool   // it is one of the names in a certificate of which tls_client_auth needs exactly one (RFC 8705 2.1.2)
	clientKey       keyUse // what a key of the client's must be for to do the algorithm, unless that is symmetric
	sharedKey       bool   // it is an algorithm that takes the client secret for its key if it is symmetric
	keyAlgorithm    string // names the member with the algorithm for the key of this content encryption
	destination     bool   // a person's browser may be sent to its URIs, whatever the client's grants are
	redirect        bool   // its URIs are held to what holds for redirect_uris of a client that uses them
	page            bool   // people are shown it as a page or an image of the client's own
	shownAsName     bool   // people take the client for somebody by it
	statedAsNumber  bool   // Open Banking's directories sign a number for it

	// standard is preferred where the server has to choose a value of a member without a Default: what the
	// specification means when the member is left out; empty: it leaves that to the server.
	standard Text
	// settled says that the server chooses a value from a list of choices although the member has no Default. For
	// other such members it does not: a client that says how it could encrypt has not asked for encryption.
	settled bool
}

// Group is a heading under which people are shown members that belong together.
type Group string

// The groups of members.
const (
	AboutTheClient        Group = "About the client"
	RedirectsAndGrants    Group = "Redirects and grants"
	AuthenticationAndKeys Group = "Authentication and keys"
	SigningAndEncryption  Group = "Signing and encryption"
	SignOutAndBackChannel Group = "Sign-out and back channel"
)

// Groups are all groups in the order in which they are shown. It must not be changed.
var Groups = []Group{AboutTheClient, RedirectsAndGrants, AuthenticationAndKeys, SigningAndEncryption, SignOutAndBackChannel}

// Rule says for people what a value must be beside being of the member's kind; empty: nothing more.
func (m Member) Rule() string { return m.rule.text }

// HoldsURIs reports whether every word of a value is a URI.
func (m Member) HoldsURIs() bool { return m.Kind == KindURI || m.rule.uris }

// Pattern returns a regular expression that every word of a value matches.
func (m Member) Pattern() string { return cmp.Or(m.rule.pattern, textPattern) }

// Values returns all the words that a value may hold under a policy, nil when no list says so.
func (m Member) Values(p Policy) []string {
	if m.rule.allowance == nil {
		return nil
	}
	return m.rule.allowance(p).values
}

// EmptyIsNothing reports whether an empty string in a request means that the member is left out, as clients send it
// that fill in forms. It is false where a list says the values, and for names in certificates, on which the client's
// authentication depends.
func (m Member) EmptyIsNothing() bool {
	isText := m.Kind == KindText || m.Kind == KindURI
	return isText && m.rule.allowance == nil && !m.certificateName
}

// memberPlaces finds the place of a member in Members by its name.
var memberPlaces = func() map[string]int {
	places := make(map[string]int, len(Members))
	for i, m := range Members {
		places[m.Name] = i
	}
	return places
}()

// LookupMember returns the member of a name with or without a language tag; ok is false for an unknown name, for a tag
// where none is allowed, and for one that is no language tag by BCP 47.
func LookupMember(name string) (member Member, tag string, ok bool) {
	place, tag, ok := lookupPlace(name)
	if !ok {
		return Member{}, "", false
	}
	return Members[place], tag, true
}

// lookup is LookupMember without a copy. It returns nil for an unknown name.
func lookup(name string) *Member {
	place, _, ok := lookupPlace(name)
	if !ok {
		return nil
	}
	return &Members[place]
}

// membersThat returns the names of the members for which is returns true, in the order of Members.
func membersThat(is func(Member) bool) []string {
	var names []string
	for _, member := range Members {
		if is(member) {
			names = append(names, member.Name)
		}
	}
	return names
}

func lookupPlace(name string) (place int, tag string, ok bool) {
	base, tag, tagged := strings.Cut(name, "#")
	place, ok = memberPlaces[base]
	if !ok || tagged && !(Members[place].Localized && isLanguageTag(tag)) {
		return 0, "", false
	}
	return place, tag, true
}

// isLanguageTag reports whether tag has the syntax of a language tag: subtags of 1 to 8 letters and digits, the first
// of letters alone (RFC 5646 2.1).
func isLanguageTag(tag string) bool {
	for i, subtag := range strings.Split(tag, "-") {
		if len(subtag) < 1 || len(subtag) > 8 {
			return false
		}
		for _, c := range []byte(subtag) {
			letter := 'a' <= c|0x20 && c|0x20 <= 'z'
			digit := '0' <= c && c <= '9'
			if !letter && (i == 0 || !digit) {
				return false
			}
		}
	}
	return true
}
