package outbound_test

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"maps"
	"net"
	"net/netip"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"golang.org/x/net/dns/dnsmessage"

	"roster/cmd/roster/outbound"
)

// TestAddresses has what a name may stand for. What is denied is denied on every port.
func TestAddresses(t *testing.T) {
	for _, public := range []string{"8.8.8.8", "1.1.1.1", "168.63.129.15", "2606:4700:4700::1111", "2a00:1450:4001:80e::200e"} {
		if err := check(public, 443); err != nil {
			t.Errorf("%s: %v", public, err)
		}
		for _, port := range []uint16{0, 22, 25, 80, 6379, 8080} {
			if check(public, port) == nil {
				t.Errorf("%s, port %d: let through", public, port)
			}
		}
	}
	for kind, addresses := range map[string][]string{
		"loopback":        {"127.0.0.1", "127.255.255.254", "::1"},
		"unspecified":     {"0.0.0.0", "0.1.2.3", "::"},
		"private":         {"10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.0.1", "fc00::1", "fd12:3456::1", "fec0::1"},
		"link-local":      {"169.254.0.1", "fe80::1"},
		"shared":          {"100.64.0.1", "100.127.255.254"},
		"metadata":        {"169.254.169.254", "100.100.100.200", "192.0.0.192", "168.63.129.16", "fd00:ec2::254"},
		"multicast":       {"224.0.0.1", "239.255.255.255", "255.255.255.255", "ff02::1"},
		"documentation":   {"192.0.2.1", "198.51.100.1", "203.0.113.1", "2001:db8::1", "3fff::1"},
		"benchmarking":    {"198.18.0.1", "2001:2::1"},
		"reserved":        {"240.0.0.1", "192.88.99.1", "4000::1", "100::1"},
		"IPv4-mapped":     {"::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:169.254.169.254", "::ffff:8.8.8.8"},
		"IPv4-compatible": {"::127.0.0.1", "::8.8.8.8"},
		"IPv4-translated": {"::ffff:0:7f00:1"},
		"6to4":            {"2002:7f00:1::", "2002:a9fe:a9fe::1"},
		"Teredo":          {"2001:0:7f00:1::1"},
		"NAT64":           {"64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe", "64:ff9b:1::1"},
	} {
		for _, address := range addresses {
			t.Run("section 0.1: "+kind+" "+address, func(t *testing.T) {
				for _, port := range []uint16{443, 8443} {
					if check(address, port) == nil {
						t.Errorf("port %d: let through", port)
					}
				}
			})
		}
	}
	for _, network := range []string{"unix", "udp4", "tcp"} {
		if outbound.CheckAddress(network, "8.8.8.8:443") == nil {
			t.Errorf("network %s: let through", network)
		}
	}
}

func check(address string, port uint16) error {
	network := "tcp4"
	if strings.Contains(address, ":") {
		network = "tcp6"
	}
	return outbound.CheckAddress(network, netip.AddrPortFrom(netip.MustParseAddr(address), port).String())
}

// trap listens on every address of this machine, and tells how many have connected when it is asked.
func trap(t *testing.T) (port uint16, connections func() int) {
	t.Helper()
	listener, err := net.Listen("tcp", ":0") // IPv4 and IPv6
	if err != nil {
		t.Fatal(err)
	}
	port = netip.MustParseAddrPort(listener.Addr().String()).Port()
	accepted := make(chan net.Conn)
	go func() {
		defer close(accepted)
		for {
			connection, err := listener.Accept()
			if err != nil {
				return
			}
			accepted <- connection
		}
	}()
	t.Cleanup(func() {
		_ = listener.Close()
		for range accepted {
		}
	})
	// Connections are accepted in the order in which they came: all that came before one of the test's own
	// have been counted when that one is seen.
	return port, func() int {
		own, err := net.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", port))
		if err != nil {
			t.Fatal(err)
		}
		defer own.Close()
		for others := 0; ; others++ {
			connection := <-accepted
			_ = connection.Close()
			if connection.RemoteAddr().String() == own.LocalAddr().String() {
				return others
			}
		}
	}
}

