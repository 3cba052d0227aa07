package readmodel

import (
	"cmp"
	"slices"
	"sync"

	"roster/projections/readmodel/search"
)

const (
	// momentsKept is of how many moments of the past it is kept what clients were found by. Whoever looks at one asks again.
	momentsKept = 4
	// mostFolded is how many clients are kept of a moment, some 6 MB.
	mostFolded = 1 << 15
)

// foldedMoments are the moments of the past that queries last asked for.
type foldedMoments struct {
	mu      sync.Mutex
	moments []*foldedClients // the last one that was asked for comes last
}

// foldedClients is what clients were found by at a moment of the past, as far as queries had to build it from their events.
// It stays true, since events that are recorded never change.
type foldedClients struct {
	at uint64

	mu    sync.Mutex // guards has, and is held to put
	has   map[uint64]struct{}
	index search.Index
}

// of returns what is kept of the moment after an event.
func (f *foldedMoments) of(at uint64) *foldedClients {
	f.mu.Lock()
	defer f.mu.Unlock()
	kept := &foldedClients{at: at, has: make(map[uint64]struct{})}
	if i := slices.IndexFunc(f.moments, func(c *foldedClients) bool { return c.at == at }); i >= 0 {
		kept = f.moments[i]
		f.moments = slices.Delete(f.moments, i, i+1)
	} else if len(f.moments) == momentsKept {
		f.moments = slices.Delete(f.moments, 0, 1)
	}
	f.moments = append(f.moments, kept)
	return kept
}

// missing returns those of some clients that are not kept.
func (c *foldedClients) missing(clients []uint64) (missing []uint64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, seq := range clients {
		if _, kept := c.has[seq]; !kept {
			missing = append(missing, seq)
		}
	}
	return missing
}

// add keeps entries while there is room. It returns indexes that hold, together, what is kept and the entries.
func (c *foldedClients) add(entries []search.Entry) []*search.Index {
	if len(entries) == 0 {
		return []*search.Index{&c.index}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.has)+len(entries) > mostFolded {
		var passing search.Index
		passing.Put(0, entries...)
		return []*search.Index{&c.index, &passing}
	}
	c.index.Put(0, entries...)
	for _, e := range entries {
		c.has[e.Seq] = struct{}{}
	}
	return []*search.Index{&c.index}
}

// descending compares sequences that are sorted the highest first.
func descending(a, b uint64) int { return cmp.Compare(b, a) }
