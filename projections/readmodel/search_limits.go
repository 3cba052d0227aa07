package readmodel

import "time"

// searchLimits bound a query that has to look through many events: between two looks at the clock it looks at a window of
// them, and once the time is up it answers with what it has.
type searchLimits struct {
	window int64 // sequences, or clients of the past
	time   time.Duration
}

var (
	// A window of a search of the log is some 10 ms of work.
	eventSearchLimits = searchLimits{window: 2048, time: 150 * time.Millisecond}
	// With what is read after it, a page of the past is there within 100 ms on a machine that is not busy.
	pastSearchLimits = searchLimits{window: candidatesAtOnce, time: 70 * time.Millisecond}
)
