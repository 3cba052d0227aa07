package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"roster/cmd/roster/vault"
	"roster/domain"
	"roster/domain/registrar"
	"roster/eventstore/jetstream"
	"roster/projections/readmodel"
)

// storage is where log and read model are.
type storage struct {
	Data         string `help:"Directory of the embedded log and the read model." default:"./data" placeholder:"DIR"`
	NatsURL      string `help:"URLs of an external JetStream, comma-separated; empty: an embedded server." placeholder:"URL"`
	NatsReplicas int    `help:"Replicas that the stream must have on an external JetStream." default:"1" placeholder:"N"`
}

// Validate refuses wrong settings.
func (s storage) Validate() error {
	switch {
	case s.Data == "":
		return errors.New("--data must name a directory")
	case s.NatsReplicas < 1 || s.NatsReplicas > 5:
		return errors.New("--nats-replicas must be from 1 to 5")
	case s.NatsURL != "" && jetstream.CheckURLs(s.NatsURL) != nil:
		return fmt.Errorf("--nats-url: %w", jetstream.CheckURLs(s.NatsURL))
	}
	return nil
}

// custody are the settings of a process that serves the log and the data directory, rather than only reads them.
type custody struct {
	SecretKey  string `secret:"" help:"Keys for secrets which are needed again, each of 32 bytes in base64, comma-separated: the first seals, all can open (default: roster.key in the data directory)." placeholder:"KEY"`
	AcceptLoss bool   `help:"Go on without what is lost for good: acknowledged events that are missing from the log, or a sealing key. The log says so. Without it such a start is refused."`
}

func (s custody) validate() error {
	if s.SecretKey == "" {
		return nil
	}
	if _, err := vault.ParseKeyring(s.SecretKey); err != nil {
		return fmt.Errorf("--secret-key %w", err)
	}
	return nil
}

const sealingKeyFile = "roster.key"

// sealingKeys returns the keys of the settings, or else the one in the data directory, which it makes at the first
// start.
func (s custody) sealingKeys(data string) (ring vault.Keyring, err error) {
	if s.SecretKey != "" {
		ring, err = vault.ParseKeyring(s.SecretKey)
	} else {
		ring, err = vault.LoadKeyring(filepath.Join(data, sealingKeyFile))
	}
	if err != nil {
		return ring, fmt.Errorf("sealing key: %w", err)
	}
	return ring, nil
}

// warnOfExposure warns of the data directory, and of files with keys and passwords, that are open to other users
// of the machine.
func warnOfExposure(data, passwordFile string, logger *slog.Logger) {
	for _, path := range []string{data, filepath.Join(data, sealingKeyFile), filepath.Join(data, adminHashFile), passwordFile} {
		info, err := os.Stat(path)
		if err == nil && info.Mode().Perm()&0o077 != 0 { // what is not there is nobody's to read
			logger.Warn("other users of this machine can get at what is only the server's: chmod go= takes that away",
				"path", path, "mode", info.Mode().Perm().String())
		}
	}
}

// openLog opens the log and holds it against the read model, before anything is built on it, and against the
// sealing keys. What an administrator accepted as lost it has the log say.
func (c *core) openLog(ctx context.Context, s storage, care *custody, logger *slog.Logger) (err error) {
	witness, err := readmodel.OpenWitness(ctx, s.Data)
	if err != nil {
		logger.Warn("the read model cannot tell whether the event log is whole", "err", err)
	}
	defer func() { err = errors.Join(err, witness.Close()) }()
	o := jetstream.Options{Dir: s.Data, URL: s.NatsURL, Replicas: s.NatsReplicas, Logger: logger, Witness: witness}
	// A key of this directory is not that of the other processes on an external log.
	private := s.NatsURL != "" && care != nil && care.SecretKey == ""
	if care != nil {
		o.AcceptLoss = care.AcceptLoss
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
			IDs: c.keys.IDs(), Founding: c.log.SealingKey(), Private: private, AcceptLoss: care.AcceptLoss,
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
