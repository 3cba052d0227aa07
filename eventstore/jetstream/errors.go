package jetstream

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"roster/domain"
)

// The server's error codes that need an answer of their own. After codeStoreFailed the message may be stored or not,
// after every other error nothing was stored.
const (
	codeWrongLastSequence         jetstream.ErrorCode = 10071
	codeWrongLastSequenceConstant jetstream.ErrorCode = 10164 // from a cluster
	codeStoreFailed               jetstream.ErrorCode = 10077
	codeDuplicateInBatch          jetstream.ErrorCode = 10201
	codeIncompleteBatch           jetstream.ErrorCode = 10176
	codeTooManyBatches            jetstream.ErrorCode = 10210
)

// outcome returns the error of an append for the error that came in place of an acknowledgement. If the server gave
// it before it stored anything, nothing is stored. After any other the outcome is unknown.
func outcome(err error) error {
	var refused *jetstream.APIError
	if errors.As(err, &refused) && refused.ErrorCode != codeStoreFailed {
		return unavailable(err)
	}
	if errors.Is(err, jetstream.ErrNoStreamResponse) || errors.Is(err, nats.ErrNoResponders) {
		return unavailable(err)
	}
	return fmt.Errorf("%w: %w", domain.ErrOutcomeUnknown, err)
}

// isConflict reports whether the server refused a message because of what the log holds already. That may be these
// very events, from an earlier attempt.
func isConflict(err error) bool {
	var refused *jetstream.APIError
	if !errors.As(err, &refused) {
		return false
	}
	switch refused.ErrorCode {
	case codeWrongLastSequence, codeWrongLastSequenceConstant, codeDuplicateInBatch:
		return true
	}
	return false
}

// isBusy reports whether the server refused a batch, or its first messages, because too many are under way.
func isBusy(err error) bool {
	var refused *jetstream.APIError
	return errors.As(err, &refused) && (refused.ErrorCode == codeTooManyBatches || refused.ErrorCode == codeIncompleteBatch)
}

// unavailable wraps an error in domain.ErrUnavailable if it says that the server, or the leader of its stream, does
// not answer now. It returns any other error as it is.
func unavailable(err error) error {
	if isUnavailable(err) && !errors.Is(err, domain.ErrUnavailable) {
		return fmt.Errorf("%w: %w", domain.ErrUnavailable, err)
	}
	return err
}

func isUnavailable(err error) bool {
	for _, target := range []error{
		domain.ErrUnavailable,
		nats.ErrNoResponders, nats.ErrTimeout, nats.ErrDisconnected, nats.ErrConnectionReconnecting, nats.ErrReconnectBufExceeded,
		jetstream.ErrNoStreamResponse, jetstream.ErrTooManyStalledMsgs, jetstream.ErrJetStreamNotEnabled,
		context.DeadlineExceeded,
	} {
		if errors.Is(err, target) {
			return true
		}
	}
	var answer *jetstream.APIError
	return errors.As(err, &answer) && answer.Code == http.StatusServiceUnavailable
}
