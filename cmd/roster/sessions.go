package main

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"log/slog"
	"slices"
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
//
// A session is bound to the credentials that it began with: under others it has ended, and it does not come
// back with them.
type sessionStore struct {
	bucket      natsjs.KeyValue
	credentials [sha256.Size]byte
}

// An entry of the bucket is the expiry in milliseconds, the credentials and the data of a session.
const sessionHeader = 8 + sha256.Size

// newSessionStore ends the sessions that began with other credentials.
func newSessionStore(ctx context.Context, log *jetstream.Log, credentials [sha256.Size]byte, logger *slog.Logger) (sessionStore, error) {
	bucket, err := patiently(ctx, logger, "the session store", func() (natsjs.KeyValue, error) {
		return log.Bucket(ctx, sessionBucket, sessionLifetime)
	})
	if err != nil {
		return sessionStore{}, fmt.Errorf("session store: %w", err)
	}
	s := sessionStore{bucket, credentials}
	if err := s.endOthers(ctx); err != nil {
		return sessionStore{}, fmt.Errorf("session store: %w", err)
	}
	return s, nil
}

// endOthers ends the sessions of other credentials.
func (s sessionStore) endOthers(ctx context.Context) error {
	keys, err := s.bucket.ListKeys(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = keys.Stop() }()
	for key := range keys.Keys() {
		if _, _, err := s.FindCtx(ctx, key); err != nil {
			return err
		}
	}
	return ctx.Err()
}

// FindCtx returns the data of a session that has not expired. One of other credentials is ended.
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
	if len(value) < sessionHeader || [sha256.Size]byte(value[8:sessionHeader]) != s.credentials {
		return nil, false, s.DeleteCtx(ctx, token)
	}
	if time.Now().UnixMilli() >= int64(binary.BigEndian.Uint64(value)) {
		return nil, false, nil
	}
	return value[sessionHeader:], true, nil
}

// CommitCtx stores the data of a session.
func (s sessionStore) CommitCtx(ctx context.Context, token string, data []byte, expiry time.Time) error {
	ctx, cancel := context.WithTimeout(ctx, sessionTimeout)
	defer cancel()
	value := slices.Concat(binary.BigEndian.AppendUint64(nil, uint64(expiry.UnixMilli())), s.credentials[:], data)
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
