package api

import (
	"net/netip"
	"testing"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"
	"golang.org/x/time/rate"
)

func TestCallerOf(t *testing.T) {
	for address, want := range map[string]string{
		"192.0.2.1":            "192.0.2.1/32",
		"::ffff:192.0.2.1":     "192.0.2.1/32",
		"2001:db8:1:2:3:4:5:6": "2001:db8:1:2::/64",
		"2001:db8:1:2:ffff::":  "2001:db8:1:2::/64",
		"2001:db8:1:3::":       "2001:db8:1:3::/64",
		"fe80::1%eth0":         "fe80::/64",
		"@":                    "invalid Prefix",
		"":                     "invalid Prefix",
	} {
		if got := callerOf(address).String(); got != want {
			t.Errorf("%s is of %s, want %s", address, got, want)
		}
	}
}

func TestCallersAreLimitedApart(t *testing.T) {
	callers, err := lru.New[netip.Prefix, *rate.Limiter](2)
	if err != nil {
		t.Fatal(err)
	}
	now := time.Unix(0, 0)
	take := func(address string) time.Duration { return reserve(callers, 60, callerOf(address), now) }
	for range 60 {
		if wait := take("2001:db8::1"); wait != 0 {
			t.Fatalf("wait of %v within the limit", wait)
		}
	}
	if wait := take("2001:db8::2"); wait != time.Second {
		t.Errorf("wait is %v, want 1s: a neighbour is the same caller", wait)
	}
	if wait := take("192.0.2.1"); wait != 0 {
		t.Errorf("another caller waits %v", wait)
	}
	now = now.Add(time.Second)
	if wait := take("2001:db8::1"); wait != 0 {
		t.Errorf("wait of %v after the wait", wait)
	}
	take("192.0.2.2")
	take("192.0.2.3")
	if callers.Len() != 2 {
		t.Errorf("%d callers are remembered, want 2 at most", callers.Len())
	}
}
