package oauth

import (
	"bytes"
	"cmp"
	"strings"
	"unicode"
	"unicode/utf8"

	"go.mau.fi/util/confusable"
	"golang.org/x/text/unicode/norm"
)

// appendSkeleton appends one text for all that people may take for each other at a glance: letters and digits alone, without
// case and accents, and one for all that look alike (UTS 39 4). Beyond that standard, i is l, because I is, and vv is w.
func appendSkeleton(b []byte, s string) []byte {
	begin := len(b)
	for _, r := range s {
		if r <= unicode.MaxASCII {
			b = append(b, asciiSkeletons[r]...)
			continue
		}
		for _, r := range norm.NFKD.String(string(r)) {
			for _, r := range norm.NFD.String(prototype(r)) {
				if r <= unicode.MaxASCII {
					b = append(b, asciiSkeletons[r]...)
				} else if unicode.IsLetter(r) || unicode.IsDigit(r) {
					b = utf8.AppendRune(b, unicode.ToLower(r))
				}
			}
		}
	}
	if bytes.Contains(b[begin:], []byte("vv")) {
		b = append(b[:begin], bytes.ReplaceAll(b[begin:], []byte("vv"), []byte("w"))...)
	}
	return b
}

// prototype returns what a character looks like: in Latin letters, if it or its capital does.
func prototype(r rune) string {
	own := confusable.GetReplacement(r)
	if capital := confusable.GetReplacement(unicode.ToUpper(r)); !isASCII(own) && capital != "" && isASCII(capital) {
		return capital
	}
	return cmp.Or(own, string(r))
}

func isASCII(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return r > unicode.MaxASCII })
}

// asciiSkeletons are the skeletons of the characters of ASCII, empty for what is neither letter nor digit.
var asciiSkeletons = func() (skeletons [unicode.MaxASCII + 1]string) {
	for r := range rune(len(skeletons)) {
		if unicode.IsLetter(r) || unicode.IsDigit(r) || r == '|' {
			looks := strings.ToLower(cmp.Or(confusable.GetReplacement(r), string(r)))
			skeletons[r] = strings.NewReplacer("i", "l", "m", "rn").Replace(looks)
		}
	}
	return skeletons
}()
