package oauth

import (
	"fmt"
	"slices"
)

// A destination is a URI that a person's browser is sent to on a client's behalf.
type destination struct {
	member string
	place  int // among the member's URIs
	uri    string
}

var alwaysDestinations = membersThat(func(m Member) bool { return m.destination })

// destinations returns all that a person's browser may be sent to on a client's behalf: what the server alone
// fetches and pages that people are shown as links are none. Redirect URIs of a client without a grant that
// redirects are never followed.
func destinations(m Metadata) []destination {
	members := slices.Clone(alwaysDestinations)
	if usesRedirects(m) {
		members = append(members, "redirect_uris")
	}
	var all []destination
	for _, member := range members {
		for i, s := range words(m[member]) {
			all = append(all, destination{member, i, s})
		}
	}
	return all
}

// refuse is the refusal of a destination.
func (d destination) refuse(wrong *fault) *Error {
	if d.member == "redirect_uris" {
		return refuseRedirect(fmt.Sprintf("redirect_uris[%d]", d.place), wrong)
	}
	return wrong.at(d.member)
}

// checkDestinations holds the hosts of destinations on the web to the policy, which has a rule of its own for
// private-use schemes.
func checkDestinations(p Policy, m Metadata) error {
	for _, d := range destinations(m) {
		if u, _ := parseURI(d.uri); u.isWeb() && !p.allowsHost(u.host) {
			return d.refuse(p.redirectHosts().refusal().after("has a host that "))
		}
	}
	return nil
}

// checkDestinations holds every destination to the limit on hosts. What is not on the web has no host: in a URI
// with a private-use scheme, whoever has the scheme says what the part means that looks like one.
func (t Terms) checkDestinations(m Metadata) error {
	if t.RedirectHosts == nil {
		return nil
	}
	for _, d := range destinations(m) {
		u, _ := parseURI(d.uri)
		switch {
		case !u.isWeb():
			return d.refuse(t.refusal(t.RedirectHosts).after("has a scheme other than http and https, which "))
		case !matchesHost(t.RedirectHosts, u.host):
			return d.refuse(t.refusal(t.RedirectHosts).after("has a host that "))
		}
	}
	return nil
}

// checkLogout is Front-Channel Logout 2.
func checkLogout(_ Policy, m Metadata) error {
	if s := m.Text("frontchannel_logout_uri"); s != "" && !sharesOrigin(s, m.List("redirect_uris")) {
		return refuse("frontchannel_logout_uri", "must have the scheme, host and port of a redirect URI")
	}
	return nil
}

// sharesOrigin reports whether one of the URIs has the scheme, host and port of s.
func sharesOrigin(s string, uris []string) bool {
	u, _ := parseURI(s)
	return slices.ContainsFunc(uris, func(other string) bool {
		o, wrong := parseURI(other)
		return wrong == nil && o.scheme == u.scheme && o.host == u.host && o.effectivePort() == u.effectivePort()
	})
}
