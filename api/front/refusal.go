package front

import (
	"context"
	"log/slog"
	"net/http"
	"slices"
	"strings"

	"github.com/labstack/echo/v4"

	"roster/domain/oauth"
)

// A Refusal says why a request was answered with a status of 400 or more. It is for the log, so nothing in it is
// taken from the request.
type Refusal struct {
	Code    string // the "error" of the answer; empty: the one that goes with the status
	Member  string // the member, parameter or header that was refused; empty: the request as a whole
	Setting string // the setting that refused, such as "registration"; empty: none did
}

// refusalKey is the key of a request's Refusal in its echo.Context.
const refusalKey = "roster.refusal"

// Refuse has the log line of a request say why it is refused. The last call counts.
func Refuse(c echo.Context, r Refusal) { c.Set(refusalKey, r) }

// RefusalOf returns the Refusal by a rule of the registry.
func RefusalOf(refused *oauth.Error) Refusal {
	return Refusal{Code: string(refused.Code), Member: memberOf(refused.Field), Setting: refused.Setting}
}

// memberOf returns a field without what its sender may have chosen in it: a language tag, which follows "#".
func memberOf(field string) string {
	member, _, _ := strings.Cut(field, "#")
	return member
}

// refusalOf returns why a request was refused that was answered with a status.
func refusalOf(c echo.Context, status int) Refusal {
	r, _ := c.Get(refusalKey).(Refusal)
	if r.Code == "" {
		r.Code = codeOf(status)
	}
	return r
}

// codeOf returns the error code of refusals that have no other.
func codeOf(status int) string {
	switch status {
	case http.StatusUnauthorized:
		return "unauthorized"
	case http.StatusForbidden:
		return "access_denied"
	case http.StatusNotFound:
		return "not_found"
	case http.StatusMethodNotAllowed:
		return "method_not_allowed"
	case http.StatusConflict:
		return "conflict"
	case http.StatusPreconditionFailed:
		return "precondition_failed"
	case http.StatusTooManyRequests:
		return "too_many_requests"
	case http.StatusServiceUnavailable:
		return "temporarily_unavailable"
	}
	if status >= http.StatusInternalServerError && status != http.StatusNotImplemented && status != http.StatusHTTPVersionNotSupported {
		return "server_error"
	}
	return "invalid_request"
}

// LogUnread writes the line of a request that was refused before anything could be made of it, as the lines of
// other requests are. reason is not taken from the request either.
func LogUnread(logger *slog.Logger, remote string, status int, reason string) {
	line := line{method: otherMethod, route: unknownRoute, status: status, remote: remote}
	logger.LogAttrs(context.Background(), slog.LevelInfo, "request",
		append(line.attributes(Refusal{Code: codeOf(status)}), slog.String("error", reason))...)
}

// Methods are all that any path knows.
var Methods = []string{
	http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodDelete, http.MethodOptions,
}

const (
	otherMethod  = "other"
	unknownRoute = "unknown"
)

// methodLabel returns a method when it is one of ours: callers can make up as many as they like.
func methodLabel(method string) string {
	if slices.Contains(Methods, method) {
		return method
	}
	return otherMethod
}

func routeLabel(c echo.Context) string {
	if path := c.Path(); path != "" {
		return path
	}
	return unknownRoute
}
