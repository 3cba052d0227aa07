package main

import (
	"context"
	"errors"
	"log/slog"

	"roster/cmd/roster/vault"
	"roster/eventstore/jetstream"
	"roster/projections"
	"roster/projections/readmodel"
)

// core is the log and what follows it.
type core struct {
	keys      vault.Keyring
	log       *jetstream.Log
	alone     bool // no other process appends to the log: it is in this one
	model     *readmodel.ReadModel
	followers *projections.Group // of the log: the read model
	unlock    func() error
}

// startCore takes the data directory, opens what is in it and starts what follows the log, which ends
// with stop alone. care is nil for those who only read; issuers are those whose software statements are trusted. ctx bounds
// the start.
func startCore(ctx context.Context, s storage, care *custody, issuers issuerSources, logger *slog.Logger) (_ *core, err error) {
	c := &core{alone: s.NatsURL == ""}
	defer func() {
		if err != nil {
			err = errors.Join(err, c.stop())
		}
	}()
	if c.unlock, err = jetstream.Lock(s.Data); err != nil {
		return nil, err
	}
	if care != nil {
		if c.keys, err = care.sealingKeys(s.Data); err != nil {
			return nil, err
		}
	}
	if err := c.openLog(ctx, s, care, logger); err != nil {
		return nil, err
	}
	c.model, err = patiently(ctx, logger, "the event log, to open the read model", func() (*readmodel.ReadModel, error) {
		return readmodel.Open(ctx, readmodel.Options{
			Dir: s.Data, Log: c.log, Logger: logger, Acknowledged: c.log.Acknowledged, Anew: c.log.Disowned(), Trusts: issuers.trusts,
		})
	})
	if err != nil {
		return nil, err
	}
	c.followers = projections.Start(logger, c.model.Follower)
	return c, nil
}

// stop ends what follows the log, the read model, the log and the lock, in that order. It returns what went
// wrong, and what a follower had stopped on.
func (c *core) stop() error {
	var errs []error
	if c.followers != nil {
		errs = append(errs, c.followers.Stop())
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
