package access

import (
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

func TestNetwork(t *testing.T) {
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
		if got := network(address).String(); got != want {
			t.Errorf("%s is of %s, want %s", address, got, want)
		}
	}
}

func TestCallersHaveTurnsOfTheirOwn(t *testing.T) {
	callers := NewCallers(60, time.Second, 2)
	now := time.Unix(0, 0)
	take := func(address string) time.Duration {
		t.Helper()
		before := callers.Wait(address, now)
		_, wait := callers.Take(address, now)
		if before != wait {
			t.Errorf("Wait says %v, Take %v", before, wait)
		}
		return wait
	}
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
	if callers.throttle.known.Len() != 2 {
		t.Errorf("%d callers are remembered, want 2 at most", callers.throttle.known.Len())
	}
}

func TestTurnsGivenBack(t *testing.T) {
	callers := NewCallers(1, time.Minute, 1)
	now := time.Unix(0, 0)
	giveBack, wait := callers.Take("192.0.2.1", now)
	if wait != 0 || callers.Wait("192.0.2.1", now) != time.Minute {
		t.Fatalf("wait of %v, then of %v", wait, callers.Wait("192.0.2.1", now))
	}
	giveBack()
	if wait := callers.Wait("192.0.2.1", now); wait != 0 {
		t.Errorf("wait of %v although the turn was given back", wait)
	}
}

// However many ask at the same time, only as many pass as have turns.
func TestTurnsAtTheSameTime(t *testing.T) {
	callers := NewCallers(5, time.Hour, 10)
	now := time.Unix(0, 0)
	var passed atomic.Int32
	var asking sync.WaitGroup
	for range 50 {
		asking.Go(func() {
			if _, wait := callers.Take("192.0.2.1", now); wait == 0 {
				passed.Add(1)
			}
		})
	}
	asking.Wait()
	if passed.Load() != 5 {
		t.Errorf("%d passed, want 5", passed.Load())
	}
}
