package httpserver

import (
	"net/http"
	"net/http/httptest"
	"testing"
)

func TestForwarded(t *testing.T) {
	var trusted Prefixes
	if err := trusted.UnmarshalText([]byte("10.0.0.0/8, 2001:db8:1::/48,192.0.2.7")); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		name, peer string
		forwarded  []string
		want       string
	}{
		{"no proxy", "198.51.100.1:99", nil, "198.51.100.1:99"},
		{"a caller that claims another address", "198.51.100.1:99", []string{"203.0.113.9"}, "198.51.100.1:99"},
		{"a proxy", "10.1.2.3:99", []string{"203.0.113.9"}, "203.0.113.9:0"},
		{"a proxy by its address", "192.0.2.7:99", []string{"203.0.113.9"}, "203.0.113.9:0"},
		{"a neighbour of that proxy", "192.0.2.8:99", []string{"203.0.113.9"}, "192.0.2.8:99"},
		{"a proxy over IPv6", "[2001:db8:1::1]:99", []string{"2001:db8:2::2"}, "[2001:db8:2::2]:0"},
		{"a proxy over mapped IPv4", "[::ffff:10.1.2.3]:99", []string{"::ffff:203.0.113.9"}, "203.0.113.9:0"},
		{"proxies in a row", "10.1.2.3:99", []string{"203.0.113.9, 10.9.9.9"}, "203.0.113.9:0"},
		{"headers in a row", "10.1.2.3:99", []string{"203.0.113.9", "10.9.9.9"}, "203.0.113.9:0"},
		{"what the caller put before", "10.1.2.3:99", []string{"203.0.113.1, 203.0.113.9"}, "203.0.113.9:0"},
		{"a caller that claims a proxy", "10.1.2.3:99", []string{"203.0.113.1, 10.5.5.5, 203.0.113.9"}, "203.0.113.9:0"},
		{"proxies alone", "10.1.2.3:99", []string{"10.9.9.9"}, "10.9.9.9:0"},
		{"a proxy that says nothing", "10.1.2.3:99", nil, "10.1.2.3:99"},
		{"a proxy that says nonsense", "10.1.2.3:99", []string{"203.0.113.9, unknown"}, "10.1.2.3:99"},
		{"nonsense of the caller", "10.1.2.3:99", []string{"unknown, 203.0.113.9"}, "203.0.113.9:0"},
		{"an address with a port", "10.1.2.3:99", []string{"203.0.113.9:4711"}, "203.0.113.9:0"},
		{"IPv6 with a port", "10.1.2.3:99", []string{"[2001:db8:2::2]:4711"}, "[2001:db8:2::2]:0"},
		{"IPv6 in brackets", "10.1.2.3:99", []string{"[2001:db8:2::2], [2001:db8:1::7]"}, "[2001:db8:2::2]:0"},
		{"IPv4 in brackets", "10.1.2.3:99", []string{"[203.0.113.9]"}, "10.1.2.3:99"},
		{"half a bracket", "10.1.2.3:99", []string{"2001:db8:2::2]"}, "10.1.2.3:99"},
		{"IPv6 in quotes", "10.1.2.3:99", []string{`"[2001:db8:2::2]"`}, "10.1.2.3:99"},
		{"no port behind the colon", "10.1.2.3:99", []string{"203.0.113.9:"}, "10.1.2.3:99"},
		{"a port that is none", "10.1.2.3:99", []string{"203.0.113.9:65536"}, "10.1.2.3:99"},
		{"nothing behind the comma", "10.1.2.3:99", []string{"203.0.113.9, "}, "10.1.2.3:99"},
		{"a zone", "10.1.2.3:99", []string{"fe80::1%eth0"}, "[fe80::1]:0"},
		{"no address of the peer", "@", []string{"203.0.113.9"}, "@"},
	} {
		r := httptest.NewRequest("GET", "/", nil)
		r.RemoteAddr = test.peer
		r.Header["X-Forwarded-For"] = test.forwarded
		r.Header.Set("X-Real-Ip", "203.0.113.77")
		r.Header.Set("Forwarded", "for=203.0.113.78")
		var got string
		forwarded(trusted, http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { got = r.RemoteAddr })).ServeHTTP(nil, r)
		if got != test.want {
			t.Errorf("%s: from %s, want %s", test.name, got, test.want)
		}
	}
}
