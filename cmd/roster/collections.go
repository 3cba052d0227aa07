package main

import (
	"os"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"strconv"
	"strings"
)

// The garbage collector works in proportion to what is alive, once as much is allocated beside it as the percentage of
// it says. Of little that is alive, the default percentage of 100 makes so many collections that they cost a fifth of
// what a request does.
const (
	leastPercentage = 100 // the default
	mostPercentage  = 400
	// spare is how much memory garbage may take before the percentage falls to the default.
	spare = 128 << 20
	// containerMemory is the file with the limit of the memory of a container that has one.
	containerMemory = "/sys/fs/cgroup/memory.max"
)

// collectRarely has the garbage collector work more rarely than by default for as long as there is little to be
// collected, and harder as the memory of a container gets short. It does nothing where GOGC or GOMEMLIMIT says what is
// wanted.
func collectRarely() {
	if os.Getenv("GOGC") != "" || os.Getenv("GOMEMLIMIT") != "" {
		return
	}
	if text, err := os.ReadFile(containerMemory); err == nil {
		if limit, err := strconv.ParseInt(strings.TrimSpace(string(text)), 10, 64); err == nil {
			debug.SetMemoryLimit(limit / 4 * 3) // beside it there is the memory of SQLite, which is not Go's
		}
	}
	percentage := mostPercentage
	debug.SetGCPercent(percentage)
	afterEachCollection(func() {
		// To set it stops all goroutines for a moment, so small differences are let be.
		if wanted := percentageFor(liveBytes()); wanted < percentage*9/10 || wanted > percentage*11/10 {
			percentage = wanted
			debug.SetGCPercent(percentage)
		}
	})
}

// percentageFor returns the percentage at which garbage beside so much that is alive takes no more than spare.
func percentageFor(live uint64) int {
	return int(min(max(spare*100/max(live, 1), leastPercentage), mostPercentage))
}

// liveBytes is how much of the heap the last collection found to be alive.
func liveBytes() uint64 {
	sample := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
	metrics.Read(sample)
	return sample[0].Value.Uint64()
}

// afterEachCollection calls do after each collection, one call at a time.
func afterEachCollection(do func()) {
	type garbage struct{ *byte }
	var again func(*garbage)
	again = func(g *garbage) {
		do()
		runtime.SetFinalizer(g, again)
	}
	runtime.SetFinalizer(&garbage{new(byte)}, again)
}
