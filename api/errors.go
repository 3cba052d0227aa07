package api

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/labstack/echo/v4"

	"roster/api/front"
	"roster/domain"
	"roster/domain/access"
	"roster/domain/oauth"
	"roster/projections/readmodel"
)

// The challenges of RFC 9110 11.6.1. One with an error code answers credentials that came (RFC 6750 3.1).
const (
	tokenChallenge         = `Bearer realm="roster"`
	invalidTokenChallenge  = `Bearer realm="roster", error="invalid_token"`
	administratorChallenge = `Basic realm="roster", charset="UTF-8", Bearer realm="roster"`
)

// A problem is an answer that is no success: what a caller is told, and nothing else.
type problem struct {
	Code        string `json:"error"`
	Description string `json:"error_description"`

	status     int
	challenge  string        // WWW-Authenticate; with status 401 only
	retryAfter time.Duration // Retry-After; 0: none
}

// Error returns the description.
func (p *problem) Error() string { return p.Description }

// An ErrorCode is a value of "error" in answers.
type ErrorCode struct {
	Code     string
	Statuses []int
	Meaning  string
	Source   string // the specification that defines it; empty: this registry does
}

// ErrorCodes are all that there are. It must not be changed.
var ErrorCodes = []ErrorCode{
	{"invalid_redirect_uri", []int{400}, "a redirect URI is refused; the description says which and why", "RFC 7591 3.2.2"},
	{"invalid_client_metadata", []int{400}, "a member is refused, or the body is not one JSON object", "RFC 7591 3.2.2"},
	{"invalid_software_statement", []int{400}, "the software statement is not valid", "RFC 7591 3.2.2"},
	{"unapproved_software_statement", []int{400}, "the software statement is of no issuer that this registry trusts, or there is none and the policy requires one", "RFC 7591 3.2.2"},
	{"invalid_request", []int{400, 408, 413, 415, 417, 431, 501, 505}, "the request breaks a rule of HTTP or of this interface: a parameter, a header, the size, type or speed of its body, or a member that RFC 7592 2.2 forbids in an update", "RFC 6749 5.2"},
	{"invalid_token", []int{401}, "no token came, or one that is not accepted: unknown clients, ended ones and wrong tokens cannot be told apart, nor can the ways in which an initial access token ended", "RFC 6750 3.1"},
	{"unauthorized", []int{401}, "credentials of an administrator are needed or not accepted", ""},
	{"access_denied", []int{403}, "registration is closed", "RFC 6749 4.1.2.1"},
	{"not_found", []int{404}, "there is nothing at this path, or, for administrators, no such client or initial access token", ""},
	{"method_not_allowed", []int{405}, "the `Allow` header lists the methods that there are", ""},
	{"conflict", []int{409}, "others kept changing the client, or using the initial access token, at the same time", ""},
	{"precondition_failed", []int{412}, "`If-Match` or `If-None-Match` does not accept the client's version", ""},
	{"too_many_requests", []int{429}, "too many registrations, changes or failed attempts from this address, documents fetched for it, or changes of this client; `Retry-After` says how long to wait", ""},
	{"server_error", []int{500}, "the server failed", "RFC 6749 4.1.2.1"},
	{"temporarily_unavailable", []int{503}, "the server cannot answer now; the description says so when the change may have been stored all the same", "RFC 6749 4.1.2.1"},
}

// invalidRequest is the problem of a request that breaks a rule of this interface, rather than one of the registry.
func invalidRequest(status int, format string, args ...any) *problem {
	return &problem{Code: string(oauth.InvalidRequest), Description: fmt.Sprintf(format, args...), status: status}
}

