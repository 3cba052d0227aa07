package front

import (
	"context"
	"log/slog"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"roster/domain/oauth"
)

// The error codes of refusals, beside those of the registry's rules (oauth.Code).
const (
	InvalidRequest         = "invalid_request" // RFC 6749 5.2
	InvalidToken           = "invalid_token"   // RFC 6750 3.1
	InvalidClient          = "invalid_client"  // RFC 6749 5.2
	Unauthorized           = "unauthorized"
	AccessDenied           = "access_denied" // RFC 6749 4.1.2.1
	NotFound               = "not_found"
	MethodNotAllowed       = "method_not_allowed"
	Conflict               = "conflict"
	PreconditionFailed     = "precondition_failed"
	TooManyRequests        = "too_many_requests"
	ServerError            = "server_error"            // RFC 6749 4.1.2.1
	TemporarilyUnavailable = "temporarily_unavailable" // RFC 6749 4.1.2.1
)

// A Refusal says why a request was answered with a status of 400 or more. It is for the log, so nothing in it is
// taken from the request.
type Refusal struct {
	Code    string // the "error" of the answer; empty: the one that goes with the status
	Member  string // the member, parameter or header that was refused; empty: the request as a whole
	Setting string // the setting that refused, such as "registration"; empty: none did
	Awaited bool   // the service cannot answer yet and nothing is wrong with it: it is no error of the log
}

// refusalKey is the key of a request's Refusal in its echo.Context.
const refusalKey = "roster.refusal"

// Refuse has the log line of a request say why it is refused. The last call counts.
func Refuse(c echo.Context, r Refusal) { c.Set(refusalKey, r) }

// RefusalOf returns the Refusal by a rule of the registry.
func RefusalOf(refused *oauth.Error) Refusal {
	r := Refusal{Code: string(refused.Code), Member: memberOf(refused.Field), Setting: refused.Setting}
	if r.Member == "" && refused.Code == oauth.InvalidRedirectURI {
		r.Member = "redirect_uris" // the description says which of them
	}
	return r
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
		return Unauthorized
	case http.StatusForbidden:
		return AccessDenied
	case http.StatusNotFound:
		return NotFound
	case http.StatusMethodNotAllowed:
		return MethodNotAllowed
	case http.StatusConflict:
		return Conflict
	case http.StatusPreconditionFailed:
		return PreconditionFailed
	case http.StatusTooManyRequests:
		return TooManyRequests
	case http.StatusServiceUnavailable:
		return TemporarilyUnavailable
	}
	if status >= http.StatusInternalServerError && status != http.StatusNotImplemented && status != http.StatusHTTPVersionNotSupported {
		return ServerError
	}
	return InvalidRequest
}

// LogUnread writes the line of a request that was refused before anything could be made of it, as the lines of
// other requests are. reason is not taken from the request either.
func LogUnread(logger *slog.Logger, remote string, status int, reason string) {
	line := line{method: otherMethod, route: unknownRoute, status: status, remote: remote}
	logger.LogAttrs(context.Background(), slog.LevelInfo, "request",
		append(line.attributes(nil, Refusal{Code: codeOf(status)}), slog.String("error", reason))...)
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

// SetRetryAfter says after how many seconds it is worth to come back (RFC 9110 10.2.3). The wait must be whole
// seconds, as that of an access.Throttled is.
func SetRetryAfter(header http.Header, wait time.Duration) {
	header.Set(echo.HeaderRetryAfter, strconv.Itoa(int(wait/time.Second)))
}
