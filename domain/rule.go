package domain

import (
	"net/netip"
	"slices"
	"strings"
)

// This file has the rules of single members; rules that hold between members are in admit.go.

// words returns what a Text or a List consists of.
func words(v Value) []string {
	switch v := v.(type) {
	case Text:
		return []string{string(v)}
	case List:
		return v
	}
	return nil
}

// isText reports whether s may stand in metadata: not empty and without control characters.
func isText(s string) bool {
	isControl := func(r rune) bool { return r < 0x20 || 0x7f <= r && r < 0xa0 }
	return s != "" && !strings.ContainsFunc(s, isControl)
}

// each holds every word to a rule.
func each(rule func(Policy, Value) string) func(Policy, Value) string {
	return func(p Policy, v Value) string {
		for _, word := range words(v) {
			if wrong := rule(p, Text(word)); wrong != "" {
				return wrong
			}
		}
		return ""
	}
}

// oneOf holds every word to what a specification defines.
func oneOf(values ...string) func(Policy, Value) string {
	return each(func(_ Policy, v Value) string {
		if slices.Contains(values, string(v.(Text))) {
			return ""
		}
		return "must be one of " + strings.Join(values, ", ")
	})
}

// allowed holds every word to what the policy allows.
func allowed(values func(Policy) []string) func(Policy, Value) string {
	return each(func(p Policy, v Value) string {
		if slices.Contains(values(p), string(v.(Text))) {
			return ""
		}
		return "is not allowed by the policy of this server; allowed are " + strings.Join(values(p), ", ")
	})
}

// allowedResponseTypes compares response types as sets of words (OAuth 2.0 Multiple Response Types 5).
func allowedResponseTypes(p Policy, v Value) string {
	for _, responseType := range words(v) {
		same := func(other string) bool { return slices.Equal(sortedWords(other), sortedWords(responseType)) }
		if !slices.ContainsFunc(p.ResponseTypes, same) {
			return "is not allowed by the policy of this server; allowed are " + strings.Join(p.ResponseTypes, ", ")
		}
	}
	return ""
}

func sortedWords(s string) []string {
	list := strings.Split(s, " ")
	slices.Sort(list)
	return list
}

func notEmpty(_ Policy, v Value) string {
	if len(words(v)) == 0 {
		return "must not be empty"
	}
	return ""
}

// scopeSyntax is RFC 6749 3.3.
func scopeSyntax(_ Policy, v Value) string {
	for token := range strings.SplitSeq(string(v.(Text)), " ") {
		if token == "" || strings.ContainsFunc(token, func(r rune) bool {
			return r < 0x21 || r > 0x7e || r == '"' || r == '\\'
		}) {
			return "must be scopes of printable ASCII characters, one space between two"
		}
	}
	return ""
}

func ipAddress(_ Policy, v Value) string {
	if address, err := netip.ParseAddr(string(v.(Text))); err != nil || address.Zone() != "" {
		return "must be an IPv4 or IPv6 address"
	}
	return ""
}

func absoluteURI(p Policy, v Value) string {
	_, wrong := parseURI(string(v.(Text)))
	return wrong
}

// webURL is for pages and images that a person is shown.
func webURL(p Policy, v Value) string { return remoteURL(p, v, "https", "http") }

func httpsURL(p Policy, v Value) string { return remoteURL(p, v, "https") }

func remoteURL(p Policy, v Value, schemes ...string) string {
	s := string(v.(Text))
	u, wrong := parseURI(s)
	switch {
	case len(s) > p.MaxURILength:
		return "is longer than the policy of this server allows"
	case wrong != "":
		return wrong
	}
	return u.checkRemote(schemes...)
}

// logoutURL is a URL for logout without a fragment (OpenID Connect Back-Channel Logout 1.0, 2.2).
func logoutURL(p Policy, v Value) string {
	if wrong := remoteURL(p, v, "https", "http"); wrong != "" {
		return wrong
	}
	if strings.Contains(string(v.(Text)), "#") {
		return "must not have a fragment"
	}
	return ""
}
