package search

import (
	"slices"
	"strings"
)

// profile returns the place of a profile among those of a state, to which it may be added.
func (x *Index) profile(s *state, p profile) uint32 {
	if x.known == nil {
		x.known = make(map[profileKey]uint32)
	}
	key := p.key()
	at, known := x.known[key]
	if !known {
		at = uint32(len(s.profiles))
		x.known[key] = at
		s.profiles = append(s.profiles, p)
	}
	return at
}

// profileKey tells one profile from another.
type profileKey struct{ status, kind, auth, grants, cautions string }

func (p profile) key() profileKey {
	list := func(items []string) string { return strings.Join(items, listSeparator) }
	return profileKey{p.status, p.kind, p.auth, list(p.grants), list(p.cautions)}
}

// fits reports whether a client with the profile can be one that a query selects, whatever there is to caution of.
func (p profile) fits(q Query) bool {
	is := func(wanted, has string) bool { return wanted == "" || wanted == has }
	among := func(wanted string, has []string) bool { return wanted == "" || slices.Contains(has, wanted) }
	return is(q.Status, p.status) && is(q.Kind, p.kind) && is(q.Auth, p.auth) && among(q.Grant, p.grants)
}
