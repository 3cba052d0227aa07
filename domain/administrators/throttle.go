package administrators

import (
	"net/netip"
	"sync"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"
	"golang.org/x/time/rate"
)

const (
	failures     = 10               // attempts that may fail in a row from one address
	forgiveAfter = 20 * time.Second // a failure is forgotten after as long
	addresses    = 10_000           // that are remembered
)

// throttle bounds failed attempts by address: one IPv4 address, or one IPv6 network of 64 bits, which is
// what one subscriber has.
type throttle struct {
	now      func() time.Time
	mu       sync.Mutex // held to find a limiter, not while credentials are checked
	limiters *lru.Cache[string, *rate.Limiter]
}

func newThrottle(now func() time.Time) *throttle {
	limiters, err := lru.New[string, *rate.Limiter](addresses)
	if err != nil {
		panic(err) // the size is a positive constant
	}
	return &throttle{now: now, limiters: limiters}
}

// blocked returns a *Throttled when too many attempts have failed from this address.
func (t *throttle) blocked(from string) error {
	limiter, now := t.limiter(network(from)), t.now()
	if missing := 1 - limiter.TokensAt(now); missing > 0 {
		return &Throttled{RetryAfter: roundUp(time.Duration(missing * float64(forgiveAfter)))}
	}
	return nil
}

// attempt runs check unless too many have failed from this address, and counts it when it fails.
// It returns ErrRefused, a *Throttled, or the error of check.
func (t *throttle) attempt(from string, check func() (right bool, err error)) error {
	limiter, now := t.limiter(network(from)), t.now()
	// An attempt counts as failed until it is known to be right, so that attempts at the same time
	// cannot pass together.
	reservation := limiter.ReserveN(now, 1)
	if wait := reservation.DelayFrom(now); wait > 0 {
		reservation.CancelAt(now)
		return &Throttled{RetryAfter: roundUp(wait)}
	}
	right, err := check()
	if right || err != nil {
		reservation.CancelAt(now)
		return err
	}
	return ErrRefused
}

// roundUp returns whole seconds, which is what Retry-After can say.
func roundUp(d time.Duration) time.Duration {
	return (d + time.Second - 1).Truncate(time.Second)
}

func (t *throttle) limiter(key string) *rate.Limiter {
	t.mu.Lock()
	defer t.mu.Unlock()
	limiter, found := t.limiters.Get(key)
	if !found {
		limiter = rate.NewLimiter(rate.Every(forgiveAfter), failures)
		t.limiters.Add(key, limiter)
	}
	return limiter
}

func network(from string) string {
	address, err := netip.ParseAddr(from)
	if err != nil {
		return from
	}
	address = address.Unmap()
	if address.Is6() {
		prefix, _ := address.WithZone("").Prefix(64)
		return prefix.String()
	}
	return address.String()
}
