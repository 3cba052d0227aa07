package ui

import "time"

// Past is a moment of the past that a page shows.
type Past struct {
	Event   uint64    // the number of the event that is the last one to count
	Time    time.Time // of that event
	Compare string    // address of the differences between then and now
	Now     string    // address of the same page as of now
}

// A Chooser chooses the moment that pages show.
type Chooser struct {
	Path    string   // address of the page that shows it; empty: there is nothing to choose
	Kept    []Hidden // what the address has beside the moment
	Value   string   // the moment that is shown; empty: now
	Compare string   // address of the page that compares two moments
}

// A Hidden is a field of a form that nobody sees.
type Hidden struct{ Name, Value string }

// The words for a moment that is entered.
const (
	MomentLabel   = "Event number or time (UTC)"
	MomentExample = "1234 or 2026-11-03 10:00"
	MomentLimit   = 40 // characters
)
