package front

import (
	"bufio"
	"bytes"
	"fmt"
	"net/http"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/labstack/echo/v4"
)

// The types of streams.
const (
	Lines        = "application/x-ndjson"    // JSON values, one a line
	ServerEvents = "text/event-stream"       // server-sent events
	CSV          = "text/csv; charset=utf-8" // comma-separated values, one record a line
)

// A Stream is an answer of any length, written as it is made. Nothing is sent until its buffer is full or it is
// flushed by Send, so that an early error still gets an answer of its own. It may last, so long as its reader
// takes each piece in 30 seconds. It must not be used concurrently.
type Stream struct {
	out     *bufio.Writer
	control *http.ResponseController
}

// NewStream begins an answer of any length, of one of the types of streams.
func NewStream(c echo.Context, contentType string) *Stream {
	response := c.Response()
	response.Header().Set(echo.HeaderContentType, contentType)
	if contentType == ServerEvents {
		response.Header().Set("X-Accel-Buffering", "no") // nginx would otherwise hold events back
	}
	control := http.NewResponseController(response)
	return &Stream{bufio.NewWriterSize(pieceWriter{response, control}, 16<<10), control}
}

// Line adds a value as one line of JSON.
func (s *Stream) Line(value any) error {
	if err := json.MarshalWrite(s.out, value); err != nil {
		return fmt.Errorf("write line: %w", err)
	}
	return s.out.WriteByte('\n')
}

// Encoded adds one line, of JSON or CSV, that is encoded already.
func (s *Stream) Encoded(value []byte) error {
	_, _ = s.out.Write(value)
	return s.out.WriteByte('\n') // a bufio.Writer repeats its first error
}

// An Event is a server-sent event. Data of several lines is sent as such.
type Event struct {
	Name string // empty: "message"
	ID   uint64 // where a reader resumes; 0: where it would have before
	Data []byte
}

// Event adds a server-sent event.
func (s *Stream) Event(e Event) error {
	if e.Name != "" {
		fmt.Fprintf(s.out, "event: %s\n", e.Name)
	}
	if e.ID > 0 {
		fmt.Fprintf(s.out, "id: %d\n", e.ID)
	}
	if len(e.Data) == 0 {
		_, _ = s.out.WriteString("data:\n") // without data there is no event
	}
	for line := range bytes.Lines(e.Data) {
		_, _ = s.out.WriteString("data: ")
		_, _ = s.out.Write(bytes.TrimRight(line, "\r\n"))
		_ = s.out.WriteByte('\n')
	}
	return s.out.WriteByte('\n') // a bufio.Writer repeats its first error
}

// Retry tells a reader of server-sent events after how long to come back when the connection ends.
func (s *Stream) Retry(after time.Duration) error {
	_, err := fmt.Fprintf(s.out, "retry: %d\n\n", after.Milliseconds())
	return err
}

// Comment adds what readers of server-sent events do not look at, and the connection is kept alive by. The text
// must be one line.
func (s *Stream) Comment(text string) error {
	_, err := fmt.Fprintf(s.out, ": %s\n\n", text)
	return err
}

// Send hands everything added so far to the connection.
func (s *Stream) Send() error {
	if err := s.out.Flush(); err != nil {
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
	// Not every connection has deadlines; one that has none waits for no network.
	_ = w.control.SetWriteDeadline(time.Now().Add(writeTimeout))
	return w.Response.Write(p)
}
