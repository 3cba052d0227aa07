package jetstream

import (
	"context"
	"fmt"
	"sync"
	"time"
)

const (
	keepPace     = 100 * time.Millisecond // between two looks at the disk and the server
	firstRestart = time.Second            // between the first restart of the server and the second in a row
	lastRestart  = 30 * time.Second
	// comeBack bounds how long the server may take to answer after a restart.
	comeBack = 10 * time.Second
)

// A keeper watches the disk of an embedded server. When the server's store has failed to write once, it refuses all
// later writes, so the keeper restarts the server as soon as the disk has space. As after a crash, the restarted
// server cuts off a message that was written in part, which was never acknowledged.
type keeper struct {
	log   *Log
	space *space

	cancel context.CancelFunc
	done   sync.WaitGroup
}

func keep(log *Log, space *space) *keeper {
	ctx, cancel := context.WithCancel(context.Background())
	k := &keeper{log: log, space: space, cancel: cancel}
	k.done.Go(func() { k.run(ctx) })
	return k
}

// stop ends the keeper. The server stays as it is.
func (k *keeper) stop() {
	k.cancel()
	k.done.Wait()
}

func (k *keeper) run(ctx context.Context) {
	ticker := time.NewTicker(keepPace)
	defer ticker.Stop()
	var due time.Time // of the next restart
	var pause time.Duration
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		k.space.measure()
		k.log.embedded.check()
		life := k.log.embedded.life()
		switch {
		case life.Err() == nil:
			if time.Since(due) > lastRestart {
				pause = 0
			}
			continue
		case k.space.check() != nil, time.Now().Before(due):
			continue
		}
		k.log.logger.Warn("starting the embedded NATS server anew", "because", context.Cause(life))
		if err := k.restart(ctx); err != nil {
			k.log.logger.Error("embedded NATS server does not come back and is tried again", "err", err)
		} else {
			k.log.logger.Info("event log can be written again")
		}
		pause = min(max(2*pause, firstRestart), lastRestart)
		due = time.Now().Add(pause)
	}
}

// restart stops and starts the server, and returns nil once it answers and holds all that was acknowledged.
func (k *keeper) restart(ctx context.Context) error {
	l := k.log
	start := func() error {
		l.embedded.stop()
		return l.embedded.start()
	}
	var synced uint64
	var err error
	if l.barrier != nil {
		synced, err = l.barrier.renew(start)
	} else {
		err = start()
	}
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, comeBack)
	defer cancel()
	last, err := l.lastWithin(ctx)
	switch {
	case err != nil:
		l.embedded.fail(err)
		return err
	case last < synced:
		l.barrier.fail(fmt.Errorf("event %d was acknowledged, and the log ends at %d after its server was started anew", synced, last))
	}
	return nil
}

// lastWithin waits until the connection is restored and returns the log's last sequence.
func (l *Log) lastWithin(ctx context.Context) (uint64, error) {
	for {
		last, err := l.Last(ctx)
		if err == nil || !isUnavailable(err) {
			return last, err
		}
		select {
		case <-time.After(reconnectWait):
		case <-ctx.Done():
			return 0, err
		}
	}
}
