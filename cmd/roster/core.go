package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"roster/domain"
	"roster/eventstore/jetstream"
	"roster/projections"
)

// core is the log, the read model and the projector between them.
type core struct {
	log    *jetstream.Log
	model  *projections.ReadModel
	unlock func() error

	stopProjector context.CancelFunc
	projected     chan error // what the projector ended with
}

// startCore takes the data directory, opens what is in it and starts the projector, which ends with stop
// alone. ctx bounds the start.
func startCore(ctx context.Context, s storage, logger *slog.Logger) (_ *core, err error) {
	c := &core{stopProjector: func() {}}
	defer func() {
		if err != nil {
			err = errors.Join(err, c.stop())
		}
	}()
	if c.unlock, err = jetstream.Lock(s.Data); err != nil {
		return nil, err
	}
	c.log, err = patiently(ctx, logger, "the event log", func() (*jetstream.Log, error) {
		return jetstream.Open(ctx, jetstream.Options{Dir: s.Data, URL: s.NatsURL, Replicas: s.NatsReplicas, Logger: logger})
	})
	if err != nil {
		return nil, fmt.Errorf("open event log: %w", err)
	}
	c.model, err = patiently(ctx, logger, "the event log, to open the read model", func() (*projections.ReadModel, error) {
		return projections.Open(ctx, projections.Options{Dir: s.Data, Log: c.log, Logger: logger})
	})
	if err != nil {
		return nil, err
	}
	projecting, cancel := context.WithCancel(context.WithoutCancel(ctx))
	c.stopProjector, c.projected = cancel, make(chan error, 1)
	go func() {
		err := c.model.Run(projecting)
		if err != nil {
			logger.Error("projector stopped: the read model stays as it is, /readyz says so", "err", err)
		}
		c.projected <- err
	}()
	return c, nil
}

// startPause is between two attempts to open what is not available.
const startPause = 500 * time.Millisecond

// patiently opens something, and tries again while the event log is not available, until ctx ends: a cluster
// may have no leader yet, or a disk no space. It logs what is waited for.
func patiently[T any](ctx context.Context, logger *slog.Logger, what string, open func() (T, error)) (T, error) {
	for said := false; ; said = true {
		opened, err := open()
		if !errors.Is(err, domain.ErrUnavailable) {
			return opened, err
		}
		if !said {
			logger.Warn("waiting for "+what, "err", err)
		}
		select {
		case <-time.After(startPause):
		case <-ctx.Done():
			return opened, fmt.Errorf("waited for %s in vain: %w", what, err)
		}
	}
}

// stop ends the projector, the read model, the log and the lock, in that order. It returns what went
// wrong, in the projector's life too.
func (c *core) stop() error {
	var errs []error
	c.stopProjector()
	if c.projected != nil {
		errs = append(errs, <-c.projected)
	}
	if c.model != nil {
		errs = append(errs, c.model.Close())
	}
	if c.log != nil {
		errs = append(errs, c.log.Close())
	}
	if c.unlock != nil {
		errs = append(errs, c.unlock())
	}
	return errors.Join(errs...)
}

// catchUp waits until the read model has applied all that the log held when it was called.
func (c *core) catchUp(ctx context.Context) error {
	last, err := c.log.Last(ctx)
	if err != nil {
		return err
	}
	return c.model.Wait(ctx, last)
}
