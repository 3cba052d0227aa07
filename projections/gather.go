package projections

import (
	"context"
	"fmt"
	"time"

	"roster/eventstore"
)

// A transaction costs a projection as much as some fifty events in it, so that events are applied together where there
// are many: those that were read while others were applied, and those that come within a moment when nobody waits
// for them. After a quiet time an event is applied at once.
const (
	// readSize is how many events are read at once, and readAheadBatches how often before they are applied: twice as many
	// as are applied together, so that the reader need not wait while those are.
	readSize         = 500
	readAheadBatches = 8
	// applySize is how many events are applied together at most.
	applySize = 2000
	// gatherTime is how long events are gathered after those before them were applied. A reader does not notice it,
	// since those that are waited for are applied at once.
	gatherTime = 40 * time.Millisecond
)

// batch is what is applied at once, and why there is nothing more to apply.
type batch struct {
	events []eventstore.Recorded
	err    error
}

// gather returns the next events to apply, or why there are none. It returns an error when ctx ends and for an
// interrupt.
func (f *Follower) gather(ctx context.Context, batches <-chan batch) (next batch, err error) {
	var enough <-chan time.Time // nil: the first event is still to come
	for {
		select {
		case err := <-f.interrupts:
			return batch{}, err
		case <-ctx.Done():
			return batch{}, ctx.Err()
		case more := <-batches:
			next.events, next.err = append(next.events, more.events...), more.err
		case <-enough:
			return next, nil
		case <-f.progress.awaited:
			if len(next.events) == 0 {
				continue
			}
		}
		if len(batches) > 0 && next.err == nil && len(next.events) <= applySize-readSize {
			continue
		}
		wait := gatherTime - time.Since(f.applied)
		if next.err != nil || len(next.events) >= readSize || wait <= 0 || f.progress.isAwaited() {
			return next, nil
		}
		if enough == nil {
			timer := time.NewTimer(wait)
			defer timer.Stop()
			enough = timer.C
		}
	}
}

// readAhead hands over what the log has until an error, which it hands over too, or until ctx ends.
func (f *Follower) readAhead(ctx context.Context, subscription eventstore.Subscription, batches chan<- batch) {
	for {
		events, err := f.readBatch(ctx, subscription)
		select {
		case batches <- batch{events, err}:
		case <-ctx.Done():
			return
		}
		if err != nil {
			return
		}
	}
}

func (f *Follower) readBatch(ctx context.Context, subscription eventstore.Subscription) ([]eventstore.Recorded, error) {
	events, err := subscription.Next(ctx, readSize)
	if err != nil {
		return nil, fmt.Errorf("read the log: %w", err)
	}
	if len(events) == readSize {
		// It only tells how far there is to go.
		if last, err := f.log.Last(ctx); err == nil {
			f.progress.saw(last)
		}
	}
	return events, nil
}
