package oauth

import (
	"bytes"
	"slices"
	"strings"
	"unicode"
)

// A Caution is a reason not to trust a member at first sight. It refuses nothing. Metadata are self-declared, and
// anybody can use the name or the logo of somebody else (RFC 7591 5).
type Caution struct {
	Member string `json:"member"` // as registered, with its language tag
	Detail string `json:"detail"`
}

// Cautions returns what an administrator should look at twice, in the order of Members: names that can be mistaken for
// others, and pages on another host than the redirect URIs (RFC 7591 5; OpenID Connect Dynamic Client Registration
// 1.0, 9.1). It leaves out what the issuer of a software statement vouches for.
func Cautions(m Metadata) []Caution {
	var cautions []Caution
	_, attested := Attested(m)
	for _, name := range m.Names() {
		if slices.Contains(attested, name) {
			continue
		}
		member := lookup(name)
		switch text := m.Text(name); {
		case member.shownAsName && hidesCharacters(text):
			cautions = append(cautions, Caution{name, "has characters that cannot be seen"})
		case member.shownAsName && mixesAlphabets(text):
			cautions = append(cautions, Caution{name, "has a word with letters of several alphabets that look alike"})
		case member.page && isElsewhere(text, m.List("redirect_uris")):
			cautions = append(cautions, Caution{name, "does not have scheme and host of any redirect URI"})
		}
	}
	return cautions
}

// IsPlain reports whether metadata in JSON, as AppendJSON writes it, can have no cautions and no software statement. It
// tells that of most metadata without decoding it: where there is nothing but visible ASCII, no software statement or object,
// and no page that is not on the host of the first redirect URI. In plain metadata no string has a quotation mark, and every
// name is that of a member.
func IsPlain(metadata []byte) bool {
	for _, b := range metadata {
		if b < ' ' || b > '~' || b == '\\' {
			return false
		}
	}
	origin := firstRedirectOrigin(metadata)
	for {
		_, rest, found := bytes.Cut(metadata, []byte{'"'})
		if !found {
			return true
		}
		text, rest, closed := bytes.Cut(rest, []byte{'"'})
		if !closed {
			return false
		}
		if value, isName := bytes.CutPrefix(rest, []byte{':'}); isName {
			name, _, _ := bytes.Cut(text, []byte{'#'})
			member := Members[memberPlaces[string(name)]]
			// What is in an object could be taken for a member.
			if member.Name == statementMember || member.Kind == KindObject || member.page && !hasOrigin(value, origin) {
				return false
			}
		}
		metadata = rest
	}
}

// firstRedirectOrigin returns the first redirect URI in plain JSON of metadata up to the slash behind its host; nothing where
// that does not compare byte by byte: it must be https, and its host in lower case and without a port.
func firstRedirectOrigin(metadata []byte) []byte {
	_, uri, _ := bytes.Cut(metadata, []byte(`"redirect_uris":["`))
	rest, secure := bytes.CutPrefix(uri, []byte("https://"))
	host, _, ended := bytes.Cut(rest, []byte{'/'})
	if !secure || !ended || len(bytes.Trim(host, "abcdefghijklmnopqrstuvwxyz0123456789.-")) > 0 {
		return nil
	}
	return uri[:len("https://")+len(host)+len("/")]
}

// hasOrigin reports whether a JSON string begins with an origin that is not empty.
func hasOrigin(value, origin []byte) bool {
	text, _ := bytes.CutPrefix(value, []byte{'"'})
	return len(origin) > 0 && bytes.HasPrefix(text, origin)
}

// Attested returns the issuer of a client's software statement and the names of the members that this issuer vouches
// for (RFC 7591 2.3), in the order of Members. For a client without a software statement it returns nothing.
func Attested(m Metadata) (issuer string, members []string) {
	issuer, claimed, err := readStatement(m.Text(statementMember))
	if err != nil {
		return "", nil
	}
	for _, name := range claimed.Names() {
		if equalValues(claimed[name], m[name]) {
			members = append(members, name)
		}
	}
	return issuer, members
}

// isElsewhere reports whether a page has another scheme or host than every redirect URI on the web. It is false for an
// app, which has no redirect URI on the web to compare with.
func isElsewhere(page string, redirectURIs []string) bool {
	remote := slices.DeleteFunc(slices.Clone(redirectURIs), func(s string) bool { return isAppOnly([]string{s}) })
	return len(remote) > 0 && !sharesHost(page, remote)
}

func hidesCharacters(s string) bool {
	var before rune
	for _, r := range s {
		if IsHidden(r, before) {
			return true
		}
		before = r
	}
	return false
}

// IsHidden reports whether a character, given the one before it, cannot be seen: controls, format characters, line and
// paragraph separators, private use, and spaces that are not the ordinary one. Joiners and emoji selectors
// that follow a character beyond ASCII, where scripts and emoji need them, are not hidden.
func IsHidden(r, before rune) bool {
	if (r == '\u200c' || r == '\u200d' || r == '\ufe0f') && before > unicode.MaxASCII {
		return false
	}
	return r != ' ' && !unicode.IsGraphic(r) || unicode.Is(unicode.Z, r) && r != ' ' ||
		unicode.In(r, unicode.Variation_Selector, unicode.Other_Default_Ignorable_Code_Point)
}

// alphabets have letters that look like those of one another (Unicode Technical Standard 39, 5).
var alphabets = []*unicode.RangeTable{
	unicode.Latin, unicode.Cyrillic, unicode.Greek, unicode.Armenian, unicode.Cherokee, unicode.Coptic,
}

// mixesAlphabets reports whether a word has letters of more than one of the alphabets.
func mixesAlphabets(s string) bool {
	isLetter := func(r rune) bool { return unicode.IsLetter(r) || unicode.IsMark(r) }
	for word := range strings.FieldsFuncSeq(s, func(r rune) bool { return !isLetter(r) }) {
		seen := 0
		for _, alphabet := range alphabets {
			if strings.ContainsFunc(word, func(r rune) bool { return unicode.Is(alphabet, r) }) {
				seen++
			}
		}
		if seen > 1 {
			return true
		}
	}
	return false
}
