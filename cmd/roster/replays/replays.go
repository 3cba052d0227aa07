// Package replays remembers in JetStream which assertions clients have used, on all processes of a cluster and over
// restarts.
//
// Its limits: it has room for some 400,000 assertions that could still be used, and takes no further ones beyond them;
// and a loss of power may make it forget those of the last two minutes.
package replays

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"time"

	natsjs "github.com/nats-io/nats.go/jetstream"

	"roster/domain"
	"roster/domain/oauth/clientauth"
	"roster/eventstore/jetstream"
)

const (
	bucketName = "ROSTER_ASSERTIONS"
	// lifetime is longer than any assertion can be used.
	lifetime = clientauth.MaxLifetime + 5*time.Minute
	maxBytes = 64 << 20
	timeout  = 5 * time.Second
)

// Store implements authenticator.Replays. It may be used concurrently.
type Store struct {
	bucket natsjs.KeyValue
}

// Open opens the store on the JetStream of a log. Its error is a domain.ErrUnavailable where the same may succeed later.
func Open(ctx context.Context, log *jetstream.Log) (Store, error) {
	bucket, err := log.Bucket(ctx, jetstream.BucketOptions{
		Name: bucketName, Lifetime: lifetime, MaxBytes: maxBytes, KeyTTL: true, Replicated: true,
	})
	if err != nil {
		return Store{}, fmt.Errorf("store of used assertions: %w", err)
	}
	return Store{bucket}, nil
}

// Use remembers that a client used the assertion with an id, until a time, and reports whether it is the first time. Its
// error is a domain.ErrUnavailable: then nobody knows, and the assertion must not count.
func (s Store) Use(ctx context.Context, clientID, assertionID string, until time.Time) (first bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	_, err = s.bucket.Create(ctx, key(clientID, assertionID), nil, natsjs.KeyTTL(remaining(until)))
	switch {
	case err == nil:
		return true, nil
	case errors.Is(err, natsjs.ErrKeyExists):
		return false, nil
	}
	return false, fmt.Errorf("%w: remember an assertion: %w", domain.ErrUnavailable, err)
}

// key is made of the hash of both ids, whose lengths and characters others choose.
func key(clientID, assertionID string) string {
	sum := sha256.Sum256(fmt.Appendf(nil, "%d %s%s", len(clientID), clientID, assertionID))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// remaining is the time until an entry may expire, in whole seconds, of which the server wants at least one.
func remaining(until time.Time) time.Duration {
	return max(time.Until(until).Truncate(time.Second)+time.Second, time.Second)
}
