package readmodel_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"roster/domain"
	"roster/domain/oauth"
	"roster/eventstore"
	"roster/eventstore/memory"
	"roster/projections/readmodel"
)

// A file that is damaged is built anew while the program runs. Until then whoever reads gets all there is or
// an error, never a part.
func TestDamageLeadsToANewFile(t *testing.T) {
	t.Parallel()
	const clients = 1500
	log := memory.New()
	for i := range clients {
		h := newHistory(fmt.Sprint(i), start)
		h.register(oauth.Metadata{"client_name": oauth.Text(strings.Repeat("x", 300) + fmt.Sprint(i))})
		appendTo(t, log, h)
	}
	for name, damage := range map[string]func(t *testing.T, path string){
		"64 kB of zeros in the middle": func(t *testing.T, path string) { overwrite(t, path, 64<<10) },
		"the second half missing": func(t *testing.T, path string) {
			info, err := os.Stat(path)
			if err == nil {
				err = os.Truncate(path, info.Size()/2)
			}
			if err != nil {
				t.Fatal(err)
			}
		},
		// SQLite itself does not find these.
		"an event that is not packed": func(t *testing.T, path string) { execute(t, path, `UPDATE events SET data = x'' WHERE seq = 700`) },
		"an event that is no JSON": func(t *testing.T, path string) {
			execute(t, path, `UPDATE events SET data = ? WHERE seq = 700`, readmodel.Packed("{"))
		},
		"a client that is no JSON": func(t *testing.T, path string) {
			execute(t, path, `UPDATE events SET metadata = ? WHERE seq = 700`, readmodel.Packed(""))
		},
		"an event of no known type": func(t *testing.T, path string) { execute(t, path, `UPDATE events SET type = 0 WHERE seq = 700`) },
		"a client whose metadata is not there": func(t *testing.T, path string) {
			execute(t, path, `UPDATE clients SET described = 9999 WHERE seq = 700`)
		},
		"a client that is not there": func(t *testing.T, path string) { execute(t, path, `DELETE FROM clients WHERE seq = 700`) },
		"an id that is not whole":    func(t *testing.T, path string) { execute(t, path, `UPDATE clients SET id = x'00' WHERE seq = 700`) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			before := run(t, dir, log)
			before.caughtUp()
			before.close()
			damage(t, filepath.Join(dir, "readmodel.db"))

			m := run(t, dir, log)
			ok := 0
			for end := time.Now().Add(time.Minute); ok < 3; {
				if time.Now().After(end) {
					t.Fatalf("no good answers in time: %+v", m.Health())
				}
				events, err := everyEvent(t.Context(), m)
				all, errClients := everyClient(t.Context(), m)
				var registry int
				errRegistry := m.RegistryAt(t.Context(), readmodel.Moment{Seq: clients}, func(c readmodel.StoredClient) error {
					if c.Metadata.IsValid() {
						registry++
					}
					return nil
				})
				for what, got := range map[string]struct {
					n   int
					err error
				}{"events": {events, err}, "clients": {all, errClients}, "registry": {registry, errRegistry}} {
					if got.err == nil && got.n != clients || got.err != nil && !errors.Is(got.err, readmodel.ErrUnavailable) {
						t.Fatalf("%s: %d of %d, %v", what, got.n, clients, got.err)
					}
				}
				if err == nil && errClients == nil && errRegistry == nil {
					ok++
				} else {
					ok = 0
				}
			}
			if h := m.Health(); h.Trouble != nil || h.Err != nil || h.Applied != clients {
				t.Errorf("health %+v", h)
			}
		})
	}
}

// Metadata that no query decodes is damage all the same when it is no JSON.
func TestRegistryOfADamagedClient(t *testing.T) {
	t.Parallel()
	log := memory.New()
	for i := range 10 {
		h := newHistory(fmt.Sprint(i), start)
		h.register(oauth.Metadata{"client_name": oauth.Text("A")})
		appendTo(t, log, h)
	}
	dir := t.TempDir()
	before := run(t, dir, log)
	before.caughtUp()
	before.close()
	execute(t, filepath.Join(dir, "readmodel.db"), `UPDATE events SET metadata = ? WHERE seq = 7`, readmodel.Packed(`{"client_name":`))

	m := run(t, dir, log)
	for end := time.Now().Add(time.Minute); ; {
		n := 0
		err := m.RegistryAt(t.Context(), readmodel.Moment{Seq: 10}, func(c readmodel.StoredClient) error {
			if n++; !c.Metadata.IsValid() {
				t.Errorf("client %d has the metadata %s", n, c.Metadata)
			}
			return nil
		})
		switch {
		case err == nil && n == 10:
			return
		case err == nil || !errors.Is(err, readmodel.ErrUnavailable) || time.Now().After(end):
			t.Fatalf("%d clients, %v", n, err)
		}
	}
}

// A client whose metadata cannot be found is not taken for one that was never registered.
func TestClientWithoutItsMetadata(t *testing.T) {
	t.Parallel()
	log := memory.New()
	h := registered("A")
	appendTo(t, log, h)
	dir := t.TempDir()
	before := run(t, dir, log)
	before.caughtUp()
	before.close()
	execute(t, filepath.Join(dir, "readmodel.db"), `UPDATE clients SET described = 9999`)

	m := run(t, dir, log)
	for end := time.Now().Add(time.Minute); ; {
		c, err := m.Client(t.Context(), h.id)
		switch {
		case err == nil && len(c.Metadata) > 0:
			return
		case err == nil || !errors.Is(err, readmodel.ErrUnavailable) || time.Now().After(end):
			t.Fatalf("metadata %v, %v", c.Metadata, err)
		}
	}
}

