package oauth

import (
	"fmt"
	"net/netip"
	"net/url"
	"slices"
	"strings"
)

// A uri is a URI that is right by RFC 3986 in its characters and its structure.
type uri struct {
	scheme   string // lower case
	host     string // lower case, without brackets
	port     string
	path     string
	opaque   string // what follows the scheme where no slash does
	userinfo bool
	fragment bool
	hostful  bool // has an authority with a host
}

// parseURI parses an absolute URI with or without a fragment. It is stricter than url.Parse, which accepts what RFC 3986
// forbids.
func parseURI(s string) (uri, *fault) {
	if !isURIText(s) {
		return uri{}, &fault{text: "must hold only characters of RFC 3986, others percent-encoded"}
	}
	parsed, err := url.Parse(s)
	if err != nil || parsed.Scheme == "" || strings.ContainsAny(afterAuthority(s), "[]") {
		return uri{}, &fault{text: "must be an absolute URI"}
	}
	if parsed.Port() != "" && !isPort(parsed.Port()) || strings.HasSuffix(parsed.Host, ":") {
		return uri{}, &fault{text: "must have a port from 1 to 65535, or none"}
	}
	return uri{
		scheme:   parsed.Scheme, // url.Parse lowers it
		host:     strings.ToLower(parsed.Hostname()),
		port:     parsed.Port(),
		path:     parsed.Path,
		opaque:   parsed.Opaque,
		userinfo: parsed.User != nil,
		fragment: strings.Contains(s, "#"),
		hostful:  parsed.Hostname() != "",
	}, nil
}

// afterAuthority returns path, query and fragment of an absolute URI. Brackets have no place there (RFC 3986 3.3).
func afterAuthority(s string) string {
	_, rest, _ := strings.Cut(s, ":")
	authority, found := strings.CutPrefix(rest, "//")
	if !found {
		return rest
	}
	return strings.TrimLeftFunc(authority, func(r rune) bool { return !strings.ContainsRune("/?#", r) })
}

// parseURI parses an absolute URI that is no longer than the policy allows.
func (p Policy) parseURI(s string) (uri, *fault) {
	if len(s) > p.MaxURILength {
		return uri{}, p.tooLong()
	}
	return parseURI(s)
}

func (p Policy) tooLong() *fault {
	return policyFault(SettingMaxURILength, fmt.Sprintf("must have at most %d characters by", p.MaxURILength), "")
}

// isURIText reports whether s has only unreserved, reserved and percent-encoded characters (RFC 3986 2).
func isURIText(s string) bool {
	for i := 0; i < len(s); i++ {
		c := s[i]
		switch {
		case 'a' <= c|0x20 && c|0x20 <= 'z', '0' <= c && c <= '9':
		case strings.IndexByte("-._~:/?#[]@!$&'()*+,;=", c) >= 0:
		case c == '%' && i+2 < len(s) && isHex(s[i+1]) && isHex(s[i+2]):
			i += 2
		default:
			return false
		}
	}
	return strings.Count(s, "#") <= 1
}

func isHex(c byte) bool {
	return '0' <= c && c <= '9' || 'a' <= c|0x20 && c|0x20 <= 'f'
}

func isPort(port string) bool {
	_, err := netip.ParseAddrPort("127.0.0.1:" + port)
	return err == nil && port != "0"
}

// isWeb reports whether the scheme is one of the web.
func (u uri) isWeb() bool { return u.scheme == "https" || u.scheme == "http" }

// isLoopback reports whether the host is one of the three that clients may use http on: the names that RFC 8252 7.3 and
// OpenID Connect Dynamic Client Registration 1.0, 2 have for the person's own device. Other addresses and spellings of
// the loopback interface are not among them.
func (u uri) isLoopback() bool {
	return u.host == "localhost" || u.host == "127.0.0.1" || u.host == "::1"
}

// mayBeLoopback reports whether some resolver takes the host, in any notation, for the person's own device (RFC 6761
// 6.3).
func (u uri) mayBeLoopback() bool {
	name := strings.TrimSuffix(u.host, ".")
	if name == "localhost" || strings.HasSuffix(name, ".localhost") {
		return true
	}
	address, found := addressOf(name)
	return found && (address.Unmap().IsLoopback() || address.Unmap().IsUnspecified())
}

// addressOf returns the address that a host is. It tells names, which most are, at less cost than that of an error.
func addressOf(host string) (address netip.Addr, found bool) {
	if strings.Trim(host, "0123456789.") != "" && !strings.Contains(host, ":") {
		return address, false
	}
	address, err := netip.ParseAddr(host)
	return address, err == nil
}

