package main

import (
	"fmt"
	"strings"

	"roster/domain"
	"roster/domain/access"
)

// bearerTokens are the tokens of a setting, with the names of their holders.
type bearerTokens access.Tokens

// minToken is the least length of a token: 32 characters of base64 hold 192 bits.
const minToken = 32

// UnmarshalText reads NAME=TOKEN,NAME=TOKEN. Its error says nothing of the tokens.
func (all *bearerTokens) UnmarshalText(text []byte) error {
	*all = nil
	if len(text) == 0 {
		return nil
	}
	for pair := range strings.SplitSeq(string(text), ",") {
		name, token, _ := strings.Cut(pair, "=")
		if name == "" || len(token) < minToken {
			return fmt.Errorf("must be NAME=TOKEN, comma-separated, with tokens of %d characters or more", minToken)
		}
		*all = append(*all, access.Token{Holder: name, Digest: domain.DigestOf(token)})
	}
	return nil
}
