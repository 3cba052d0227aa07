package oauth

import "slices"

// applicationType returns the type that a client is registered with. The client's other members have their defaults
// already. A private-use scheme makes a client native even if it asks for web: no web client can have one, and a
// server may replace the value (RFC 7591 3.2.1). The client must then obey all rules for native clients.
func (b bounds) applicationType(m Metadata) Value {
	requested := m["application_type"]
	switch requested {
	case Text("mobile"): // Open Banking UK, Dynamic Client Registration 3.3
		return Text("native")
	case Text("web"), nil:
		if hasPrivateUse(m) || requested == nil && b.isNativeByDefault(m) {
			return Text("native")
		}
		return Text("web")
	}
	return requested
}

// isNativeByDefault reports whether a client without an application_type is native: the type that the terms allow,
// or, where they allow both, native for a client that runs on a device alone.
func (b bounds) isNativeByDefault(m Metadata) bool {
	if types := b.terms.ApplicationTypes; within(types, "web") != within(types, "native") {
		return within(types, "native")
	}
	return isDeviceOnly(m)
}

// hasPrivateUse reports whether a person may be redirected to a private-use scheme (RFC 8252 7.1).
func hasPrivateUse(m Metadata) bool {
	return slices.ContainsFunc(redirectsOf(m), func(s string) bool {
		if beginsWithScheme(s, "https") {
			return false
		}
		u, wrong := parseURI(s)
		return wrong == nil && !u.isWeb() && !isDangerousScheme(u.scheme)
	})
}

// isDeviceOnly reports whether all redirects of a client, those after a logout included, stay on the person's own
// device. It is false for a client that gets tokens in the redirect: such a client must say itself that it is native.
func isDeviceOnly(m Metadata) bool {
	return usesRedirects(m) && isAppOnly(redirectsOf(m)) && !answersFromAuthorizationEndpoint(m)
}

// redirectsOf returns all URIs that a person may be redirected to: redirect_uris of a client that uses them, and those
// of otherRedirects.
func redirectsOf(m Metadata) (uris []string) {
	if usesRedirects(m) {
		uris = slices.Clone(m.List("redirect_uris"))
	}
	for _, name := range otherRedirects {
		uris = append(uris, m.List(name)...)
	}
	return uris
}
