package oauth

import "slices"

// applicationType returns the type that a client is registered with, for one whose other members have their
// defaults. A private-use scheme makes a client native even if it says that it is web: no web client can have one,
// and a server may replace the value (RFC 7591 3.2.1). The rest is then held to what holds for native clients.
func (b bounds) applicationType(m Metadata) Value {
	said := m["application_type"]
	switch said {
	case Text("mobile"): // Open Banking UK, Dynamic Client Registration 3.3
		return Text("native")
	case Text("web"), nil:
		if hasPrivateUse(m) || said == nil && b.isNativeByDefault(m) {
			return Text("native")
		}
		return Text("web")
	}
	return said
}

// isNativeByDefault reports whether a client that does not say what it is is native: one that is on a device alone,
// so far as the terms allow either type.
func (b bounds) isNativeByDefault(m Metadata) bool {
	if types := b.terms.ApplicationTypes; within(types, "web") != within(types, "native") {
		return within(types, "native")
	}
	return isDeviceOnly(m)
}

// hasPrivateUse reports whether a person may be redirected to a private-use scheme (RFC 8252 7.1).
func hasPrivateUse(m Metadata) bool {
	return slices.ContainsFunc(redirectsOf(m), func(s string) bool {
		u, wrong := parseURI(s)
		return wrong == nil && !u.isWeb() && !isDangerousScheme(u.scheme)
	})
}

// isDeviceOnly reports whether a client redirects people to their own device alone, after a logout too, and not with
// tokens in the redirect, for which that is refused to clients that do not say that they are native.
func isDeviceOnly(m Metadata) bool {
	return usesRedirects(m) && isAppOnly(redirectsOf(m)) && !answersFromAuthorizationEndpoint(m)
}

// redirectsOf returns all that a person may be redirected to: redirect_uris of a client that uses them, and
// otherRedirects.
func redirectsOf(m Metadata) (uris []string) {
	if usesRedirects(m) {
		uris = slices.Clone(m.List("redirect_uris"))
	}
	for _, name := range otherRedirects {
		uris = append(uris, m.List(name)...)
	}
	return uris
}
