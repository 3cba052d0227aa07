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
	"roster/api/refusals"
	"roster/domain"
	"roster/domain/access"
	"roster/domain/oauth"
	"roster/projections/readmodel"
)

// SettingRegistration is the setting of who may register, as its flag is named.
const SettingRegistration = "registration"

// A problem is an answer that is no success: what a caller is told, and what the log is told beside.
type problem struct {
	Code        string `json:"error"`
	Description string `json:"error_description"`

	status     int
	challenge  string        // WWW-Authenticate; with status 401 only
	retryAfter time.Duration // Retry-After; 0: none
	member     string        // the member, parameter or header that is refused; empty: the request as a whole
	setting    string        // the setting that refuses; empty: none does
	awaited    bool          // nothing is wrong: the answer can be given later
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
	{front.InvalidRequest, []int{400, 408, 413, 415, 417, 431, 501, 505}, "the request breaks a rule of HTTP or of this interface: a parameter, a header, the size, type or speed of its body, or a member that RFC 7592 2.2 forbids in an update", "RFC 6749 5.2"},
	{front.InvalidToken, []int{401}, "no token came, or one that is not accepted: unknown clients, ended ones and wrong tokens cannot be told apart, nor can the ways in which an initial access token ended", "RFC 6750 3.1"},
	{front.InvalidClient, []int{404}, "to authorization servers: there is no client with this `client_id` that may be served; unknown clients, suspended and ended ones cannot be told apart", "RFC 6749 5.2"},
	{front.Unauthorized, []int{401}, "credentials of an administrator are needed or not accepted", ""},
	{front.AccessDenied, []int{403}, "registration is closed", "RFC 6749 4.1.2.1"},
	{front.NotFound, []int{404}, "there is nothing at this path, or, for administrators, no such client or initial access token, or, for authorization servers, no such consumer", ""},
	{front.MethodNotAllowed, []int{405}, "the `Allow` header lists the methods that there are", ""},
	{front.Conflict, []int{409}, "others kept changing the client, or using the initial access token, at the same time; the event log ends before the position that is named, or there are as many consumers as there may be", ""},
	{front.PreconditionFailed, []int{412}, "`If-Match` or `If-None-Match` does not accept the client's version", ""},
	{front.TooManyRequests, []int{429}, "too many registrations, changes or failed attempts from this address, documents fetched for it, or changes of this client; `Retry-After` says how long to wait", ""},
	{front.ServerError, []int{500}, "the server failed", "RFC 6749 4.1.2.1"},
	{front.TemporarilyUnavailable, []int{503}, "the server cannot answer now; the description says so when the change may have been stored all the same", "RFC 6749 4.1.2.1"},
}

// invalidRequest is the problem of a request that breaks a rule of this interface, rather than one of the
// registry: in a member, parameter or header, or as a whole.
func invalidRequest(status int, member, description string) *problem {
	return &problem{Code: front.InvalidRequest, Description: description, status: status, member: member}
}

// unauthorized is the answer to credentials that are missing or not accepted. A challenge (RFC 9110 11.6.1) has an
// error code where credentials came, and none where none did (RFC 6750 3.1).
func unauthorized(code, description, challenge string) *problem {
	return &problem{status: http.StatusUnauthorized, Code: code, Description: description, challenge: challenge}
}

const (
	tokenChallenge         = `Bearer realm="roster"`
	invalidTokenChallenge  = `Bearer realm="roster", error="invalid_token"`
	administratorChallenge = `Basic realm="roster", charset="UTF-8", Bearer realm="roster"`
)

// Refusals of requests that present nothing by which a caller could have the role of an endpoint.
var (
	errNoToken              = unauthorized(front.InvalidToken, "a bearer token is needed in the Authorization header", tokenChallenge)
	errNoInitialAccessToken = &problem{status: errNoToken.status, Code: errNoToken.Code, Description: errNoToken.Description,
		challenge: errNoToken.challenge, setting: SettingRegistration}
	errNoAuthorizationServer = unauthorized(front.InvalidToken, "this is not the token of an authorization server", invalidTokenChallenge)
	errNoAdministrator       = unauthorized(front.Unauthorized, "credentials of an administrator are needed", administratorChallenge)
	errRegistrationClosed    = &problem{status: http.StatusForbidden, Code: front.AccessDenied, Description: "registration is closed", setting: SettingRegistration}
)

