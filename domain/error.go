package domain

import (
	"errors"
	"fmt"

	"roster/domain/oauth"
)

// What a caller may be told beside an oauth.Error.
var (
	// ErrUnauthorized is the one answer to an unknown client, a client that is no longer active,
	// and a wrong registration access token (RFC 7592 2.1, 5): the three cannot be told apart.
	ErrUnauthorized = errors.New("registration access token not accepted")
	// ErrNotFound says that there is no such client. It is for administrators only.
	ErrNotFound = errors.New("no such client")
	// ErrSuspended is the answer to the registration access token of a client that is suspended.
	ErrSuspended error = &oauth.Error{
		Code:   oauth.AccessDenied,
		Detail: "the client is suspended: it keeps its registration, and cannot use it until an administrator resumes it",
	}
	// ErrEnded says that the client has ended, so that it can neither be suspended nor resumed. It is for
	// administrators only.
	ErrEnded = errors.New("client has ended")
	// ErrPreconditionFailed says that the client is not at a version that the caller accepts
	// (RFC 9110 13). Nothing was changed.
	ErrPreconditionFailed = errors.New("client is at another version")
	// ErrKeysUnavailable says that a software statement cannot be verified now: the keys of its issuer,
	// which is trusted, could not be had. Nothing was stored.
	ErrKeysUnavailable = errors.New("keys of the software statement's issuer could not be had")
	// ErrTokenRefused is the one answer to an initial access token that is unknown, revoked, expired or
	// used up: the four cannot be told apart.
	ErrTokenRefused = errors.New("initial access token not accepted")
	// ErrNoSuchToken says that there is no such initial access token. It is for administrators only.
	ErrNoSuchToken = errors.New("no such initial access token")
)

// What a log answers when it does not append. Errors other than ErrOutcomeUnknown say that nothing was stored.
var (
	// ErrConflict says that an aggregate has events beyond the expected one. Nothing was stored.
	ErrConflict = errors.New("aggregate was changed meanwhile")
	// ErrOutcomeUnknown says that the events may or may not have been stored.
	ErrOutcomeUnknown = errors.New("outcome of the append is unknown")
	// ErrUnavailable says that the log cannot be read or written now, as without a leader or after an I/O
	// error. The same request may succeed later.
	ErrUnavailable = errors.New("event log is not available")
	// ErrDiskFull is the ErrUnavailable of a log whose disk has too little space left.
	ErrDiskFull = fmt.Errorf("%w: its disk is full", ErrUnavailable)
)
