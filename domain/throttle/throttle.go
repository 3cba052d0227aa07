// Package throttle bounds how often each caller may do something.
package throttle

import (
	"fmt"
	"net/netip"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"
	"golang.org/x/time/rate"
)

// Callers gives each caller turns of its own: so many at once, and a new one in every interval until it
// has as many again. It may be used concurrently.
type Callers struct {
	interval time.Duration
	atOnce   int
	known    *lru.Cache[netip.Prefix, *rate.Limiter]
}

// New returns Callers that have atOnce turns each and get one back in every interval. It remembers as many
// callers as remembered says and forgets the one that has not called for longest. All three are above 0.
func New(atOnce int, interval time.Duration, remembered int) *Callers {
	known, err := lru.New[netip.Prefix, *rate.Limiter](remembered)
	if err != nil {
		panic(fmt.Sprintf("throttle: %v", err))
	}
	return &Callers{interval: interval, atOnce: atOnce, known: known}
}

// Wait returns how long it is until the caller at an address has a turn, 0 when it has one. It takes none.
func (c *Callers) Wait(address string, now time.Time) time.Duration {
	missing := 1 - c.limiter(address).TokensAt(now)
	return max(0, time.Duration(missing*float64(c.interval)))
}

// Take takes a turn of the caller at an address. When it has none, wait says how long until it does and
// none is taken. A turn that was taken can be given back.
func (c *Callers) Take(address string, now time.Time) (giveBack func(), wait time.Duration) {
	turn := c.limiter(address).ReserveN(now, 1)
	giveBack = func() { turn.CancelAt(now) }
	if wait = turn.DelayFrom(now); wait > 0 {
		giveBack()
	}
	return giveBack, wait
}

func (c *Callers) limiter(address string) *rate.Limiter {
	caller := network(address)
	if limiter, ok := c.known.Get(caller); ok {
		return limiter
	}
	limiter := rate.NewLimiter(rate.Every(c.interval), c.atOnce)
	if earlier, ok, _ := c.known.PeekOrAdd(caller, limiter); ok {
		return earlier
	}
	return limiter
}

// network is what one caller is taken to hold: an IPv4 address, or the /64 of an IPv6 address, within which
// a host chooses its addresses freely. What is no address is one caller.
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
