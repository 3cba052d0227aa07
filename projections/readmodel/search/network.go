package search

import (
	"encoding/binary"
	"net/netip"
)

// network is a prefix of addresses as netip.Addr.As16 writes them. Zero: any address, and none.
type network struct {
	high, low         uint64
	highMask, lowMask uint64
	given, is6        bool
}

// mapped are the IPv4 addresses as netip.Addr.As16 writes them.
var mapped = networkOf(netip.MustParsePrefix("0.0.0.0/0"))

func networkOf(p netip.Prefix) network {
	if !p.IsValid() {
		return network{}
	}
	bits := p.Bits()
	if p.Addr().Is4() {
		bits += 96 // of the mapped address
	}
	n := network{given: true, is6: p.Addr().Is6(), highMask: ^uint64(0) << max(64-bits, 0), lowMask: ^uint64(0) << min(128-bits, 64)}
	address := p.Addr().As16()
	n.high, n.low = binary.BigEndian.Uint64(address[:8])&n.highMask, binary.BigEndian.Uint64(address[8:])&n.lowMask
	return n
}

// has reports whether an address is in the network. The zero one, which is not known, is in none that is given.
func (n *network) has(address [16]byte) bool {
	return !n.given || n.covers(address) && address != [16]byte{} && !(n.is6 && mapped.covers(address))
}

func (n *network) covers(address [16]byte) bool {
	return binary.BigEndian.Uint64(address[:8])&n.highMask == n.high && binary.BigEndian.Uint64(address[8:])&n.lowMask == n.low
}
