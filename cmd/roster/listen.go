package main

import (
	"errors"
	"net"
	"net/url"
	"strings"

	"roster/cmd/roster/httpserver"
)

// listenSettings are where the service listens, and what clients see of it.
type listenSettings struct {
	Listen    string `help:"Address of the HTTP server." default:"127.0.0.1:8080" placeholder:"HOST:PORT"`
	PublicURL string `help:"What clients see; base of registration_client_uri (default: http:// and the listen address)." placeholder:"URL"`
}

// proxySettings are who may stand in front of it.
type proxySettings struct {
	TrustedProxies httpserver.Prefixes `help:"Addresses of proxies whose X-Forwarded-For is believed, as CIDRs, comma-separated." placeholder:"CIDR"`
}

func (s listenSettings) validate() error {
	_, _, err := net.SplitHostPort(s.Listen)
	switch {
	case err != nil:
		return errors.New("--listen must be HOST:PORT")
	case s.PublicURL != "" && !isOrigin(s.PublicURL):
		return errors.New("--public-url must be an http or https URL of a host alone, such as https://roster.example.org")
	}
	return nil
}

// isOrigin reports whether s is an http or https URL of a host and, where there is one, a port.
func isOrigin(s string) bool {
	u, err := url.Parse(s)
	return err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Host != "" &&
		u.User == nil && u.RawQuery == "" && u.Fragment == "" && strings.Trim(u.Path, "/") == ""
}

// publicURL returns what clients see of a server that listens at an address.
func (s listenSettings) publicURL(listening net.Addr) string {
	if s.PublicURL != "" {
		return strings.TrimRight(s.PublicURL, "/")
	}
	host, _, _ := net.SplitHostPort(s.Listen)
	if host == "" {
		host = "localhost"
	}
	_, port, _ := net.SplitHostPort(listening.String())
	return "http://" + net.JoinHostPort(host, port)
}
