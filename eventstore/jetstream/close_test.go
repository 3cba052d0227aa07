package jetstream_test

import (
	"errors"
	"sync"
	"testing"

	"roster/domain"
	"roster/eventstore"
	"roster/eventstore/jetstream"
)

// TestCloseWhileAppending closes a log under load: each append either succeeded for good or failed.
func TestCloseWhileAppending(t *testing.T) {
	dir := t.TempDir()
	log := openLog(t, dir)
	var mu sync.Mutex
	acknowledged := map[uint64]string{}
	enough := make(chan struct{})
	var wg sync.WaitGroup
	for range 16 {
		wg.Go(func() {
			for {
				change := registration()
				seq, err := log.Append(t.Context(), change)
				if err != nil {
					if errors.Is(err, domain.ErrOutcomeUnknown) || errors.Is(err, domain.ErrConflict) {
						t.Error(err)
					}
					return
				}
				mu.Lock()
				if acknowledged[seq] = change.Events[0].ID; len(acknowledged) == 100 {
					close(enough)
				}
				mu.Unlock()
			}
		})
	}
	<-enough
	if err := log.Close(); err != nil {
		t.Fatal(err)
	}
	wg.Wait()
	log = openLog(t, dir)
	if last, err := log.Last(t.Context()); err != nil || last != uint64(len(acknowledged)) {
		t.Errorf("Last = %d, %v; %d events were acknowledged", last, err, len(acknowledged))
	}
	for seq, id := range acknowledged {
		if e, err := log.At(t.Context(), seq); err != nil || e.ID != id {
			t.Fatalf("At(%d) = %s, %v; want %s", seq, e.ID, err, id)
		}
	}
}

// TestCloseEndsSubscriptions closes a log that is being read.
func TestCloseEndsSubscriptions(t *testing.T) {
	log := openLog(t, t.TempDir())
	sub, err := log.Subscribe(t.Context(), 0)
	if err != nil {
		t.Fatal(err)
	}
	defer sub.Close()
	returned := make(chan error)
	go func() {
		_, err := sub.Next(t.Context(), 1)
		returned <- err
	}()
	if err := log.Close(); err != nil {
		t.Fatal(err)
	}
	if err := <-returned; err == nil {
		t.Error("Next returned nothing and no error")
	}
	if _, err := log.Append(t.Context(), registration()); err == nil {
		t.Error("a closed log appended")
	}
	if _, err := log.Subscribe(t.Context(), 0); err == nil {
		t.Error("a closed log was subscribed to")
	}
	if err := log.Ready(t.Context()); err == nil {
		t.Error("a closed log is ready")
	}
}

// readTo returns the events up to the one at last.
func readTo(t *testing.T, log *jetstream.Log, last uint64) (events []eventstore.Recorded) {
	t.Helper()
	sub, err := log.Subscribe(t.Context(), 0)
	if err != nil {
		t.Fatal(err)
	}
	defer sub.Close()
	for len(events) == 0 || events[len(events)-1].Seq < last {
		batch, err := sub.Next(t.Context(), 1000)
		if err != nil {
			t.Fatal(err)
		}
		events = append(events, batch...)
	}
	return events
}