// TestNothingOfOursIsReached asks for documents at this very machine in every notation. The port is one that
// the Fetcher may connect to, so that the addresses alone are what keeps it.
func TestNothingOfOursIsReached(t *testing.T) {
	port, connections := trap(t)
	fetcher := outbound.NewOnPort(slog.New(slog.DiscardHandler), port, nil)
	hosts := []string{
		"127.0.0.1", "127.1", "127.0.1", "127.255.255.254", "0", "0.0.0.0", "2130706433", "0x7f000001", "0x7f.1", "017700000001",
		"0177.0.0.1", "127.0.0.1.", "%31%32%37.0.0.1", "①②⑦.0.0.1", "127。0。0。1",
		"[::1]", "[::]", "[0:0:0:0:0:0:0:1]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[::127.0.0.1]", "[::ffff:0:127.0.0.1]",
		"[64:ff9b::127.0.0.1]", "[64:ff9b::7f00:1]", "[2002:7f00:1::]", "[::1%25lo]", "[fe80::1%25lo]",
		"localhost", "localhost.", "LOCALHOST", "ip6-localhost", "localhost.localdomain", "public@127.0.0.1", "public:x@[::1]",
	}
	hosts = append(hosts, ownAddresses(t)...)
	for _, host := range hosts {
		t.Run("section 0.1: "+host, func(t *testing.T) {
			unavailable(t, fetcher, fmt.Sprintf("https://%s:%d/sector.json", host, port))
			if n := connections(); n != 0 {
				t.Errorf("%d connections", n)
			}
		})
	}
	for _, address := range []string{
		"http://127.0.0.1:%d/", "//127.0.0.1:%d/", "127.0.0.1:%d", "ftp://127.0.0.1:%d/", "HTTPS://127.0.0.1:%d/",
		"https:127.0.0.1:%d/", "https:///127.0.0.1:%d/", "https://\\127.0.0.1:%d/", "https://8.8.8.8@127.0.0.1:%d/", "file:///etc/passwd?%d",
	} {
		t.Run("section 0.1: "+address, func(t *testing.T) {
			unavailable(t, fetcher, fmt.Sprintf(address, port))
			if n := connections(); n != 0 {
				t.Errorf("%d connections", n)
			}
		})
	}
}

// ownAddresses are the addresses of this machine's interfaces that are not public, as hosts of URLs.
func ownAddresses(t *testing.T) []string {
	t.Helper()
	addresses, err := net.InterfaceAddrs()
	if err != nil {
		t.Fatal(err)
	}
	var hosts []string
	for _, address := range addresses {
		prefix, err := netip.ParsePrefix(address.String())
		if err != nil || !prefix.Addr().IsPrivate() && !prefix.Addr().IsLoopback() {
			continue
		}
		host := prefix.Addr().String()
		if prefix.Addr().Is6() {
			host = "[" + host + "]"
		}
		hosts = append(hosts, host)
	}
	return hosts
}

// TestNamesThatStandForUs has a name server that lies: its names stand for addresses of this machine.
func TestNamesThatStandForUs(t *testing.T) {
	port, connections := trap(t)
	for name, answers := range map[string][]string{
		"loopback":              {"127.0.0.1"},
		"IPv6 loopback":         {"::1"},
		"mapped":                {"::ffff:127.0.0.1"},
		"unspecified":           {"0.0.0.0", "::"},
		"several that are ours": {"127.0.0.1", "127.0.0.2", "::1"},
	} {
		t.Run("section 0.1: "+name, func(t *testing.T) {
			resolver, asked := nameServer(t, answers...)
			unavailable(t, outbound.NewOnPort(slog.New(slog.DiscardHandler), port, resolver), fmt.Sprintf("https://sector.example.com:%d/", port))
			if n := connections(); n != 0 {
				t.Errorf("%d connections", n)
			}
			if asked() == 0 {
				t.Error("the name was never looked up")
			}
		})
	}
}

