package main

import (
	"errors"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"
)

// prefixes are networks.
type prefixes []netip.Prefix

// UnmarshalText reads networks as CIDRs, comma-separated. A lone address is a network of one.
func (p *prefixes) UnmarshalText(text []byte) error {
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
func (p prefixes) contain(address netip.Addr) bool {
	return slices.ContainsFunc(p, func(prefix netip.Prefix) bool { return prefix.Contains(address) })
}

// forwarded hands requests on as coming from where the trusted proxies say that they come from: the last
// address of X-Forwarded-For that is none of theirs. What others say of themselves is not believed, and no
// other header of proxies is looked at.
func forwarded(trusted prefixes, next http.Handler) http.Handler {
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
func origin(trusted prefixes, peer netip.Addr, headers []string) netip.Addr {
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
