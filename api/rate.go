package api

import (
	"net/http"
	"net/netip"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"
	"github.com/labstack/echo/v4"
	"golang.org/x/time/rate"
)

// callersKept bounds how many callers a limit remembers. The one forgotten has not called for longest.
const callersKept = 1 << 16

// limitRate lets each caller through perMinute times a minute, and as often at once; 0 is no limit.
func limitRate(perMinute int, now func() time.Time) echo.MiddlewareFunc {
	if perMinute == 0 {
		return func(next echo.HandlerFunc) echo.HandlerFunc { return next }
	}
	callers, err := lru.New[netip.Prefix, *rate.Limiter](callersKept)
	if err != nil {
		panic(err) // a size above 0 is no error
	}
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c echo.Context) error {
			if wait := reserve(callers, perMinute, callerOf(c.RealIP()), now()); wait > 0 {
				return &problem{status: http.StatusTooManyRequests, Code: "too_many_requests", Description: "too many registrations from this address, try again later", retryAfter: wait}
			}
			return next(c)
		}
	}
}

// reserve takes one of a caller's turns, or says how long until there is one.
func reserve(callers *lru.Cache[netip.Prefix, *rate.Limiter], perMinute int, caller netip.Prefix, at time.Time) time.Duration {
	limiter, ok := callers.Get(caller)
	if !ok {
		limiter = rate.NewLimiter(rate.Limit(float64(perMinute)/time.Minute.Seconds()), perMinute)
		if earlier, ok, _ := callers.PeekOrAdd(caller, limiter); ok {
			limiter = earlier
		}
	}
	turn := limiter.ReserveN(at, 1)
	wait := turn.DelayFrom(at)
	if wait > 0 {
		turn.CancelAt(at)
	}
	return wait
}

// callerOf is the network that one caller is taken to hold: an IPv4 address, or the /64 of an IPv6 address,
// within which a host chooses its addresses freely.
func callerOf(address string) netip.Prefix {
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