// overwrite puts zeros into the middle of a file.
func overwrite(t *testing.T, path string, n int64) {
	t.Helper()
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.WriteAt(make([]byte, n), info.Size()/2); err != nil {
		t.Fatal(err)
	}
}

func everyEvent(ctx context.Context, m readmodel.Reader) (n int, err error) {
	for q := (readmodel.EventQuery{Limit: 400}); ; {
		page, err := m.Events(ctx, q)
		if err != nil {
			return n, err
		}
		if n += len(page); len(page) < q.Limit {
			return n, nil
		}
		q.After = page[len(page)-1].Seq
	}
}

func everyClient(ctx context.Context, m readmodel.Reader) (n int, err error) {
	for q := (readmodel.ClientQuery{Limit: 400}); ; {
		page, err := m.Clients(ctx, q)
		if err != nil {
			return n, err
		}
		if n += len(page.Clients); page.NextCursor == "" {
			return n, nil
		}
		q.Cursor = page.NextCursor
	}
}

// flakyLog is a log that is not available when a test says so.
type flakyLog struct {
	brokenLog
	subscribe func() error
}

func (l flakyLog) Subscribe(ctx context.Context, after uint64) (eventstore.Subscription, error) {
	if err := l.subscribe(); err != nil {
		return nil, err
	}
	return l.brokenLog.Subscribe(ctx, after)
}

// A log that is not available for a while does not stop the projector.
func TestTriesAgainWhenTheLogIsNotAvailable(t *testing.T) {
	t.Parallel()
	away := fmt.Errorf("%w: no leader", domain.ErrUnavailable)
	log := flakyLog{brokenLog: brokenLog{Log: memory.New()}}
	troubles := 0
	var ask func() readmodel.Health
	health := make(chan readmodel.Health, 1)
	now := func() error { // the second and third time
		troubles++
		switch troubles {
		case 2, 3:
			return away
		case 4:
			health <- ask()
		}
		return nil
	}
	log.subscribe = now
	log.next = func(read func() ([]eventstore.Recorded, error)) ([]eventstore.Recorded, error) {
		batch, err := read()
		if troubles == 1 {
			return nil, away
		}
		return batch, err
	}
	appendTo(t, log.Log, registered("a"), registered("b"))
	m := open(t, t.TempDir(), log)
	ask = m.Health
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- m.Run(ctx) }()
	if err := m.Wait(t.Context(), 2); err != nil {
		t.Fatal(err)
	}
	if h := <-health; !errors.Is(h.Trouble, away) || h.Err != nil {
		t.Errorf("health %+v, want the trouble %v", h, away)
	}
	cancel()
	if err := errors.Join(<-ended, m.Close()); err != nil {
		t.Error(err)
	}
	if h := m.Health(); h.Trouble != nil || h.Applied != 2 {
		t.Errorf("health %+v", h)
	}
}

// A full disk is got over: the projector says so, readers read on, and it goes on when there is space.
func TestGetsOverAFullDisk(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	resize := tmpfs(t, dir, "2m")
	log := memory.New()
	m := run(t, dir, log)
	for i := 0; m.Health().Trouble == nil; i++ {
		h := newHistory(fmt.Sprint(i), start)
		h.register(oauth.Metadata{"client_name": oauth.Text(strings.Repeat("x", 4000))})
		appendTo(t, log, h)
		if i > 10_000 {
			t.Fatal("the disk does not get full")
		}
		wait, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
		_ = m.Wait(wait, uint64(i))
		cancel()
	}
	if h := m.Health(); h.Err != nil {
		t.Fatalf("health %+v", h)
	}
	if _, err := m.Clients(t.Context(), readmodel.ClientQuery{Limit: 10}); err != nil && !errors.Is(err, readmodel.ErrUnavailable) {
		t.Error(err)
	}
	resize("64m")
	m.caughtUp()
	if n, err := everyEvent(t.Context(), m); err != nil || uint64(n) != m.Health().Applied {
		t.Errorf("%d events, %v; %d are applied", n, err, m.Health().Applied)
	}
	if h := m.Health(); h.Trouble != nil || h.Err != nil {
		t.Errorf("health %+v", h)
	}
}

// tmpfs mounts a file system of a size, and returns what gives it another.
func tmpfs(t *testing.T, dir, size string) (resize func(size string)) {
	t.Helper()
	if out, err := exec.Command("mount", "-t", "tmpfs", "-o", "size="+size, "tmpfs", dir).CombinedOutput(); err != nil {
		t.Skipf("no file system can be mounted here: %v: %s", err, out)
	}
	t.Cleanup(func() {
		if out, err := exec.Command("umount", "-l", dir).CombinedOutput(); err != nil {
			t.Errorf("umount: %v: %s", err, out)
		}
	})
	return func(size string) {
		if out, err := exec.Command("mount", "-o", "remount,size="+size, dir).CombinedOutput(); err != nil {
			t.Fatalf("remount: %v: %s", err, out)
		}
	}
}
