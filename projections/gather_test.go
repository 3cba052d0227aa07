package projections_test

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"roster/domain"
	"roster/eventstore"
	"roster/eventstore/memory"
	"roster/projections"
)

// Events that come soon after others are applied together, unless somebody waits. The clock is the test's own.
func TestGathersEventsThatNobodyWaitsFor(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		log, applied := memory.New(), &batches{}
		f, err := projections.Open(t.Context(), "test", log, applied, slog.New(slog.DiscardHandler))
		if err != nil {
			t.Fatal(err)
		}
		group := projections.Start(slog.New(slog.DiscardHandler), f)
		n := uint64(0)
		add := func(events int) {
			t.Helper()
			for range events {
				n++
				id := fmt.Sprint(n)
				if _, err := log.Append(t.Context(), domain.Change{Events: []domain.Envelope{{
					ID: id, Aggregate: domain.ClientAggregate(id), Event: domain.ClientRegistered{},
				}}}); err != nil {
					t.Fatal(err)
				}
			}
			synctest.Wait()
		}
		want := func(when string, sizes ...int) {
			t.Helper()
			if got := applied.take(); !slices.Equal(got, sizes) {
				t.Errorf("%s: applied in batches of %v, want %v", when, got, sizes)
			}
		}
		add(1)
		want("after a quiet time", 1)
		add(1)
		add(2)
		want("soon after others")
		time.Sleep(time.Second)
		synctest.Wait()
		want("a moment later", 3)
		add(1)
		want("after another quiet time", 1)

		now := time.Now()
		add(2)
		if err := f.Wait(t.Context(), n-1); err != nil || !time.Now().Equal(now) {
			t.Errorf("waited for an event that was gathered: %v, for %s", err, time.Since(now))
		}
		want("when somebody begins to wait", 2)
		go func() { _ = f.Wait(t.Context(), n+2) }()
		synctest.Wait()
		add(1)
		want("while somebody waits for a later event", 1)
		add(1)
		want("when the event that is waited for comes", 1)
		add(1)
		want("once nobody waits")

		if err := group.Stop(); err != nil {
			t.Error(err)
		}
	})
}

// batches is a projection that tells how many events it got at a time.
type batches struct {
	mu    sync.Mutex
	sizes []int
}

func (b *batches) Resume(context.Context, error) (uint64, error) { return 0, nil }

func (b *batches) Apply(_ context.Context, events []eventstore.Recorded) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.sizes = append(b.sizes, len(events))
	return nil
}

func (*batches) Retries(error) bool { return false }

// take returns the sizes since it was called before. The follower must be waiting.
func (b *batches) take() []int {
	b.mu.Lock()
	defer b.mu.Unlock()
	taken := b.sizes
	b.sizes = nil
	return taken
}
