package api

import (
	"maps"
	"net/http"
	"strings"
	"time"

	"github.com/labstack/echo/v4"
	"github.com/labstack/echo/v4/middleware"

	"roster/api/front"
)

// targeted answers requests whose target is no path: CONNECT is for proxies (RFC 9110 9.3.6), and an asterisk
// for OPTIONS alone, which then asks about the server as a whole (RFC 9112 3.2.4).
func targeted(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		r := c.Request()
		switch {
		case r.Method == http.MethodConnect:
			c.Response().Header().Set(echo.HeaderAllow, strings.Join(front.Methods, ", "))
			return echo.ErrMethodNotAllowed
		case r.Method == http.MethodOptions && r.URL.Path == "*":
			c.Response().Header().Set(echo.HeaderAllow, strings.Join(front.Methods, ", "))
			return answer(c, http.StatusOK, struct{}{})
		case !strings.HasPrefix(r.URL.Path, "/"):
			return invalidRequest(http.StatusBadRequest, "", "the target of the request is not a path")
		}
		return next(c)
	}
}

// protective are the headers that keep an answer out of caches (RFC 6749 5.1) and from being taken for a page. Answers
// share the values, which must not be changed.
var protective = http.Header{
	echo.HeaderCacheControl:          {"no-store"},
	"Pragma":                         {"no-cache"},
	echo.HeaderXContentTypeOptions:   {"nosniff"},
	echo.HeaderContentSecurityPolicy: {"default-src 'none'; frame-ancestors 'none'"},
	echo.HeaderReferrerPolicy:        {"no-referrer"},
}

// protect sets the protective headers.
func protect(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		maps.Copy(c.Response().Header(), protective)
		return next(c)
	}
}

// cors lets scripts of any origin register and manage clients, without cookies or other credentials of the
// browser (OpenID Connect Dynamic Client Registration 1.0 sections 3 and 4). The administrators' part is not
// for other origins, discovery is.
func cors() echo.MiddlewareFunc {
	return middleware.CORSWithConfig(middleware.CORSConfig{
		Skipper: func(c echo.Context) bool {
			path := c.Request().URL.Path // and not the route: what is not found there is for scripts to read as well
			return !strings.HasPrefix(path, "/identity/") && !strings.HasPrefix(path, "/.well-known/")
		},
		AllowOrigins:  []string{"*"},
		ExposeHeaders: []string{echo.HeaderWWWAuthenticate, echo.HeaderRetryAfter, echo.HeaderAllow, echo.HeaderLocation, "ETag"},
		MaxAge:        int(time.Hour.Seconds()),
	})
}
