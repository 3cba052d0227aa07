// Package httpserver is the HTTP server that the program's handlers run on. It bounds how long a caller may take,
// tells handlers the address of a caller behind trusted proxies, answers in JSON and logs what net/http refuses by
// itself, and ends connections on which a proxy may have read a request differently.
package httpserver

import (
	"context"
	"log/slog"
	"net"
	"net/http"
	"time"
)

// Options are what a Server needs.
type Options struct {
	TrustedProxies Prefixes // whose X-Forwarded-For is believed
	Logger         *slog.Logger
}

// Server serves one handler. It may be used concurrently.
type Server struct {
	http   *http.Server
	logger *slog.Logger
}

// New returns a server that waits for no caller for long: 5 seconds for a header, 15 for a whole request, 30 for an
// answer to be taken, 2 minutes for the next request on a connection.
//
// The handler must not set a read deadline. While one runs net/http reads on, to learn when the caller hangs up; a
// deadline that passes then is taken for that and ends the context of the connection, so that every later request on
// it is over before it began. ReadTimeout is lifted in time: when all of the body has come. A handler that streams
// sets write deadlines of its own.
func New(handler http.Handler, o Options) *Server {
	return &Server{logger: o.Logger, http: &http.Server{
		Handler:           unambiguous(forwarded(o.TrustedProxies, handler)),
		ConnContext:       withFraming,
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       15 * time.Second,
		WriteTimeout:      30 * time.Second,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    16 << 10,
		// OPTIONS * is answered and logged as everything else.
		DisableGeneralOptionsHandler: true,
		ErrorLog:                     slog.NewLogLogger(o.Logger.Handler(), slog.LevelWarn),
	}}
}

// Serve accepts connections until Shutdown or Close is called, and then returns http.ErrServerClosed. It returns any
// other error that ends it before. It closes the listener.
func (s *Server) Serve(listener net.Listener) error {
	return s.http.Serve(inJSON{listener, s.logger})
}

// OnShutdown has a function called when Shutdown begins, to end what would otherwise keep a connection busy, such as
// an event stream. It must be called before Serve.
func (s *Server) OnShutdown(f func()) { s.http.RegisterOnShutdown(f) }

// Shutdown accepts no more connections and waits for the requests under way. It returns the context's error when that
// ends first; Close then ends them.
func (s *Server) Shutdown(ctx context.Context) error { return s.http.Shutdown(ctx) }

// Close ends all connections at once.
func (s *Server) Close() error { return s.http.Close() }
