package jetstream

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/nats-io/nuid"

	"roster/domain"
)

// publishBatch stores all messages or none and returns the sequence of the last. Its errors are those of outcome.
// The server answers the last message, which commits the batch. It does not commit a batch that it refused to
// begin, or of which a message is missing. If it is busy with other batches, publishBatch tries again for at most
// ackTimeout.
//
// What becomes of a batch when the embedded server stops in the middle of committing it:
//   - The process ends. The server has staged the whole batch in files of its own before it stores the first
//     message of it, and removes them after the last. When the stream's last message is of a batch and is not
//     its commit, the server stores what is missing from there as it starts: all or nothing.
//   - The power fails after the staged files were removed and before the barrier has synced the block file.
//     Of the block file a beginning is left, up to the first record that is not whole, and it may end within
//     the batch. Nothing of that batch was acknowledged, since durable comes after. So callers order their
//     changes such that a beginning of them alone does no harm; eventstore.Log says so.
func (l *Log) publishBatch(ctx context.Context, msgs []*nats.Msg) (uint64, error) {
	if err := l.batches.Acquire(ctx, 1); err != nil {
		return 0, err
	}
	defer l.batches.Release(1)
	patience, cancel := context.WithTimeout(ctx, ackTimeout)
	defer cancel()
	for {
		seq, err := l.sendBatch(ctx, msgs)
		if !isBusy(err) {
			return seq, err
		}
		select {
		case <-time.After(busyPause):
		case <-patience.Done():
			return 0, err
		}
	}
}

// busyPause is the pause before a busy server is asked again. A batch takes it a few milliseconds.
const busyPause = 20 * time.Millisecond

func (l *Log) sendBatch(ctx context.Context, msgs []*nats.Msg) (uint64, error) {
	// Each attempt has an id of its own, so that no message of an earlier one is taken for one of this.
	id := nuid.Next()
	for i, msg := range msgs {
		msg.Header.Set(headerBatchID, id)
		msg.Header.Set(headerBatchSequence, strconv.Itoa(i+1))
		if i == len(msgs)-1 {
			return l.commitBatch(ctx, msg)
		}
		if err := l.nc.PublishMsg(msg); err != nil {
			return 0, unavailable(err)
		}
	}
	return 0, errors.New("empty batch")
}

func (l *Log) commitBatch(ctx context.Context, last *nats.Msg) (uint64, error) {
	last.Header.Set(headerBatchCommit, "1")
	ctx, cancel := context.WithTimeout(ctx, ackTimeout)
	defer cancel()
	life := l.life()
	defer context.AfterFunc(life, cancel)()
	reply, err := l.request(ctx, last)
	if cause := context.Cause(life); err != nil && cause != nil {
		err = cause
	}
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
