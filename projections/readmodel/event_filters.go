package readmodel

import (
	"database/sql/driver"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"modernc.org/sqlite"

	"roster/domain"
)

// This file reads the filters of events that people and programs write: types, actors, addresses and networks.

// EventTypes returns the types of all events.
func EventTypes() []string { return slices.Clone(eventTypes) }

// ParseActor reads who did something: "client", "admin" or "system", or one administrator, such as "admin:alice". It
// returns false for a text that is none of these.
func ParseActor(text string) (kind domain.ActorKind, id string, ok bool) {
	before, id, one := strings.Cut(text, ":")
	switch kind = domain.ActorKind(before); kind {
	case domain.ActorAdmin:
		return kind, id, !one || id != ""
	case domain.ActorClient, domain.ActorSystem:
		return kind, "", !one
	}
	return "", "", false
}

// ParseNetwork reads an address, such as 203.0.113.9 or 2001:db8::1, or a network of them, such as 203.0.113.0/24. Bits
// beyond the length of a network do not matter. An IPv4 address that is written as an IPv6 one means the IPv4 address, as
// it does in events, and a zone means nothing.
func ParseNetwork(text string) (netip.Prefix, error) {
	if address, err := netip.ParseAddr(text); err == nil && !strings.Contains(text, "/") { // else the length is in a zone
		address = address.Unmap().WithZone("")
		return netip.PrefixFrom(address, address.BitLen()), nil
	}
	network, err := netip.ParsePrefix(text)
	if err != nil {
		return netip.Prefix{}, fmt.Errorf("%q is neither an address nor a network", text)
	}
	if mapped := network.Bits() - 96; network.Addr().Is4In6() && mapped >= 0 {
		network = netip.PrefixFrom(network.Addr().Unmap(), mapped)
	}
	return network.Masked(), nil
}

// NetworkText writes what ParseNetwork returned in its shortest form: an address alone has no length.
func NetworkText(network netip.Prefix) string {
	if network.IsSingleIP() {
		return network.Addr().String()
	}
	return network.String()
}

// SQLite knows no networks: in_network(address, prefix) reports whether an address is in one.
func init() {
	sqlite.MustRegisterDeterministicScalarFunction("in_network", 2, func(_ *sqlite.FunctionContext, args []driver.Value) (driver.Value, error) {
		text, _ := args[0].(string)
		address, err := netip.ParseAddr(text)
		if err != nil {
			return false, nil // nobody knows the address
		}
		prefix, ok := args[1].(string)
		if !ok {
			return nil, errors.New("in_network: the network is not a text")
		}
		network, err := netip.ParsePrefix(prefix)
		return network.Contains(address.Unmap()), err
	})
}
