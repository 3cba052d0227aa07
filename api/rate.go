package api

import (
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"roster/domain/throttle"
)

// callersKept bounds how many callers a limit remembers.
const callersKept = 1 << 16

// limitRate lets each caller through perMinute times a minute, and as often at once; 0 is no limit.
// It looks at nothing but the caller's address, so that a request beyond the limit costs next to nothing:
// its body is not even waited for.
func limitRate(perMinute int, now func() time.Time) echo.MiddlewareFunc {
	if perMinute == 0 {
		return func(next echo.HandlerFunc) echo.HandlerFunc { return next }
	}
	callers := throttle.New(perMinute, time.Minute/time.Duration(perMinute), callersKept)
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c echo.Context) error {
			if _, wait := callers.Take(c.RealIP(), now()); wait > 0 {
				// A connection that goes on would have the server read the body first.
				c.Response().Header().Set(echo.HeaderConnection, "close")
				return &problem{status: http.StatusTooManyRequests, Code: "too_many_requests", Description: "too many registrations from this address, try again later", retryAfter: wait}
			}
			return next(c)
		}
	}
}
