package access

import (
	"context"
	"fmt"
	"slices"
	"sync"
)

// places bounds how many do something at a time. A free place goes to whoever came last: so nobody waits for a
// flood that came before, and those that have waited longest are the likeliest to have given up. It may be used
// concurrently.
type places struct {
	mu      sync.Mutex
	free    int
	waiting []chan struct{} // each closed when its place is free; the newest last
}

func newPlaces(count int) *places { return &places{free: count} }

// take waits for a place, which has to be left, or returns the context's error.
func (p *places) take(ctx context.Context) error {
	p.mu.Lock()
	if p.free > 0 {
		p.free--
		p.mu.Unlock()
		return nil
	}
	freed := make(chan struct{})
	p.waiting = append(p.waiting, freed)
	p.mu.Unlock()
	select {
	case <-freed:
		return nil
	case <-ctx.Done():
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	i := slices.Index(p.waiting, freed)
	if i < 0 {
		return nil // a place became free meanwhile
	}
	p.waiting = slices.Delete(p.waiting, i, i+1)
	return fmt.Errorf("wait for a place: %w", ctx.Err())
}

// leave gives a place to the next.
func (p *places) leave() {
	p.mu.Lock()
	defer p.mu.Unlock()
	last := len(p.waiting) - 1
	if last < 0 {
		p.free++
		return
	}
	close(p.waiting[last])
	p.waiting = p.waiting[:last]
}
