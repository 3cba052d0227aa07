package jetstream

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"

	"github.com/minio/highwayhash"
	"github.com/nats-io/nats.go"
)

// The layout of a stream's block files, as the server's filestore.go writes them while nothing is compressed
// or encrypted: records one after the other, each
//
//	length of the whole record, 4 bytes, highest bit: it has headers
//	sequence, 8 bytes; the two highest bits mark what is no message any more
//	time, 8 bytes
//	length of the subject, 2 bytes
//	subject
//	with headers: their length, 4 bytes, and the headers
//	body
//	HighwayHash-64 of all but the lengths, 8 bytes
//
// in little endian. The key of the hash is made of the names of stream and file, so a record is valid only in the
// file that it was written to. probe checks at each start that a record can be read like this.
const (
	recordHead  = 22
	recordSum   = 8
	maxRecord   = 32 << 20
	withHeaders = 1 << 31
	noMessage   = 3 << 62
)

// record is what one record holds. Its parts are of the buffer that it was read from.
type record struct {
	seq     uint64 // 0: it is no message
	subject []byte
	header  []byte
	body    []byte
}

// message returns the record as the server would deliver it.
func (r record) message() (message, error) {
	header, err := nats.DecodeHeadersMsg(r.header)
	if err != nil {
		return message{}, fmt.Errorf("headers of message %d: %w", r.seq, err)
	}
	return message{Seq: r.seq, Subject: string(r.subject), Header: header, Data: r.body}, nil
}

// blockReader reads the records of one block file. It changes nothing.
type blockReader struct {
	rest []byte
	at   int // of rest in the file
	hash *highwayhash.Digest64
}

func readBlock(path, stream string, number int) (*blockReader, error) {
	content, err := readFile(path, nil)
	if err != nil {
		return nil, err
	}
	return newBlockReader(content, stream, number)
}

// newBlockReader reads what a block file holds.
func newBlockReader(content []byte, stream string, number int) (*blockReader, error) {
	key := sha256.Sum256(fmt.Appendf(nil, "%s-%d", stream, number))
	hash, err := highwayhash.NewDigest64(key[:])
	if err != nil {
		return nil, err
	}
	return &blockReader{rest: content, hash: hash}, nil
}

// readFile returns what a file holds. It makes use of the buffer if that is large enough.
func readFile(path string, buffer []byte) ([]byte, error) {
	file, err := os.Open(path)
	if err != nil {
		return buffer, err
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return buffer, err
	}
	content := slices.Grow(buffer[:0], int(info.Size()))[:info.Size()]
	n, err := io.ReadFull(file, content)
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		err = nil // it was cut meanwhile
	}
	return content[:n], err
}

// next returns the next whole record, or false at the end of the file or of what is whole.
func (b *blockReader) next() (record, bool) {
	r, length, ok := b.parse(b.rest)
	if ok {
		b.rest, b.at = b.rest[length:], b.at+length
	}
	return r, ok
}

// damaged reports whether there is something left that is no whole record.
func (b *blockReader) damaged() bool { return len(b.rest) > 0 }

// lastBehind returns the sequence of the last whole record behind the damage, 0 when there is none: a write
// that was torn at the end of a file leaves none. before is the last sequence before the damage.
func (b *blockReader) lastBehind(before uint64) uint64 {
	last := uint64(0)
	for i := 1; i+recordHead+recordSum <= len(b.rest); {
		// Few positions have a number there that could be a sequence, and only those are worth a hash.
		seq := binary.LittleEndian.Uint64(b.rest[i+4:])
		if seq > before && seq-before <= uint64(len(b.rest)) {
			if r, length, ok := b.parse(b.rest[i:]); ok {
				last = max(last, r.seq)
				i += length
				continue
			}
		}
		i++
	}
	return last
}

// parse reads the record that buf begins with.
func (b *blockReader) parse(buf []byte) (r record, length int, ok bool) {
	le := binary.LittleEndian
	if len(buf) < recordHead+recordSum {
		return record{}, 0, false
	}
	size := le.Uint32(buf)
	length = int(size &^ withHeaders)
	subject := recordHead + int(le.Uint16(buf[20:]))
	body := subject
	if size&withHeaders != 0 {
		body += 4
	}
	if length > maxRecord || length > len(buf) || body+recordSum > length {
		return record{}, 0, false
	}
	sum := length - recordSum
	b.hash.Reset()
	b.hash.Write(buf[4:20])
	b.hash.Write(buf[recordHead:subject])
	b.hash.Write(buf[body:sum])
	var whole [recordSum]byte
	if !bytes.Equal(b.hash.Sum(whole[:0]), buf[sum:length]) {
		return record{}, 0, false
	}
	seq := le.Uint64(buf[4:])
	if seq == 0 || seq&noMessage != 0 {
		return record{}, length, true
	}
	r = record{seq: seq, subject: buf[recordHead:subject]}
	if size&withHeaders != 0 {
		headers := uint64(body) + uint64(le.Uint32(buf[subject:]))
		if headers > uint64(sum) {
			return record{}, 0, false
		}
		r.header, body = buf[body:headers], int(headers)
	}
	r.body = buf[body:sum]
	return r, length, true
}

// blockNumbers returns the numbers of the block files in a directory, ascending; none if it is not there.
func blockNumbers(dir string) ([]int, error) {
	entries, err := os.ReadDir(dir)
	if err != nil && !os.IsNotExist(err) {
		return nil, err
	}
	var numbers []int
	for _, entry := range entries {
		if n, ok := blockNumber(entry.Name()); ok {
			numbers = append(numbers, n)
		}
	}
	slices.Sort(numbers)
	return numbers, nil
}

// indexFile is where the server keeps what it knows of its block files. The server makes it again if it is missing.
const indexFile = "index.db"

// lastOfIndex returns the last sequence that the server's index knows, 0 when there is none that can be read:
// a byte each of magic and version, then numbers of variable length, of which the fifth is that sequence.
func lastOfIndex(blocks string) (uint64, error) {
	file, err := os.Open(filepath.Join(blocks, indexFile))
	if os.IsNotExist(err) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	defer file.Close()
	head := make([]byte, 2+5*binary.MaxVarintLen64)
	n, err := io.ReadFull(file, head)
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		return 0, err
	}
	var last uint64
	rest := head[min(2, n):n]
	for range 5 {
		value, n := binary.Uvarint(rest)
		if n <= 0 {
			return 0, nil
		}
		last, rest = value, rest[n:]
	}
	return last, nil
}
