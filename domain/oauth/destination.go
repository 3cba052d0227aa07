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

// destinations returns all URIs that a person's browser may be sent to on a client's behalf. These are neither the URIs
// that only the server fetches nor the pages that people are shown as links. Redirect URIs are destinations only of a
// client with a grant that redirects.
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

// checkDestinations refuses destinations on the web whose hosts the policy does not allow. For private-use schemes the
// policy has a setting of its own.
func checkDestinations(p Policy, m Metadata) error {
	if len(p.RedirectHosts) == 0 {
		return nil // it allows any
	}
	for _, d := range destinations(m) {
		if u, _ := parseURI(d.uri); u.isWeb() && !p.allowsHost(u.host) {
			return d.refuse(p.redirectHosts().refusal().after("has a host that "))
		}
	}
	return nil
}

// checkDestinations refuses destinations whose hosts the terms do not allow, and all that are not on the web: the part
// of a URI with a private-use scheme that looks like a host means whatever the owner of the scheme says.
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

// checkLogout requires the origin of a redirect URI for frontchannel_logout_uri (OpenID Connect Front-Channel Logout
// 1.0, 2).
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
