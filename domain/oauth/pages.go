package oauth

import "slices"

// checkPages holds pages, in every language, to scheme and host of a redirect URI where the policy asks
// for it (RFC 7591 5; OpenID Connect Dynamic Client Registration 1.0, 9.1).
func checkPages(p Policy, m Metadata) error {
	if !p.PagesOnRedirectHost {
		return nil
	}
	for _, name := range m.Names() {
		if lookup(name).page && !sharesHost(m.Text(name), m.List("redirect_uris")) {
			return policyFault(SettingPagesOnRedirectHost, "must have scheme and host of a redirect URI by", "").at(name)
		}
	}
	return nil
}

// sharesHost reports whether one of the URIs has scheme and host of s.
func sharesHost(s string, uris []string) bool {
	u, _ := parseURI(s)
	return slices.ContainsFunc(uris, func(other string) bool {
		o, wrong := parseURI(other)
		return wrong == nil && o.scheme == u.scheme && o.host == u.host
	})
}
