package readmodel

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// separator stands between the parts of a search text. Fold leaves none in a part, so no text that is
// looked for reaches from one part into the next.
const separator = "\x1f"

// searchText is what a client is found by.
func searchText(name, owner, id string) string {
	return fold(name) + separator + fold(owner) + separator + fold(id)
}

// fold makes equal what differs in case alone, as strings.EqualFold has it, and valid UTF-8 of anything.
func fold(s string) string { return strings.Map(foldRune, s) }

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
