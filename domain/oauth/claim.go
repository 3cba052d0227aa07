package oauth

import (
	"slices"
	"strings"

	"golang.org/x/net/publicsuffix"
)

// A Claim is what people take a client for a certain piece of software by: a name, the id or the logo of the software.
type Claim struct {
	Member string // as registered, with its language tag
	Value  string // the same for all that people may take for each other, whatever client states it
}

// Claims returns what a client claims to be, in the order of the names of its members. Names that anything may have, such as
// "My test app", claim nothing, and nor does what has fewer than three letters and digits.
func Claims(m Metadata) (claims []Claim) {
	for name := range m {
		if value := claimed(m, name); value != "" {
			claims = append(claims, Claim{name, value})
		}
	}
	if len(claims) > 1 {
		slices.SortFunc(claims, func(a, b Claim) int { return strings.Compare(a.Member, b.Member) })
	}
	return claims
}

// claimed is the value of the claim that a member makes, empty for none.
func claimed(m Metadata, name string) string {
	switch member, _, _ := strings.Cut(name, "#"); member {
	case "client_name":
		if text := m.Text(name); !isGeneric(text) {
			return likenessOf("name ", text)
		}
	case "software_id":
		return likenessOf("software ", m.Text(name))
	case "logo_uri":
		if place := picture(m.Text(name)); len(place) >= leastClaimed {
			return "logo " + place
		}
	}
	return ""
}

// leastClaimed is how many bytes a text has that says at least something.
const leastClaimed = 3

// likenessOf returns the skeleton of a text behind a prefix, empty where there is too little of it.
func likenessOf(prefix, text string) string {
	var memory [64]byte // room for most
	b := appendSkeleton(append(memory[:0], prefix...), text)
	if len(b) < len(prefix)+leastClaimed {
		return ""
	}
	return string(b)
}

// picture returns where a picture is, without what may differ for one and the same: scheme, query and fragment.
func picture(s string) string {
	u, wrong := parseURI(s)
	if wrong != nil {
		return ""
	}
	return u.host + u.path + u.opaque
}

// isGeneric reports whether a name has nothing but numbers and words that any client may have.
func isGeneric(name string) bool {
	for word := range strings.FieldsFuncSeq(name, func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && r < 0x80
	}) {
		if strings.Trim(word, digits) != "" && !genericWords[strings.ToLower(strings.TrimRight(word, digits))] {
			return false
		}
	}
	return true
}

const digits = "0123456789"

// genericWords are the words of names that tell no client from another.
var genericWords = func() map[string]bool {
	words := map[string]bool{}
	for word := range strings.FieldsSeq(`
		a an and for in my of on our the to with your
		test tests testing tester demo example sample default dummy foo bar baz hello world untitled unnamed new temp tmp
		dev develop development local localhost staging stage prod production qa v
		app apps application applications client clients web website site webapp page mobile native desktop browser spa
		server service services backend frontend api gateway plugin bot agent tool cli sdk
		mcp oauth oidc openid connect sso login signin sign auth authentication authorization identity
		admin console dashboard portal user users customer customers`) {
		words[word] = true
	}
	return words
}()

// Device is where redirects lead that stay on a person's own device.
const Device = "localhost"

// RedirectDomains returns who gets what clients are given in a redirect, by the hosts of their redirect URIs as
// Metadata.RedirectHosts returns them, sorted: the domains that one registers (publicsuffix.org), addresses, and
// private-use schemes with their colon. What stays on a person's own device is left out beside others, and Device if it
// is all. A client without a grant that redirects has none.
func RedirectDomains(hosts, grants []string) (domains []string) {
	if !anyRedirects(grants) {
		return nil
	}
	for _, host := range hosts {
		if domain := domainOf(host); domain != Device {
			domains = append(domains, domain)
		}
	}
	if domains == nil && len(hosts) > 0 {
		return []string{Device}
	}
	slices.Sort(domains)
	return slices.Compact(domains)
}

func domainOf(host string) string {
	if u := (uri{host: host}); u.mayBeLoopback() {
		return Device
	}
	if _, found := addressOf(host); found || strings.HasSuffix(host, ":") {
		return host
	}
	domain, err := publicsuffix.EffectiveTLDPlusOne(strings.TrimSuffix(host, "."))
	if err != nil {
		return host // a public suffix itself, or a name in a network of one's own
	}
	return domain
}
