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

// unavailable marks an error that says that the server, or the leader of its stream, does not answer now as
// domain.ErrUnavailable. Others it returns as they are.
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
