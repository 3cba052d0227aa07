package jetstream_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"

	"roster/domain"
	"roster/eventstore"
	"roster/eventstore/jetstream"
	"roster/eventstore/storetest"
)

// disk notes what a loss of power would leave of a log's block files: each at the size that it had when
// a sync of it began that has ended, and only if a sync of the directory knows its name.
type disk struct {
	mu     sync.Mutex
	synced map[string]int64 // by path
	named  map[string]bool  // by path
}

func watch(log *jetstream.Log) *disk {
	d := &disk{synced: map[string]int64{}, named: map[string]bool{}}
	// Opening the log has synced the first block file, empty as it is, and its name.
	d.named[filepath.Join(log.Blocks(), "1.blk")] = true
	log.InterceptSync(func(path string, sync func() error) error {
		names, size := []string{}, int64(0)
		info, err := os.Stat(path)
		if err != nil {
			return err
		}
		if info.IsDir() {
			if names, err = filepath.Glob(filepath.Join(path, "*.blk")); err != nil {
				return err
			}
		} else {
			size = info.Size()
		}
		if err := sync(); err != nil {
			return err
		}
		d.mu.Lock()
		defer d.mu.Unlock()
		if !info.IsDir() {
			d.synced[path] = size
		}
		for _, name := range names {
			d.named[name] = true
		}
		return nil
	})
	return d
}

// survivors returns the files that a loss of power leaves, and their sizes.
func (d *disk) survivors() map[string]int64 {
	d.mu.Lock()
	defer d.mu.Unlock()
	left := map[string]int64{}
	for path, size := range d.synced {
		if d.named[path] {
			left[path] = size
		}
	}
	return left
}

