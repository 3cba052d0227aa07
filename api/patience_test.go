package api_test

import (
	"bufio"
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"roster/api"
	"roster/cmd/roster/rostertest"
	"roster/domain"
	"roster/domain/access"
	"roster/domain/oauth"
	"roster/projections/readmodel"
)

// endless is a log that always has one more event, or none at all.
type endless struct {
	readmodel.Reader
	silent bool
}

func (endless) Health() readmodel.Health { return readmodel.Health{Applied: 1, Last: 1} }

func (r endless) EachEvent(ctx context.Context, q readmodel.EventQuery, _ func(uint64) error, yield func(readmodel.Event) error) error {
	for seq := q.After + 1; !r.silent; seq++ {
		if err := yield(readmodel.Event{Seq: seq, Envelope: domain.Envelope{Event: domain.ClientDeleted{}}}); err != nil {
			return err
		}
	}
	return ctx.Err()
}

func (endless) Wait(ctx context.Context, _ uint64) error {
	<-ctx.Done()
	return ctx.Err()
}

// pipe is a listener of one connection in memory, so that time can stand still around it.
type pipe struct {
	connections chan net.Conn
	closed      chan struct{}
}

func (p pipe) Accept() (net.Conn, error) {
	select {
	case c := <-p.connections:
		return c, nil
	case <-p.closed:
		return nil, net.ErrClosed
	}
}

func (p pipe) Close() error   { close(p.closed); return nil }
func (p pipe) Addr() net.Addr { return &net.TCPAddr{} }

const asHolder = "\r\nAuthorization: Bearer " + apiToken

// overPipe sends the head of a request and hands the connection to read. It is for a synctest bubble.
func overPipe(t *testing.T, reader readmodel.Reader, request string, read func(net.Conn)) {
	a := api.New(api.Options{
		Reader: reader, Administrators: rostertest.Administrators(t), PublicURL: publicURL, Policy: oauth.DefaultPolicy,
		RegistrationMode: access.RegistrationOpen, RegistrationRate: 1, Logger: slog.New(slog.DiscardHandler),
	})
	ours, theirs := net.Pipe()
	listener := pipe{make(chan net.Conn, 1), make(chan struct{})}
	listener.connections <- theirs
	server := &http.Server{Handler: a}
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	if _, err := io.WriteString(ours, request+"\r\nHost: x\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	read(ours)
	a.Close()
	ours.Close()
	server.Close()
	if err := <-served; !errors.Is(err, http.ErrServerClosed) {
		t.Error(err)
	}
}

// A feed with nothing to tell says so from time to time and outlasts every deadline of a request.
func TestHeartbeats(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		overPipe(t, endless{silent: true}, "GET /api/v1/events HTTP/1.1\r\nAccept: text/event-stream"+asHolder, func(connection net.Conn) {
			lines, heartbeats := bufio.NewScanner(connection), 0
			for start := time.Now(); time.Since(start) < time.Hour && lines.Scan(); {
				if lines.Text() == ": heartbeat" {
					heartbeats++
				}
			}
			if heartbeats < 60 {
				t.Errorf("%d heartbeats in an hour, error %v", heartbeats, lines.Err())
			}
		})
	})
}

// A registration beyond the limit is refused before its body arrives, and its connection ended.
func TestNoWaitForBodiesBeyondTheLimit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const within, beyond = "POST /identity/register HTTP/1.1\r\nContent-Length: 0", "POST /identity/register HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n"
		overPipe(t, endless{}, within, func(connection net.Conn) {
			reader := bufio.NewReader(connection)
			for _, want := range []int{http.StatusUnsupportedMediaType, http.StatusTooManyRequests} {
				began := time.Now()
				response, err := http.ReadResponse(reader, nil)
				if err != nil {
					t.Fatal(err)
				}
				if _, err := io.Copy(io.Discard, response.Body); err != nil {
					t.Fatal(err)
				}
				if response.StatusCode != want || response.Close != (want == http.StatusTooManyRequests) || time.Since(began) > 0 {
					t.Errorf("got %s after %v, want %d; the connection ends: %v", response.Status, time.Since(began), want, response.Close)
				}
				if want == http.StatusUnsupportedMediaType {
					if _, err := io.WriteString(connection, beyond); err != nil {
						t.Fatal(err)
					}
				}
			}
		})
	})
}

// A body that is said to be too large is refused before it arrives, and not asked for.
func TestNoWaitForBodiesThatAreTooLarge(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const request = "POST /identity/register HTTP/1.1\r\nContent-Type: application/json\r\nExpect: 100-continue\r\nContent-Length: 65537"
		overPipe(t, endless{}, request, func(connection net.Conn) {
			began := time.Now()
			response, err := http.ReadResponse(bufio.NewReader(connection), nil)
			if err != nil {
				t.Fatal(err)
			}
			content, err := io.ReadAll(response.Body)
			if response.StatusCode != http.StatusRequestEntityTooLarge || !response.Close || time.Since(began) > 0 ||
				!strings.Contains(string(content), `"error":"invalid_request"`) {
				t.Errorf("got %s %s after %v, %v; the connection ends: %v", response.Status, content, time.Since(began), err, response.Close)
			}
		})
	})
}

// A reader that does not read is not waited for for ever.
func TestReadersThatDoNotRead(t *testing.T) {
	for _, accept := range []string{"application/x-ndjson", "text/event-stream"} {
		synctest.Test(t, func(t *testing.T) {
			overPipe(t, endless{}, "GET /api/v1/events HTTP/1.1\r\nAccept: "+accept+asHolder, func(connection net.Conn) {
				time.Sleep(time.Minute) // of the bubble's time
				if _, err := io.CopyN(io.Discard, connection, 10<<20); err == nil {
					t.Errorf("%s goes on for a reader that took nothing for a minute", accept)
				}
			})
		})
	}
}
