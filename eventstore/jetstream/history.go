package jetstream

import (
	"encoding/binary"
	"io"
	"math"
	"os"
	"path/filepath"
	"sort"
)

// historyLeast is how many events a subscription must be behind for its history to be read: a block file is read as a
// whole, for few events it is quicker to ask the server.
const historyLeast = 4096

// A history reads the messages of an embedded server's stream from its block files, for a subscription that is far
// behind: that costs half of what their way through the server and the connection does. It reads what the barrier
// knows to be on disk and nothing beyond.
//
// It judges nothing. Every record is held against its checksum, and must be the next one; at whatever is not so, the
// history ends, and the subscription asks the server from there. So a gap, a damaged file or another layout of the
// files mean what they mean without it.
type history struct {
	blocks string        // the directory of the block files
	synced func() uint64 // every message up to this sequence is on disk
	least  uint64        // the history ends when there are fewer messages to come

	number int          // of the file that is being read
	block  *blockReader // what it held when it was opened
	buffer []byte       // what block is of
	upTo   uint64       // what was synced then
}

// historyAfter returns the history beyond a sequence, nil where there is too little of it or none that can be read.
func (l *Log) historyAfter(after uint64) *history {
	if l.barrier == nil {
		return nil
	}
	h := &history{blocks: l.barrier.blocks, synced: l.barrier.syncedTo, least: l.historyLeast}
	if !h.isLong(after) || !h.seek(after) {
		return nil
	}
	return h
}

func (h *history) isLong(after uint64) bool {
	synced := h.synced()
	return synced > after && synced-after >= h.least
}

// next returns the message that follows a sequence, that of the message before it. It returns false at the end of
// the history. The message is valid until next is called again.
func (h *history) next(after uint64) (record, bool) {
	for {
		if after >= h.upTo {
			// More may have been synced since the file was read.
			if !h.isLong(after) || !h.open(h.number) {
				return record{}, false
			}
		}
		r, whole := h.block.next()
		switch {
		case !whole:
			if !h.open(h.number + 1) {
				return record{}, false
			}
		case r.seq == after+1:
			return r, true
		case r.seq > after:
			return record{}, false
		}
	}
}

// seek opens the file that holds the message after a sequence: the last one that does not begin beyond it.
func (h *history) seek(after uint64) bool {
	numbers, err := blockNumbers(h.blocks)
	if err != nil {
		return false
	}
	beyond := sort.Search(len(numbers), func(i int) bool { return h.first(numbers[i]) > after+1 })
	return beyond > 0 && h.open(numbers[beyond-1])
}

// first returns the sequence that a file begins with. A file with nothing in it is the next one to be written to.
func (h *history) first(number int) uint64 {
	file, err := os.Open(filepath.Join(h.blocks, blockName(number)))
	if err != nil {
		return math.MaxUint64
	}
	defer file.Close()
	var head [12]byte
	if _, err := io.ReadFull(file, head[:]); err != nil {
		return math.MaxUint64
	}
	return binary.LittleEndian.Uint64(head[4:])
}

func (h *history) open(number int) bool {
	upTo := h.synced() // before the file is read, which then holds all of that
	content, err := readFile(filepath.Join(h.blocks, blockName(number)), h.buffer)
	if err != nil {
		return false
	}
	block, err := newBlockReader(content, StreamName, number)
	if err != nil {
		return false
	}
	h.number, h.block, h.buffer, h.upTo = number, block, content, upTo
	return true
}