// TestCutOff takes what a loss of power leaves, at its worst: block files that end where they were last
// synced, with half a record behind, and an index that is missing or knows of what was lost. Everything
// that was acknowledged must be there, and the log must go on.
func TestCutOff(t *testing.T) {
	dir := t.TempDir()
	log := openLog(t, dir)
	disk := watch(log)

	// Large events, so that they fill more than one block; several writers, so that syncs are shared.
	const writers, each = 8, 30
	reason := strings.Repeat("x", 60_000)
	var mu sync.Mutex
	var acknowledged []eventstore.Recorded
	type snapshot struct {
		acknowledged []eventstore.Recorded
		files        map[string]int64
	}
	var snapshots []snapshot
	var wg sync.WaitGroup
	for range writers {
		wg.Go(func() {
			for i := range each {
				e := storetest.Revoked(newClient())
				e.Event = domain.ClientRevoked{Reason: reason}
				seq, err := log.Append(t.Context(), domain.Change{Events: []domain.Envelope{e}})
				if err != nil {
					t.Error(err)
					return
				}
				mu.Lock()
				acknowledged = append(acknowledged, eventstore.Recorded{Seq: seq, Envelope: e})
				if i%10 == 9 {
					snapshots = append(snapshots, snapshot{acknowledged[:len(acknowledged):len(acknowledged)], disk.survivors()})
				}
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	if err := log.Close(); err != nil {
		t.Fatal(err)
	}
	if last := snapshots[len(snapshots)-1]; len(last.files) < 2 {
		t.Fatalf("%d block files: the test must cross from one to the next", len(last.files))
	}
	for i, snapshot := range snapshots {
		if i%5 != 0 && i != len(snapshots)-1 {
			continue
		}
		for _, index := range []string{"missing", "ahead"} {
			t.Run(fmt.Sprintf("%d acknowledged, index %s", len(snapshot.acknowledged), index), func(t *testing.T) {
				copied := t.TempDir()
				const half = 30_000
				copyCutOff(t, dir, copied, snapshot.files, half, index == "ahead")
				log := openLog(t, copied)
				for _, want := range snapshot.acknowledged {
					got, err := log.At(t.Context(), want.Seq)
					if err != nil || got.ID != want.ID {
						t.Fatalf("event %s at %d was acknowledged; there is %s, %v", want.ID, want.Seq, got.ID, err)
					}
				}
				client := newClient()
				first, err := log.Append(t.Context(), domain.Change{Events: []domain.Envelope{storetest.Registered(client)}})
				if err != nil {
					t.Fatal(err)
				}
				if last, err := log.Last(t.Context()); err != nil || last != first {
					t.Errorf("Last = %d, %v; want %d", last, err, first)
				}
				events := readTo(t, log, first)
				if len(events) <= len(snapshot.acknowledged) || events[len(events)-1].Aggregate != client {
					t.Errorf("%d events, %d were acknowledged", len(events), len(snapshot.acknowledged)+1)
				}
				// So every gap in a sequence is a loss.
				if uint64(len(events)) != first {
					t.Errorf("the sequence has come to %d with %d events", first, len(events))
				}
			})
		}
	}
}

// TestTornBatch takes what a loss of power may leave of a batch that was not acknowledged: its beginning, in
// the order of its changes, and no staged files. The log opens, shows that beginning, and goes on.
func TestTornBatch(t *testing.T) {
	dir := t.TempDir()
	log := openLog(t, dir)
	path := filepath.Join(dir, "log", "jetstream", "$G", "streams", jetstream.StreamName, "msgs", "1.blk")
	size := func() int64 {
		info, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		return info.Size()
	}
	if _, err := log.Append(t.Context(), registration()); err != nil {
		t.Fatal(err)
	}
	before := size()
	first, second := newClient(), newClient()
	batch := []domain.Change{
		{Events: []domain.Envelope{storetest.Registered(first)}},
		{Events: []domain.Envelope{storetest.Registered(second)}},
	}
	if _, err := log.Append(t.Context(), batch...); err != nil {
		t.Fatal(err)
	}
	whole := size()
	if err := log.Close(); err != nil {
		t.Fatal(err)
	}
	// Both records are of about one size: three quarters hold the first and half of the second.
	for kept, want := range map[int64]int{0: 0, (whole - before) / 4: 0, (whole - before) * 3 / 4: 1, whole - before: 2} {
		t.Run(fmt.Sprintf("%d bytes, %d of 2 events left", kept, want), func(t *testing.T) {
			copied := t.TempDir()
			copyCutOff(t, dir, copied, map[string]int64{path: before}, kept, want == 1)
			log := openLog(t, copied)
			events := readTo(t, log, uint64(1+want))
			if len(events) != 1+want || want > 0 && events[1].Aggregate != first {
				t.Fatalf("%d events are left, want %d", len(events), 1+want)
			}
			// What is left is like any other event: the same append is a conflict now, or goes through whole.
			_, err := log.Append(t.Context(), batch...)
			if conflict := want == 1; errors.Is(err, domain.ErrConflict) != conflict || (err != nil) != conflict {
				t.Errorf("append again: %v", err)
			}
			if _, err := log.Append(t.Context(), domain.Change{Events: []domain.Envelope{storetest.Registered(newClient())}}); err != nil {
				t.Error(err)
			}
		})
	}
}

// copyCutOff copies a data directory with only those block files, each cut off at its size but for some
// bytes of what follows.
func copyCutOff(t *testing.T, from, to string, blocks map[string]int64, more int64, withIndex bool) {
	t.Helper()
	err := filepath.WalkDir(from, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		relative, err := filepath.Rel(from, path)
		if err != nil {
			return err
		}
		target := filepath.Join(to, relative)
		if d.IsDir() {
			return os.MkdirAll(target, 0o700)
		}
		size, isBlock := blocks[path]
		if !withIndex && d.Name() == "index.db" || !isBlock && filepath.Ext(path) == ".blk" {
			return nil
		}
		content, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		if isBlock {
			content = content[:min(size+more, int64(len(content)))]
		}
		return os.WriteFile(target, content, 0o600)
	})
	if err != nil {
		t.Fatal(err)
	}
}

// TestAcknowledgedMeansSynced holds back the sync: no append may return before it.
func TestAcknowledgedMeansSynced(t *testing.T) {
	log := openLog(t, t.TempDir())
	began, proceed := make(chan struct{}), make(chan struct{})
	var once sync.Once
	log.InterceptSync(func(path string, sync func() error) error {
		once.Do(func() { close(began); <-proceed })
		return sync()
	})
	client := newClient()
	change := domain.Change{Events: []domain.Envelope{storetest.Registered(client)}}
	returned := make(chan error, 2)
	go func() {
		_, err := log.Append(t.Context(), change)
		returned <- err
	}()
	select {
	case <-began:
	case err := <-returned:
		t.Fatalf("Append returned %v before any sync began", err)
	}
	// The event is in the log by now, though not on disk: whoever loads it has to wait as well.
	go func() {
		_, _, err := storetest.History(t, log, client, 0)
		returned <- err
	}()
	if _, err := log.At(t.Context(), 1); err != nil {
		t.Fatal(err)
	}
	select {
	case err := <-returned:
		t.Errorf("returned %v before the event was synced", err)
	default:
	}
	close(proceed)
	for range 2 {
		if err := <-returned; err != nil {
			t.Error(err)
		}
	}
}

// TestFollowersSeeWhatIsSynced holds back the sync: no follower may be shown an event before it is on disk, or
// it would remember what a loss of power undoes.
func TestFollowersSeeWhatIsSynced(t *testing.T) {
	log := openLog(t, t.TempDir())
	proceed := make(chan struct{})
	log.InterceptSync(func(path string, sync func() error) error {
		<-proceed
		return sync()
	})
	appended := make(chan error, 1)
	go func() {
		_, err := log.Append(t.Context(), registration())
		appended <- err
	}()
	sub, err := log.Subscribe(t.Context(), 0)
	if err != nil {
		t.Fatal(err)
	}
	defer sub.Close()
	for jetstream.Received(sub) == 0 {
		runtime.Gosched()
	}
	// The follower gives up as soon as it has taken the event, which is not on disk: it gets none.
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		for jetstream.Received(sub) > 0 {
			runtime.Gosched()
		}
		cancel()
	}()
	if events, err := sub.Next(ctx, 1); !errors.Is(err, context.Canceled) {
		t.Errorf("Next = %v, %v before the sync has ended", events, err)
	}
	close(proceed)
	if err := <-appended; err != nil {
		t.Error(err)
	}
	again, err := log.Subscribe(t.Context(), 0)
	if err != nil {
		t.Fatal(err)
	}
	defer again.Close()
	if events, err := again.Next(t.Context(), 1); len(events) != 1 || err != nil {
		t.Errorf("Next = %v, %v after the sync", events, err)
	}
}

// TestSyncFails has the disk fail: what was written may be lost, and nothing is appended any more.
func TestSyncFails(t *testing.T) {
	log := openLog(t, t.TempDir())
	broken := errors.New("input/output error")
	fail := true
	log.InterceptSync(func(_ string, sync func() error) error {
		if fail {
			fail = false // the kernel reports it once
			return broken
		}
		return sync()
	})
	_, err := log.Append(t.Context(), registration())
	if !errors.Is(err, domain.ErrOutcomeUnknown) || !errors.Is(err, broken) {
		t.Errorf("Append = %v, want ErrOutcomeUnknown and the cause", err)
	}
	if err := log.Ready(t.Context()); !errors.Is(err, broken) {
		t.Errorf("Ready = %v, want the cause", err)
	}
	_, err = log.Append(t.Context(), registration())
	if !errors.Is(err, broken) || errors.Is(err, domain.ErrOutcomeUnknown) {
		t.Errorf("next Append = %v, want a refusal with the cause", err)
	}
	if !errors.Is(err, domain.ErrUnavailable) {
		t.Errorf("next Append = %v, want ErrUnavailable", err)
	}
	if err := <-log.Broken(); !errors.Is(err, broken) {
		t.Errorf("Broken receives %v, want the cause", err)
	}
	if last, err := log.Last(t.Context()); err != nil || last != 1 {
		t.Errorf("Last = %d, %v; want 1", last, err)
	}
}

// TestUnexpectedLayout puts something in the way of the probe: the log works all the same, and warns.
func TestUnexpectedLayout(t *testing.T) {
	dir := t.TempDir()
	log := openLog(t, dir)
	streams := filepath.Dir(filepath.Dir(log.Blocks()))
	if !log.SyncsItself() {
		t.Error("the layout of this server's files is not as expected")
	}
	client := newClient()
	if _, err := log.Append(t.Context(), domain.Change{Events: []domain.Envelope{storetest.Registered(client)}}); err != nil {
		t.Fatal(err)
	}
	if err := log.Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(streams, jetstream.StreamName+"_PROBE"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	var warnings strings.Builder
	log, err := jetstream.Open(t.Context(), jetstream.Options{Dir: dir, Logger: slog.New(slog.NewTextHandler(&warnings, nil))})
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	if log.SyncsItself() {
		t.Error("the log trusts a layout that it could not check")
	}
	if !strings.Contains(warnings.String(), "not laid out as expected") {
		t.Errorf("no warning in %q", warnings.String())
	}
	if _, err := log.Append(t.Context(), registration()); err != nil {
		t.Error(err)
	}
	if history, _, err := storetest.History(t, log, client, 0); err != nil || len(history) != 1 {
		t.Errorf("Load = %v, %v", history, err)
	}
}
