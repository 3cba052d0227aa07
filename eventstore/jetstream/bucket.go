package jetstream

import (
	"context"
	"fmt"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

// Bucket returns a key-value bucket of the log's server, and creates it if there is none. It is for what is not an
// event and may be lost. Its entries expire after lifetime.
func (l *Log) Bucket(ctx context.Context, name string, lifetime time.Duration) (jetstream.KeyValue, error) {
	ctx, cancel := context.WithTimeout(ctx, lookupTimeout)
	defer cancel()
	bucket, err := l.js.CreateKeyValue(ctx, jetstream.KeyValueConfig{
		Bucket:  name,
		TTL:     lifetime,
		Storage: jetstream.FileStorage,
	})
	if err != nil {
		return nil, fmt.Errorf("bucket %s: %w", name, unavailable(err))
	}
	return bucket, nil
}
