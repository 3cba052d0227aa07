// Package consumers keeps in JetStream how far authorization servers have come in the feed of changes, so that they find
// it on every process of a cluster and after a restart. A loss of power may set a position back by up to two minutes,
// after which its consumer is told some changes once more.
package consumers

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	natsjs "github.com/nats-io/nats.go/jetstream"

	"roster/api"
	"roster/domain"
	"roster/eventstore/jetstream"
)

const (
	bucketName = "ROSTER_CONSUMERS"
	timeout    = 5 * time.Second
)

// Store implements api.Consumers. It may be used concurrently. Its errors, but for api.ErrNoSuchConsumer and
// api.ErrTooManyConsumers, are a domain.ErrUnavailable.
type Store struct {
	bucket natsjs.KeyValue
}

// Open opens the store on the JetStream of a log.
func Open(ctx context.Context, log *jetstream.Log) (Store, error) {
	bucket, err := log.Bucket(ctx, jetstream.BucketOptions{Name: bucketName, Replicated: true})
	if err != nil {
		return Store{}, fmt.Errorf("store of consumers: %w", err)
	}
	return Store{bucket}, nil
}

// entry is the value of a consumer.
type entry struct {
	Seq uint64    `json:"seq"`
	At  time.Time `json:"at"`
}

// Consumers implements api.Consumers.
func (s Store) Consumers(ctx context.Context, server string) ([]api.Consumer, error) {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	keys, err := s.bucket.ListKeysFiltered(ctx, server+".*")
	if err != nil {
		return nil, unavailable(err)
	}
	defer func() { _ = keys.Stop() }()
	var found []api.Consumer
	for key := range keys.Keys() {
		consumer, err := s.get(ctx, key)
		switch {
		case errors.Is(err, api.ErrNoSuchConsumer): // it was removed meanwhile
		case err != nil:
			return nil, err
		default:
			found = append(found, consumer)
		}
	}
	slices.SortFunc(found, func(a, b api.Consumer) int { return strings.Compare(a.Name, b.Name) })
	return found, ctx.Err()
}

// Consumer implements api.Consumers.
func (s Store) Consumer(ctx context.Context, server, name string) (api.Consumer, error) {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	return s.get(ctx, server+"."+name)
}

func (s Store) get(ctx context.Context, key string) (api.Consumer, error) {
	found, err := s.bucket.Get(ctx, key)
	switch {
	case errors.Is(err, natsjs.ErrKeyNotFound):
		return api.Consumer{}, api.ErrNoSuchConsumer
	case err != nil:
		return api.Consumer{}, unavailable(err)
	}
	var e entry
	if err := json.Unmarshal(found.Value(), &e); err != nil {
		return api.Consumer{}, fmt.Errorf("position of consumer %s: %w", key, err)
	}
	_, name, _ := strings.Cut(key, ".")
	return api.Consumer{Name: name, Seq: e.Seq, UpdatedAt: e.At}, nil
}

// SetConsumer implements api.Consumers. Two that are new and come at the same moment may exceed the limit by one.
func (s Store) SetConsumer(ctx context.Context, server string, c api.Consumer) error {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	key := server + "." + c.Name
	if _, err := s.get(ctx, key); errors.Is(err, api.ErrNoSuchConsumer) {
		all, err := s.Consumers(ctx, server)
		switch {
		case err != nil:
			return err
		case len(all) >= api.ConsumersMost:
			return api.ErrTooManyConsumers
		}
	} else if err != nil {
		return err
	}
	value, err := json.Marshal(entry{c.Seq, c.UpdatedAt})
	if err != nil {
		return err
	}
	if _, err := s.bucket.Put(ctx, key, value); err != nil {
		return unavailable(err)
	}
	return nil
}

// RemoveConsumer implements api.Consumers.
func (s Store) RemoveConsumer(ctx context.Context, server, name string) error {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	if err := s.bucket.Purge(ctx, server+"."+name); err != nil {
		return unavailable(err)
	}
	return nil
}

func unavailable(err error) error {
	return fmt.Errorf("%w: positions of consumers: %w", domain.ErrUnavailable, err)
}
