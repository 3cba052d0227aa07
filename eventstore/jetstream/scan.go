package jetstream

import (
	"path/filepath"
	"runtime"
	"sync"
)

// A scan is a block file with all its records, each held against its checksum.
type scan struct {
	number  int
	records []record     // up to the damage
	block   *blockReader // behind the last of records
	err     error        // why the file could not be read

	buffer []byte // what records and block are of
}

// scanBlocks reads block files in order and calls take with each, until take returns an error, which it returns. A scan
// is valid until take returns.
//
// Every start reads the whole log, so the files are read and checked beside one another, and into buffers that are
// used again. take is called by the caller's goroutine.
func scanBlocks(dir, stream string, numbers []int, take func(*scan) error) error {
	workers := min(runtime.GOMAXPROCS(0), len(numbers))
	spare := make(chan *scan, workers+1) // each worker fills one or waits with it, and one is being taken
	for range cap(spare) {
		spare <- &scan{}
	}
	scanned := make([]chan *scan, workers) // worker i reads every file whose place is i modulo their number
	stop := make(chan struct{})
	var reading sync.WaitGroup
	defer reading.Wait()
	defer close(stop)
	for i := range workers {
		scanned[i] = make(chan *scan)
		reading.Go(func() {
			for n := i; n < len(numbers); n += workers {
				s := <-spare
				s.read(dir, stream, numbers[n])
				select {
				case scanned[i] <- s:
				case <-stop:
					return
				}
			}
		})
	}
	for n := range numbers {
		s := <-scanned[n%workers]
		if s.err != nil {
			return s.err
		}
		if err := take(s); err != nil {
			return err
		}
		spare <- s
	}
	return nil
}

// read fills s with what a file holds.
func (s *scan) read(dir, stream string, number int) {
	s.number, s.records = number, s.records[:0]
	if s.buffer, s.err = readFile(filepath.Join(dir, blockName(number)), s.buffer); s.err != nil {
		return
	}
	if s.block, s.err = newBlockReader(s.buffer, stream, number); s.err != nil {
		return
	}
	for r, ok := s.block.next(); ok; r, ok = s.block.next() {
		s.records = append(s.records, r)
	}
}
