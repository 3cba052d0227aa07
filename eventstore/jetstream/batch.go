package jetstream

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/nats-io/nuid"

	"roster/domain"
)

// publishBatch stores all messages or none and returns the last one's sequence. Its errors are those of
// outcome. The server answers to the last message, which commits the batch; a batch that it refused to
// begin, or that lost a message on its way, it does not commit.
func (l *Log) publishBatch(ctx context.Context, msgs []*nats.Msg) (uint64, error) {
	if err := l.batches.Acquire(ctx, 1); err != nil {
		return 0, err
	}
	defer l.batches.Release(1)
	// A retry is another batch: the remains of the first must not mix with it.
	id := nuid.Next()
	for i, msg := range msgs {
		msg.Header.Set(headerBatchID, id)
		msg.Header.Set(headerBatchSequence, strconv.Itoa(i+1))
		if i == len(msgs)-1 {
			return l.commitBatch(ctx, msg)
		}
		if err := l.nc.PublishMsg(msg); err != nil {
			return 0, err
		}
	}
	return 0, errors.New("empty batch")
}

func (l *Log) commitBatch(ctx context.Context, last *nats.Msg) (uint64, error) {
	last.Header.Set(headerBatchCommit, "1")
	ctx, cancel := context.WithTimeout(ctx, ackTimeout)
	defer cancel()
	reply, err := l.request(ctx, last)
	if err != nil {
		return 0, outcome(err)
	}
	var ack struct {
		jetstream.PubAck
		Error *jetstream.APIError `json:"error"`
	}
	if err := json.Unmarshal(reply.Data, &ack); err != nil {
		return 0, fmt.Errorf("%w: acknowledgement of a batch: %w", domain.ErrOutcomeUnknown, err)
	}
	if ack.Error != nil {
		return 0, outcome(ack.Error)
	}
	if ack.Sequence == 0 {
		return 0, fmt.Errorf("%w: acknowledgement of a batch has no sequence", domain.ErrOutcomeUnknown)
	}
	return ack.Sequence, nil
}
