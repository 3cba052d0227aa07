package search

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// separator stands between the parts of a text. Fold leaves none in a part, so that nothing that is looked for
// reaches from one part into the next.
const separator = "\x1f"

// Text is what a client is found by: any part of its name, its owner or its id, in any case.
func Text(name, owner, id string) string {
	return Fold(name) + separator + Fold(owner) + separator + Fold(id)
}

// Fold makes equal what differs in case alone, as strings.EqualFold has it, and valid UTF-8 of anything.
func Fold(s string) string { return strings.Map(foldRune, s) }

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