// problems are the answers to errors that have nothing to tell beside being what they are. The first that an error
// is counts.
var problems = []struct {
	err    error
	answer *problem
}{
	{domain.ErrUnauthorized, unauthorized(front.InvalidToken, "the registration access token is not accepted", invalidTokenChallenge)},
	{domain.ErrInitialAccessTokenRefused, unauthorized(front.InvalidToken, "the initial access token is not accepted", invalidTokenChallenge)},
	{access.ErrRefused, unauthorized(front.Unauthorized, "these are not the credentials of an administrator", administratorChallenge)},
	{domain.ErrNotFound, &problem{status: http.StatusNotFound, Code: front.NotFound, Description: "there is no such client"}},
	{errNotServed, &problem{status: http.StatusNotFound, Code: front.InvalidClient, Description: "there is no client with this client_id that may be served"}},
	{ErrNoSuchConsumer, &problem{status: http.StatusNotFound, Code: front.NotFound, Description: "there is no such consumer"}},
	{ErrTooManyConsumers, &problem{status: http.StatusConflict, Code: front.Conflict, Description: "this authorization server has as many consumers as it may; nothing was stored"}},
	{domain.ErrNoSuchInitialAccessToken, &problem{status: http.StatusNotFound, Code: front.NotFound, Description: "there is no such initial access token"}},
	{refusals.ErrBadCursor, invalidRequest(http.StatusBadRequest, "cursor", "cursor is not one that was returned as next_cursor")},
	{refusals.ErrUnavailable, unavailable("what was refused cannot be read now, try again later", soon)},
	{readmodel.ErrBadCursor, invalidRequest(http.StatusBadRequest, "cursor", "cursor is not one that was returned as next_cursor")},
	{domain.ErrPreconditionFailed, &problem{status: http.StatusPreconditionFailed, Code: front.PreconditionFailed, Description: "the client is not at a version that If-Match and If-None-Match accept; nothing was changed"}},
	{domain.ErrEnded, &problem{status: http.StatusConflict, Code: front.Conflict, Description: "the client has ended: it can be neither suspended nor resumed; nothing was changed"}},
	{domain.ErrConflict, &problem{status: http.StatusConflict, Code: front.Conflict, Description: "other requests came first at the same time; nothing was stored, try again"}},
	{domain.ErrOutcomeUnknown, unavailable("the outcome is unknown: the change may or may not have been stored", soon)},
	{domain.ErrDiskFull, unavailable("the disk of this server is full; nothing was stored", later)},
	{domain.ErrUnavailable, unavailable("the event log is not available now; nothing was stored, try again later", soon)},
	{readmodel.ErrBehind, unavailable("what is registered cannot be read now: the server has yet to come to the end of its event log, try again", soon)},
	{readmodel.ErrUnavailable, unavailable("what is registered cannot be read now, try again later", soon)},
	{domain.ErrKeysUnavailable, unavailable("the keys of the software statement's issuer cannot be had now, try again later", soon).about("software_statement")},
	{context.DeadlineExceeded, unavailable("the answer took too long, try again", soon)},
	{context.Canceled, unavailable("the answer took too long, try again", soon)},
}

// When to come back to a server that cannot answer now: for what passes by itself, and for what does not.
const (
	soon  = time.Second
	later = 30 * time.Second
)

func unavailable(description string, retryAfter time.Duration) *problem {
	return &problem{status: http.StatusServiceUnavailable, Code: front.TemporarilyUnavailable, Description: description, retryAfter: retryAfter}
}

// about returns the problem with the member that it is about.
func (p *problem) about(member string) *problem {
	p.member = member
	return p
}

// problemOf is the one place where an error becomes an answer. What it does not know is a 500 that tells nothing.
func problemOf(err error) *problem {
	var (
		known     *problem
		refused   *oauth.Error
		throttled *access.Throttled
		behind    *readmodel.CatchingUpError
		tooLarge  *http.MaxBytesError
		routing   *echo.HTTPError
	)
	switch {
	case errors.As(err, &known):
		return known
	case errors.As(err, &refused):
		return ruleBroken(refused)
	case errors.As(err, &throttled):
		return tooMany(throttled)
	case errors.As(err, &behind):
		p := unavailable(behind.Error(), soon)
		p.awaited = true
		return p
	case errors.As(err, &tooLarge):
		p := invalidRequest(http.StatusRequestEntityTooLarge, "", fmt.Sprintf("the body is larger than the %d bytes that the policy %s of this server allows", tooLarge.Limit, oauth.SettingMaxBodySize))
		p.setting = oauth.SettingMaxBodySize
		return p
	}
	for _, p := range problems {
		if errors.Is(err, p.err) {
			return p.answer
		}
	}
	switch {
	case errors.As(err, &routing) && routing.Code == http.StatusNotFound:
		return &problem{status: http.StatusNotFound, Code: front.NotFound, Description: "there is nothing at this path"}
	case errors.As(err, &routing) && routing.Code == http.StatusMethodNotAllowed:
		return &problem{status: http.StatusMethodNotAllowed, Code: front.MethodNotAllowed, Description: "the method is not one of those that the Allow header lists"}
	default:
		return &problem{status: http.StatusInternalServerError, Code: front.ServerError, Description: "the server failed to answer"}
	}
}

// ruleBroken is the answer to a request that breaks a rule of the registry.
func ruleBroken(refused *oauth.Error) *problem {
	refusal := front.RefusalOf(refused)
	p := &problem{status: http.StatusBadRequest, Code: refusal.Code, Description: refused.Error(), member: refusal.Member, setting: refusal.Setting}
	if refused.Code == oauth.AccessDenied {
		p.status = http.StatusForbidden
	}
	return p
}

// tooMany is the answer to what somebody did too often.
func tooMany(t *access.Throttled) *problem {
	return &problem{
		status: http.StatusTooManyRequests, Code: front.TooManyRequests, Description: "too many " + t.What + ", try again later",
		retryAfter: t.RetryAfter, setting: t.Setting,
	}
}

// answerError writes the answer to an error.
func answerError(err error, c echo.Context) {
	p := *problemOf(err)
	p.Description = describable(p.Description)
	front.Refuse(c, front.Refusal{Code: p.Code, Member: p.member, Setting: p.setting, Awaited: p.awaited})
	header := c.Response().Header()
	if p.challenge != "" {
		header.Set(echo.HeaderWWWAuthenticate, p.challenge)
	}
	if p.retryAfter > 0 {
		front.SetRetryAfter(header, p.retryAfter)
	}
	// A caller that has gone away cannot be answered, which the log tells.
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

// errorSchemas describe the bodies of refusals.
func errorSchemas() object {
	codes := make([]string, len(ErrorCodes))
	for i, e := range ErrorCodes {
		codes[i] = e.Code
	}
	return object{"Error": closed(properties(object{
		"error":             object{"type": "string", "enum": codes},
		"error_description": object{"type": "string", "pattern": `^[\x20-\x21\x23-\x5B\x5D-\x7E]*$`},
	}, "error", "error_description"), nil)}
}
