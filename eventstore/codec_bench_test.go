package eventstore_test

import (
	"testing"

	"roster/domain"
	"roster/eventstore"
	"roster/eventstore/storetest"
)

func BenchmarkEncode(b *testing.B) {
	e := storetest.Registered(domain.ClientAggregate("c1"))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := eventstore.Encode(e); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkDecode(b *testing.B) {
	r, err := eventstore.Encode(storetest.Registered(domain.ClientAggregate("c1")))
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := eventstore.Decode(r); err != nil {
			b.Fatal(err)
		}
	}
}
