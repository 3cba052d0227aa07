package oauth

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

// Terms limit the clients that are registered with an initial access token, at their registration and at every update.
// A list that is nil sets no limit, and the zero Terms set none at all. They are never changed once made.
type Terms struct {
	Owner            string   // ext_param_owner of every client, whatever it asks for; empty: it may say so itself
	GrantTypes       []string // the grants that a client may have
	Scopes           []string // the scopes that a client may have; all of them are its scope when it asks for none
	RedirectHosts    []string // the hosts, on the web alone, that a person may be sent to; ".example.org" is every host below it
	ApplicationTypes []string // the application types that a client may have
}

// Unlimited reports whether the terms set no limit.
func (t Terms) Unlimited() bool {
	return t.Owner == "" && t.GrantTypes == nil && t.Scopes == nil && t.RedirectHosts == nil && t.ApplicationTypes == nil
}

const maxTermValues = 100 // of one list

// Validate returns an *Error with InvalidRequest for terms that are malformed, or that allow what the policy does not.
func (t Terms) Validate(p Policy) error {
	if err := CheckLabel("owner", t.Owner); err != nil {
		return err
	}
	for _, list := range []struct {
		name   string
		values []string
		shape  string
		valid  func(string) bool
	}{
		{"grant_types", t.GrantTypes, "must be grant types that the policy of this server allows: " + strings.Join(p.GrantTypes, ", "),
			func(s string) bool { return slices.Contains(p.GrantTypes, s) }},
		{"scopes", t.Scopes, "must be scopes of printable ASCII characters without spaces, that the policy of this server allows",
			func(s string) bool { return isScopeToken(s) && p.allowsScope(s) }},
		{"redirect_hosts", t.RedirectHosts, "must be hosts in lower case, such as client.example.org, or .example.org for all below it", isHostRule},
		{"application_types", t.ApplicationTypes, "must be web, native",
			func(s string) bool { return s == "web" || s == "native" }},
	} {
		switch {
		case list.values != nil && len(list.values) == 0:
			return refuseTerm(list.name, "must not be empty; left out, it sets no limit")
		case len(list.values) > maxTermValues:
			return refuseTerm(list.name, fmt.Sprintf("must have at most %d values", maxTermValues))
		case slices.ContainsFunc(list.values, func(s string) bool { return !list.valid(s) }):
			return refuseTerm(list.name, list.shape)
		}
	}
	return nil
}

// impose sets the owner of the terms, whatever the client asks for.
func (t Terms) impose(requested Metadata) {
	if t.Owner != "" {
		requested["ext_param_owner"] = Text(t.Owner)
	}
}

// check returns an *Error for metadata, defaults included, that the terms do not allow.
func (t Terms) check(m Metadata) error {
	for _, limit := range []struct {
		member  string
		values  []string
		allowed []string
	}{
		{"grant_types", m.List("grant_types"), t.GrantTypes},
		{"scope", strings.Fields(m.Text("scope")), t.Scopes},
		{"application_type", []string{m.Text("application_type")}, t.ApplicationTypes},
	} {
		outside := func(s string) bool { return !within(limit.allowed, s) }
		if slices.ContainsFunc(limit.values, outside) {
			return t.refusal(limit.allowed).at(limit.member)
		}
	}
	return t.checkDestinations(m)
}

// refusal is the fault of a value that the terms do not allow. It tells the list of those that they do.
func (t Terms) refusal(allowed []string) *fault {
	return &fault{
		text:    "is not allowed by the initial access token that the client is registered with; allowed are " + strings.Join(allowed, ", "),
		setting: InitialAccessToken,
	}
}

// maxLabel is the most characters of a label or an owner.
const maxLabel = 200

// CheckLabel returns an *Error with InvalidRequest for what cannot be a label or an owner: both are empty, or a text of
// at most 200 characters that may stand in metadata.
func CheckLabel(field, s string) error {
	if s == "" || isText(s) && utf8.ValidString(s) && utf8.RuneCountInString(s) <= maxLabel {
		return nil
	}
	return refuseTerm(field, fmt.Sprintf("must be a text of at most %d characters without control characters", maxLabel))
}

// refuseTerm is the refusal of terms that an administrator asks for.
func refuseTerm(field, detail string) *Error {
	return &Error{Code: InvalidRequest, Field: field, Detail: detail}
}
