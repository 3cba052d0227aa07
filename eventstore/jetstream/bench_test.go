package jetstream_test

import (
	"fmt"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"roster/domain"
	"roster/eventstore/jetstream"
	"roster/eventstore/storetest"
)

// reportRate reports events a second and what each costs the whole process, server included: on a busy
// machine the latter says more.
func reportRate(b *testing.B, events int, began syscall.Rusage) {
	b.Helper()
	b.ReportMetric(float64(events)/b.Elapsed().Seconds(), "events/s")
	spent := cpu(usage(b)) - cpu(began)
	b.ReportMetric(float64(spent.Nanoseconds())/1e3/float64(events), "cpu-µs/event")
}

func usage(b *testing.B) (u syscall.Rusage) {
	b.Helper()
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return u
}

func cpu(u syscall.Rusage) time.Duration {
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// BenchmarkAppend appends single events, each synced to disk, from so many writers at once.
func BenchmarkAppend(b *testing.B) {
	for _, writers := range []int{1, 32, 256} {
		b.Run(fmt.Sprintf("writers=%d", writers), func(b *testing.B) {
			log := openLog(b, b.TempDir())
			var n atomic.Int64
			var wg sync.WaitGroup
			began := usage(b)
			b.ResetTimer()
			for range writers {
				wg.Go(func() {
					for n.Add(1) <= int64(b.N) {
						if _, err := log.Append(b.Context(), registration()); err != nil {
							b.Error(err)
							return
						}
					}
				})
			}
			wg.Wait()
			reportRate(b, b.N, began)
		})
	}
}

// BenchmarkFollow appends single events from many writers at once while a subscription reads them, as the read model
// does.
func BenchmarkFollow(b *testing.B) {
	log := openLog(b, b.TempDir())
	sub, err := log.Subscribe(b.Context(), 0)
	if err != nil {
		b.Fatal(err)
	}
	defer sub.Close()
	var writers sync.WaitGroup
	began := usage(b)
	b.ResetTimer()
	writers.Go(func() { fill(b, log, b.N) })
	for read := 0; read < b.N; {
		events, err := sub.Next(b.Context(), 1000)
		if err != nil {
			b.Fatal(err)
		}
		read += len(events)
	}
	writers.Wait()
	reportRate(b, b.N, began)
}

// BenchmarkAppendBatch appends events of two aggregates at once.
func BenchmarkAppendBatch(b *testing.B) {
	log := openLog(b, b.TempDir())
	for b.Loop() {
		if _, err := log.Append(b.Context(), registration(), registration()); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkLoad loads aggregates of so many events.
func BenchmarkLoad(b *testing.B) {
	log := openLog(b, b.TempDir())
	fill(b, log, 10_000)
	for _, events := range []int{1, 2, 10, 1000} {
		b.Run(fmt.Sprintf("events=%d", events), func(b *testing.B) {
			change := registration()
			a := change.Events[0].Aggregate
			for len(change.Events) < events {
				change.Events = append(change.Events, storetest.Updated(a))
			}
			if _, err := log.Append(b.Context(), change); err != nil {
				b.Fatal(err)
			}
			began := usage(b)
			for b.Loop() {
				if _, err := log.Load(b.Context(), a, 0, func(domain.Envelope) {}); err != nil {
					b.Fatal(err)
				}
			}
			reportRate(b, b.N*events, began)
		})
	}
}

// BenchmarkSubscribe reads a log from its beginning.
func BenchmarkSubscribe(b *testing.B) {
	const events = 200_000
	log := openLog(b, b.TempDir())
	fill(b, log, events)
	began := usage(b)
	for b.Loop() {
		sub, err := log.Subscribe(b.Context(), 0)
		if err != nil {
			b.Fatal(err)
		}
		for read := 0; read < events; {
			batch, err := sub.Next(b.Context(), 1000)
			if err != nil {
				b.Fatal(err)
			}
			read += len(batch)
		}
		sub.Close()
	}
	reportRate(b, events*b.N, began)
}

// fill appends registrations, many at once.
func fill(b *testing.B, log *jetstream.Log, events int) {
	b.Helper()
	var n atomic.Int64
	var wg sync.WaitGroup
	for range 512 {
		wg.Go(func() {
			for n.Add(1) <= int64(events) {
				if _, err := log.Append(b.Context(), registration()); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
}
