package main

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"log/slog"
	"time"

	natsjs "github.com/nats-io/nats.go/jetstream"

	"roster/domain"
	"roster/eventstore/jetstream"
)

const (
	sessionBucket   = "ROSTER_SESSIONS"
	sessionLifetime = 24 * time.Hour // after which nothing of a session is left, whatever becomes of it
	sessionTimeout  = 5 * time.Second
)

// sessionStore keeps the dashboard's sessions in JetStream, so that they hold on every process of a cluster
// and after a restart. It is an scs.Store and may be used concurrently. Keys are hashes of session tokens.
type sessionStore struct {
	bucket natsjs.KeyValue
}

func newSessionStore(ctx context.Context, log *jetstream.Log, logger *slog.Logger) (sessionStore, error) {
	bucket, err := patiently(ctx, logger, "the session store", func() (natsjs.KeyValue, error) {
		return log.Bucket(ctx, sessionBucket, sessionLifetime)
	})
	if err != nil {
		return sessionStore{}, fmt.Errorf("session store: %w", err)
	}
	return sessionStore{bucket}, nil
}

// FindCtx returns the data of a session that has not expired.
func (s sessionStore) FindCtx(ctx context.Context, token string) (data []byte, found bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, sessionTimeout)
	defer cancel()
	entry, err := s.bucket.Get(ctx, token)
	if errors.Is(err, natsjs.ErrKeyNotFound) || errors.Is(err, natsjs.ErrInvalidKey) {
		return nil, false, nil
	}
	if err != nil {
		return nil, false, fmt.Errorf("%w: find session: %w", domain.ErrUnavailable, err)
	}
	value := entry.Value()
	if len(value) < 8 || time.Now().UnixMilli() >= int64(binary.BigEndian.Uint64(value)) {
		return nil, false, nil
	}
	return value[8:], true, nil
}

// CommitCtx stores the data of a session.
func (s sessionStore) CommitCtx(ctx context.Context, token string, data []byte, expiry time.Time) error {
	ctx, cancel := context.WithTimeout(ctx, sessionTimeout)
	defer cancel()
	value := append(binary.BigEndian.AppendUint64(nil, uint64(expiry.UnixMilli())), data...)
	if _, err := s.bucket.Put(ctx, token, value); err != nil {
		return fmt.Errorf("%w: store session: %w", domain.ErrUnavailable, err)
	}
	return nil
}

// DeleteCtx ends a session.
func (s sessionStore) DeleteCtx(ctx context.Context, token string) error {
	ctx, cancel := context.WithTimeout(ctx, sessionTimeout)
	defer cancel()
	if err := s.bucket.Purge(ctx, token); err != nil && !errors.Is(err, natsjs.ErrInvalidKey) {
		return fmt.Errorf("%w: end session: %w", domain.ErrUnavailable, err)
	}
	return nil
}

// Find is FindCtx without a caller's context.
func (s sessionStore) Find(token string) ([]byte, bool, error) {
	return s.FindCtx(context.Background(), token)
}

// Commit is CommitCtx without a caller's context.
func (s sessionStore) Commit(token string, data []byte, expiry time.Time) error {
	return s.CommitCtx(context.Background(), token, data, expiry)
}

// Delete is DeleteCtx without a caller's context.
func (s sessionStore) Delete(token string) error {
	return s.DeleteCtx(context.Background(), token)
}
