// Package sessions keeps the dashboard's sessions in JetStream, so that they are valid on every process of a cluster
// and after a restart.
package sessions

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"time"

	natsjs "github.com/nats-io/nats.go/jetstream"

	"roster/domain"
	"roster/eventstore/jetstream"
)

const (
	bucketName = "ROSTER_SESSIONS"
	lifetime   = 24 * time.Hour // after which nothing of a session is left, whatever becomes of it
	timeout    = 5 * time.Second
)

// Store is an scs.Store. It may be used concurrently. Its keys are hashes of session tokens.
//
// A session is bound to the administrators' credentials that it began with. Under other credentials it has ended, and
// it stays ended when the former ones come back. Every error of a method is a domain.ErrUnavailable.
type Store struct {
	bucket      natsjs.KeyValue
	credentials func() [sha256.Size]byte
}

// An entry of the bucket is the expiry in milliseconds since 1970, the credentials and the data of a session.
const headerSize = 8 + sha256.Size

// Open opens the store on the JetStream of a log, and ends the sessions that began with other credentials. It asks for the
// credentials when there is a session. Its error is a domain.ErrUnavailable where the same may succeed later.
func Open(ctx context.Context, log *jetstream.Log, credentials func() [sha256.Size]byte) (Store, error) {
	bucket, err := log.Bucket(ctx, jetstream.BucketOptions{Name: bucketName, Lifetime: lifetime})
	if err != nil {
		return Store{}, fmt.Errorf("session store: %w", err)
	}
	s := Store{bucket, credentials}
	if err := s.endOthers(ctx); err != nil {
		return Store{}, fmt.Errorf("session store: %w", err)
	}
	return s, nil
}

// endOthers ends the sessions of other credentials.
func (s Store) endOthers(ctx context.Context) error {
	keys, err := s.bucket.ListKeys(ctx)
	if err != nil {
		return fmt.Errorf("%w: list sessions: %w", domain.ErrUnavailable, err)
	}
	defer func() { _ = keys.Stop() }()
	for key := range keys.Keys() {
		if _, _, err := s.FindCtx(ctx, key); err != nil {
			return err
		}
	}
	return ctx.Err()
}

// FindCtx returns the data of a session that has not expired. It ends one that began with other credentials.
func (s Store) FindCtx(ctx context.Context, token string) (data []byte, found bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	entry, err := s.bucket.Get(ctx, token)
	if errors.Is(err, natsjs.ErrKeyNotFound) || errors.Is(err, natsjs.ErrInvalidKey) {
		return nil, false, nil
	}
	if err != nil {
		return nil, false, fmt.Errorf("%w: find session: %w", domain.ErrUnavailable, err)
	}
	value := entry.Value()
	if len(value) < headerSize || [sha256.Size]byte(value[8:headerSize]) != s.credentials() {
		return nil, false, s.DeleteCtx(ctx, token)
	}
	if time.Now().UnixMilli() >= int64(binary.BigEndian.Uint64(value)) {
		return nil, false, nil
	}
	return value[headerSize:], true, nil
}

// CommitCtx stores the data of a session.
func (s Store) CommitCtx(ctx context.Context, token string, data []byte, expiry time.Time) error {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	credentials := s.credentials()
	value := slices.Concat(binary.BigEndian.AppendUint64(nil, uint64(expiry.UnixMilli())), credentials[:], data)
	if _, err := s.bucket.Put(ctx, token, value); err != nil {
		return fmt.Errorf("%w: store session: %w", domain.ErrUnavailable, err)
	}
	return nil
}

// DeleteCtx ends a session.
func (s Store) DeleteCtx(ctx context.Context, token string) error {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	if err := s.bucket.Purge(ctx, token); err != nil && !errors.Is(err, natsjs.ErrInvalidKey) {
		return fmt.Errorf("%w: end session: %w", domain.ErrUnavailable, err)
	}
	return nil
}

// Find is FindCtx without a caller's context.
func (s Store) Find(token string) ([]byte, bool, error) {
	return s.FindCtx(context.Background(), token)
}

// Commit is CommitCtx without a caller's context.
func (s Store) Commit(token string, data []byte, expiry time.Time) error {
	return s.CommitCtx(context.Background(), token, data, expiry)
}

// Delete is DeleteCtx without a caller's context.
func (s Store) Delete(token string) error {
	return s.DeleteCtx(context.Background(), token)
}
