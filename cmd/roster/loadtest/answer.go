package loadtest

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
)

// head is what an answer says before its body.
type head struct {
	status  int
	length  int64 // of the body
	chunked bool  // the body comes in chunks that say their length themselves
}

var (
	headerLength   = []byte("content-length:")
	headerEncoding = []byte("transfer-encoding:")
)

// readHead reads the status line and the header fields of an answer.
func readHead(r *bufio.Reader) (head, error) {
	line, err := readLine(r)
	if err != nil {
		return head{}, err
	}
	protocol, rest, _ := bytes.Cut(line, []byte(" "))
	code, _, _ := bytes.Cut(rest, []byte(" "))
	status, err := strconv.Atoi(string(code))
	if err != nil || !bytes.HasPrefix(protocol, []byte("HTTP/1.1")) {
		return head{}, fmt.Errorf("status line %q", line)
	}
	h := head{status: status, length: -1}
	for {
		line, err := readLine(r)
		if err != nil {
			return head{}, err
		}
		if len(line) == 0 {
			break
		}
		if value, found := field(line, headerLength); found {
			if h.length, err = strconv.ParseInt(string(value), 10, 64); err != nil {
				return head{}, fmt.Errorf("header field %q", line)
			}
		}
		if value, found := field(line, headerEncoding); found {
			h.chunked = bytes.EqualFold(value, []byte("chunked"))
		}
	}
	switch {
	case status == http.StatusNoContent || status == http.StatusNotModified:
		h.length = 0
	case h.length < 0 && !h.chunked:
		return head{}, errors.New("the length of the body is not said: the connection cannot be kept")
	}
	return h, nil
}

// field returns the value of a header field with this name, which ends with a colon and is in lower case.
func field(line, name []byte) (value []byte, found bool) {
	if len(line) < len(name) || !bytes.EqualFold(line[:len(name)], name) {
		return nil, false
	}
	return bytes.TrimSpace(line[len(name):]), true
}

// readBody reads the body to its end, and returns it if it is to be kept.
func (h head) readBody(r *bufio.Reader, keep bool) ([]byte, error) {
	if !h.chunked {
		return readBytes(nil, r, h.length, keep)
	}
	var body []byte
	for {
		line, err := readLine(r)
		if err != nil {
			return nil, err
		}
		size, err := strconv.ParseInt(string(line), 16, 64)
		if err != nil {
			return nil, fmt.Errorf("size of a chunk %q", line)
		}
		if body, err = readBytes(body, r, size, keep); err != nil {
			return nil, err
		}
		if line, err = readLine(r); err != nil || len(line) != 0 {
			return nil, errors.Join(err, fmt.Errorf("end of a chunk %q", line))
		}
		if size == 0 {
			return body, nil
		}
	}
}

// readBytes reads so many bytes, and appends them to body if they are to be kept.
func readBytes(body []byte, r *bufio.Reader, size int64, keep bool) ([]byte, error) {
	if !keep {
		_, err := r.Discard(int(size))
		return nil, err
	}
	begin := len(body)
	body = append(body, make([]byte, size)...)
	_, err := io.ReadFull(r, body[begin:])
	return body, err
}

// readLine reads a line and returns it without its end. It is the caller's until the next read.
func readLine(r *bufio.Reader) ([]byte, error) {
	line, err := r.ReadSlice('\n')
	if err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(line[:len(line)-1], []byte("\r")), nil
}
