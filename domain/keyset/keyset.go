// Package keyset keeps the keys that others publish, to verify what they signed.
package keyset

import (
	"context"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/go-jose/go-jose/v4"

	"roster/domain"
	"roster/domain/oauth"
)

const (
	keysFresh  = 15 * time.Minute // how long keys serve before they are read again
	keysPaused = 10 * time.Second // the least time between two readings, whoever asks
)

// A Source reads a JSON Web Key Set, from a file or over the network, in bounded time.
type Source func(ctx context.Context) ([]byte, error)

// A Set is the keys at one source. They are read when they are first needed, again when they are no longer fresh,
// and again for a signature that none of them made, as after a rotation. When that fails, the keys that were read
// before stay. It may be used concurrently.
type Set struct {
	source  Source
	logger  *slog.Logger
	held    atomic.Pointer[heldKeys]
	reading chan struct{} // full while somebody reads
}

// heldKeys are the keys that were read last.
type heldKeys struct {
	keys []jose.JSONWebKey
	read time.Time // successfully; zero: never
	due  time.Time // of the next reading at the soonest
}

// New returns the keys at a source, which has not been read yet.
func New(source Source, logger *slog.Logger) *Set {
	s := &Set{source: source, logger: logger, reading: make(chan struct{}, 1)}
	s.held.Store(&heldKeys{})
	return s
}

// Verify reports whether one of the keys made a signature. It returns domain.ErrKeysUnavailable when no keys could
// be read yet.
func (s *Set) Verify(ctx context.Context, now time.Time, signed *jose.JSONWebSignature) (bool, error) {
	held := s.held.Load()
	genuine := oauth.VerifiedBy(held.keys, signed)
	if genuine && now.Before(held.read.Add(keysFresh)) {
		return true, nil
	}
	held, err := s.refresh(ctx, now, held)
	switch {
	case err != nil:
		return false, err
	case held.read.IsZero():
		return false, domain.ErrKeysUnavailable
	}
	return oauth.VerifiedBy(held.keys, signed), nil
}

// refresh returns keys that are newer than those that were held, if they can be read. One caller reads at a time, and
// the others wait for its result.
func (s *Set) refresh(ctx context.Context, now time.Time, held *heldKeys) (*heldKeys, error) {
	select {
	case s.reading <- struct{}{}:
		defer func() { <-s.reading }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	if latest := s.held.Load(); latest != held || now.Before(held.due) {
		return latest, nil
	}
	// A caller that goes away must not spoil the reading for the others.
	keys, err := s.read(context.WithoutCancel(ctx))
	next := &heldKeys{keys: keys, read: now, due: now.Add(keysPaused)}
	if err != nil {
		s.logger.Warn("keys not read", "err", err)
		next.keys, next.read = held.keys, held.read
	}
	s.held.Store(next)
	return next, nil
}

func (s *Set) read(ctx context.Context) ([]jose.JSONWebKey, error) {
	set, err := s.source(ctx)
	if err != nil {
		return nil, err
	}
	return oauth.VerificationKeys(set)
}
