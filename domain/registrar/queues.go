package registrar

import (
	"context"
	"errors"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"roster/domain"
)

const (
	// maxAttempts is how often a change is tried. When several processes change one aggregate at the same time,
	// at least one of them succeeds in each attempt of all of them.
	maxAttempts  = 20
	shortestWait = 2 * time.Millisecond
	longestWait  = 200 * time.Millisecond
)

// inTurn calls decide when it is the caller's turn to change an aggregate, and again when decide returns
// domain.ErrConflict because another process came first. Between two attempts it waits for a random time, so that
// those who conflicted do not meet again.
//
// An urgent change goes before all others, and is tried until its context ends: whoever takes something away from a
// client or an initial access token must not lose to those who use it without a pause. It returns the error of
// decide, or the context's.
func (r *Registrar) inTurn(ctx context.Context, a domain.Aggregate, urgent bool, decide func() error) error {
	wait := shortestWait
	for attempt := 1; ; attempt++ {
		err := r.decideInTurn(ctx, a, urgent, decide)
		if !errors.Is(err, domain.ErrConflict) || attempt >= maxAttempts && !urgent {
			return err
		}
		select {
		case <-time.After(rand.N(wait)):
		case <-ctx.Done():
			return err
		}
		if !urgent {
			wait = min(2*wait, longestWait)
		}
	}
}

func (r *Registrar) decideInTurn(ctx context.Context, a domain.Aggregate, urgent bool, decide func() error) error {
	leave, err := r.queues.take(ctx, a, urgent)
	if err != nil {
		return err
	}
	defer leave()
	return decide()
}

// queues let those who change an aggregate go one after the other. That spares the log attempts of which only one
// can succeed. Nothing that is decided depends on it, since other processes have queues of their own.
type queues struct {
	mu sync.Mutex
	of map[domain.Aggregate]*queue // one for each aggregate that is somebody's turn to change
}

// A queue holds who waits for the turn to change one aggregate. Each waits for a channel to be closed.
type queue struct {
	urgent []chan struct{} // they go first
	others []chan struct{}
}

func newQueues() *queues { return &queues{of: make(map[domain.Aggregate]*queue)} }

// take waits for the turn of an aggregate, which lasts until leave is called, or returns the context's error.
func (q *queues) take(ctx context.Context, a domain.Aggregate, urgent bool) (leave func(), err error) {
	leave = func() { q.leave(a) }
	turn := q.enter(a, urgent)
	select {
	case <-turn:
		return leave, nil
	case <-ctx.Done():
	}
	if !q.withdraw(a, turn) {
		leave() // it came at the same moment
	}
	return nil, ctx.Err()
}

// enter joins the queue of an aggregate. The turn has come once the channel is closed.
func (q *queues) enter(a domain.Aggregate, urgent bool) (turn chan struct{}) {
	q.mu.Lock()
	defer q.mu.Unlock()
	turn = make(chan struct{})
	waiting, taken := q.of[a]
	switch {
	case !taken:
		q.of[a] = &queue{}
		close(turn)
	case urgent:
		waiting.urgent = append(waiting.urgent, turn)
	default:
		waiting.others = append(waiting.others, turn)
	}
	return turn
}

// withdraw leaves the queue, and returns false for who is no longer in it, because the turn has come.
func (q *queues) withdraw(a domain.Aggregate, turn chan struct{}) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	for _, waiting := range []*[]chan struct{}{&q.of[a].urgent, &q.of[a].others} {
		if i := slices.Index(*waiting, turn); i >= 0 {
			*waiting = slices.Delete(*waiting, i, i+1)
			return true
		}
	}
	return false
}

// leave gives the turn to who is next in the queue.
func (q *queues) leave(a domain.Aggregate) {
	q.mu.Lock()
	defer q.mu.Unlock()
	next := q.of[a]
	for _, waiting := range []*[]chan struct{}{&next.urgent, &next.others} {
		if len(*waiting) > 0 {
			close((*waiting)[0])
			*waiting = (*waiting)[1:]
			return
		}
	}
	delete(q.of, a)
}
