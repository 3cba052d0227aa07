// Package front is the HTTP that the API and the dashboard share: every request is observed (logged, counted,
// kept from ending the process by a panic), has a caller and deadlines, and is refused in one form; streams are
// written in one way.
//
// It knows neither of the two.
package front

import (
	"slices"

	"github.com/labstack/echo/v4"
)

// New returns an Echo whose requests o observes and whose answers have deadlines. answer writes the answer to an
// error that a handler returns, or to a panic, unless an answer has begun; it may say with Refuse why. What is around
// is around every handler, the first outermost. There must be no other middleware of the Echo as a whole.
//
// The address of a caller is that of its connection.
func New(o *Observer, answer echo.HTTPErrorHandler, around ...echo.MiddlewareFunc) *echo.Echo {
	e := echo.New()
	// The default trusts forwarded headers, which any caller can send.
	e.IPExtractor = echo.ExtractIPDirect()
	e.HTTPErrorHandler = answer
	// Echo would put each middleware around the handler anew for every request. There is only this one, so the handler
	// that it is to call next is the one that the request was routed to.
	handle := func(c echo.Context) error { return c.Handler()(c) }
	for _, put := range slices.Backward(append([]echo.MiddlewareFunc{o.observe(answer), bounded}, around...)) {
		handle = put(handle)
	}
	e.Use(func(echo.HandlerFunc) echo.HandlerFunc { return handle })
	return e
}

// Router is what routes are added to: an Echo or a group of one.
type Router interface {
	GET(path string, h echo.HandlerFunc, m ...echo.MiddlewareFunc) *echo.Route
	HEAD(path string, h echo.HandlerFunc, m ...echo.MiddlewareFunc) *echo.Route
}

// Get has a path answer GET, and HEAD with the same headers (RFC 9110 9.3.2).
func Get(at Router, path string, h echo.HandlerFunc, m ...echo.MiddlewareFunc) {
	at.GET(path, h, m...)
	at.HEAD(path, h, m...)
}
