package domain

import (
	"errors"
	"fmt"
)

// What the use cases tell a caller beside an oauth.Error and what the deciders do.
var (
	// ErrPreconditionFailed says that the client is not at a version that the caller accepts
	// (RFC 9110 13). Nothing was changed.
	ErrPreconditionFailed = errors.New("client is at another version")
	// ErrKeysUnavailable says that a software statement cannot be verified now: the keys of its issuer,
	// which is trusted, could not be had. Nothing was stored.
	ErrKeysUnavailable = errors.New("keys of the software statement's issuer could not be had")
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
