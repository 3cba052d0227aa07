package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"roster/api"
	"roster/cmd/roster/httpserver"
	"roster/domain"
	"roster/domain/access"
	"roster/domain/oauth"
	"roster/projections/readmodel"
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
			served(http.NotFoundHandler(), func(connection net.Conn) {
				var sending sync.WaitGroup
				sending.Go(func() {
					for _, piece := range pieces {
						if _, err := io.WriteString(connection, piece); err != nil {
							return
						}
						time.Sleep(time.Second) // of the bubble's time
					}
				})
				began := time.Now()
				_, _ = io.Copy(io.Discard, connection) // until the server hangs up
				if waited := time.Since(began); waited > 3*time.Minute {
					t.Errorf("%s: waited for %v", name, waited)
				}
				connection.Close()
				sending.Wait()
			})
		})
	}
}

// served hands one connection to a server with this handler, within a synctest bubble, for the time of use.
func served(handler http.Handler, use func(net.Conn)) {
	ours, theirs := net.Pipe()
	listener := lone{make(chan net.Conn, 1)}
	listener.connections <- theirs
	server := httpserver.New(handler, httpserver.Options{Logger: slog.New(slog.DiscardHandler)})
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(listener) }()
	defer func() {
		ours.Close()
		server.Close()
		<-ended
	}()
	use(ours)
}

// stuck is a read model that answers the first who asks for clients only when the caller gives up.
type stuck struct {
	readmodel.Reader
	asked *atomic.Int32
}

func (s stuck) Clients(ctx context.Context, _ readmodel.ClientQuery) (readmodel.ClientPage, error) {
	if s.asked.Add(1) == 1 {
		<-ctx.Done()
	}
	return readmodel.ClientPage{}, ctx.Err()
}

// An answer that took too long leaves its connection as good as it was: the next requests have all their time.
func TestSlowAnswersLeaveTheConnection(t *testing.T) {
	const token = "a token"
	const head = " /api/v1/clients HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer " + token + "\r\n"
	const next = "GET" + head + "\r\n"
	for name, first := range map[string]string{
		"no body": next,
		"HEAD":    "HEAD" + head + "\r\n",
		"a body":  "GET" + head + "Content-Length: 2\r\n\r\n{}",
	} {
		synctest.Test(t, func(t *testing.T) {
			rest := api.New(api.Options{
				Reader: stuck{asked: new(atomic.Int32)}, Administrators: holderOf(domain.DigestOf(token)),
				PublicURL: "http://roster", Logger: slog.New(slog.DiscardHandler),
			})
			served(rest, func(connection net.Conn) {
				answers := bufio.NewReader(connection)
				for i, request := range []string{first, next, next} {
					if _, err := io.WriteString(connection, request); err != nil {
						t.Fatal(err)
					}
					method, _, _ := strings.Cut(request, " ")
					response, err := http.ReadResponse(answers, &http.Request{Method: method})
					if err != nil {
						t.Fatalf("%s, answer %d: %v", name, i, err)
					}
					want := http.StatusOK
					if i == 0 {
						want = http.StatusServiceUnavailable
					}
					if _, err := io.Copy(io.Discard, response.Body); err != nil || response.StatusCode != want {
						t.Errorf("%s, answer %d: got %s, want %d; %v", name, i, response.Status, want, err)
					}
				}
			})
		})
	}
}

// A body that does not arrive is not waited for for ever, whether somebody reads it or not.
func TestBodiesThatDoNotArrive(t *testing.T) {
	rest := api.New(api.Options{
		Administrators: holderOf{}, PublicURL: "http://roster", Policy: oauth.DefaultPolicy,
		RegistrationMode: access.RegistrationOpen, Logger: slog.New(slog.DiscardHandler),
	})
	const header = " HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n"
	for request, want := range map[string]int{
		"POST /identity/register":        http.StatusRequestTimeout,
		"DELETE /identity/register/none": http.StatusUnauthorized,
		"GET /healthz":                   http.StatusOK,
	} {
		synctest.Test(t, func(t *testing.T) {
			served(rest, func(connection net.Conn) {
				var sending sync.WaitGroup
				sending.Go(func() { // a byte every second, for as long as somebody takes them
					for piece := request + header; ; piece = "{" {
						if _, err := io.WriteString(connection, piece); err != nil {
							return
						}
						time.Sleep(time.Second) // of the bubble's time
					}
				})
				began := time.Now()
				answers := bufio.NewReader(connection)
				response, err := http.ReadResponse(answers, nil)
				if err != nil {
					t.Fatal(err)
				}
				_, err = io.Copy(io.Discard, response.Body)
				if response.StatusCode != want || err != nil {
					t.Errorf("%s: got %s, %v", request, response.Status, err)
				}
				_, _ = io.Copy(io.Discard, answers) // until the server hangs up
				if waited := time.Since(began); waited > time.Minute {
					t.Errorf("%s: waited for %v", request, waited)
				}
				connection.Close()
				sending.Wait()
			})
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