// isName reports whether the host is an address or a name of letters, digits, hyphens, underscores and
// dots with no empty label, so that nobody can be shown another host than the one that is meant.
func (u uri) isName() bool {
	if strings.Contains(u.host, ":") {
		address, err := netip.ParseAddr(u.host)
		return err == nil && address.Zone() == ""
	}
	if endsInNumber(u.host) {
		address, err := netip.ParseAddr(u.host)
		return err == nil && address.Is4()
	}
	for label := range strings.SplitSeq(strings.TrimSuffix(u.host, "."), ".") {
		if label == "" || len(label) > 63 || strings.ContainsFunc(label, func(r rune) bool {
			return (r < 'a' || r > 'z') && (r < '0' || r > '9') && r != '-' && r != '_'
		}) {
			return false
		}
	}
	return len(u.host) <= 253
}

// endsInNumber reports whether browsers take a host for an IPv4 address in one of its many notations
// (WHATWG URL 3.5), such as 127.1 or 0x7f000001.
func endsInNumber(host string) bool {
	host = strings.TrimSuffix(host, ".")
	last := host[strings.LastIndexByte(host, '.')+1:]
	if hex, found := strings.CutPrefix(last, "0x"); found {
		return strings.Trim(hex, "0123456789abcdef") == ""
	}
	return last != "" && strings.Trim(last, "0123456789") == ""
}

// checkRemote returns the fault of a URI that is not a URL with one of the schemes and a host.
func (u uri) checkRemote(schemes ...string) *fault {
	switch {
	case !slices.Contains(schemes, u.scheme):
		return &fault{text: "must be a URL with the scheme " + strings.Join(schemes, " or ")}
	case !u.hostful || u.opaque != "":
		return &fault{text: "must have a host"}
	case !u.isName():
		return &fault{text: "must have a host of letters, digits, hyphens and dots, or an address"}
	case u.userinfo:
		return &fault{text: "must not have user information (RFC 9110 4.2.4)"}
	}
	return nil
}

// dangerousSchemes run, read or send something when they are followed. No client may use them.
var dangerousSchemes = []string{
	"about", "acap", "afp", "android-app", "applescript", "bitcoin", "blob", "brave", "callto", "chrome",
	"chrome-devtools", "chrome-extension", "chrome-search", "chrome-untrusted", "cid", "content", "data",
	"devtools", "dict", "dns", "edge", "facetime", "feed", "file", "filesystem", "ftp", "ftps", "geo", "gopher",
	"hcp", "help", "imap", "intent", "irc", "ircs", "itms-services", "its", "jar", "javascript", "jnlp", "ldap",
	"ldaps", "livescript", "magnet", "mailto", "market", "mhtml", "microsoft-edge", "mid", "mk", "mms", "mocha",
	"moz-extension", "ms-appinstaller", "ms-appx", "ms-help", "ms-its", "ms-msdt", "ms-officecmd", "ms-search",
	"ms-settings", "news", "nfs", "nntp", "oid", "opera", "phar", "php", "pop", "res", "resource", "rlogin",
	"rtsp", "search-ms", "sftp", "shell", "shortcuts", "sip", "sips", "smb", "sms", "smsto", "smtp", "ssh", "tag",
	"tel", "telnet", "tftp", "urn", "vbscript", "view-source", "vivaldi", "vnc", "wais", "webcal", "ws", "wss",
	"wyciwyg", "x-javascript", "xmpp",
}

func isDangerousScheme(scheme string) bool {
	return slices.Contains(dangerousSchemes, scheme)
}

// beginsWithDangerousScheme reports whether a text, which need not be a URI, begins with a dangerous scheme.
func beginsWithDangerousScheme(s string) bool {
	scheme, _, found := strings.Cut(s, ":")
	return found && isDangerousScheme(strings.ToLower(scheme))
}

// beginsWithScheme reports whether a text, which need not be a URI, begins with a scheme, in whatever case.
func beginsWithScheme(s, scheme string) bool {
	begins, _, found := strings.Cut(s, ":")
	return found && strings.EqualFold(begins, scheme)
}

// effectivePort is the port that a connection is made to (RFC 9110 4.2).
func (u uri) effectivePort() string {
	switch {
	case u.port != "":
		return u.port
	case u.scheme == "https":
		return "443"
	default:
		return "80"
	}
}
