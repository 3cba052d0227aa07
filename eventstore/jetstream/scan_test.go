package jetstream

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// writeBlock writes a block file of messages from a sequence on, with bodies of different lengths.
func writeBlock(t *testing.T, dir string, number int, first uint64, messages int, behind string) {
	t.Helper()
	reader, err := newBlockReader(nil, StreamName, number)
	if err != nil {
		t.Fatal(err)
	}
	var content []byte
	for seq := first; seq < first+uint64(messages); seq++ {
		subject, body := fmt.Sprint("roster.client.", seq), bytes.Repeat([]byte{byte(seq)}, int(seq*37%500))
		length := recordHead + len(subject) + len(body) + recordSum
		head := binary.LittleEndian.AppendUint32(nil, uint32(length))
		head = binary.LittleEndian.AppendUint64(head, seq)
		head = binary.LittleEndian.AppendUint64(head, 0) // time
		head = binary.LittleEndian.AppendUint16(head, uint16(len(subject)))
		reader.hash.Reset()
		for _, part := range [][]byte{head[4:20], []byte(subject), body} {
			reader.hash.Write(part)
		}
		content = slices.Concat(content, head, []byte(subject), body, reader.hash.Sum(nil))
	}
	if err := os.WriteFile(filepath.Join(dir, blockName(number)), append(content, behind...), 0o600); err != nil {
		t.Fatal(err)
	}
}

// TestScan reads many block files, which takes every buffer several times.
func TestScan(t *testing.T) {
	dir := t.TempDir()
	const files, messages = 40, 25
	var numbers []int
	for n := 1; n <= files; n++ {
		numbers = append(numbers, n)
		behind := ""
		if n%7 == 0 {
			behind = "torn"
		}
		writeBlock(t, dir, n, uint64(n-1)*messages+1, messages, behind)
	}
	last, file := uint64(0), 0
	err := scanBlocks(dir, StreamName, numbers, func(s *scan) error {
		file++
		if s.number != file || s.block.damaged() != (file%7 == 0) {
			t.Errorf("file %d came in the place of file %d, damaged: %t", s.number, file, s.block.damaged())
		}
		for _, r := range s.records {
			last++
			if r.seq != last || string(r.subject) != fmt.Sprint("roster.client.", last) ||
				!bytes.Equal(r.body, bytes.Repeat([]byte{byte(last)}, int(last*37%500))) {
				t.Errorf("event %d: %d %s, %d bytes", last, r.seq, r.subject, len(r.body))
			}
		}
		return nil
	})
	if err != nil || file != files || last != files*messages {
		t.Errorf("%d files, %d events, %v", file, last, err)
	}

	refused := errors.New("refused")
	err = scanBlocks(dir, StreamName, numbers, func(s *scan) error {
		if s.number > 5 {
			t.Errorf("file %d after an error", s.number)
		}
		if s.number == 5 {
			return refused
		}
		return nil
	})
	if !errors.Is(err, refused) {
		t.Errorf("the error of take became %v", err)
	}
	err = scanBlocks(dir, StreamName, append(numbers, files+1), func(*scan) error { return nil })
	if !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a file that is missing: %v", err)
	}
	if err := scanBlocks(dir, StreamName, nil, func(*scan) error { return refused }); err != nil {
		t.Errorf("no files: %v", err)
	}
}

// TestIndexIsKeptWhereItIsOfUse gives the survey of a log that ends at event 300 an index that ends elsewhere.
func TestIndexIsKeptWhereItIsOfUse(t *testing.T) {
	for last, kept := range map[uint64]bool{0: false, 299: false, 300: true, 301: false} {
		dir := t.TempDir()
		index := []byte{0, 0}
		for _, number := range []uint64{300, 1 << 40, 1, 1 << 62, last, 7} {
			index = binary.AppendUvarint(index, number)
		}
		path := filepath.Join(dir, indexFile)
		if err := os.WriteFile(path, index, 0o600); err != nil {
			t.Fatal(err)
		}
		s := &survey{last: 300}
		if err := s.dropIndex(dir, false); err != nil {
			t.Fatal(err)
		}
		if _, err := os.Stat(path); (err == nil) != kept {
			t.Errorf("the index ends at %d: %v", last, err)
		}
		if err := s.dropIndex(dir, true); err != nil {
			t.Fatal(err)
		}
		if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("the index ends at %d and a loss was accepted: %v", last, err)
		}
	}
}
