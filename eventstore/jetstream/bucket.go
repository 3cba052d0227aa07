package jetstream

import (
	"context"
	"fmt"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

// Bucket returns a key-value bucket beside the log, for what is no event and may be lost: its entries are
// gone after lifetime. It is made if it is not there.
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
