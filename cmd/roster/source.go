package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"

	"roster/api"
	"roster/api/client"
	"roster/domain"
	"roster/domain/access"
	"roster/projections/readmodel"
)

// source is where auditors read: a running server, or a data directory whose server is stopped.
type source struct {
	storage
	remoteSettings
}

// Validate refuses wrong settings.
func (s source) Validate() error {
	if s.Server == "" {
		return s.storage.Validate()
	}
	return s.remoteSettings.Validate()
}

// read opens the source for the time of use.
func (s source) read(ctx context.Context, stderr io.Writer, use func(*client.Registry) error) (err error) {
	if s.Server != "" {
		server, err := s.registry()
		if err != nil {
			return err
		}
		return use(server)
	}
	if _, err := os.Stat(s.Data); err != nil && s.NatsURL == "" {
		return fmt.Errorf("read data directory: %w", err)
	}
	logger := slog.New(slog.NewTextHandler(stderr, &slog.HandlerOptions{Level: slog.LevelWarn}))
	c, err := startCore(ctx, s.storage, nil, nil, logger)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, c.stop()) }()
	if err := c.catchUp(ctx); err != nil {
		return err
	}
	server, stop, err := auditPrivately(c.model, logger)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, stop()) }()
	return use(server)
}

// auditPrivately serves a read model to this process alone, so that auditors get the same from a data
// directory as from a running server.
func auditPrivately(reader readmodel.Reader, logger *slog.Logger) (_ *client.Registry, stop func() error, err error) {
	dir, err := os.MkdirTemp("", "roster-*")
	if err != nil {
		return nil, nil, err
	}
	socket := filepath.Join(dir, "api.sock")
	listener, err := net.Listen("unix", socket)
	if err != nil {
		return nil, nil, errors.Join(err, os.RemoveAll(dir))
	}
	token := rand.Text()
	handler := api.New(api.Options{
		Reader: reader, Administrators: holderOf(domain.DigestOf(token)),
		PublicURL: "http://roster", RegistrationMode: access.RegistrationClosed, Logger: logger,
	})
	server := &http.Server{Handler: handler}
	server.RegisterOnShutdown(handler.Close)
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()

	dial := func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "unix", socket)
	}
	audited, err := client.New("http://roster", client.Options{
		HTTPClient:  &http.Client{Transport: &http.Transport{DialContext: dial}},
		Credentials: client.Credentials{APIToken: token},
	})
	stop = func() error {
		handler.Close()
		err := server.Close()
		if serveErr := <-served; !errors.Is(serveErr, http.ErrServerClosed) {
			err = errors.Join(err, serveErr)
		}
		return errors.Join(err, os.RemoveAll(dir))
	}
	if err != nil {
		return nil, nil, errors.Join(err, stop())
	}
	return audited, stop, nil
}

// holderOf admits the holder of one token and nobody else.
type holderOf domain.Digest

// Password implements api.Administrators.
func (holderOf) Password(context.Context, string, string, string) (domain.Actor, error) {
	return domain.Actor{}, access.ErrRefused
}

// Token implements api.Administrators.
func (h holderOf) Token(_ context.Context, _, token string) (domain.Actor, error) {
	if !domain.Digest(h).Matches(token) {
		return domain.Actor{}, access.ErrRefused
	}
	return domain.Actor{Kind: domain.ActorAdmin, ID: "auditor"}, nil
}
