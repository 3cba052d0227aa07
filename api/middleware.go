package api

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"runtime/debug"
	"strings"
	"time"

	"github.com/labstack/echo/v4"
	"github.com/labstack/echo/v4/middleware"
)

const (
	requestTimeout = 10 * time.Second // for a request to be worked on, streams excepted
	writeTimeout   = 30 * time.Second // for a caller to take an answer, or a piece of a stream
)

// observe answers errors and panics, logs and counts. It must see every request first.
//
// A log line holds no query, header or body: they may carry credentials or personal data.
func (a *API) observe(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		ctx, start := c.Request().Context(), time.Now()
		err := calmly(next, c)
		begun := c.Response().Committed
		if err != nil {
			answerError(err, c)
		}
		took := time.Since(start)
		a.metrics.count(c, took)
		a.log(ctx, c, took, err, begun)
		if err != nil && begun {
			// What was sent must not look complete: the connection ends in the middle of it.
			panic(http.ErrAbortHandler)
		}
		return nil
	}
}

// Observe logs and counts the requests to a handler that is mounted beside the API as the API does its own,
// all under one route.
func (a *API) Observe(route string, next http.Handler) http.Handler {
	handle := a.observe(echo.WrapHandler(next))
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c := a.echo.NewContext(r, w)
		c.SetPath(route)
		_ = handle(c) // observe answers every error itself
	})
}

// calmly turns a panic of a handler into an error.
func calmly(handle echo.HandlerFunc, c echo.Context) (err error) {
	defer func() {
		switch p := recover(); p {
		case nil:
		case http.ErrAbortHandler:
			err = http.ErrAbortHandler // the handler has said why
		default:
			err = &panicked{value: p, stack: debug.Stack()}
		}
	}()
	return handle(c)
}

type panicked struct {
	value any
	stack []byte
}

// Error says what a handler panicked with.
func (p *panicked) Error() string { return fmt.Sprintf("panic: %v\n%s", p.value, p.stack) }

// log writes the line of a request. begun says that an error came when its answer was under way.
func (a *API) log(ctx context.Context, c echo.Context, took time.Duration, err error, begun bool) {
	status := c.Response().Status
	attributes := []slog.Attr{
		slog.String("method", methodLabel(c.Request().Method)),
		slog.String("route", routeLabel(c)),
		slog.Int("status", status),
		slog.Duration("took", took),
		slog.String("remote", c.RealIP()),
	}
	level := slog.LevelInfo
	var bug *panicked
	switch {
	case err != nil && ctx.Err() != nil && !errors.As(err, &bug):
		attributes = append(attributes, slog.Bool("gone", true))
	case err != nil && (begun || status >= http.StatusInternalServerError):
		level = slog.LevelError
		attributes = append(attributes, slog.String("error", err.Error()))
	case status < http.StatusBadRequest && isProbe(c.Path()):
		level = slog.LevelDebug
	}
	a.Logger.LogAttrs(ctx, level, "request", attributes...)
}

// isProbe tells what machines ask for all the time.
func isProbe(route string) bool {
	return route == "/healthz" || route == "/readyz" || route == "/metrics"
}

// bound gives an answer a time to be taken. A stream sets its own.
func bound(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		// Not every connection has deadlines; one that has none waits for no network.
		_ = http.NewResponseController(c.Response()).SetWriteDeadline(time.Now().Add(requestTimeout + writeTimeout))
		return next(c)
	}
}

// methods are all that any path knows.
var methods = []string{
	http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodDelete, http.MethodOptions,
}

// targeted answers requests whose target is no path: CONNECT is for proxies (RFC 9110 9.3.6), and an asterisk
// for OPTIONS alone, which then asks about the server as a whole (RFC 9112 3.2.4).
func targeted(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		r := c.Request()
		switch {
		case r.Method == http.MethodConnect:
			c.Response().Header().Set(echo.HeaderAllow, strings.Join(methods, ", "))
			return echo.ErrMethodNotAllowed
		case r.Method == http.MethodOptions && r.URL.Path == "*":
			c.Response().Header().Set(echo.HeaderAllow, strings.Join(methods, ", "))
			return answer(c, http.StatusOK, struct{}{})
		case !strings.HasPrefix(r.URL.Path, "/"):
			return invalidRequest(http.StatusBadRequest, "the target of the request is not a path")
		}
		return next(c)
	}
}

// protect sets the headers that keep an answer out of caches (RFC 6749 5.1) and from being taken for a page.
func protect(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		header := c.Response().Header()
		header.Set(echo.HeaderCacheControl, "no-store")
		header.Set("Pragma", "no-cache")
		header.Set(echo.HeaderXContentTypeOptions, "nosniff")
		header.Set(echo.HeaderContentSecurityPolicy, "default-src 'none'; frame-ancestors 'none'")
		header.Set(echo.HeaderReferrerPolicy, "no-referrer")
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
