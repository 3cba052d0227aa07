// Package search finds clients by part of their name, owner or id, by status and by owner, among a million of them
// in milliseconds. It keeps in memory what they are found by, about 110 bytes a client, and reads through all of it: no
// query is slower than another for what it asks. A table that is read for the same answers costs a disk more than
// that, and an index of trigrams costs each registration more than the rest of the read model.
package search

import (
	"bytes"
	"cmp"
	"hash/maphash"
	"iter"
	"slices"
	"sync/atomic"
)

// Entry is what one client is found by.
type Entry struct {
	Seq    uint64 // numbers the client; answers are in its order
	Text   string // as Text makes it; empty, in Put: text and owner are as they were
	Status string
	Owner  string
}

// Query selects clients.
type Query struct {
	Text   string // part of an entry's text, folded; empty: any
	Status string // exact; empty: any
	Owner  string // exact; empty: any
	Before uint64 // only entries below this number
}

// Index holds an entry for each client. Its zero value is empty. Find may be called concurrently, also while one
// goroutine calls Put.
type Index struct{ blocks atomic.Pointer[[]*block] }

// blockSize is how many clients a block has at most, unless some come late in the order. It is small since a block is
// copied when one of its entries changes.
const blockSize = 1024

// block holds entries by ascending number. It is never changed once it can be found, but its slices grow behind their
// ends in blocks that come after it.
type block struct {
	seqs           []uint64
	ends           []int // of each entry's text
	text           []byte
	status, owners []uint32 // as hashOf makes them
}

// hashOf stands for a status or an owner. What is found by it is to be compared.
func hashOf(s string) uint32 { return uint32(maphash.String(seed, s)) }

var seed = maphash.MakeSeed()

// Put adds entries, or replaces those of the same number. One without a text that has none to replace is passed over.
// They are found all at once. At most one goroutine may call it at a time.
func (x *Index) Put(entries ...Entry) {
	var blocks []*block
	if known := x.blocks.Load(); known != nil {
		blocks = slices.Clone(*known)
	}
	own := make(map[*block]bool) // those that nobody can find yet
	for _, e := range entries {
		at := holding(blocks, e.Seq)
		if e.Text == "" && (at < 0 || !blocks[at].has(e.Seq)) {
			continue
		}
		if at < 0 || at == len(blocks)-1 && blocks[at].isFullBefore(e.Seq) {
			at = max(at+1, 0)
			blocks = slices.Insert(blocks, at, new(block))
			own[blocks[at]] = true
		}
		b := blocks[at]
		if i, found := slices.BinarySearch(b.seqs, e.Seq); e.Text == "" {
			b = b.withStatus(i, e.Status)
		} else if i < len(b.seqs) {
			b = b.with(i, found, e)
		} else if own[b] {
			b.append(e)
		} else {
			next := *b
			b = &next
			b.append(e)
		}
		own[b] = true
		blocks[at] = b
	}
	x.blocks.Store(&blocks)
}

// holding returns the index of the block that an entry belongs to; -1: it comes before all of them.
func holding(blocks []*block, seq uint64) int {
	i, found := slices.BinarySearchFunc(blocks, seq, func(b *block, seq uint64) int { return cmp.Compare(b.seqs[0], seq) })
	if found {
		return i
	}
	return i - 1
}

// isFullBefore reports whether the block has no room for an entry that comes after those that it has.
func (b *block) isFullBefore(seq uint64) bool {
	return len(b.seqs) >= blockSize && b.seqs[len(b.seqs)-1] < seq
}

func (b *block) has(seq uint64) bool {
	_, found := slices.BinarySearch(b.seqs, seq)
	return found
}

// append adds an entry that comes after all others.
func (b *block) append(e Entry) {
	b.seqs = append(b.seqs, e.Seq)
	b.text = append(b.text, e.Text...)
	b.ends = append(b.ends, len(b.text))
	b.status = append(b.status, hashOf(e.Status))
	b.owners = append(b.owners, hashOf(e.Owner))
}

// with returns a copy of the block with an entry at an index, in place of the one that is there or before it.
func (b *block) with(i int, replace bool, e Entry) *block {
	next := new(block)
	copyOf := func(from, to int) {
		start := b.start(from)
		shift := len(next.text) - start
		next.seqs = append(next.seqs, b.seqs[from:to]...)
		next.text = append(next.text, b.text[start:b.start(to)]...)
		next.status = append(next.status, b.status[from:to]...)
		next.owners = append(next.owners, b.owners[from:to]...)
		for _, end := range b.ends[from:to] {
			next.ends = append(next.ends, end+shift)
		}
	}
	rest := i
	if replace {
		rest++
	}
	copyOf(0, i)
	next.append(e)
	copyOf(rest, len(b.seqs))
	return next
}

// withStatus returns a copy of the block with another status of the entry at an index.
func (b *block) withStatus(i int, status string) *block {
	next := *b
	next.status = slices.Clone(b.status)
	next.status[i] = hashOf(status)
	return &next
}

// start is where the text of an entry begins.
func (b *block) start(i int) int {
	if i == 0 {
		return 0
	}
	return b.ends[i-1]
}

// Len returns the number of entries.
func (x *Index) Len() int {
	n := 0
	if blocks := x.blocks.Load(); blocks != nil {
		for _, b := range *blocks {
			n += len(b.seqs)
		}
	}
	return n
}

// Find returns the numbers of the clients that a query selects, the highest first, as they stood when it was called.
// Among them can be, rarely, some of another status or owner.
func (x *Index) Find(q Query) iter.Seq[uint64] {
	blocks := x.blocks.Load()
	return func(yield func(uint64) bool) {
		if blocks == nil {
			return
		}
		status, owner := hashOf(q.Status), hashOf(q.Owner)
		for _, b := range slices.Backward(*blocks) {
			for i := range b.find([]byte(q.Text), q.Before) {
				if (q.Status == "" || b.status[i] == status) && (q.Owner == "" || b.owners[i] == owner) && !yield(b.seqs[i]) {
					return
				}
			}
		}
	}
}

// find returns the indices of the entries below a number whose text has a part, the last first.
func (b *block) find(part []byte, before uint64) iter.Seq[int] {
	return func(yield func(int) bool) {
		n, _ := slices.BinarySearch(b.seqs, before)
		if len(part) == 0 {
			for i := n - 1; i >= 0 && yield(i); i-- {
			}
			return
		}
		var found []int
		for from, end := 0, b.start(n); ; {
			at := bytes.Index(b.text[from:end], part)
			if at < 0 {
				break
			}
			from += at
			i, _ := slices.BinarySearch(b.ends, from+1)
			if from+len(part) <= b.ends[i] {
				found = append(found, i)
				from = b.ends[i]
			} else {
				from++ // it reaches into the next entry's text
			}
		}
		for _, i := range slices.Backward(found) {
			if !yield(i) {
				return
			}
		}
	}
}
