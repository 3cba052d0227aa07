package api

import (
	"bufio"
	"fmt"
	"net/http"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/labstack/echo/v4"
)

const ndjson = "application/x-ndjson"

// A stream is an answer of any length, written as it is made. Nothing is sent until its buffer is full or
// it is flushed, so that an early error still gets an answer of its own.
type stream struct {
	*bufio.Writer
	control *http.ResponseController
}

// newStream begins an answer of any length. It may last, so long as its reader takes each piece in time.
func newStream(c echo.Context, contentType string) *stream {
	response := c.Response()
	response.Header().Set(echo.HeaderContentType, contentType)
	control := http.NewResponseController(response)
	return &stream{bufio.NewWriterSize(pieceWriter{response, control}, 16<<10), control}
}

// line adds a value as one line of JSON.
func (s *stream) line(value any) error {
	if err := json.MarshalWrite(s, value); err != nil {
		return fmt.Errorf("write line: %w", err)
	}
	return s.WriteByte('\n')
}

// send hands everything added so far to the connection.
func (s *stream) send() error {
	if err := s.Flush(); err != nil {
		return fmt.Errorf("send: %w", err)
	}
	if err := s.control.Flush(); err != nil {
		return fmt.Errorf("send: %w", err)
	}
	return nil
}

// pieceWriter gives each write to a response a deadline of its own.
type pieceWriter struct {
	*echo.Response
	control *http.ResponseController
}

func (w pieceWriter) Write(p []byte) (int, error) {
	_ = w.control.SetWriteDeadline(time.Now().Add(writeTimeout))
	return w.Response.Write(p)
}
