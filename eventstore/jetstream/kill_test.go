package jetstream_test

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"

	"roster/domain"
	"roster/eventstore/storetest"
)

const killedDir = "ROSTER_TEST_KILLED_DIR"

// TestKill kills a process with 16 writers, several times over: what it acknowledged is there.
func TestKill(t *testing.T) {
	if dir := os.Getenv(killedDir); dir != "" {
		appendUntilKilled(t, dir)
	}
	dir := t.TempDir()
	acknowledged := map[string]string{} // event id by client
	for range 3 {
		child := exec.Command(os.Args[0], "-test.run=^TestKill$")
		child.Env = append(os.Environ(), killedDir+"="+dir)
		out, err := child.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := child.Start(); err != nil {
			t.Fatal(err)
		}
		lines := bufio.NewScanner(out)
		for n := 0; lines.Scan(); n++ {
			if id, client, ok := strings.Cut(lines.Text(), " "); ok {
				acknowledged[client] = id
			}
			if n == 200 {
				if err := child.Process.Kill(); err != nil {
					t.Fatal(err)
				}
			}
		}
		_ = child.Wait() // it was killed
	}
	if len(acknowledged) < 600 {
		t.Fatalf("%d acknowledgements, want at least 600", len(acknowledged))
	}
	log := openLog(t, dir)
	for client, id := range acknowledged {
		history, _, err := storetest.History(t, log, domain.ClientAggregate(client), 0)
		if err != nil || len(history) != 1 || history[0].ID != id {
			t.Fatalf("client %s: %v, %v; event %s was acknowledged", client, history, err, id)
		}
	}
}

// appendUntilKilled runs in the process to be killed. It prints every event that was acknowledged.
func appendUntilKilled(t *testing.T, dir string) {
	log := openLog(t, dir)
	var mu sync.Mutex
	var wg sync.WaitGroup
	for range 16 {
		wg.Go(func() {
			for {
				change := registration()
				if _, err := log.Append(t.Context(), change); err != nil {
					t.Error(err)
					return
				}
				mu.Lock()
				_, err := fmt.Printf("%s %s\n", change.Events[0].ID, change.Events[0].Aggregate.ID)
				mu.Unlock()
				if err != nil {
					return // the parent is gone
				}
			}
		})
	}
	wg.Wait()
}
