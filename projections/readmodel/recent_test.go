package readmodel_test

import (
	"fmt"
	"sync"
	"testing"

	"roster/domain"
	"roster/domain/oauth"
	"roster/eventstore/memory"
)

// A snapshot is right about the sequence that it names, and as recent as what was waited for, however often it is read
// while the client and others change. Each client has every second event of the log.
func TestSnapshotsOfClientsThatChange(t *testing.T) {
	t.Parallel()
	const changes = 300
	log := memory.New()
	m := run(t, t.TempDir(), log)
	clients := []*history{newHistory("a", start), newHistory("b", start)}
	var last uint64
	for _, c := range clients {
		c.register(oauth.Metadata{"client_name": oauth.Text("0")})
		last = appendTo(t, log, c)
	}
	if err := m.Wait(t.Context(), last); err != nil {
		t.Fatal(err)
	}
	versionAt := func(client int, seq uint64) uint64 { return (seq + 1 - uint64(client)) / 2 }
	check := func(client int, atLeast uint64) {
		s, err := m.ClientSnapshot(t.Context(), clients[client].id)
		want := versionAt(client, s.At)
		if err != nil || s.At < atLeast || s.State.Version != want || s.Last != 2*want-1+uint64(client) ||
			s.State.Metadata.Name() != fmt.Sprint(want-1) {
			t.Errorf("client %d, %v: %+v", client, err, s)
		}
	}
	written := make(chan struct{})
	var readers sync.WaitGroup
	for client := range clients {
		readers.Go(func() {
			for {
				select {
				case <-written:
					return
				default:
					check(client, 2)
				}
			}
		})
	}
	for i := range changes {
		client := i % len(clients)
		c := clients[client]
		c.add(domain.ClientUpdated{Metadata: oauth.Metadata{"client_name": oauth.Text(fmt.Sprint(i/2 + 1))}})
		seq := appendOne(t, log, c.events[len(c.events)-1])
		if i%3 != 0 {
			continue
		}
		if err := m.Wait(t.Context(), seq); err != nil {
			t.Error(err)
			break
		}
		for other := range clients {
			check(other, seq)
			check(other, seq)
		}
	}
	close(written)
	readers.Wait()
}
