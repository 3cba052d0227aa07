package oauth

import (
	"bytes"
	"slices"
	"strings"
	"unicode"

	"go.mau.fi/util/confusable"
)

// A Caution is a reason not to trust a member at first sight. It refuses nothing. Metadata are self-declared, and
// anybody can use the name or the logo of somebody else (RFC 7591 5).
type Caution struct {
	Level  CautionLevel `json:"level"`
	Member string       `json:"member"` // as registered, with its language tag
	Detail string       `json:"detail"`
	// Client is the id of another client that this one may be taken for by the member; empty: none is known.
	Client string `json:"client_id,omitzero"`
}

// CautionLevel says how much a caution weighs.
type CautionLevel string

// The levels of cautions.
const (
	PossibleImpersonation CautionLevel = "impersonation" // the client may be taken for another one
	Note                  CautionLevel = "note"          // usual, and worth a look
)

// CautionLevels are all levels, the weightiest first. It must not be changed.
var CautionLevels = []CautionLevel{PossibleImpersonation, Note}

// Cautions returns what an administrator should look at twice, in the order of Members: names and hosts that can be
// mistaken for others, and pages on another host than the redirect URIs (RFC 7591 5; OpenID Connect Dynamic Client
// Registration 1.0, 9.1). It leaves out what the issuer of a software statement vouches for, unless that issuer is no longer
// trusted, which comes last.
func Cautions(m Metadata, trusts func(issuer string) bool) []Caution {
	var names []string
	for name := range m {
		if _, detail := caution(m, name); detail != "" {
			names = append(names, name)
		}
	}
	if names == nil && m[statementMember] == nil {
		return nil // as for most clients, and at less cost than what follows
	}
	var cautions []Caution
	issuer, attested := Attested(m)
	distrusted := issuer != "" && !trusts(issuer)
	if distrusted {
		attested = nil
	}
	for _, name := range m.Names() {
		if slices.Contains(names, name) && !slices.Contains(attested, name) {
			level, detail := caution(m, name)
			cautions = append(cautions, Caution{Level: level, Member: name, Detail: detail})
		}
	}
	if distrusted {
		cautions = append(cautions, Caution{Level: Note, Member: statementMember, Detail: "is by an issuer that is no longer trusted"})
	}
	return cautions
}

// caution returns the weightiest reason not to trust a member, an empty detail for none.
func caution(m Metadata, name string) (level CautionLevel, detail string) {
	member, text := lookup(name), m.Text(name)
	switch {
	case member.shownAsName && hidesCharacters(text):
		return PossibleImpersonation, "has characters that cannot be seen"
	case member.shownAsName && mixesAlphabets(text):
		return PossibleImpersonation, "has a word with letters of several alphabets that look alike"
	case member.shownAsName && strings.ContainsFunc(text, isStyled):
		return PossibleImpersonation, "has characters that are made to look like Latin letters"
	case member.shownAsName && looksLatin(text):
		return PossibleImpersonation, "has letters of another alphabet alone, all of which look like Latin letters"
	case name == "redirect_uris" && slices.ContainsFunc(m.List(name), hasEncodedHost), member.page && hasEncodedHost(text):
		return PossibleImpersonation, "has a host that stands for one with letters beyond ASCII (xn--)"
	case member.page && isElsewhere(text, m.List("redirect_uris")):
		return Note, "does not have scheme and host of any redirect URI"
	}
	return "", ""
}

// IsPlain reports whether metadata in JSON, as AppendJSON writes it, can have no cautions and no software statement. It
// tells that of most metadata without decoding it: where there is nothing but visible ASCII, nothing that looks like an
// encoded host, no software statement or object, and no page that is not on the host of the first redirect URI. In plain
// metadata no string has a quotation mark, and every name is that of a member.
func IsPlain(metadata []byte) bool {
	for _, b := range metadata {
		if b < ' ' || b > '~' || b == '\\' {
			return false
		}
	}
	if hasEncodedLabel(metadata) {
		return false
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
	if m[statementMember] == nil {
		return "", nil
	}
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
	if slices.ContainsFunc(redirectURIs, func(s string) bool { return beginAlike(page, s) }) {
		return false // as of nearly all
	}
	remote := slices.DeleteFunc(slices.Clone(redirectURIs), func(s string) bool { return isAppOnly([]string{s}) })
	return len(remote) > 0 && !sharesHost(page, remote)
}

// beginAlike reports whether two URLs are the same up to the slash behind the host. Others may have the same host.
func beginAlike(a, b string) bool {
	scheme, rest, absolute := strings.Cut(a, "://")
	host, _, ended := strings.Cut(rest, "/")
	return absolute && ended && host != "" && strings.HasPrefix(b, a[:len(scheme)+len("://")+len(host)+len("/")])
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
	const brailleBlank = '\u2800'
	return r != ' ' && !unicode.IsGraphic(r) || unicode.Is(unicode.Z, r) && r != ' ' || r == brailleBlank ||
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

// styled are characters that are Latin letters in another style, or look like Latin letters throughout their script.
var styled = []*unicode.RangeTable{
	unicode.Lisu,
	{
		R16: []unicode.Range16{{0x2100, 0x214f, 1}, {0xff21, 0xff3a, 1}, {0xff41, 0xff5a, 1}}, // letter-like, full-width
		R32: []unicode.Range32{{0x1d400, 0x1d7ff, 1}},                                         // mathematical
	},
}

func isStyled(r rune) bool { return unicode.In(r, styled...) && !unicode.IsSymbol(r) }

// fewLetters is how many letters at least look like a name in Latin letters.
const fewLetters = 3

// looksLatin reports whether a text has letters of other alphabets alone, each of which looks like a Latin one (UTS 39).
func looksLatin(s string) bool {
	letters := 0
	for _, r := range s {
		if !unicode.IsLetter(r) {
			continue
		}
		if !LooksLatin(r) {
			return false
		}
		letters++
	}
	return letters >= fewLetters
}

// LooksLatin reports whether a character beyond ASCII looks like a Latin letter (UTS 39) without being one in the style
// and script that people write.
func LooksLatin(r rune) bool {
	prototype := confusable.GetReplacement(r)
	return r > unicode.MaxASCII && (isStyled(r) || len(prototype) == 1 && isASCIILetter(prototype[0]))
}

func isASCIILetter(b byte) bool { return 'a' <= b|0x20 && b|0x20 <= 'z' }

// hasEncodedHost reports whether a label of a URI's host stands for one with characters beyond ASCII (RFC 5890 2.3.1).
func hasEncodedHost(s string) bool {
	if !hasEncodedLabel([]byte(s)) {
		return false // as nearly all are
	}
	u, _ := parseURI(s)
	return hasEncodedLabel([]byte(u.host))
}

// hasEncodedLabel reports whether a text has the prefix of such labels.
func hasEncodedLabel(s []byte) bool {
	for {
		before, rest, found := bytes.Cut(s, []byte("--"))
		if !found {
			return false
		}
		if n := len(before); n >= 2 && before[n-2]|0x20 == 'x' && before[n-1]|0x20 == 'n' {
			return true
		}
		s = rest
	}
}
