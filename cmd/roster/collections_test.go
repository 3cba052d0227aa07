package main

import (
	"math"
	"runtime"
	"testing"
	"time"
)

// Garbage takes no more memory than is spared, down to what Go does by default.
func TestPercentageFor(t *testing.T) {
	for live, want := range map[uint64]int{
		0: 400, 10 << 20: 400, 32 << 20: 400, 64 << 20: 200, 128 << 20: 100, 4 << 30: 100, math.MaxUint64: 100,
	} {
		if got := percentageFor(live); got != want {
			t.Errorf("%d bytes: %d, want %d", live, got, want)
		}
	}
}

// What is to be done after each collection is not done after the first alone.
func TestAfterEachCollection(t *testing.T) {
	collected := make(chan bool)
	afterEachCollection(func() {
		select {
		case collected <- true:
		case <-t.Context().Done():
		}
	})
	end := time.After(deadline)
	for done := 0; done < 3; {
		runtime.GC()
		select {
		case <-collected:
			done++
		case <-end:
			t.Fatal("something was done after", done, "collections alone")
		default: // the collection is over, and what follows it has not come yet
		}
	}
	if liveBytes() == 0 {
		t.Error("nothing is alive")
	}
}
