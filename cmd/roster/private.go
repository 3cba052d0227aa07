package main

import (
	"context"
	"crypto/rand"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"

	"roster/api"
	"roster/domain"
	"roster/domain/access"
	"roster/projections/readmodel"
)

// auditPrivately serves a read model to this process alone, so that auditors get the same from a data
// directory as from a running server.
func auditPrivately(reader readmodel.Reader, logger *slog.Logger) (_ *remoteServer, stop func() error, err error) {
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
		PublicURL: "http://roster", RegistrationMode: api.RegistrationClosed, Logger: logger,
	})
	server := &http.Server{Handler: handler}
	server.RegisterOnShutdown(handler.Close)
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()

	dial := func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "unix", socket)
	}
	audited := &remoteServer{
		base:      "http://roster",
		client:    &http.Client{Transport: &http.Transport{DialContext: dial}},
		authorize: func(r *http.Request) { r.Header.Set("Authorization", "Bearer "+token) },
	}
	stop = func() error {
		handler.Close()
		err := server.Close()
		if serveErr := <-served; !errors.Is(serveErr, http.ErrServerClosed) {
			err = errors.Join(err, serveErr)
		}
		return errors.Join(err, os.RemoveAll(dir))
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
