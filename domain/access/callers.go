package access

import (
	"net/netip"
	"time"
)

// Callers is a Throttle whose holders are callers, told apart by their addresses.
type Callers struct {
	throttle *Throttle[netip.Prefix]
}

// NewCallers returns Callers, as NewThrottle does.
func NewCallers(atOnce int, interval time.Duration, remembered int) *Callers {
	return &Callers{NewThrottle[netip.Prefix](atOnce, interval, remembered)}
}

// Wait is Throttle.Wait for the caller at an address.
func (c *Callers) Wait(address string, now time.Time) time.Duration {
	return c.throttle.Wait(network(address), now)
}

// Take is Throttle.Take for the caller at an address.
func (c *Callers) Take(address string, now time.Time) (giveBack func(), wait time.Duration) {
	return c.throttle.Take(network(address), now)
}

// network returns the network that counts as one caller: an IPv4 address, or the /64 of an IPv6 address, in which a
// host chooses its addresses freely. Everything that is no address is one caller together.
func network(address string) netip.Prefix {
	ip, err := netip.ParseAddr(address)
	if err != nil {
		return netip.Prefix{}
	}
	ip = ip.Unmap().WithZone("")
	bits := 64
	if ip.Is4() {
		bits = 32
	}
	prefix, _ := ip.Prefix(bits) // bits fit the address
	return prefix
}
