package search

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"go.mau.fi/util/confusable"
	"golang.org/x/text/unicode/norm"
)

// separator stands between the parts of a text. Fold leaves none in a part, so that nothing that is looked for
// reaches from one part into the next.
const separator = "\x1f"

// textOf returns what a client's words are looked for in: each part as Fold makes it and, where it looks otherwise than
// it is written, as look makes it. The name comes first. What is a piece of another part is not repeated.
func textOf(name string, others ...string) string {
	text := Fold(name)
	add := func(part string) {
		if !strings.Contains(text, part) {
			text += separator + part
		}
	}
	addLook := func(part string) {
		if !isASCII(part) {
			add(look(part))
		}
	}
	addLook(name)
	for _, part := range others {
		add(Fold(part))
		addLook(part)
	}
	return text
}

// Fold makes equal what differs in case or in normal form alone (NFKC, strings.EqualFold), and valid UTF-8 of anything.
func Fold(s string) string {
	if isASCII(s) && !strings.Contains(s, separator) {
		return strings.ToUpper(s) // what foldRune returns, in less time
	}
	return strings.Map(foldRune, norm.NFKC.String(s))
}

// foldRune returns one and the same rune for all that are equal under case folding.
func foldRune(r rune) rune {
	if r == rune(separator[0]) {
		return utf8.RuneError
	}
	least := r
	for next := unicode.SimpleFold(r); next != r; next = unicode.SimpleFold(next) {
		least = min(least, next)
	}
	return least
}

// look returns what a text looks like, folded: with the letters of other scripts that look like Latin ones as these
// (UTS 39), and without accents and what cannot be seen. ASCII stands for itself: by the whole of UTS 39, m would be rn,
// and 0 would be O, so that much would be found that nobody is looking for.
func look(s string) string {
	if isASCII(s) {
		return Fold(s)
	}
	var b strings.Builder
	for _, r := range norm.NFKD.String(s) {
		switch prototype := confusable.GetReplacement(r); {
		case isAccent(r) || unicode.In(r, unicode.Cf, unicode.Variation_Selector, unicode.Other_Default_Ignorable_Code_Point):
		case r <= unicode.MaxASCII || prototype == "":
			b.WriteRune(r)
		case prototype == "l" && unicode.IsUpper(r):
			b.WriteByte('I') // for UTS 39, capital I looks like l
		default:
			for _, r := range norm.NFD.String(prototype) {
				if !isAccent(r) {
					b.WriteRune(r)
				}
			}
		}
	}
	return Fold(b.String())
}

// isAccent reports whether r is a mark on a letter of an alphabet.
func isAccent(r rune) bool { return '\u0300' <= r && r <= '\u036f' }

func isASCII(s string) bool {
	for i := range len(s) {
		if s[i] > unicode.MaxASCII {
			return false
		}
	}
	return true
}

// word is one word that is looked for.
type word struct {
	forms [][]byte // any of which is to be part of the text
	id    []byte   // or what is to be part of the id without its hyphens; empty: ids cannot have it
}

const (
	// leastInID is how many digits may stand anywhere in an id. Fewer would be part of most ids.
	leastInID = 6
	// leastOfID is how many digits an id may begin or end with.
	leastOfID = 4
)

// isInID reports whether an id, in hexadecimal digits, has the digits of the word at a place.
func (w word) isInID(at int) bool {
	return len(w.id) >= leastInID || at == 0 || at+len(w.id) == digitsOfID
}

// wordsOf splits what is looked for at its spaces.
func wordsOf(text string) []word {
	var words []word
	for _, given := range strings.Fields(text) {
		written, seen := Fold(given), look(given)
		w := word{forms: [][]byte{[]byte(written)}}
		if seen != "" && seen != written {
			w.forms = append(w.forms, []byte(seen))
		}
		if digits := strings.ToLower(strings.ReplaceAll(given, "-", "")); len(digits) >= leastOfID && strings.Trim(digits, "0123456789abcdef") == "" {
			w.id = []byte(digits)
		}
		words = append(words, w)
	}
	return words
}
