package ui

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// A Span is one day or several that follow on each other, with what happened in them.
type Span struct {
	First, Last    time.Time // days, midnight UTC
	Registered     int
	Ended          int
	RegisteredPath string // address of the clients that were registered then
	EventsPath     string // address of what happened then
	Part           bool   // it is not over
}

// Label names the span: "2 Jan 2026", "29 Dec 2025 – 4 Jan 2026".
func (s Span) Label() string {
	if s.First.Equal(s.Last) {
		return s.First.Format(DateLayout)
	}
	return s.First.Format(DateLayout) + " – " + s.Last.Format(DateLayout)
}

// Tooltip says what happened in the span.
func (s Span) Tooltip() string {
	text := s.Label()
	if s.Part {
		text += ", so far"
	}
	return fmt.Sprintf("%s: %s registered, %s ended", text, Number(s.Registered), Number(s.Ended))
}

// A Chart shows a bar for each span: registrations above a line and endings below it, each on a scale of its own. Its units
// are hundredths of its width and of its height.
type Chart struct {
	Spans             []Span // oldest first
	Bars              []Bar
	Rows              []Span // of the table, oldest first; by NewChart the same as Spans
	RowUnit           string // what a row stands for: "day", "week", "month"
	Top, Bottom       int    // the highest count above and below the line
	Registered, Ended int    // in all spans
}

// A Bar is one span of a chart.
type Bar struct {
	Span
	X, Width, Slot float64 // Slot is the width with the gap to the next bar
	Up, Down       float64 // heights
}

const (
	chartLine  = 74  // where both halves meet, from the top
	chartSpace = 1   // above and below the line
	chartLeast = 1.5 // the height of a count that would otherwise be too small to see
	chartFill  = 0.8 // how much of its slot a bar takes
)

// NewChart draws the spans, oldest first. There must be at least one.
func NewChart(spans []Span) Chart {
	c := Chart{Spans: spans, Rows: spans}
	c.RowUnit = c.Unit()
	for _, s := range spans {
		c.Top = max(c.Top, s.Registered)
		c.Bottom = max(c.Bottom, s.Ended)
		c.Registered += s.Registered
		c.Ended += s.Ended
	}
	slot := 100 / float64(len(spans))
	for i, s := range spans {
		c.Bars = append(c.Bars, Bar{
			Span: s, X: float64(i) * slot, Width: slot * chartFill, Slot: slot,
			Up:   barHeight(s.Registered, c.Top, chartLine-chartSpace),
			Down: barHeight(s.Ended, c.Bottom, 100-chartLine-chartSpace),
		})
	}
	return c
}

// barHeight returns the height of a count where the highest one takes all the room.
func barHeight(n, most int, room float64) float64 {
	if n == 0 {
		return 0
	}
	return max(chartLeast, room*float64(n)/float64(most))
}

// From, Middle and Until are days at the beginning, in the middle and at the end.
func (c Chart) From() string   { return c.Spans[0].First.Format(DateLayout) }
func (c Chart) Middle() string { return c.Spans[len(c.Spans)/2].First.Format(DateLayout) }
func (c Chart) Until() string  { return c.Spans[len(c.Spans)-1].Last.Format(DateLayout) }

// Weekly reports whether the spans are longer than a day.
func (c Chart) Weekly() bool { return !c.Spans[0].First.Equal(c.Spans[0].Last) }

// Unit is what a bar stands for.
func (c Chart) Unit() string {
	if c.Weekly() {
		return "week"
	}
	return "day"
}

// RowHeading is RowUnit as the heading of a column.
func (c Chart) RowHeading() string { return strings.ToUpper(c.RowUnit[:1]) + c.RowUnit[1:] }

// Summary says in words what the chart shows.
func (c Chart) Summary() string {
	shown := fmt.Sprintf("In %d %ss up to %s", len(c.Spans), c.Unit(), c.Until())
	if c.Registered+c.Ended == 0 {
		return shown + " no client registered or ended."
	}
	busiest := slices.MaxFunc(c.Spans, func(a, b Span) int { return a.Registered - b.Registered })
	return fmt.Sprintf("%s %s registered and %s ended. Busiest %s: %s, with %s.", shown,
		Quantity(c.Registered, "client", "clients"), Number(c.Ended), c.Unit(),
		busiest.Label(), Quantity(busiest.Registered, "registration", "registrations"))
}

// percent writes a length in hundredths.
func percent(n float64) string { return strconv.FormatFloat(n, 'f', 2, 64) + "%" }
