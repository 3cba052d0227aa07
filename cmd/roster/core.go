package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"roster/cmd/roster/vault"
	"roster/domain"
	"roster/domain/registrar"
	"roster/eventstore/jetstream"
	"roster/projections"
	"roster/projections/readmodel"
)

// core is the log and what follows it.
type core struct {
	keys      vault.Keyring
	log       *jetstream.Log
	model     *readmodel.ReadModel
	followers *projections.Group // of the log: the read model
	unlock    func() error
}

// caretaker is what those who serve the data directory, rather than read it, open it with.
type caretaker struct {
	secretKey  string // the setting
	acceptLoss bool
}

// startCore takes the data directory, opens what is in it and starts what follows the log, which ends
// with stop alone. care is nil for those who only read. ctx bounds the start.
func startCore(ctx context.Context, s storage, care *caretaker, logger *slog.Logger) (_ *core, err error) {
	c := &core{}
	defer func() {
		if err != nil {
			err = errors.Join(err, c.stop())
		}
	}()
	if c.unlock, err = jetstream.Lock(s.Data); err != nil {
		return nil, err
	}
	if care != nil {
		if c.keys, err = sealingKeys(s.Data, care.secretKey); err != nil {
			return nil, err
		}
	}
	if err := c.openLog(ctx, s, care, logger); err != nil {
		return nil, err
	}
	c.model, err = patiently(ctx, logger, "the event log, to open the read model", func() (*readmodel.ReadModel, error) {
		return readmodel.Open(ctx, readmodel.Options{
			Dir: s.Data, Log: c.log, Logger: logger, Acknowledged: c.log.Acknowledged, Anew: c.log.Disowned(),
		})
	})
	if err != nil {
		return nil, err
	}
	c.followers = projections.Start(logger, c.model.Follower)
	return c, nil
}

// openLog opens the log and holds it against the read model, before anything is built on it, and against the
// sealing keys. What an administrator accepted as lost it has the log say.
func (c *core) openLog(ctx context.Context, s storage, care *caretaker, logger *slog.Logger) (err error) {
	witness, err := readmodel.OpenWitness(ctx, s.Data)
	if err != nil {
		logger.Warn("the read model cannot tell whether the event log is whole", "err", err)
	}
	defer func() { err = errors.Join(err, witness.Close()) }()
	o := jetstream.Options{Dir: s.Data, URL: s.NatsURL, Replicas: s.NatsReplicas, Logger: logger, Witness: witness}
	// A key of this directory is not that of the other processes on an external log.
	private := s.NatsURL != "" && care != nil && care.secretKey == ""
	if care != nil {
		o.AcceptLoss = care.acceptLoss
		if !private {
			o.SealingKey = c.keys.IDs()[0]
		}
	}
	open := func() (*jetstream.Log, error) { return jetstream.Open(ctx, o) }
	c.log, err = patiently(ctx, logger, "the event log", open)
	if errors.Is(err, readmodel.ErrUnfitWitness) {
		// It is built anew once the log is open, as one that cannot be read at all.
		logger.Warn("the read model cannot tell whether the event log is whole", "err", err)
		o.Witness = nil
		c.log, err = patiently(ctx, logger, "the event log", open)
	}
	if err != nil {
		return fmt.Errorf("open event log: %w", err)
	}
	if care == nil {
		return nil
	}
	recorder := registrar.New(registrar.Options{Log: c.log})
	var losses []domain.LossAccepted
	for _, span := range c.log.Lost() {
		losses = append(losses, domain.LossAccepted(span))
	}
	if err := recorder.AcceptLosses(ctx, losses); err != nil {
		return fmt.Errorf("record the loss of events: %w", err)
	}
	_, err = patiently(ctx, logger, "the event log, to look up its sealing keys", func() (struct{}, error) {
		return struct{}{}, recorder.UseKeys(ctx, domain.UseKeys{
			IDs: c.keys.IDs(), Founding: c.log.SealingKey(), Private: private, AcceptLoss: care.acceptLoss,
		})
	})
	if missing := (*domain.MissingKeysError)(nil); errors.As(err, &missing) {
		return fmt.Errorf("%w: put the right roster.key back, or list its key in ROSTER_SECRET_KEY; "+
			"roster serve --accept-loss (ROSTER_ACCEPT_LOSS=true) gives up the secrets that were sealed with it", err)
	}
	return err
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
