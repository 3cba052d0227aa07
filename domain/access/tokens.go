package access

import "roster/domain"

// Tokens are bearer tokens that the settings give to their holders. A holder may have several, so that one can be replaced
// without a break.
type Tokens []Token

// A Token is what is kept of a bearer token of the settings.
type Token struct {
	Holder string
	Digest domain.Digest
}

// Holder returns the name of who holds a token; ok is false when nobody does. A token has too many random bits to be
// guessed, so that failed attempts are not counted.
func (t Tokens) Holder(presented string) (name string, ok bool) {
	for _, token := range t {
		if token.Digest.Matches(presented) {
			return token.Holder, true
		}
	}
	return "", false
}
