package oauth

import (
	"net/mail"
	"net/netip"
	"regexp"
	"slices"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// A rule is what the value of a single member must be, beside being of the member's kind. Rules between members are
// listed in bounds.check.
type rule struct {
	// text says what a value must be, for people.
	text string
	// pattern is a regular expression that every word matches, for documents that cannot express check; empty: textPattern.
	pattern string
	// uris says that every word is a URI.
	uris bool
	// allowance is the list of all the words that there may be under a policy; nil: the rule has no list.
	allowance func(Policy) allowance
	// check returns nil for a value that is right.
	check func(Policy, Value) *fault
}

// described tells people of a rule that is checked elsewhere.
func described(text string) rule { return rule{text: text} }

// also adds to what people are told of a rule what is checked elsewhere.
func (r rule) also(text string) rule {
	r.text += "; " + text
	return r
}

// The rules of single members that are more than a list of words.
var (
	absoluteURI          = rule{text: "an absolute URI", uris: true, check: checkAbsoluteURI}
	webURL               = rule{text: "an http or https URL", pattern: webPattern, uris: true, check: checkWebURL}
	httpsURL             = rule{text: "an https URL", pattern: httpsPattern, uris: true, check: checkHTTPSURL}
	frontchannelURL      = rule{text: "an http or https URL without a fragment", pattern: webPattern, uris: true, check: checkFrontchannelURL}
	backchannelURL       = rule{text: "an https URL without a fragment", pattern: httpsPattern, uris: true, check: checkBackchannelURL}
	ipAddress            = rule{text: "an IPv4 or IPv6 address", check: checkIPAddress}
	dnsName              = rule{text: "a DNS name; the first label may be a wildcard", check: checkDNSName}
	mailbox              = rule{text: "an e-mail address", check: checkMailbox}
	distinguishedName    = rule{text: "a distinguished name such as `CN=client,O=Example` (RFC 4514)", check: checkDistinguishedName}
	notEmpty             = rule{text: "not empty", check: checkNotEmpty}
	allowedScopes        = rule{text: "scopes that `allow-scopes` allows, one space between two", pattern: scopePattern, check: checkAllowedScopes}
	allowedResponseTypes = rule{text: "what `allow-response-types` allows, in any order of its words", check: checkAllowedResponseTypes}
	redirects            = rule{text: "held to what holds for `redirect_uris` of a client that uses them, whatever its grants", uris: true}
	otherAuthMethod      = allowed(Policy.authMethods).also("that of the token endpoint when left out")
	publicKeys           = rule{text: "a JSON Web Key Set of public keys; those of an unknown type, curve or use are passed over, and one must be able to do each algorithm that is registered", check: checkPublicKeys}
)

// Patterns that ECMA-262 and RE2 read alike.
const (
	textPattern  = `^[^\x00-\x1F\x7F-\x9F]+$`
	scopePattern = `^[\x21\x23-\x5B\x5D-\x7E]+( [\x21\x23-\x5B\x5D-\x7E]+)*$`
	httpsPattern = `^[Hh][Tt][Tt][Pp][Ss]://[\x21-\x7E]+$`
	webPattern   = `^[Hh][Tt][Tt][Pp][Ss]?://[\x21-\x7E]+$`
)

// words returns the elements of a List, a Text as its only one, and nothing for other values.
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

// checkObject returns the fault of an object that holds null, an empty string or control characters at any depth. The
// object is part of answers, and clients fail on null and on empty strings.
func checkObject(v Object) *fault {
	decoder := jsontext.NewDecoder(strings.NewReader(string(v)))
	for {
		token, err := decoder.ReadToken()
		switch {
		case err != nil:
			return nil
		case token.Kind() == 'n', token.Kind() == '"' && token.String() == "":
			return &fault{text: "must not hold null or an empty string"}
		case token.Kind() == '"' && !isText(token.String()):
			return &fault{text: "must not hold control characters"}
		}
	}
}

// each applies a rule to every word.
func each(r rule) rule {
	r.text = "each " + r.text
	r.check = eachWord(r.check)
	return r
}

func eachWord(check func(Policy, Value) *fault) func(Policy, Value) *fault {
	return func(p Policy, v Value) *fault {
		for _, word := range words(v) {
			if wrong := check(p, Text(word)); wrong != nil {
				return wrong
			}
		}
		return nil
	}
}

// oneOf allows the words that a specification defines.
func oneOf(values ...string) rule {
	text := "one of " + strings.Join(values, ", ")
	return rule{text: text, allowance: func(Policy) allowance { return allowance{values: values} }, check: eachWord(func(_ Policy, v Value) *fault {
		if slices.Contains(values, string(v.(Text))) {
			return nil
		}
		return &fault{text: "must be " + text}
	})}
}

// allowed allows the words that the policy allows.
func allowed(of func(Policy) allowance) rule {
	return rule{text: "what `" + of(DefaultPolicy).setting + "` allows", allowance: of, check: eachWord(func(p Policy, v Value) *fault {
		if allowed := of(p); !slices.Contains(allowed.values, string(v.(Text))) {
			return allowed.refusal()
		}
		return nil
	})}
}

// checkAllowedResponseTypes compares response types as sets of words (OAuth 2.0 Multiple Response Types 5).
func checkAllowedResponseTypes(p Policy, v Value) *fault {
	for _, responseType := range words(v) {
		same := func(other string) bool { return slices.Equal(sortedWords(other), sortedWords(responseType)) }
		if !slices.ContainsFunc(p.ResponseTypes, same) {
			return p.responseTypes().refusal()
		}
	}
	return nil
}

func sortedWords(s string) []string {
	list := strings.Split(s, " ")
	slices.Sort(list)
	return list
}

func checkNotEmpty(_ Policy, v Value) *fault {
	if len(words(v)) == 0 {
		return &fault{text: "must not be empty"}
	}
	return nil
}

// checkAllowedScopes checks the syntax of scopes (RFC 6749 3.3) and that the policy allows them.
func checkAllowedScopes(p Policy, v Value) *fault {
	for scope := range strings.SplitSeq(string(v.(Text)), " ") {
		if !isScopeToken(scope) {
			return &fault{text: "must be scopes of printable ASCII characters, one space between two"}
		}
		if !p.allowsScope(scope) {
			return p.scopes().refusal().after("has a scope that ")
		}
	}
	return nil
}

// isScopeToken reports whether s is a scope-token of RFC 6749 3.3. Grant types have the same syntax.
func isScopeToken(s string) bool {
	return s != "" && !strings.ContainsFunc(s, func(r rune) bool { return r < 0x21 || r > 0x7e || r == '"' || r == '\\' })
}

func checkIPAddress(_ Policy, v Value) *fault {
	if address, err := netip.ParseAddr(string(v.(Text))); err != nil || address.Zone() != "" {
		return &fault{text: "must be an IPv4 or IPv6 address"}
	}
	return nil
}

// checkDNSName allows a name as in the subject alternative names of a certificate (RFC 5280 4.2.1.6), with or without a
// wildcard for its first label (RFC 6125 6.4.3).
func checkDNSName(_ Policy, v Value) *fault {
	name := strings.ToLower(string(v.(Text)))
	if strings.Contains(name, ":") || !(uri{host: strings.TrimPrefix(name, "*.")}).isName() {
		return &fault{text: "must be a DNS name"}
	}
	return nil
}

// checkMailbox allows an address as in the subject alternative names of a certificate (RFC 5280 4.2.1.6).
func checkMailbox(_ Policy, v Value) *fault {
	s := string(v.(Text))
	if address, err := mail.ParseAddress(s); err != nil || address.Address != s {
		return &fault{text: "must be an e-mail address"}
	}
	return nil
}

// checkDistinguishedName checks the syntax of RFC 4514 3: attributes with a type and a value each.
func checkDistinguishedName(_ Policy, v Value) *fault {
	if !isDistinguishedName(string(v.(Text))) {
		return &fault{text: "must be a distinguished name such as CN=client,O=Example (RFC 4514)"}
	}
	return nil
}

var isDistinguishedName = regexp.MustCompile(
	`^ *` + attribute + `(?: *[,+] *` + attribute + `)*$`).MatchString

const attribute = `(?:[A-Za-z][A-Za-z0-9-]*|[0-9]+(?:\.[0-9]+)+)=(?:[^\\,+"<>;]|\\.)*`

func checkAbsoluteURI(p Policy, v Value) *fault {
	_, wrong := p.parseURI(string(v.(Text)))
	return wrong
}

// checkWebURL is for pages and images that a person is shown.
func checkWebURL(p Policy, v Value) *fault { return remoteURL(p, v, "https", "http") }

func checkHTTPSURL(p Policy, v Value) *fault { return remoteURL(p, v, "https") }

func remoteURL(p Policy, v Value, schemes ...string) *fault {
	u, wrong := p.parseURI(string(v.(Text)))
	if wrong != nil {
		return wrong
	}
	return u.checkRemote(schemes...)
}

// checkFrontchannelURL requires a URL without a fragment (OpenID Connect Front-Channel Logout 1.0, 2).
func checkFrontchannelURL(p Policy, v Value) *fault { return logoutURL(p, v, "https", "http") }

// checkBackchannelURL requires a URL without a fragment, and https, which the specification recommends (OpenID Connect
// Back-Channel Logout 1.0, 2.2).
func checkBackchannelURL(p Policy, v Value) *fault { return logoutURL(p, v, "https") }

func logoutURL(p Policy, v Value, schemes ...string) *fault {
	if wrong := remoteURL(p, v, schemes...); wrong != nil {
		return wrong
	}
	if strings.Contains(string(v.(Text)), "#") {
		return &fault{text: "must not have a fragment"}
	}
	return nil
}
