package api_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"roster/api"
	"roster/domain"
	"roster/domain/access"
	"roster/domain/oauth"
	"roster/domain/registrar"
	"roster/eventstore/memory"
	"roster/projections/readmodel"
)

// appending is a log that appends as a function says.
type appending struct {
	registrar.Log
	do func() error
}

func (l appending) Append(context.Context, ...domain.Change) (uint64, error) { return 0, l.do() }

// failing makes every append fail with an error.
func failing(err error) func(*api.Options) {
	return func(o *api.Options) {
		o.Registrar.Log = appending{o.Registrar.Log, func() error { return fmt.Errorf("store: %w", err) }}
	}
}

func TestErrorsAsAnswers(t *testing.T) {
	for _, test := range []struct {
		err        error
		status     int
		code       string
		retryAfter string
	}{
		{&oauth.Error{Code: oauth.InvalidRedirectURI, Field: "redirect_uris[0]", Detail: "must be https"}, 400, "invalid_redirect_uri", ""},
		{&oauth.Error{Code: oauth.InvalidClientMetadata, Field: "client_name#\"\\\u00e4\n", Detail: "wrong"}, 400, "invalid_client_metadata", ""},
		{domain.ErrUnauthorized, 401, "invalid_token", ""},
		{domain.ErrNotFound, 404, "not_found", ""},
		{domain.ErrPreconditionFailed, 412, "precondition_failed", ""},
		{domain.ErrInitialAccessTokenRefused, 401, "invalid_token", ""},
		{domain.ErrNoSuchInitialAccessToken, 404, "not_found", ""},
		{domain.ErrEnded, 409, "conflict", ""},
		{domain.ErrSuspended, 403, "access_denied", ""},
		{domain.ErrConflict, 409, "conflict", ""},
		{domain.ErrOutcomeUnknown, 503, "temporarily_unavailable", "1"},
		{errors.Join(context.DeadlineExceeded, domain.ErrOutcomeUnknown), 503, "temporarily_unavailable", "1"},
		{&oauth.Error{Code: oauth.UnapprovedSoftwareStatement, Field: "software_statement", Detail: "wrong"}, 400, "unapproved_software_statement", ""},
		{domain.ErrKeysUnavailable, 503, "temporarily_unavailable", "1"},
		{domain.ErrUnavailable, 503, "temporarily_unavailable", "1"},
		{fmt.Errorf("%w: nats: no responders", domain.ErrUnavailable), 503, "temporarily_unavailable", "1"},
		{domain.ErrDiskFull, 503, "temporarily_unavailable", "30"},
		{fmt.Errorf("%w: %w", domain.ErrOutcomeUnknown, domain.ErrDiskFull), 503, "temporarily_unavailable", "1"},
		{fmt.Errorf("%w: database disk image is malformed", readmodel.ErrUnavailable), 503, "temporarily_unavailable", "1"},
		{readmodel.ErrBehind, 503, "temporarily_unavailable", "1"},
		{&readmodel.CatchingUpError{Applied: 3, Last: 7}, 503, "temporarily_unavailable", "1"},
		{context.DeadlineExceeded, 503, "temporarily_unavailable", "1"},
		{access.TooMany("failed attempts", "", 1500*time.Millisecond), 429, "too_many_requests", "2"},
		{access.TooMany("changes of this client", access.SettingChangeRate, 14500*time.Millisecond), 429, "too_many_requests", "15"},
		{access.TooMany("documents fetched for this address", access.SettingRegistrationRate, 1500*time.Millisecond), 429, "too_many_requests", "2"},
		{readmodel.ErrBadCursor, 400, "invalid_request", ""},
		{errors.New("SQLITE_IOERR at /var/lib/roster: secret"), 500, "server_error", ""},
	} {
		s := start(t, failing(test.err))
		got := s.do("POST", clientsPath, body(webClient))
		expect(t, got, test.status, test.code)
		if after := got.header.Get("Retry-After"); after != test.retryAfter {
			t.Errorf("%v: Retry-After is %q, want %q", test.err, after, test.retryAfter)
		}
		description := got.text(t, "error_description")
		if unknown := strings.Contains(description, "unknown"); unknown != errors.Is(test.err, domain.ErrOutcomeUnknown) {
			t.Errorf("%v: described as %q", test.err, description)
		}
		var behind *readmodel.CatchingUpError
		if errors.As(test.err, &behind) && description != "catching up: 3 of 7 events" {
			t.Errorf("%v: described as %q", test.err, description)
		}
		if test.status >= 500 && strings.Contains(description, "roster") {
			t.Errorf("internals in %q", description)
		}
	}
}

// What the log does when it fails reaches the caller as what it is.
func TestFaultsOfTheLog(t *testing.T) {
	s := checked(t)
	client := s.client(webClient)
	for fault, code := range map[memory.Fault]string{memory.Lost: "temporarily_unavailable", memory.Unacked: "temporarily_unavailable", memory.NotStored: "server_error"} {
		s.log.SetHooks(memory.Hooks{Append: func([]domain.Change) memory.Fault { return fault }})
		status := http.StatusServiceUnavailable
		if code == "server_error" {
			status = http.StatusInternalServerError
		}
		expect(t, s.do("POST", clientsPath, body(webClient)), status, code)
	}
	s.log.SetHooks(memory.Hooks{Load: func(domain.Aggregate, uint64) error { return errors.New("no quorum") }})
	expect(t, s.do("DELETE", client.path, bearer("wrong")), http.StatusInternalServerError, "server_error")
	s.log.SetHooks(memory.Hooks{})
	expect(t, s.do("DELETE", client.path, bearer(client.token)), http.StatusNoContent, "")
}

func TestPanics(t *testing.T) {
	s := checked(t, func(o *api.Options) {
		o.Registrar.Log = appending{o.Registrar.Log, func() error { panic("index out of range") }}
	})
	expect(t, s.do("POST", clientsPath, body(webClient), header("X-Secret", "hunter2")), http.StatusInternalServerError, "server_error")
	expect(t, s.do("GET", "/healthz"), http.StatusOK, "")
	s.Close()
	logs := s.logs.String()
	if !strings.Contains(logs, "index out of range") || !strings.Contains(logs, "goroutine") {
		t.Errorf("the log does not tell the panic: %s", logs)
	}
	if strings.Contains(logs, "hunter2") || strings.Contains(logs, "client.example.org") {
		t.Errorf("the log holds headers or a body: %s", logs)
	}
}

func TestAccessLog(t *testing.T) {
	s := checked(t)
	client := s.client(webClient)
	s.do("GET", client.path+"?access_token="+client.token, bearer(client.token))
	s.do("GET", "/api/v1/clients?q=somebody", asAdmin)
	s.do("GET", "/nowhere/"+client.token)
	s.Close()
	logs := s.logs.String()
	for _, part := range []string{
		`"method":"POST","route":"/identity/register","status":201`,
		`"method":"GET","route":"/identity/register/:client_id","status":200`,
		`"method":"GET","route":"unknown","status":404`,
		`"remote":"127.0.0.1"`,
	} {
		if !strings.Contains(logs, part) {
			t.Errorf("no %s in the log:\n%s", part, logs)
		}
	}
	holdsNoSecret(t, logs, client)
	for _, secret := range []string{password, "somebody", "Basic", "Bearer"} {
		if strings.Contains(logs, secret) {
			t.Errorf("%q is in the log:\n%s", secret, logs)
		}
	}
}
