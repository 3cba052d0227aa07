package jetstream

import (
	"errors"
	"log/slog"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/uuid"

	"roster/domain"
	"roster/eventstore"
	"roster/eventstore/storetest"
)

// recorded returns a change that appends an event of a new client.
func recorded(event domain.Event) domain.Change {
	e := storetest.Registered(domain.ClientAggregate(uuid.Must(uuid.NewV7()).String()))
	e.Event = event
	return domain.Change{Events: []domain.Envelope{e}}
}

// While little space is left nothing new is let in, though clients and tokens can be ended still.
func TestReserve(t *testing.T) {
	log, err := Open(t.Context(), Options{Dir: t.TempDir(), Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	log.keeper.stop() // only the test looks how much space there is
	ends := []domain.Event{domain.ClientRevoked{}, domain.ClientDeleted{}, domain.InitialAccessTokenRevoked{}}
	others := []domain.Event{storetest.Registered(domain.ClientAggregate("a")).Event, domain.ClientUpdated{}, domain.InitialAccessTokenIssued{}, domain.InitialAccessTokenUsed{}}
	const mib = 1 << 20
	for _, test := range []struct {
		size, free   uint64
		all, endings bool
	}{
		{size: 48 * mib, free: 4 * mib, all: true, endings: true},
		{size: 48 * mib, free: 2 * mib, endings: true},
		{size: 48 * mib, free: mib / 2},
		{size: 48 * mib, free: 0},
		{size: 1 << 40, free: 65 * mib, all: true, endings: true},
		{size: 1 << 40, free: 63 * mib, endings: true},
		{size: 1 << 40, free: 15 * mib},
		{size: 48 * mib, free: 48 * mib, all: true, endings: true},
	} {
		log.keeper.space.statfs = func(_ string, to *syscall.Statfs_t) error {
			*to = syscall.Statfs_t{Bsize: 4096, Blocks: test.size / 4096, Bavail: test.free / 4096}
			return nil
		}
		log.keeper.space.measure()
		try := func(admitted bool, changes ...domain.Change) {
			t.Helper()
			_, err := log.Append(t.Context(), changes...)
			if admitted != (err == nil) || !admitted && (!errors.Is(err, domain.ErrDiskFull) || errors.Is(err, domain.ErrOutcomeUnknown)) {
				t.Errorf("%d of %d bytes free: %T: %v, admitted: want %t", test.free, test.size, changes[0].Events[0].Event, err, admitted)
			}
		}
		for _, event := range ends {
			try(test.endings, recorded(event))
		}
		for _, event := range others {
			try(test.all, recorded(event))
		}
		try(test.all, recorded(ends[0]), recorded(others[0]))
		if err := log.Ready(t.Context()); test.all != (err == nil) || !test.all && !errors.Is(err, domain.ErrDiskFull) {
			t.Errorf("%d of %d bytes free: Ready = %v", test.free, test.size, err)
		}
	}
}

// TestFullDisk fills a disk to its end, the reserve included. Everything that was acknowledged is there, and
// once there is space the log goes on, as do its subscriptions.
func TestFullDisk(t *testing.T) {
	dir := t.TempDir()
	if out, err := exec.Command("mount", "-t", "tmpfs", "-o", "size=6m", "tmpfs", dir).CombinedOutput(); err != nil {
		t.Skipf("no file system can be mounted here: %v: %s", err, out)
	}
	defer func() {
		if out, err := exec.Command("umount", "-l", dir).CombinedOutput(); err != nil {
			t.Errorf("umount: %v: %s", err, out)
		}
	}()
	log, err := Open(t.Context(), Options{Dir: dir, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	log.keeper.stop()
	log.keeper.space.statfs = func(string, *syscall.Statfs_t) error { return errors.New("this disk tells nothing") }
	sub, err := log.Subscribe(t.Context(), 0)
	if err != nil {
		t.Fatal(err)
	}
	defer sub.Close()

	large := func() domain.Change { return recorded(domain.ClientRevoked{Reason: strings.Repeat("x", 60_000)}) }
	var acknowledged []string
	add := func(changes ...domain.Change) error {
		_, err := log.Append(t.Context(), changes...)
		for _, change := range changes {
			if err == nil {
				acknowledged = append(acknowledged, change.Events[0].ID)
			}
		}
		return err
	}
	for i := 0; err == nil; i++ {
		if i%5 == 4 {
			err = add(large(), large())
		} else {
			err = add(large())
		}
		if i > 1000 {
			t.Fatal("the disk does not get full")
		}
	}
	if !errors.Is(err, domain.ErrOutcomeUnknown) || !errors.Is(err, domain.ErrDiskFull) {
		t.Errorf("Append = %v, want an unknown outcome and a full disk", err)
	}
	// From then on it is known, and nothing is sent.
	for _, changes := range [][]domain.Change{{large()}, {large(), large()}} {
		if err := add(changes...); !errors.Is(err, domain.ErrDiskFull) || errors.Is(err, domain.ErrOutcomeUnknown) {
			t.Errorf("next Append = %v, want ErrDiskFull", err)
		}
	}
	if err := log.Ready(t.Context()); !errors.Is(err, domain.ErrDiskFull) {
		t.Errorf("Ready = %v, want ErrDiskFull", err)
	}
	if len(acknowledged) < 10 {
		t.Fatalf("%d events fit on the disk", len(acknowledged))
	}

	if out, err := exec.Command("mount", "-o", "remount,size=64m", dir).CombinedOutput(); err != nil {
		t.Fatalf("remount: %v: %s", err, out)
	}
	log.keeper = keep(log, newSpace(dir, log.logger))
	for end := time.Now().Add(time.Minute); ; time.Sleep(10 * time.Millisecond) {
		if err := add(large()); err == nil {
			break
		} else if time.Now().After(end) {
			t.Fatalf("the log does not come back: %v", err)
		}
	}
	if err := add(large(), large()); err != nil {
		t.Error(err)
	}
	if err := log.Ready(t.Context()); err != nil {
		t.Error(err)
	}
	if got := idsUpTo(t, sub, acknowledged[len(acknowledged)-1]); !containsAll(got, acknowledged) {
		t.Errorf("the subscription gave %d events, which are not the %d that were acknowledged", len(got), len(acknowledged))
	}
	// So it is after a restart.
	if err := log.Close(); err != nil {
		t.Fatal(err)
	}
	again, err := Open(t.Context(), Options{Dir: dir, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	defer again.Close()
	reading, err := again.Subscribe(t.Context(), 0)
	if err != nil {
		t.Fatal(err)
	}
	defer reading.Close()
	if got := idsUpTo(t, reading, acknowledged[len(acknowledged)-1]); !containsAll(got, acknowledged) {
		t.Errorf("the log holds %d events, which are not the %d that were acknowledged", len(got), len(acknowledged))
	}
}

// idsUpTo reads a subscription up to an event.
func idsUpTo(t *testing.T, sub eventstore.Subscription, last string) (ids map[string]bool) {
	t.Helper()
	ids = map[string]bool{}
	for !ids[last] {
		batch, err := sub.Next(t.Context(), 100)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range batch {
			if ids[e.ID] {
				t.Errorf("event %s came twice", e.ID)
			}
			ids[e.ID] = true
		}
	}
	return ids
}

func containsAll(set map[string]bool, ids []string) bool {
	for _, id := range ids {
		if !set[id] {
			return false
		}
	}
	return true
}
