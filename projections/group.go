package projections

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
)

// Group is the owner of the followers that run in a process.
type Group struct {
	followers []*Follower
	cancel    context.CancelFunc
	running   sync.WaitGroup
	ended     []error // what each follower ended with
}

// Start runs each of the followers until Stop. One that stops on an error leaves the others running, and the
// log says why.
func Start(logger *slog.Logger, followers ...*Follower) *Group {
	ctx, cancel := context.WithCancel(context.Background())
	g := &Group{followers: followers, cancel: cancel, ended: make([]error, len(followers))}
	for i, f := range followers {
		g.running.Go(func() {
			if err := f.Run(ctx); err != nil {
				logger.Error("follower of the event log has stopped: what it made of the log stays as it is, /readyz says so",
					"follower", f.Name(), "err", err)
				g.ended[i] = fmt.Errorf("%s: %w", f.Name(), err)
			}
		})
	}
	return g
}

// Followers returns all of them, also those that have stopped. The slice must not be changed.
func (g *Group) Followers() []*Follower { return g.followers }

// Stop ends the followers, waits until all have ended and returns what any of them had stopped on before.
func (g *Group) Stop() error {
	g.cancel()
	g.running.Wait()
	return errors.Join(g.ended...)
}
