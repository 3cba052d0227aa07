package projections

import (
	"container/heap"
	"context"
	"sync"
	"sync/atomic"
)

// Health says how a follower stands.
type Health struct {
	Applied uint64 // sequence of the last event applied; lower than before when the projection began anew
	Last    uint64 // sequence of the log's last event, as last seen
	Trouble error  // what keeps the follower from going on, which it tries again; nil: nothing
	Err     error  // why the follower stopped; nil while it runs
}

// progress is how far a follower is, and who waits for it to be further. Waking waiters costs more than noting
// a batch, so those who wait for later events are left alone.
type progress struct {
	applied atomic.Uint64 // now.Applied; it is changed with mu locked
	awaited chan struct{} // gets a value when somebody begins to wait; one that nobody took yet stands for more

	mu      sync.Mutex
	now     Health
	waiting waiters
}

func newProgress() *progress { return &progress{awaited: make(chan struct{}, 1)} }

// isAwaited reports whether somebody waits.
func (p *progress) isAwaited() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.waiting) > 0
}

func (p *progress) health() Health {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.now
}

// saw notes that the log has events up to last.
func (p *progress) saw(last uint64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.now.Last = max(p.now.Last, last)
}

// trouble notes why the follower does not go on at present.
func (p *progress) trouble(err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.now.Trouble = err
}

// resume notes where the projection stands in a log that has events up to last. What was in trouble is so until
// it has caught up, or has applied more.
func (p *progress) resume(applied, last uint64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.now.Last = max(p.now.Last, last)
	if applied >= last {
		p.now.Trouble = nil
	}
	p.stand(applied)
}

// advance notes that events up to a sequence were applied.
func (p *progress) advance(applied uint64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.now.Trouble = nil
	p.stand(applied)
}

// stand notes the position and wakes those who wait for it. It is called with mu locked.
func (p *progress) stand(applied uint64) {
	p.now.Applied = applied
	p.now.Last = max(p.now.Last, applied)
	p.applied.Store(applied)
	for len(p.waiting) > 0 && p.waiting[0].seq <= applied {
		p.waiting.wake(nil)
	}
}

// stop makes everyone who waits, and will wait, fail with the error that came first.
func (p *progress) stop(err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.now.Err == nil {
		p.now.Err = err
	}
	for len(p.waiting) > 0 {
		p.waiting.wake(p.now.Err)
	}
}

func (p *progress) wait(ctx context.Context, seq uint64) error {
	if seq <= p.applied.Load() {
		return nil
	}
	w, err := p.enter(seq)
	if w == nil {
		return err
	}
	select {
	case <-w.woken:
		return w.err
	case <-ctx.Done():
		p.leave(w)
		return ctx.Err()
	}
}

// enter queues a waiter, or returns nil and the outcome when there is nothing to wait for.
func (p *progress) enter(seq uint64) (*waiter, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if seq <= p.now.Applied {
		return nil, nil
	}
	if p.now.Err != nil {
		return nil, p.now.Err
	}
	w := &waiter{seq: seq, woken: make(chan struct{})}
	heap.Push(&p.waiting, w)
	select {
	case p.awaited <- struct{}{}:
	default:
	}
	return w, nil
}

func (p *progress) leave(w *waiter) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if w.index >= 0 {
		heap.Remove(&p.waiting, w.index)
	}
}

type waiter struct {
	seq   uint64
	index int           // in the heap; -1: no longer in it
	woken chan struct{} // closed once err is set
	err   error
}

// waiters is a heap with the lowest sequence on top.
type waiters []*waiter

// wake takes the top waiter off and wakes it.
func (h *waiters) wake(err error) {
	w := heap.Pop(h).(*waiter)
	w.err = err
	close(w.woken)
}

func (h waiters) Len() int           { return len(h) }
func (h waiters) Less(i, j int) bool { return h[i].seq < h[j].seq }

func (h waiters) Swap(i, j int) {
	h[i], h[j] = h[j], h[i]
	h[i].index, h[j].index = i, j
}

func (h *waiters) Push(x any) {
	w := x.(*waiter)
	w.index = len(*h)
	*h = append(*h, w)
}

func (h *waiters) Pop() any {
	last := len(*h) - 1
	w := (*h)[last]
	(*h)[last] = nil
	*h = (*h)[:last]
	w.index = -1
	return w
}
