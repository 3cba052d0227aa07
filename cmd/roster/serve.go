package main

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"roster/api"
	"roster/api/front"
	"roster/cmd/roster/outbound"
	"roster/domain/access"
	"roster/domain/registrar"
	"roster/eventstore"
	"roster/web"
)

const (
	startLimit = time.Minute
	stopLimit  = 15 * time.Second // for the requests under way
)

// run serves until ctx ends, then stops: HTTP, projector, log and lock, in that order.
func (s *serveCommand) run(ctx context.Context, _, stderr io.Writer) (err error) {
	logger := s.logger(stderr)
	starting, cancel := context.WithTimeout(ctx, startLimit)
	defer cancel()
	c, err := startCore(starting, s.storage, &caretaker{secretKey: s.SecretKey, acceptLoss: s.AcceptLoss}, logger)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, c.stop()) }()

	admins, err := s.administrators(stderr, c.log.Identity())
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", s.Listen)
	if err != nil {
		return err
	}
	publicURL := s.publicURL(listener.Addr())
	server, rest, err := s.server(starting, c, admins, publicURL, logger)
	if err != nil {
		return errors.Join(err, listener.Close())
	}
	stopFollowing, err := followUpstream(starting, s.upstreamSettings, rest.PublishMetadata, logger)
	if err != nil {
		return errors.Join(err, listener.Close())
	}
	defer stopFollowing()
	s.warnOfExposure(logger) // by now all files are there
	served := make(chan error, 1)
	go func() { served <- server.Serve(inJSON{listener, logger}) }()
	logger.Info("serving", "address", listener.Addr().String(), "dashboard", publicURL+"/admin/")

	var broken error
	select {
	case err := <-served:
		return fmt.Errorf("serve: %w", err)
	case broken = <-c.log.Broken():
		// Whoever supervises the program starts it anew, which is what helps.
		broken = fmt.Errorf("the event log must be opened anew: %w", broken)
		logger.Error("event log is broken", "err", broken)
	case <-ctx.Done():
	}
	logger.Info("stopping")
	stopping, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopLimit)
	defer cancel()
	if err := server.Shutdown(stopping); err != nil {
		return errors.Join(broken, fmt.Errorf("stop serving: %w", err), server.Close())
	}
	return broken
}

// server puts API and dashboard together.
func (s *serveCommand) server(
	ctx context.Context, c *core, admins *access.Administrators, publicURL string, logger *slog.Logger,
) (*http.Server, *api.API, error) {
	policy, err := s.policy()
	if err != nil {
		return nil, nil, err
	}
	clients := registrar.New(registrar.Options{
		Log: c.log, Snapshots: c.model, Waiter: c.model, Sealer: c.keys, Census: c.model, Policy: policy, SecretLifetime: s.SecretLifetime,
		RotateAccessTokens: s.RotateRegistrationAccessToken, ChangeRate: s.ChangeRate, Logger: logger,
		Fetcher: outbound.New(logger), FetchRate: s.RegistrationRate, Issuers: s.issuers(publicURL, logger),
	})
	metrics := prometheus.NewRegistry()
	metrics.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	observer := front.NewObserver(logger, metrics)
	rest := api.New(api.Options{
		Registrar: clients, Reader: c.model, Administrators: admins,
		PublicURL: publicURL, Policy: policy,
		RegistrationMode: api.RegistrationMode(s.Registration), RegistrationRate: s.RegistrationRate,
		Logger: logger, Metrics: metrics, Observer: observer, Ready: c.log.Ready,
	})
	sessions, err := newSessionStore(ctx, c.log, admins.Credentials(), logger)
	if err != nil {
		return nil, nil, err
	}
	streaming, endStreams := context.WithCancel(context.WithoutCancel(ctx))
	dashboard, err := web.New(web.Options{
		Registrar: clients, Reader: c.model, Administrators: admins,
		PublicURL: publicURL, Observer: observer, Sessions: sessions, Clock: time.Now, Logger: logger, Stop: streaming,
	})
	if err != nil {
		endStreams()
		return nil, nil, err
	}
	server := newHTTPServer(forwarded(s.TrustedProxies, routed(rest, dashboard)), logger)
	server.RegisterOnShutdown(rest.Close)
	server.RegisterOnShutdown(endStreams)
	return server, rest, nil
}

// routed leads to the dashboard what is its own, and everything else to the API, which answers what nobody knows.
// An http.ServeMux would answer some requests itself, in plain text and unlogged: those for no path, such as
// CONNECT, and those for a path that it would rather have written otherwise.
func routed(rest, dashboard http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		path := r.URL.Path
		own := path == "/" || path == "/admin" || strings.HasPrefix(path, "/admin/")
		if own && r.Method != http.MethodConnect {
			dashboard.ServeHTTP(w, r)
			return
		}
		rest.ServeHTTP(w, r)
	})
}

// newHTTPServer returns a server that waits for no caller for long.
//
// No handler may set a read deadline. While one runs net/http reads on, to learn when the caller hangs up; a
// deadline that passes then is taken for that and ends the context of the connection, so that every later
// request on it is over before it began. ReadTimeout is lifted in time: when all of the body has come.
func newHTTPServer(handler http.Handler, logger *slog.Logger) *http.Server {
	return &http.Server{
		Handler:           unambiguous(handler),
		ConnContext:       withFraming,
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       15 * time.Second,
		WriteTimeout:      30 * time.Second, // streams set deadlines of their own
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    16 << 10,
		// OPTIONS * is answered and logged as everything else.
		DisableGeneralOptionsHandler: true,
		ErrorLog:                     slog.NewLogLogger(logger.Handler(), slog.LevelWarn),
	}
}

// administrators says who may administer on a log. The salt of a password in the settings is the log's own, so
// that all processes and every start have the same hash of it, to which sessions are bound. A password that was made just now is printed, once and to
// standard error alone: a log would keep it.
func (s *serveCommand) administrators(stderr io.Writer, log eventstore.Identity) (*access.Administrators, error) {
	password, err := s.administratorPassword.read()
	if err != nil {
		return nil, err
	}
	salt := sha256.Sum256(fmt.Appendf(nil, "roster %s %s", log.Name, log.Created.Format(time.RFC3339Nano)))
	hash, made, err := adminHash(s.Data, password, salt[:])
	if err != nil {
		return nil, err
	}
	if made != "" {
		fmt.Fprintf(stderr, "\n  The administrator is %s with the password %s\n  It is shown this once; only its hash is kept, in %s.\n\n",
			s.AdminUser, made, adminHashFile)
	}
	return access.New(access.Options{User: s.AdminUser, PasswordHash: hash, Tokens: s.APITokens})
}
