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
	// contenders is how often a decision is made anew when another came first. Of those who change one
	// aggregate at the same time, each attempt of all of them lets at least one through.
	contenders   = 20
	shortestWait = 2 * time.Millisecond
	longestWait  = 200 * time.Millisecond
)

// inTurn decides on an aggregate, which others may want to change at the same time, and anew when somebody
// in another process came first. Those who wait then, wait for random times, so that they do not meet again.
//
// An ending goes before all changes, and is tried until its context ends: whoever ends a client or a token
// must not lose to those who use it without a pause. It returns the error of decide, or the context's.
func (r *Registrar) inTurn(ctx context.Context, a domain.Aggregate, ending bool, decide func() error) error {
	wait := shortestWait
	for attempt := 1; ; attempt++ {
		err := r.decideInTurn(ctx, a, ending, decide)
		if !errors.Is(err, domain.ErrConflict) || attempt >= contenders && !ending {
			return err
		}
		select {
		case <-time.After(rand.N(wait)):
		case <-ctx.Done():
			return err
		}
		if !ending {
			wait = min(2*wait, longestWait)
		}
	}
}

func (r *Registrar) decideInTurn(ctx context.Context, a domain.Aggregate, ending bool, decide func() error) error {
	leave, err := r.turns.take(ctx, a, ending)
	if err != nil {
		return err
	}
	defer leave()
	return decide()
}

// turns lets those who change an aggregate go one after the other. That spares the log attempts of which
// only one can succeed; what is decided does not lean on it, since other processes know nothing of it.
type turns struct {
	mu    sync.Mutex
	lines map[domain.Aggregate]*line // one for each aggregate of which somebody has the turn
}

// A line is who waits for the turn of one aggregate. Each waits for a channel to be closed.
type line struct {
	endings []chan struct{} // they go first
	changes []chan struct{}
}

func newTurns() *turns { return &turns{lines: make(map[domain.Aggregate]*line)} }

// take waits for the turn of an aggregate, which lasts until leave is called, or returns the context's error.
func (t *turns) take(ctx context.Context, a domain.Aggregate, ending bool) (leave func(), err error) {
	leave = func() { t.leave(a) }
	turn := t.enter(a, ending)
	select {
	case <-turn:
		return leave, nil
	case <-ctx.Done():
	}
	if !t.withdraw(a, turn) {
		leave() // it came at the same moment
	}
	return nil, ctx.Err()
}

// enter joins the line of an aggregate. The turn has come once the channel is closed.
func (t *turns) enter(a domain.Aggregate, ending bool) (turn chan struct{}) {
	t.mu.Lock()
	defer t.mu.Unlock()
	turn = make(chan struct{})
	l, taken := t.lines[a]
	switch {
	case !taken:
		t.lines[a] = &line{}
		close(turn)
	case ending:
		l.endings = append(l.endings, turn)
	default:
		l.changes = append(l.changes, turn)
	}
	return turn
}

// withdraw leaves the line, and returns false when it is no longer in it: the turn has come.
func (t *turns) withdraw(a domain.Aggregate, turn chan struct{}) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, waiting := range []*[]chan struct{}{&t.lines[a].endings, &t.lines[a].changes} {
		if i := slices.Index(*waiting, turn); i >= 0 {
			*waiting = slices.Delete(*waiting, i, i+1)
			return true
		}
	}
	return false
}

// leave gives the turn to who is next in line.
func (t *turns) leave(a domain.Aggregate) {
	t.mu.Lock()
	defer t.mu.Unlock()
	l := t.lines[a]
	for _, waiting := range []*[]chan struct{}{&l.endings, &l.changes} {
		if len(*waiting) > 0 {
			close((*waiting)[0])
			*waiting = (*waiting)[1:]
			return
		}
	}
	delete(t.lines, a)
}
