package jetstream

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

// BucketOptions say what a bucket is like. What is zero sets no limit.
type BucketOptions struct {
	Name     string
	Lifetime time.Duration // after which every entry expires
	MaxBytes int64         // of all entries; beyond it none is taken
	// KeyTTL lets an entry expire before the others, see jetstream.KeyTTL.
	KeyTTL bool
	// Replicated keeps as many copies as the log has.
	Replicated bool
}

// Bucket returns a key-value bucket of the log's server, and creates it if there is none; one that is there stays as it
// is. It is for what is not an event and may be lost: what was put last may be, when the power fails.
func (l *Log) Bucket(ctx context.Context, o BucketOptions) (jetstream.KeyValue, error) {
	ctx, cancel := context.WithTimeout(ctx, lookupTimeout)
	defer cancel()
	config := jetstream.KeyValueConfig{
		Bucket:   o.Name,
		TTL:      o.Lifetime,
		MaxBytes: o.MaxBytes,
		Storage:  jetstream.FileStorage,
	}
	if o.KeyTTL {
		config.LimitMarkerTTL = time.Second // the least that there is
	}
	if o.Replicated {
		config.Replicas = l.replicas
	}
	bucket, err := l.js.CreateKeyValue(ctx, config)
	if errors.Is(err, jetstream.ErrBucketExists) { // with other options
		bucket, err = l.js.KeyValue(ctx, o.Name)
	}
	if err != nil {
		return nil, fmt.Errorf("bucket %s: %w", o.Name, unavailable(err))
	}
	return bucket, nil
}
