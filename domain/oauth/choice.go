package oauth

import (
	"slices"
	"strings"
)

var choiceLists = membersThat(func(m Member) bool { return m.ChoiceOf != "" })

// choose makes the choices that a request leaves to the server, for a client whose grants and response types are
// settled. They are registered in the place of the lists that they are from, which are for requests alone (OpenID
// Connect Relying Party Metadata Choices 1.0, 2).
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

// chooseFrom sets the member that a list of choices is for, if it is one that has to be settled.
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
		m[name] = Text(possible[0]) // the rules say what the client lacks for it
	}
	return nil
}

// isChosenFor reports whether a list of choices for the member settles it: one that every client has, or that is
// said to be settled, and a content encryption where the client has asked for encryption.
func (m *Member) isChosenFor(client Metadata) bool {
	if m.keyAlgorithm != "" {
		return client[m.keyAlgorithm] != nil
	}
	return m.Default != nil || m.settled
}

// standardValue is the value that specifications mean where the member is left out.
func (m *Member) standardValue() Value {
	if m.Default != nil {
		return m.Default
	}
	return m.standard
}