// problemOf is the one place where an error becomes an answer. What it does not know is a 500 that tells nothing.
func problemOf(err error) *problem {
	var (
		known      *problem
		refused    *oauth.Error
		throttled  *access.Throttled
		tooLarge   *http.MaxBytesError
		catchingUp *readmodel.CatchingUpError
		routing    *echo.HTTPError
	)
	switch {
	case errors.As(err, &known):
		return known
	case errors.As(err, &refused) && refused.Code == oauth.AccessDenied:
		return &problem{status: http.StatusForbidden, Code: string(refused.Code), Description: refused.Error()}
	case errors.As(err, &refused):
		return &problem{status: http.StatusBadRequest, Code: string(refused.Code), Description: refused.Error()}
	case errors.As(err, &throttled):
		return tooMany(throttled.What, throttled.RetryAfter)
	case errors.Is(err, domain.ErrUnauthorized):
		return &problem{status: http.StatusUnauthorized, Code: "invalid_token", Description: "the registration access token is not accepted", challenge: invalidTokenChallenge}
	case errors.Is(err, domain.ErrTokenRefused):
		return &problem{status: http.StatusUnauthorized, Code: "invalid_token", Description: "the initial access token is not accepted", challenge: invalidTokenChallenge}
	case errors.Is(err, access.ErrRefused):
		return &problem{status: http.StatusUnauthorized, Code: "unauthorized", Description: "these are not the credentials of an administrator", challenge: administratorChallenge}
	case errors.Is(err, domain.ErrNotFound):
		return &problem{status: http.StatusNotFound, Code: "not_found", Description: "there is no such client"}
	case errors.Is(err, domain.ErrNoSuchToken):
		return &problem{status: http.StatusNotFound, Code: "not_found", Description: "there is no such initial access token"}
	case errors.Is(err, readmodel.ErrBadCursor):
		return invalidRequest(http.StatusBadRequest, "cursor is not one that was returned as next_cursor")
	case errors.As(err, &tooLarge):
		return invalidRequest(http.StatusRequestEntityTooLarge, "the body is larger than the %d bytes that the policy max-body-size of this server allows", tooLarge.Limit)
	case errors.Is(err, domain.ErrPreconditionFailed):
		return &problem{status: http.StatusPreconditionFailed, Code: "precondition_failed", Description: "the client is not at a version that If-Match and If-None-Match accept; nothing was changed"}
	case errors.Is(err, domain.ErrConflict):
		return &problem{status: http.StatusConflict, Code: "conflict", Description: "other requests came first at the same time; nothing was stored, try again"}
	case errors.Is(err, domain.ErrOutcomeUnknown):
		return unavailable("the outcome is unknown: the change may or may not have been stored")
	case errors.Is(err, domain.ErrDiskFull):
		return &problem{status: http.StatusServiceUnavailable, Code: "temporarily_unavailable", Description: "the disk of this server is full; nothing was stored", retryAfter: lastingRetry}
	case errors.Is(err, domain.ErrUnavailable):
		return unavailable("the event log is not available now; nothing was stored, try again later")
	case errors.As(err, &catchingUp):
		return unavailable(catchingUp.Error() + "; what is registered cannot be read before, try again later")
	case errors.Is(err, readmodel.ErrUnavailable):
		return unavailable("what is registered cannot be read now, try again later")
	case errors.Is(err, domain.ErrKeysUnavailable):
		return unavailable("the keys of the software statement's issuer cannot be had now, try again later")
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled):
		return unavailable("the answer took too long, try again")
	case errors.As(err, &routing) && routing.Code == http.StatusNotFound:
		return &problem{status: http.StatusNotFound, Code: "not_found", Description: "there is nothing at this path"}
	case errors.As(err, &routing) && routing.Code == http.StatusMethodNotAllowed:
		return &problem{status: http.StatusMethodNotAllowed, Code: "method_not_allowed", Description: "the method is not one of those that the Allow header lists"}
	default:
		return &problem{status: http.StatusInternalServerError, Code: "server_error", Description: "the server failed to answer"}
	}
}

// tooMany refuses what there was too much of.
func tooMany(what string, wait time.Duration) *problem {
	return &problem{status: http.StatusTooManyRequests, Code: "too_many_requests", Description: "too many " + what + ", try again later", retryAfter: wait}
}

// lastingRetry is when to come back after what does not pass by itself.
const lastingRetry = 30 * time.Second

func unavailable(description string) *problem {
	return &problem{status: http.StatusServiceUnavailable, Code: "temporarily_unavailable", Description: description, retryAfter: time.Second}
}

// answerError writes the answer to an error, unless an answer has begun already.
func answerError(err error, c echo.Context) {
	if c.Response().Committed {
		return
	}
	p := *problemOf(err)
	p.Description = describable(p.Description)
	header := c.Response().Header()
	if p.challenge != "" {
		header.Set(echo.HeaderWWWAuthenticate, p.challenge)
	}
	if p.retryAfter > 0 {
		front.SetRetryAfter(header, p.retryAfter)
	}
	// A caller that has gone away cannot be answered, which the access log tells.
	_ = answer(c, p.status, &p)
}

// answer writes a value as JSON.
func answer(c echo.Context, status int, value any) error {
	body, err := json.Marshal(value)
	if err != nil {
		return fmt.Errorf("encode answer: %w", err)
	}
	return c.Blob(status, echo.MIMEApplicationJSON, body)
}

// describable holds a text to what an error_description may contain (RFC 6749 5.2): a member's name in it
// may carry a language tag that the caller chose.
func describable(text string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r > '~' || r == '"' || r == '\\' {
			return '?'
		}
		return r
	}, text)
}
