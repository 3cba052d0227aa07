package projections_test

import (
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"roster/domain"
	"roster/eventstore"
	"roster/eventstore/memory"
	"roster/projections"
	"roster/projections/followertest"
)

// tally is about the smallest projection there can be: it counts events by their type. What it holds and where
// it stands are one file, which is replaced as a whole.
type tally struct {
	path string
	fail error // what Apply returns; nil: nothing goes wrong

	mu  sync.Mutex
	now tallied
}

type tallied struct {
	Position uint64
	Types    map[string]int
	Events   []uint64 // their sequences
}

func (c *tally) Resume(context.Context, error) (uint64, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = tallied{Types: map[string]int{}}
	content, err := os.ReadFile(c.path)
	if errors.Is(err, fs.ErrNotExist) {
		return 0, nil
	}
	if err == nil {
		err = json.Unmarshal(content, &c.now)
	}
	return c.now.Position, err
}

func (c *tally) Apply(_ context.Context, events []eventstore.Recorded) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.fail != nil {
		return c.fail
	}
	for _, e := range events {
		c.now.Position = e.Seq
		c.now.Types[e.Event.Type()]++
		c.now.Events = append(c.now.Events, e.Seq)
	}
	content, err := json.Marshal(c.now)
	if err == nil {
		err = os.WriteFile(c.path+".new", content, 0o600)
	}
	if err == nil {
		err = os.Rename(c.path+".new", c.path)
	}
	return err
}

func (*tally) Retries(err error) bool { return errors.As(err, new(*fs.PathError)) }

func (c *tally) events(testing.TB) []uint64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now.Events
}

func openTally(tb testing.TB, name, dir string, log eventstore.Log) (*projections.Follower, *tally) {
	tb.Helper()
	c := &tally{path: filepath.Join(dir, name+".json")}
	f, err := projections.Open(tb.Context(), name, log, c, slog.New(slog.DiscardHandler))
	if err != nil {
		tb.Fatal(err)
	}
	return f, c
}

func TestFollower(t *testing.T) {
	t.Parallel()
	followertest.Run(t, func(tb testing.TB, dir string, log eventstore.Log) followertest.Opened {
		f, c := openTally(tb, "tally", dir, log)
		return followertest.Opened{Follower: f, Holds: c.events, Close: func(testing.TB) {}}
	})
}

// Followers run beside each other: one that stops leaves the other running, and says why in the end.
func TestGroup(t *testing.T) {
	t.Parallel()
	log, dir, broken := memory.New(), t.TempDir(), errors.New("broken")
	sound, counted := openTally(t, "sound", dir, log)
	unsound, failing := openTally(t, "unsound", dir, log)
	failing.fail = broken
	group := projections.Start(slog.New(slog.DiscardHandler), sound, unsound)
	var last uint64
	for _, id := range []string{"a", "b"} {
		var err error
		last, err = log.Append(t.Context(), domain.Change{Events: []domain.Envelope{{
			ID: id, Aggregate: domain.ClientAggregate(id), Event: domain.ClientRegistered{},
		}}})
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := sound.Wait(t.Context(), last); err != nil {
		t.Error(err)
	}
	if err := unsound.Wait(t.Context(), last); !errors.Is(err, broken) {
		t.Errorf("wait: %v, want %v", err, broken)
	}
	if err := group.Stop(); !errors.Is(err, broken) || err.Error() != "unsound: broken" {
		t.Errorf("stop: %v, want that it was broken", err)
	}
	if got := counted.now.Types["ClientRegistered"]; got != 2 {
		t.Errorf("%d registrations, want 2", got)
	}
}

// An error that the projection retries is one that it resumes from, and Interrupt is one without an Apply.
func TestResumesAfterAnError(t *testing.T) {
	t.Parallel()
	log := memory.New()
	causes := make(chan error, 10)
	f, err := projections.Open(t.Context(), "test", log, &recording{causes}, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	group := projections.Start(slog.New(slog.DiscardHandler), f)
	if err := <-causes; err != nil {
		t.Errorf("opened after %v", err)
	}
	damage := &fs.PathError{Op: "read", Path: "tally", Err: errors.New("damaged")}
	f.Interrupt(damage)
	if err := <-causes; !errors.Is(err, damage) {
		t.Errorf("resumed after %v, want %v", err, damage)
	}
	if err := group.Stop(); err != nil {
		t.Error(err)
	}
}

// recording is a projection of nothing that tells why it was resumed.
type recording struct{ causes chan error }

func (r *recording) Resume(_ context.Context, cause error) (uint64, error) {
	r.causes <- cause
	return 0, nil
}

func (*recording) Apply(context.Context, []eventstore.Recorded) error { return nil }

func (*recording) Retries(err error) bool { return errors.As(err, new(*fs.PathError)) }
