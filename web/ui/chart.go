package ui

import (
	"fmt"
	"slices"
	"strconv"
	"time"
)

// A Day counts what happened on one day.
type Day struct {
	Date       time.Time // midnight UTC
	Registered int
	Ended      int
}

// A Chart shows one bar a day: registrations above a line and endings below it, both on one scale. Its units
// are those of its view box, which is chartHeight high and chartStep wide for each day.
type Chart struct {
	Days                []Day
	Bars                []Bar
	Width               int
	Line                float64 // where both meet, from the top
	Top, Bottom         int     // the highest count above and below the line
	Registered, Ended   int     // in all these days
	From, Middle, Until string  // dates
}

// A Bar is one day of a chart.
type Bar struct {
	X        int
	Up, Down float64 // heights
	Tooltip  string
}

const (
	chartHeight = 100
	chartStep   = 10
	chartBar    = 8
	chartLeast  = 1.5 // the height of a count that would otherwise be too small to see
)

// NewChart draws the days, oldest first. There must be at least one.
func NewChart(days []Day) Chart {
	c := Chart{Days: days, Width: chartStep * len(days)}
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
		c.Bars = append(c.Bars, Bar{
			X: i * chartStep, Up: min(height(d.Registered), c.Line), Down: height(d.Ended),
			Tooltip: fmt.Sprintf("%s: %s registered, %s ended", d.Date.Format(DateLayout), Number(d.Registered), Number(d.Ended)),
		})
	}
	n := len(days)
	c.From, c.Middle, c.Until = days[0].Date.Format(DateLayout), days[n/2].Date.Format(DateLayout), days[n-1].Date.Format(DateLayout)
	return c
}

// Summary says in words what the chart shows.
func (c Chart) Summary() string {
	if c.Registered+c.Ended == 0 {
		return fmt.Sprintf("No client registered or ended in the last %d days.", len(c.Days))
	}
	busiest := slices.MaxFunc(c.Days, func(a, b Day) int { return a.Registered - b.Registered })
	return fmt.Sprintf("In the last %d days %s registered and %s ended. Busiest day: %s, with %s.",
		len(c.Days), Quantity(c.Registered, "client", "clients"), Number(c.Ended),
		busiest.Date.Format(DateLayout), Quantity(busiest.Registered, "registration", "registrations"))
}

// units writes a length in units of the view box.
func units(n float64) string { return strconv.FormatFloat(n, 'f', 2, 64) }
