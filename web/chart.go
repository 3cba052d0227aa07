package web

import (
	"fmt"
	"slices"
	"strconv"

	"roster/projections/readmodel"
)

// A chart shows registrations upwards and endings downwards from one line, one bar a day, both on one scale.
// Its units are those of its view box: chartStep a day, chartHeight in all.
type chart struct {
	Days                []readmodel.Day
	Bars                []bar
	Width               int
	Line                float64 // where the two meet
	Top, Bottom         int     // the count at either edge
	Registered, Ended   int     // in all these days
	From, Middle, Until string
}

// A bar is one day.
type bar struct {
	X        int
	Up, Down float64 // heights
	Says     string
}

const (
	chartHeight = 100
	chartStep   = 10
	chartBar    = 8
	chartLeast  = 1.5 // the height of a count that would otherwise be too small to see
)

// newChart draws the days, which must not be empty.
func newChart(days []readmodel.Day) chart {
	c := chart{Days: days, Width: chartStep * len(days)}
	for _, d := range days {
		c.Top = max(c.Top, d.Registered)
		c.Bottom = max(c.Bottom, d.Ended)
		c.Registered += d.Registered
		c.Ended += d.Ended
	}
	scale := float64(chartHeight) / float64(max(1, c.Top+c.Bottom))
	height := func(n int) float64 {
		if n == 0 {
			return 0
		}
		return max(chartLeast, float64(n)*scale)
	}
	c.Line = chartHeight - height(c.Bottom)
	for i, d := range days {
		c.Bars = append(c.Bars, bar{
			X: i * chartStep, Up: min(height(d.Registered), c.Line), Down: height(d.Ended),
			Says: fmt.Sprintf("%s: %s registered, %s ended", d.Date.Format(formDay), count(d.Registered), count(d.Ended)),
		})
	}
	if n := len(days); n > 0 {
		c.From, c.Middle, c.Until = days[0].Date.Format(formDay), days[n/2].Date.Format(formDay), days[n-1].Date.Format(formDay)
	}
	return c
}

// Summary says in words what the chart shows.
func (c chart) Summary() string {
	if c.Registered+c.Ended == 0 {
		return fmt.Sprintf("Nothing was registered or ended in the last %d days.", len(c.Days))
	}
	busiest := slices.MaxFunc(c.Days, func(a, b readmodel.Day) int { return a.Registered - b.Registered })
	return fmt.Sprintf("In the last %d days %s registered and %s ended; most registered on %s, %s.",
		len(c.Days), counted(c.Registered, "client", "clients"), count(c.Ended),
		busiest.Date.Format(formDay), count(busiest.Registered))
}

// units writes a length of the view box.
func units(n float64) string { return strconv.FormatFloat(n, 'f', 2, 64) }
