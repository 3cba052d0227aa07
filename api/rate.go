package api

import (
	"time"

	"github.com/labstack/echo/v4"

	"roster/domain/access"
)

// callersKept bounds how many callers a limit remembers.
const callersKept = 1 << 16

// limitRate lets each caller through perMinute times a minute, and as often at once; 0 is no limit.
// It looks at nothing but the caller's address, so that a request beyond the limit costs next to nothing:
// its body is not even waited for. What is the plural of what is limited.
func limitRate(what string, perMinute int, now func() time.Time) echo.MiddlewareFunc {
	if perMinute == 0 {
		return func(next echo.HandlerFunc) echo.HandlerFunc { return next }
	}
	callers := access.NewCallers(perMinute, time.Minute/time.Duration(perMinute), callersKept)
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c echo.Context) error {
			if _, wait := callers.Take(c.RealIP(), now()); wait > 0 {
				// A connection that goes on would have the server read the body first.
				c.Response().Header().Set(echo.HeaderConnection, "close")
				return access.TooMany(what+" from this address", access.SettingRegistrationRate, wait)
			}
			return next(c)
		}
	}
}

// exceptAdministrators holds a limit against clients alone: no flood of theirs keeps an administrator behind
// the same proxy from ending one. How often administrators may fail is limited where they sign in.
func exceptAdministrators(limit echo.MiddlewareFunc) echo.MiddlewareFunc {
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		limited := limit(next)
		return func(c echo.Context) error {
			if scheme, _, err := authorization(c.Request()); err == nil && scheme == "basic" {
				return next(c)
			}
			return limited(c)
		}
	}
}
