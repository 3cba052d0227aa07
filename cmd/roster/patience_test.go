package main

import (
	"bufio"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// lone is a listener of one connection in memory, so that time can stand still around it.
type lone struct{ connections chan net.Conn }

func (l lone) Accept() (net.Conn, error) {
	connection, ok := <-l.connections
	if !ok {
		return nil, net.ErrClosed
	}
	return connection, nil
}

func (l lone) Close() error   { close(l.connections); return nil }
func (l lone) Addr() net.Addr { return &net.TCPAddr{} }

// Callers that send nothing, or a header that has no end, are let go.
func TestSlowHeaders(t *testing.T) {
	for name, pieces := range map[string][]string{
		"nothing":      nil,
		"bit by bit":   strings.Split("GET / HTTP/1.1\r\nX-Slow: "+strings.Repeat("x", 100), ""),
		"second round": {"GET / HTTP/1.1\r\nHost: x\r\n\r\nGET / HT"},
	} {
		synctest.Test(t, func(t *testing.T) {
			ours, theirs := net.Pipe()
			listener := lone{make(chan net.Conn, 1)}
			listener.connections <- theirs
			server := newHTTPServer(http.NotFoundHandler(), slog.New(slog.DiscardHandler))
			served := make(chan error, 1)
			go func() { served <- server.Serve(listener) }()
			var sending sync.WaitGroup
			sending.Go(func() {
				for _, piece := range pieces {
					if _, err := io.WriteString(ours, piece); err != nil {
						return
					}
					time.Sleep(time.Second) // of the bubble's time
				}
			})
			began := time.Now()
			_, _ = io.Copy(io.Discard, ours) // until the server hangs up
			if waited := time.Since(began); waited > 3*time.Minute {
				t.Errorf("%s: waited for %v", name, waited)
			}
			ours.Close()
			server.Close()
			<-served
			sending.Wait()
		})
	}
}

// TestFlood floods the registry with registrations that never send their bodies. Those beyond the limit are
// refused before that, and everybody else is answered all the while.
func TestFlood(t *testing.T) {
	s := start(t, t.TempDir(), "--registration-rate", "1")
	c := s.register(webApp)
	for range 200 {
		connection, err := net.Dial("tcp", strings.TrimPrefix(s.base, "http://"))
		if err != nil {
			t.Fatal(err)
		}
		defer connection.Close()
		fmt.Fprint(connection, "POST /identity/register HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 60000\r\n\r\n{")
		_ = connection.SetReadDeadline(time.Now().Add(deadline))
		response, err := http.ReadResponse(bufio.NewReader(connection), nil)
		if err != nil {
			t.Fatal(err)
		}
		response.Body.Close()
		if response.StatusCode != http.StatusTooManyRequests || response.Header.Get("Retry-After") == "" {
			t.Fatalf("got %s, Retry-After %q", response.Status, response.Header.Get("Retry-After"))
		}
	}
	// None of those callers has hung up.
	s.must(http.StatusOK, "GET", "/identity/register/"+c.id, c.token, "")
	s.must(http.StatusOK, "GET", "/api/v1/clients", "admin", "")
	s.must(http.StatusOK, "GET", "/admin/login", "", "")
	s.must(http.StatusOK, "GET", "/readyz", "", "")
	s.must(http.StatusTooManyRequests, "POST", "/identity/register", "", webApp)
	s.must(http.StatusNoContent, "DELETE", "/identity/register/"+c.id, c.token, "")
}
