package oauth

import (
	"slices"
	"strings"
)

var choiceLists = membersThat(func(m Member) bool { return m.ChoiceOf != "" })

// choose replaces each list of choices in a request by one value, which is registered in the list's place: the lists
// are for requests alone (OpenID Connect Relying Party Metadata Choices 1.0, 2). Grants and response types must be
// settled before. It returns an *Error for a list with no value that this server allows.
func choose(p Policy, m Metadata) error {
	for _, name := range choiceLists {
		if m[name] == nil {
			continue
		}
		if err := chooseFrom(p, m, lookup(name)); err != nil {
			return err
		}
		delete(m, name)
	}
	return nil
}

// chooseFrom sets the member that a list of choices is for, unless the list does not settle it, see isChosenFor.
func chooseFrom(p Policy, m Metadata, choices *Member) error {
	values, name := m.List(choices.Name), choices.ChoiceOf
	if slices.ContainsFunc(values, func(value string) bool { return !isText(value) }) {
		return refuse(choices.Name, choices.Kind.shape())
	}
	if m[name] != nil {
		if !slices.Contains(values, m.Text(name)) {
			return refuse(name, "must be among "+choices.Name)
		}
		return nil
	}
	of := lookup(name)
	if !of.isChosenFor(m) {
		return nil
	}
	allowed := of.rule.allowance(p)
	possible := slices.DeleteFunc(slices.Clone(values), func(value string) bool { return !slices.Contains(allowed.values, value) })
	if len(possible) == 0 {
		wrong := &fault{text: "must have a value that this server allows: " + strings.Join(allowed.values, ", "), setting: allowed.setting}
		return wrong.at(choices.Name)
	}
	if setFirstFit(p, m, name, preferred(possible, of.standardValue())); m[name] == nil {
		m[name] = Text(possible[0]) // it goes with nothing else; the rules will say what the client lacks for it
	}
	return nil
}

// isChosenFor reports whether a list of choices settles the member: it does for a member with a default, for one whose
// row says so, and for a content encryption where the client has asked for encryption.
func (m *Member) isChosenFor(client Metadata) bool {
	if m.keyAlgorithm != "" {
		return client[m.keyAlgorithm] != nil
	}
	return m.Default != nil || m.settled
}

// standardValue is the value that the specification means where the member is left out; an empty Text: it means none.
func (m *Member) standardValue() Value {
	if m.Default != nil {
		return m.Default
	}
	return m.standard
}
