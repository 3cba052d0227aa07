package refusals_test

import (
	"fmt"
	"testing"
	"time"

	"roster/api/refusals"
)

// BenchmarkFull asks a store that is full, with as many addresses as refusals.
func BenchmarkFull(b *testing.B) {
	s := open(b, b.TempDir(), newClock())
	const most, causes = 100_000, 40
	for i := range most {
		cause := noHTTPS
		cause.Member = fmt.Sprint("member", i%causes)
		s.refuse(address(i), cause, "A name of an application")
		if s.clock.pass(5 * time.Second); i%1000 == 0 {
			s.page(refusals.Query{Limit: 1})
		}
	}
	size := s.count(`SELECT page_count * page_size FROM pragma_page_count, pragma_page_size`)
	for name, ask := range map[string]func(){
		"summary":               func() { s.summary(refusals.Query{}) },
		"summary-of-a-day":      func() { s.summary(refusals.Query{Since: s.clock.Now().Add(-24 * time.Hour)}) },
		"summary-of-an-address": func() { s.summary(refusals.Query{IP: address(77)}) },
		"page":                  func() { s.page(refusals.Query{Limit: 50}) },
		"page-of-an-address":    func() { s.page(refusals.Query{Limit: 50, IP: address(77)}) },
	} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				ask()
			}
			b.ReportMetric(float64(size)/most, "bytes/refusal")
		})
	}
}

// BenchmarkRecord is what a request pays: for a refusal that is kept, and for one in a flood.
func BenchmarkRecord(b *testing.B) {
	for name, pause := range map[string]time.Duration{"kept": time.Second, "counted": 0} {
		b.Run(name, func(b *testing.B) {
			s := open(b, b.TempDir(), newClock())
			addresses := make([]string, 1<<12)
			for i := range addresses {
				addresses[i] = address(i)
			}
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				s.refuse(addresses[i%len(addresses)], noHTTPS, "A name")
				s.clock.pass(pause)
			}
		})
	}
}
