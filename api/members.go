package api

import (
	"bytes"
	"errors"
	"io"
	"slices"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// members are those of a JSON object of others, whose order and wording are kept.
type members []member

type member struct {
	name  string
	value jsontext.Value
}

// readMembers reads one JSON object in UTF-8 and nothing else, without a member twice at any depth.
func readMembers(raw []byte) (members, error) {
	decoder := jsontext.NewDecoder(bytes.NewBuffer(raw))
	if decoder.PeekKind() != '{' {
		return nil, errors.New("not a JSON object in UTF-8")
	}
	object, err := decoder.ReadValue()
	if err != nil {
		return nil, err
	}
	object = object.Clone() // the next read may overwrite it
	if _, err := decoder.ReadToken(); !errors.Is(err, io.EOF) {
		return nil, errors.New("more than one JSON object")
	}
	return membersOf(object), nil
}

// membersOf returns the members of a valid value, none when it is no object.
func membersOf(value jsontext.Value) (found members) {
	if value.Kind() != '{' {
		return nil
	}
	decoder := jsontext.NewDecoder(bytes.NewBuffer(value))
	_, _ = decoder.ReadToken() // nothing of a valid object fails to be read
	for decoder.PeekKind() == '"' {
		name, _ := decoder.ReadToken()
		m := member{name: name.String()}
		content, _ := decoder.ReadValue()
		m.value = content.Clone()
		found = append(found, m)
	}
	return found
}

// encode returns the members as an object without white space.
func (m members) encode() jsontext.Value {
	object := jsontext.Value{'{'}
	for i, one := range m {
		if i > 0 {
			object = append(object, ',')
		}
		object, _ = jsontext.AppendQuote(object, one.name) // names that were read are valid
		object = append(append(object, ':'), one.value...)
	}
	object = append(object, '}')
	_ = object.Compact() // of what is valid
	return object
}

// text returns a member that is a string, the empty string when there is none.
func (m members) text(name string) string {
	i := m.index(name)
	if i < 0 || m[i].value.Kind() != '"' {
		return ""
	}
	text, _ := jsontext.AppendUnquote(nil, m[i].value)
	return string(text)
}

func (m members) index(name string) int {
	return slices.IndexFunc(m, func(one member) bool { return one.name == name })
}

// without returns the members that have none of the names, in whatever case: there are clients that fold it.
func (m members) without(names ...string) members {
	return slices.DeleteFunc(slices.Clone(m), func(one member) bool {
		return slices.ContainsFunc(names, func(name string) bool { return strings.EqualFold(name, one.name) })
	})
}

// change replaces every member of a name, in whatever case, that is an object.
func (m members) change(name string, by func(members) members) {
	for i, one := range m {
		if strings.EqualFold(name, one.name) && one.value.Kind() == '{' {
			m[i].value = by(membersOf(one.value)).encode()
		}
	}
}

// patched returns the members changed by a JSON Merge Patch that is an object (RFC 7396 2).
func (m members) patched(patch members) members {
	m = slices.Clone(m)
	for _, change := range patch {
		i := m.index(change.name)
		switch {
		case change.value.Kind() == 'n':
			if i >= 0 {
				m = slices.Delete(m, i, i+1)
			}
			continue
		case i < 0:
			i, m = len(m), append(m, member{name: change.name})
		}
		if change.value.Kind() == '{' {
			change.value = membersOf(m[i].value).patched(membersOf(change.value)).encode()
		}
		m[i].value = change.value
	}
	return m
}
