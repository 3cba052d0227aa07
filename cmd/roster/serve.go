package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"runtime/debug"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"roster/api"
	"roster/api/front"
	"roster/api/lastuse"
	"roster/api/refusals"
	"roster/cmd/roster/httpserver"
	"roster/cmd/roster/sessions"
	"roster/domain/access"
	"roster/eventstore"
	"roster/web"
)

const (
	startLimit = time.Minute
	stopLimit  = 15 * time.Second // for the requests under way
)

// serveCommand runs the service. Its settings stand in groups, each with what it builds; their order is that of the
// reference.
type serveCommand struct {
	storage
	policySettings
	upstreamSettings
	administratorPassword
	listenSettings
	administratorSettings
	authoritySettings
	registrationSettings
	custody
	proxySettings
	loggingSettings

	inEffect []web.Setting // all of them
}

// Validate refuses wrong settings.
func (s *serveCommand) Validate() error {
	policy, err := s.policy()
	for _, err := range []error{
		s.storage.Validate(),
		err,
		s.upstreamSettings.validate(),
		s.administratorSettings.validate(s.administratorPassword),
		s.authoritySettings.validate(s.APITokens),
		s.listenSettings.validate(),
		s.registrationSettings.validate(policy.RequireSoftwareStatement),
		s.custody.validate(),
	} {
		if err != nil { // the first that is wrong
			return err
		}
	}
	return nil
}

// run serves until ctx ends, then stops: HTTP, last uses, refusals, projector, log and lock, in that order.
func (s *serveCommand) run(ctx context.Context, _, stderr io.Writer) (err error) {
	collectRarely()
	logger, flush := s.logger(stderr)
	defer flush()
	starting, cancel := context.WithTimeout(ctx, startLimit)
	defer cancel()
	c, err := startCore(starting, s.storage, &s.custody, s.SoftwareIssuers, logger)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, c.stop()) }()

	refused := refusals.Open(refusals.Options{Dir: s.Data, Logger: logger})
	defer func() { err = errors.Join(err, refused.Close()) }()
	used := lastuse.Open(s.Data, logger)
	defer func() { err = errors.Join(err, used.Close()) }()
	admins, err := s.administrators(s.administratorPassword, s.Data, c.log.Identity(), stderr)
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", s.Listen)
	if err != nil {
		return err
	}
	publicURL := s.publicURL(listener.Addr())
	server, rest, err := s.server(starting, c, refused, used, admins, publicURL, logger)
	if err != nil {
		return errors.Join(err, listener.Close())
	}
	stopFollowing, err := followUpstream(starting, s.upstreamSettings, rest.PublishMetadata, logger)
	if err != nil {
		return errors.Join(err, listener.Close())
	}
	defer stopFollowing()
	warnOfExposure(s.Data, s.AdminPasswordFile, logger) // by now all files are there
	logger.Info("serving", "address", listener.Addr().String(), "dashboard", publicURL+"/admin/")
	return serveUntil(ctx, server, listener, c.log.Broken(), logger)
}

// server puts API and dashboard together.
func (s *serveCommand) server(
	ctx context.Context, c *core, refused *refusals.Store, used *lastuse.Store, admins *access.Administrators, publicURL string,
	logger *slog.Logger,
) (*httpserver.Server, *api.API, error) {
	policy, err := s.policy()
	if err != nil {
		return nil, nil, err
	}
	clients := s.registrar(c, policy, publicURL, logger)
	authority, err := s.authority(ctx, c, clients, logger)
	if err != nil {
		return nil, nil, err
	}
	metrics := prometheus.NewRegistry()
	metrics.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
		followerMetrics{c.followers.Followers()})
	observer := front.NewObserver(logger, metrics)
	rest := api.New(api.Options{
		Registrar: clients, Reader: c.model, Administrators: admins, Authority: authority, Refusals: refused, LastUse: used,
		PublicURL: publicURL, Policy: policy,
		RegistrationMode: access.RegistrationMode(s.Registration), RegistrationRate: s.RegistrationRate,
		Logger: logger, Metrics: metrics, Observer: observer, Ready: c.log.Ready,
	})
	kept, err := patiently(ctx, logger, "the session store", func() (sessions.Store, error) {
		return sessions.Open(ctx, c.log, admins.Credentials)
	})
	if err != nil {
		return nil, nil, err
	}
	streaming, endStreams := context.WithCancel(context.WithoutCancel(ctx))
	dashboard, err := web.New(web.Options{
		Registrar: clients, Reader: c.model, Administrators: admins, Refusals: refused, LastUse: used, Settings: s.inEffect, Deployment: s.deployment(c),
		PublicURL: publicURL, RegistrationMode: access.RegistrationMode(s.Registration),
		Observer: observer, Sessions: kept, Clock: time.Now, Logger: logger, Stop: streaming,
	})
	if err != nil {
		endStreams()
		return nil, nil, err
	}
	server := httpserver.New(routed(rest, dashboard),
		httpserver.Options{TrustedProxies: s.TrustedProxies, Logger: logger})
	server.OnShutdown(rest.Close)
	server.OnShutdown(endStreams)
	return server, rest, nil
}

// deployment returns what the dashboard tells of the program and its log.
func (s *serveCommand) deployment(c *core) web.Deployment {
	d := web.Deployment{
		Version: version(), Started: time.Now(), ExternalLog: s.NatsURL != "", Ready: c.log.Ready,
		SealingKeys: c.keys.IDs(), FoundingKey: c.log.SealingKey(),
	}
	for _, f := range c.followers.Followers() {
		d.Followers = append(d.Followers, f)
	}
	for _, name := range eventstore.Types() {
		d.Formats = append(d.Formats, web.Format{Name: name, Version: eventstore.SchemaVersion(name)})
	}
	return d
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

// serveUntil serves until ctx ends or the log is broken, and then lets the requests under way come to their end. It
// returns why it could not serve, what broke the log, or what went wrong when it stopped.
func serveUntil(
	ctx context.Context, server *httpserver.Server, listener net.Listener, logBroken <-chan error, logger *slog.Logger,
) error {
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	// The start took memory that is not needed again, such as 64 MiB for the hash of a password.
	debug.FreeOSMemory()
	var broken error
	select {
	case err := <-served:
		return fmt.Errorf("serve: %w", err)
	case broken = <-logBroken:
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
