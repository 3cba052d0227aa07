package readmodel_test

import (
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"roster/domain"
	"roster/domain/oauth"
	"roster/eventstore/memory"
	"roster/projections/readmodel"
)

const manyClients = 100_000

// manyRegistered returns a log of many registrations by a few hundred owners.
func manyRegistered(tb testing.TB) *memory.Log {
	tb.Helper()
	log := memory.New()
	for i := range manyClients {
		h := newHistory(fmt.Sprintf("client %d", i), start.Add(time.Duration(i)*time.Minute))
		h.register(oauth.Metadata{
			"client_name":                oauth.Text(fmt.Sprintf("team %d_Payment gateway %d", i%300, i)),
			"ext_param_owner":            oauth.Text(fmt.Sprintf("team %d", i%300)),
			"redirect_uris":              oauth.List{"https://app.example.com/callback", "https://app.example.com/silent"},
			"grant_types":                oauth.List{"authorization_code", "refresh_token"},
			"response_types":             oauth.List{"code"},
			"token_endpoint_auth_method": oauth.Text("client_secret_basic"),
			"application_type":           oauth.Text("web"),
			"contacts":                   oauth.List{"operations@example.com"},
		})
		appendTo(tb, log, h)
	}
	return log
}

func BenchmarkCatchUp(b *testing.B) {
	log := manyRegistered(b)
	used := cpuTime(b)
	var size int64
	for b.Loop() {
		dir := b.TempDir()
		m := run(b, dir, log)
		m.caughtUp()
		m.close()
		info, err := os.Stat(filepath.Join(dir, "readmodel.db"))
		if err != nil {
			b.Fatal(err)
		}
		size = info.Size()
	}
	used = cpuTime(b) - used
	events := manyClients * float64(b.N)
	b.ReportMetric(events/b.Elapsed().Seconds(), "events/s")
	b.ReportMetric(float64(used.Microseconds())/events, "cpu-µs/event")
	b.ReportMetric(float64(size)/manyClients, "B/client")
}

// cpuTime returns the time that processors have worked for this process.
func cpuTime(b *testing.B) time.Duration {
	b.Helper()
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		b.Fatal(err)
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

func BenchmarkQueries(b *testing.B) {
	log := manyRegistered(b)
	m := run(b, b.TempDir(), log)
	m.caughtUp()
	ctx := b.Context()
	last, err := log.At(ctx, manyClients)
	if err != nil {
		b.Fatal(err)
	}
	for name, q := range map[string]readmodel.ClientQuery{
		"page":        {},
		"hit":         {Text: "gateway"},
		"rare":        {Text: "gateway 77777"},
		"miss":        {Text: "no such client"},
		"characters2": {Text: "77"},
		"id":          {Text: last.Aggregate.ID},
		"status":      {Status: domain.Revoked},
		"owner":       {Owner: "team 7"},
	} {
		b.Run("clients/"+name, func(b *testing.B) {
			q.Limit = 50
			for b.Loop() {
				if _, err := m.Clients(ctx, q); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
	b.Run("client", func(b *testing.B) {
		for b.Loop() {
			if _, err := m.Client(ctx, last.Aggregate.ID); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("clientParallel", func(b *testing.B) {
		b.RunParallel(func(pb *testing.PB) {
			for pb.Next() {
				if _, err := m.Client(ctx, last.Aggregate.ID); err != nil {
					b.Error(err)
				}
			}
		})
	})
	b.Run("overview", func(b *testing.B) {
		for b.Loop() {
			if _, err := m.Overview(ctx, start.Add(manyClients*time.Minute), 30); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("events", func(b *testing.B) {
		for b.Loop() {
			if _, err := m.Events(ctx, readmodel.EventQuery{Newest: true, Limit: 50}); err != nil {
				b.Fatal(err)
			}
		}
	})
	for name, q := range map[string]readmodel.EventQuery{
		"newest":  {},
		"client":  {ClientID: last.Aggregate.ID},
		"type":    {Type: "ClientRevoked"},
		"address": {Network: netip.MustParsePrefix("198.51.100.7/32")}, // these two look at all events, or as far as they may
		"network": {Network: netip.MustParsePrefix("198.51.100.0/24")},
	} {
		b.Run("findEvents/"+name, func(b *testing.B) {
			q.Limit = 50
			for b.Loop() {
				if _, err := m.FindEvents(ctx, q); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
	b.Run("registry", func(b *testing.B) {
		for b.Loop() {
			if err := m.RegistryAt(ctx, readmodel.Moment{Seq: manyClients}, func(readmodel.StoredClient) error { return nil }); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// BenchmarkAppendToWait is one client's registration, from the append to the read model that shows it.
func BenchmarkAppendToWait(b *testing.B) {
	log := memory.New()
	m := run(b, b.TempDir(), log)
	i := 0
	for b.Loop() {
		i++
		h := newHistory(fmt.Sprintf("client %d", i), start)
		h.register(oauth.Metadata{"client_name": oauth.Text(fmt.Sprintf("client %d", i))})
		if err := m.Wait(b.Context(), appendTo(b, log, h)); err != nil {
			b.Fatal(err)
		}
	}
}