// TestNamesThatStandForOthersToo has names that stand for public addresses beside those of this machine: the
// public ones alone are connected to, wherever they come in the answer.
func TestNamesThatStandForOthersToo(t *testing.T) {
	for name, answers := range map[string][]string{
		"last":        {"127.0.0.1", "10.0.0.1", "::1", "fd00::1", "8.8.8.8", "2606:4700:4700::1111"},
		"first":       {"8.8.8.8", "2606:4700:4700::1111", "127.0.0.1", "169.254.169.254", "::1", "::ffff:10.0.0.1"},
		"in between":  {"192.168.0.1", "8.8.8.8", "0.0.0.0", "fe80::1", "2606:4700:4700::1111", "64:ff9b::7f00:1"},
		"IPv4 mapped": {"::ffff:127.0.0.1", "8.8.8.8", "::ffff:169.254.169.254", "2606:4700:4700::1111"},
	} {
		t.Run("section 0.1: "+name, func(t *testing.T) {
			resolver, _ := nameServer(t, answers...)
			var mu sync.Mutex
			let := map[string]bool{}
			fetcher := outbound.NewRecording(slog.New(slog.DiscardHandler), 443, resolver, func(address string) {
				mu.Lock()
				defer mu.Unlock()
				let[address] = true
			})
			unavailable(t, fetcher, "https://sector.example.com/")
			mu.Lock()
			defer mu.Unlock()
			delete(let, "[2606:4700:4700::1111]:443") // which a machine without IPv6 does not try
			if want := map[string]bool{"8.8.8.8:443": true}; !maps.Equal(let, want) {
				t.Errorf("let through %v, want %v", let, want)
			}
		})
	}
}

// TestNamesThatAreNotAnswered has a name server that takes every question and never answers.
func TestNamesThatAreNotAnswered(t *testing.T) {
	server, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	resolver := &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "udp", server.LocalAddr().String())
	}}
	var log bytes.Buffer
	unavailable(t, outbound.NewOnPort(slog.New(slog.NewTextHandler(&log, nil)), 443, resolver), "https://sector.example.com/")
	if line := log.String(); !strings.Contains(line, "time limit") {
		t.Errorf("not given up by the limit of the fetch: %s", line)
	}
}

// nameServer returns a resolver that answers every question with these addresses.
func nameServer(t *testing.T, answers ...string) (resolver *net.Resolver, asked func() int64) {
	t.Helper()
	server, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var questions atomic.Int64
	done := make(chan struct{})
	go func() {
		defer close(done)
		query := make([]byte, 1500)
		for {
			n, from, err := server.ReadFrom(query)
			if err != nil {
				return
			}
			questions.Add(1)
			if reply, err := replyTo(query[:n], answers); err == nil {
				_, _ = server.WriteTo(reply, from)
			}
		}
	}()
	t.Cleanup(func() {
		_ = server.Close()
		<-done
	})
	return &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "udp", server.LocalAddr().String())
	}}, questions.Load
}

func replyTo(query []byte, answers []string) ([]byte, error) {
	var message dnsmessage.Message
	if err := message.Unpack(query); err != nil {
		return nil, err
	}
	message.Response, message.Additionals = true, nil
	for _, answer := range answers {
		address := netip.MustParseAddr(answer)
		var body dnsmessage.ResourceBody = &dnsmessage.AAAAResource{AAAA: address.As16()}
		kind := dnsmessage.TypeAAAA
		if address.Is4() {
			body, kind = &dnsmessage.AResource{A: address.As4()}, dnsmessage.TypeA
		}
		if question := message.Questions[0]; question.Type == kind {
			message.Answers = append(message.Answers, dnsmessage.Resource{
				Header: dnsmessage.ResourceHeader{Name: question.Name, Type: kind, Class: question.Class, TTL: 0}, Body: body,
			})
		}
	}
	return message.Pack()
}
