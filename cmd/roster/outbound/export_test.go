package outbound

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"log/slog"
	"net"
	"net/netip"
	"syscall"
	"time"
)

// What tests measure against.
const (
	TimeLimit   = timeLimit
	SizeLimit   = sizeLimit
	HeaderLimit = headerLimit
	AtOnce      = atOnce
)

// CheckAddress is the decision on an address that is about to be connected to.
func CheckAddress(network, address string) error { return publicOnly(ports...)(network, address, nil) }

// NewControlled returns a Fetcher that asks before it connects to any address.
func NewControlled(logger *slog.Logger, ask func() error) *Fetcher {
	control := func(string, string, syscall.RawConn) error { return ask() }
	return newFetcher(logger, &net.Dialer{Control: control}, nil)
}

// NewOnPort returns a Fetcher that connects to public addresses on one port, whose names are looked up by a
// resolver of its own unless that is nil.
func NewOnPort(logger *slog.Logger, port uint16, resolver *net.Resolver) *Fetcher {
	return newFetcher(logger, &net.Dialer{Control: publicOnly(port), Resolver: resolver}, nil)
}

// NewRecording returns a Fetcher that connects to nothing, and tells the addresses that it would have
// connected to. Names are looked up by a resolver of its own.
func NewRecording(logger *slog.Logger, port uint16, resolver *net.Resolver, record func(address string)) *Fetcher {
	public := publicOnly(port)
	control := func(network, address string, connection syscall.RawConn) error {
		if err := public(network, address, connection); err != nil {
			return err
		}
		record(address)
		return errors.New("recorded")
	}
	return newFetcher(logger, &net.Dialer{Control: control, Resolver: resolver}, nil)
}

// NewTrusting returns a Fetcher that connects to one address beside the public ones, and
// trusts the certificates of one authority alone.
func NewTrusting(logger *slog.Logger, exempt netip.AddrPort, roots *x509.CertPool) *Fetcher {
	return NewTrustingAt(logger, exempt, roots, nil)
}

// NewTrustingAt is NewTrusting by another clock for certificates; nil: that of the machine.
func NewTrustingAt(logger *slog.Logger, exempt netip.AddrPort, roots *x509.CertPool, now func() time.Time) *Fetcher {
	public := publicOnly(ports...)
	control := func(network, address string, connection syscall.RawConn) error {
		if address == exempt.String() {
			return nil
		}
		return public(network, address, connection)
	}
	dialer := &net.Dialer{Control: control}
	return newFetcher(logger, dialer, &tls.Config{RootCAs: roots, Time: now})
}
