package oauth

import (
	"fmt"
	"slices"
	"strings"
	"unicode"
)

// checkRedirectURIs refuses redirect URIs that the client must not have. They are kept byte for byte:
// authorization requests are compared with them character by character (RFC 9700 2.1).
func checkRedirectURIs(p Policy, m Metadata) error {
	uris := m.List("redirect_uris")
	if len(uris) > p.MaxRedirectURIs {
		return refuseRedirect("redirect_uris", p.tooManyRedirectURIs())
	}
	if usesRedirects(m) && len(uris) == 0 {
		return refuseRedirect("redirect_uris", &fault{text: "at least one is needed for the grants authorization_code and implicit"})
	}
	used, native, implicit := usesRedirects(m), isNative(m), answersFromAuthorizationEndpoint(m)
	for i, s := range uris {
		var wrong *fault
		if used {
			wrong = p.checkRedirectURI(s, native, implicit)
		} else {
			wrong = p.checkUnusedRedirectURI(s)
		}
		if wrong != nil {
			return refuseRedirect(fmt.Sprintf("redirect_uris[%d]", i), wrong)
		}
	}
	return nil
}

// otherRedirects are the members beside redirect_uris that a person may be redirected to.
var otherRedirects = membersThat(func(m Member) bool { return m.redirect })

// checkOtherRedirects checks the redirects after a logout (RP-Initiated Logout 3.1) and after the gathering of claims
// (UMA 2.0 Grant 3.3.2) like redirect_uris of a client that uses them, for they are followed whatever the client's
// grants are.
func checkOtherRedirects(p Policy, m Metadata) error {
	native, implicit := isNative(m), answersFromAuthorizationEndpoint(m)
	for _, name := range otherRedirects {
		uris := m.List(name)
		if len(uris) > p.MaxRedirectURIs {
			return p.tooManyRedirectURIs().at(name)
		}
		for _, s := range uris {
			if wrong := p.checkRedirectURI(s, native, implicit); wrong != nil {
				return wrong.after("has a URI that ").at(name)
			}
		}
	}
	return nil
}

func (p Policy) tooManyRedirectURIs() *fault {
	return policyFault(SettingMaxRedirectURIs, fmt.Sprintf("at most %d are allowed by", p.MaxRedirectURIs), "")
}

// isNative reports whether the client is an app on a person's device.
func isNative(m Metadata) bool { return m.Text("application_type") == "native" }

// refuseRedirect is the refusal of redirect_uris. It has no field: the description alone names the URI.
func refuseRedirect(field string, wrong *fault) *Error {
	return &Error{
		Code:    InvalidRedirectURI,
		Setting: wrong.setting,
		Detail:  "One or more redirect_uri values are invalid: " + field + " " + wrong.text,
	}
}

// checkRedirectURI returns the fault of a redirect URI that is used.
func (p Policy) checkRedirectURI(s string, native, implicit bool) *fault {
	u, wrong := p.parseURI(s)
	switch {
	case wrong != nil:
		return wrong
	case u.fragment:
		return &fault{text: "must not have a fragment (RFC 6749 3.1.2)"}
	case u.isWeb():
		return checkWebRedirect(u, native, implicit)
	default:
		return p.checkPrivateRedirect(u, native)
	}
}

// checkWebRedirect requires https, or http on the person's own device (OpenID Connect Dynamic Client Registration 1.0,
// 2; RFC 8252 7.2, 7.3; RFC 9700 2.6). A native client needs http there: it claims the host of an https URI from the
// operating system, and nobody can claim localhost.
func checkWebRedirect(u uri, native, implicit bool) *fault {
	if wrong := u.checkRemote("https", "http"); wrong != nil {
		return wrong
	}
	switch {
	case u.scheme == "http" && !u.isLoopback():
		return &fault{text: "must use https, or http on localhost, 127.0.0.1 or [::1]"}
	case u.scheme == "https" && u.mayBeLoopback() && native:
		return &fault{text: "must use http on localhost, 127.0.0.1 or [::1] for a native client, which cannot claim them by https"}
	case u.mayBeLoopback() && implicit && !native:
		return &fault{text: "must use https and not be on localhost for the implicit grant of a web client"}
	}
	return nil
}

