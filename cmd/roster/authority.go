package main

import (
	"context"
	"errors"
	"log/slog"
	"regexp"
	"slices"
	"time"

	"roster/api"
	"roster/cmd/roster/consumers"
	"roster/cmd/roster/outbound"
	"roster/cmd/roster/replays"
	"roster/domain/access"
	"roster/domain/authenticator"
	"roster/domain/registrar"
)

// authoritySettings are which authorization servers live on the registry.
type authoritySettings struct {
	ASTokens        bearerTokens  `help:"Bearer tokens of authorization servers, comma-separated, each of 32 characters or more; a name may come twice while one token replaces the other." placeholder:"NAME=TOKEN"`
	ASCacheLifetime time.Duration `help:"How long authorization servers may go on with a client that they looked up, such as 10s; 0: they ask each time." default:"0" placeholder:"DURATION"`
}

// serverName is what the name of an authorization server may be: it is part of a key.
var serverName = regexp.MustCompile(`^[A-Za-z0-9_-]{1,64}$`)

// maxCacheLifetime bounds how long a client that was revoked is served on.
const maxCacheLifetime = time.Hour

func (s authoritySettings) validate(others bearerTokens) error {
	switch {
	case slices.ContainsFunc(s.ASTokens, func(t access.Token) bool { return !serverName.MatchString(t.Holder) }):
		return errors.New("--as-tokens must name authorization servers by 1 to 64 letters, digits, hyphens and underscores")
	case s.ASTokens.overlap(others):
		return errors.New("--as-tokens must not hold a token of --api-tokens")
	case s.ASCacheLifetime < 0 || s.ASCacheLifetime > maxCacheLifetime || s.ASCacheLifetime%time.Second != 0:
		return errors.New("--as-cache-lifetime must be whole seconds, up to 1h")
	}
	return nil
}

// overlap reports whether a token is among both.
func (all bearerTokens) overlap(others bearerTokens) bool {
	return slices.ContainsFunc(all, func(one access.Token) bool {
		return slices.ContainsFunc(others, func(other access.Token) bool { return one.Digest == other.Digest })
	})
}

// authority returns what authorization servers live on, over a core. With no token there is none, and nothing is opened.
func (s authoritySettings) authority(
	ctx context.Context, c *core, clients *registrar.Registrar, logger *slog.Logger,
) (api.AuthorityOptions, error) {
	if len(s.ASTokens) == 0 {
		return api.AuthorityOptions{}, nil
	}
	used, err := patiently(ctx, logger, "the store of used assertions", func() (replays.Store, error) { return replays.Open(ctx, c.log) })
	if err != nil {
		return api.AuthorityOptions{}, err
	}
	positions, err := patiently(ctx, logger, "the store of consumers", func() (consumers.Store, error) { return consumers.Open(ctx, c.log) })
	if err != nil {
		return api.AuthorityOptions{}, err
	}
	return api.AuthorityOptions{
		Tokens: access.Tokens(s.ASTokens), Consumers: positions, CacheLifetime: s.ASCacheLifetime,
		Authenticator: authenticator.New(authenticator.Options{
			Clients: clients, Opener: c.keys, Replays: used, Logger: logger,
			Fetcher: outbound.New(logger), // of its own: documents of registrations must not take its places
		}),
	}, nil
}
