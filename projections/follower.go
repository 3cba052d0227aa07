// Package projections is what everything that follows the event log has in common: a durable position,
// events in order and none left out, another attempt at what may pass, and progress that others can wait for.
//
// What a follower makes of the events is its Projection. The read model (package readmodel) is one; another
// one is a package of its own beside it, and a line where cmd/roster starts the followers.
package projections

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"roster/domain"
	"roster/eventstore"
)

// Log is what a follower needs of a log. Its contract is that of eventstore.Log.
type Log interface {
	Last(ctx context.Context) (uint64, error)
	Subscribe(ctx context.Context, after uint64) (eventstore.Subscription, error)
}

// Projection is what a follower makes of the log. Its methods are called by one goroutine at a time.
type Projection interface {
	// Resume makes the projection ready to go on, and returns its position: the sequence of the last event
	// that it holds durably, 0 for none. It is called when the follower is opened, with no cause, and after
	// each error that Retries accepts, with that error. A projection that has to begin anew returns a lower
	// position than before. After an error of its own it is called again, with that error as the cause.
	Resume(ctx context.Context, cause error) (position uint64, err error)

	// Apply applies the next events of the log, and stores the sequence of the last one together with what it
	// makes of them: all or nothing. An event that it does not know is an error. Its context does not end
	// while it runs.
	Apply(ctx context.Context, events []eventstore.Recorded) error

	// Retries reports whether Resume may help after an error, because the error may pass or can be cured.
	// After any other error the follower stops. An event log that is not available is always tried again.
	Retries(err error) bool
}

// ErrStopped says that the follower was stopped before the event that was waited for.
var ErrStopped = errors.New("follower is stopped")

// Follower applies a log's events to a projection. Its methods may be used concurrently, before, while and
// after Run runs.
type Follower struct {
	name       string
	log        Log
	logger     *slog.Logger
	projection Projection
	progress   *progress
	interrupts chan error

	// These belong to Open, then to Run.
	position uint64    // of the projection
	applied  time.Time // when Apply returned last
}

// Open returns a follower whose projection stands where it stood before. It returns the errors of the log and
// of the projection.
func Open(ctx context.Context, name string, log Log, projection Projection, logger *slog.Logger) (*Follower, error) {
	f := &Follower{
		name: name, log: log, projection: projection, interrupts: make(chan error, 1), progress: newProgress(),
		logger: logger.With("follower", name),
	}
	if err := f.resume(ctx, nil); err != nil {
		return nil, err
	}
	return f, nil
}

// Name returns the name that the follower was opened with.
func (f *Follower) Name() string { return f.name }

// Health says how the follower stands. After Run has ended as it was asked to, Err is ErrStopped.
func (f *Follower) Health() Health { return f.progress.health() }

// Applied returns the position of the projection, as Health does, at next to no cost.
func (f *Follower) Applied() uint64 { return f.progress.applied.Load() }

// Wait returns nil once the event at a sequence, or one beyond it, is applied; else the context's error or why
// the follower stopped, ErrStopped if it was asked to.
func (f *Follower) Wait(ctx context.Context, seq uint64) error { return f.progress.wait(ctx, seq) }

// Interrupt ends what is being applied as if Apply had returned the error, which Retries must accept. It
// does not wait. Of several interrupts that come together one counts.
func (f *Follower) Interrupt(err error) {
	select {
	case f.interrupts <- err:
	default:
	}
}

// Stop makes everyone who waits, and will wait, fail with ErrStopped. It does not end Run, whose context does.
func (f *Follower) Stop() { f.progress.stop(ErrStopped) }

// Run applies the log's events, those to come included, until ctx ends; then it returns nil. What may pass,
// such as a full disk or a log without a leader, it tries again, and Health says so meanwhile. When an event
// cannot be read or applied it returns why, and Health and every later Wait say so too: no event is ever
// skipped. It is called once.
func (f *Follower) Run(ctx context.Context) error {
	for retry := (backoff{}); ; {
		before := f.position
		err := f.follow(ctx)
		if f.position > before {
			retry = backoff{}
		}
		if ctx.Err() == nil && !f.retries(err) {
			f.progress.stop(err)
			return err
		}
		if f.recover(ctx, err, &retry) != nil {
			f.progress.stop(ErrStopped)
			return nil
		}
	}
}

func (f *Follower) retries(err error) bool {
	return errors.Is(err, domain.ErrUnavailable) || f.projection.Retries(err)
}

// recover resumes after an error, as soon as that succeeds. It returns the context's error when that ends first.
func (f *Follower) recover(ctx context.Context, err error, retry *backoff) error {
	for err != nil {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		f.progress.trouble(err)
		if retry.isNew(err) {
			f.logger.ErrorContext(ctx, "follower of the event log is in trouble and tries again", "err", err)
		}
		if err := retry.wait(ctx); err != nil {
			return err
		}
		interrupt := f.takeInterrupt()
		if interrupt != nil {
			err = interrupt
		}
		if err = f.resume(ctx, err); err == nil && interrupt != nil {
			f.takeInterrupt() // it was of the same state
		}
	}
	return nil
}

func (f *Follower) takeInterrupt() error {
	select {
	case err := <-f.interrupts:
		return err
	default:
		return nil
	}
}

// resume resumes the projection and notes where it stands.
func (f *Follower) resume(ctx context.Context, cause error) error {
	last, err := f.log.Last(ctx)
	if err != nil {
		return fmt.Errorf("find the end of the log: %w", err)
	}
	position, err := f.projection.Resume(ctx, cause)
	if err != nil {
		return err
	}
	f.position = position
	f.progress.resume(position, last)
	return nil
}

// follow returns only with an error. While events are applied the next ones are read.
func (f *Follower) follow(ctx context.Context) error {
	subscription, err := f.log.Subscribe(ctx, f.position)
	if err != nil {
		return fmt.Errorf("subscribe to the log beyond %d: %w", f.position, err)
	}
	defer subscription.Close()
	reading, stop := context.WithCancel(ctx)
	batches := make(chan batch, readAheadBatches)
	var reader sync.WaitGroup
	reader.Go(func() { f.readAhead(reading, subscription, batches) })
	defer reader.Wait()
	defer stop()
	for {
		next, err := f.gather(ctx, batches)
		if err != nil {
			return err
		}
		if len(next.events) > 0 {
			if err := f.apply(ctx, next.events); err != nil {
				return err
			}
		}
		if next.err != nil {
			return next.err
		}
	}
}

// apply applies a batch of events, which must go on where the projection stands.
func (f *Follower) apply(ctx context.Context, events []eventstore.Recorded) error {
	position := f.position
	for _, e := range events {
		if e.Seq <= position {
			return fmt.Errorf("the log handed over event %d after event %d", e.Seq, position)
		}
		position = e.Seq
	}
	// A batch is short. It is finished rather than broken off.
	if err := f.projection.Apply(context.WithoutCancel(ctx), events); err != nil {
		return err
	}
	f.position, f.applied = position, time.Now()
	f.progress.advance(position)
	return nil
}