// checkPrivateRedirect allows private-use schemes to native clients (RFC 8252 7.1).
func (p Policy) checkPrivateRedirect(u uri, native bool) *fault {
	switch {
	case isDangerousScheme(u.scheme):
		return &fault{text: "must not use a scheme that runs or reads something"}
	case !native:
		return &fault{text: "must use https; a private-use scheme is for application_type native"}
	case u.userinfo:
		return &fault{text: "must not have user information"}
	case u.opaque == "" && u.path == "" && !u.hostful:
		return &fault{text: "must have something after its scheme"}
	case !p.allowsScheme(u.scheme):
		return p.redirectSchemes().refusal().after("has a scheme that ")
	}
	return nil
}

// checkUnusedRedirectURI is for a client without a grant that redirects. Nobody follows its redirect URIs, so that they
// are kept as they are if they can do no harm where they are shown.
func (p Policy) checkUnusedRedirectURI(s string) *fault {
	switch {
	case len(s) > p.MaxURILength:
		return p.tooLong()
	case strings.ContainsFunc(s, func(r rune) bool { return unicode.IsSpace(r) || !unicode.IsPrint(r) }):
		return &fault{text: "must not have white space or control characters"}
	case beginsWithDangerousScheme(s):
		return &fault{text: "must not use a scheme that runs or reads something"}
	}
	return nil
}

// redirectGrants are the grants in which the authorization server redirects to the client.
var redirectGrants = []string{"authorization_code", "implicit"}

func usesRedirects(m Metadata) bool { return anyRedirects(m.List("grant_types")) }

// anyRedirects reports whether one of the grants redirects.
func anyRedirects(grants []string) bool {
	return slices.ContainsFunc(grants, func(grant string) bool { return slices.Contains(redirectGrants, grant) })
}

// answersFromAuthorizationEndpoint reports whether the client may get tokens in the redirect itself
// (implicit and hybrid flows).
func answersFromAuthorizationEndpoint(m Metadata) bool {
	return slices.Contains(m.List("grant_types"), "implicit") ||
		slices.ContainsFunc(m.List("response_types"), func(t string) bool { return t != "code" && t != "none" })
}

// isAppOnly reports whether all redirect URIs can only be of an app on a person's device: private-use
// schemes (RFC 8252 7.1) and loopback (7.3).
func isAppOnly(uris []string) bool {
	return len(uris) > 0 && !slices.ContainsFunc(uris, func(s string) bool {
		if beginsWithScheme(s, "https") {
			return true
		}
		u, wrong := parseURI(s)
		if wrong != nil {
			return true
		}
		return u.scheme == "http" && !u.isLoopback()
	})
}

// RedirectHosts returns where the redirect URIs lead, each once, in the order in which they are registered.
func (m Metadata) RedirectHosts() []string {
	var hosts []string
	for _, s := range m.List("redirect_uris") {
		if host := RedirectHost(s); !slices.Contains(hosts, host) {
			hosts = append(hosts, host)
		}
	}
	return hosts
}

// RedirectHost returns where a redirect URI leads: a host in lower case, without port; of a private-use scheme without a
// host, the scheme with its colon; what is no URI as it is, as clients without a grant that redirects may have it.
func RedirectHost(s string) string {
	if rest, found := strings.CutPrefix(s, "https://"); found {
		// Most hosts end at a slash and need no parsing.
		if host, _, found := strings.Cut(rest, "/"); found && strings.Trim(host, "abcdefghijklmnopqrstuvwxyz0123456789.-") == "" {
			return host
		}
	}
	u, wrong := parseURI(s)
	switch {
	case wrong != nil:
		return s
	case u.host == "":
		return u.scheme + ":"
	}
	return u.host
}
