package httpserver

import (
	"errors"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"
)

// Prefixes are networks. As a setting they are read from their text.
type Prefixes []netip.Prefix

// String returns the networks as CIDRs.
func (p Prefixes) String() string {
	var cidrs []string
	for _, prefix := range p {
		cidrs = append(cidrs, prefix.String())
	}
	return strings.Join(cidrs, ", ")
}

// UnmarshalText reads networks as CIDRs, comma-separated; an address alone is a network of one. Its error says what
// the text must be.
func (p *Prefixes) UnmarshalText(text []byte) error {
	*p = nil
	if len(text) == 0 {
		return nil
	}
	for part := range strings.SplitSeq(string(text), ",") {
		part = strings.TrimSpace(part)
		prefix, err := netip.ParsePrefix(part)
		if address, err2 := netip.ParseAddr(part); err2 == nil && address.Zone() == "" {
			prefix, err = address.Prefix(address.BitLen())
		}
		if err != nil {
			return errors.New("must be CIDRs such as 10.0.0.0/8 or 2001:db8::/32, comma-separated")
		}
		*p = append(*p, prefix)
	}
	return nil
}

// contain reports whether one of the networks has an address.
func (p Prefixes) contain(address netip.Addr) bool {
	return slices.ContainsFunc(p, func(prefix netip.Prefix) bool { return prefix.Contains(address) })
}

// forwarded sets the remote address of a request from a trusted proxy to that of the caller: the last address of
// X-Forwarded-For that is not a trusted proxy's own. It ignores the header in requests from anybody else, and all
// other headers of proxies.
func forwarded(trusted Prefixes, next http.Handler) http.Handler {
	if len(trusted) == 0 {
		return next
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if peer, err := netip.ParseAddrPort(r.RemoteAddr); err == nil {
			if origin := origin(trusted, peer.Addr().Unmap(), r.Header.Values("X-Forwarded-For")); origin != peer.Addr().Unmap() {
				copied := *r
				copied.RemoteAddr = net.JoinHostPort(origin.String(), "0")
				r = &copied
			}
		}
		next.ServeHTTP(w, r)
	})
}

// origin follows a chain of proxies back from the peer, for as long as they are trusted and name an address.
func origin(trusted Prefixes, peer netip.Addr, headers []string) netip.Addr {
	chain := strings.Split(strings.Join(headers, ","), ",")
	for _, hop := range slices.Backward(chain) {
		address, err := parseHop(strings.TrimSpace(hop))
		if err != nil || !trusted.contain(peer) {
			break
		}
		peer = address.Unmap().WithZone("")
	}
	return peer
}

// parseHop reads an address as proxies write it: bare, in brackets, or with the port behind it.
func parseHop(hop string) (netip.Addr, error) {
	if strings.HasSuffix(hop, "]") {
		hop += ":0"
	}
	if withPort, err := netip.ParseAddrPort(hop); err == nil {
		return withPort.Addr(), nil
	}
	return netip.ParseAddr(hop)
}
