package main

import (
	"io"
	"net/http"
	"net/http/httptrace"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
)

// A heldDisk is a file system whose writes can be held.
type heldDisk struct {
	t   *testing.T
	dir string
}

// newHeldDisk mounts one, and skips the test where that cannot be done.
func newHeldDisk(t *testing.T) heldDisk {
	t.Helper()
	image, disk := filepath.Join(t.TempDir(), "image"), heldDisk{t, t.TempDir()}
	if err := os.WriteFile(image, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(image, 256<<20); err != nil {
		t.Fatal(err)
	}
	for _, command := range [][]string{
		{"mkfs.ext4", "-q", image}, {"mount", "-o", "loop", image, disk.dir}, {"fsfreeze", "-f", disk.dir}, {"fsfreeze", "-u", disk.dir},
	} {
		if out, err := exec.Command(command[0], command[1:]...).CombinedOutput(); err != nil {
			t.Skipf("no file system can be held here: %s: %v: %s", command[0], err, out)
		}
		if command[0] == "mount" {
			t.Cleanup(func() { disk.run("umount", "-l", disk.dir) })
		}
	}
	return disk
}

func (d heldDisk) run(name string, args ...string) {
	d.t.Helper()
	if out, err := exec.Command(name, args...).CombinedOutput(); err != nil {
		d.t.Errorf("%s: %v: %s", name, err, out)
	}
}

// A reader reads a client, always on the same connection unless that has ended.
type reader struct {
	*http.Client
	of ownedClient
}

func newReader(of ownedClient) reader {
	return reader{&http.Client{Transport: &http.Transport{MaxConnsPerHost: 1}}, of}
}

func (r reader) read(t *testing.T) (status int, reused bool) {
	t.Helper()
	trace := &httptrace.ClientTrace{GotConn: func(got httptrace.GotConnInfo) { reused = got.Reused }}
	request, err := http.NewRequestWithContext(httptrace.WithClientTrace(t.Context(), trace), http.MethodGet, r.of.uri, nil)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer "+r.of.token)
	response, err := r.Do(request)
	if err != nil {
		t.Error(err)
		return 0, reused
	}
	defer response.Body.Close()
	if _, err := io.Copy(io.Discard, response.Body); err != nil {
		t.Error(err)
	}
	return response.StatusCode, reused
}

// TestHeldDisk holds the disk for longer than a request may take. Whoever waited is told so, and their
// connections are as good as new ones once the disk is back.
func TestHeldDisk(t *testing.T) {
	disk := newHeldDisk(t)
	s := start(t, filepath.Join(disk.dir, "data"))
	registered := s.register(webApp)
	// So many at once need connections to the read model that are opened while the disk is held.
	readers := make([]reader, 16)
	for i := range readers {
		readers[i] = newReader(registered)
		if status, _ := readers[i].read(t); status != http.StatusOK {
			t.Fatalf("%d before the disk is held", status)
		}
	}

	disk.run("fsfreeze", "-f", disk.dir)
	var reading sync.WaitGroup
	for _, r := range readers {
		reading.Go(func() { r.read(t) })
	}
	// This one is answered when its time is over, and theirs is then, too.
	refused, err := s.call("POST", "/identity/register", "", webApp)
	disk.run("fsfreeze", "-u", disk.dir)
	if err != nil || refused.status != http.StatusServiceUnavailable || refused.header.Get("Retry-After") == "" {
		t.Errorf("a registration while the disk is held: %d %s, %v", refused.status, refused.body, err)
	}
	reading.Wait()
	for _, r := range readers {
		if status, reused := r.read(t); status != http.StatusOK || !reused {
			t.Errorf("later on the same connection: %d, reused %v", status, reused)
		}
	}
	s.eventually("able to register", func() bool {
		a, err := s.call("POST", "/identity/register", "", webApp)
		return err == nil && a.status == http.StatusCreated
	})
}
