package ui

import (
	"slices"
	"strings"
	"testing"
	"time"
)

func TestChartFitsItsFrame(t *testing.T) {
	spans := []Span{{Registered: 1000, Ended: 1}, {}, {Registered: 1, Ended: 400}, {Registered: 3}}
	c := NewChart(spans)
	for i, b := range c.Bars {
		if b.Up > chartLine-chartSpace || b.Down > 100-chartLine-chartSpace || b.X+b.Width > 100 {
			t.Errorf("bar %d leaves the frame: %+v", i, b)
		}
		if (b.Up == 0) != (spans[i].Registered == 0) || (b.Down == 0) != (spans[i].Ended == 0) {
			t.Errorf("bar %d hides its count: %+v", i, b)
		}
	}
	if up, down := c.Bars[0].Up, c.Bars[2].Down; up != chartLine-chartSpace || down != 100-chartLine-chartSpace {
		t.Errorf("the highest bars take %v and %v: each half has a scale of its own", up, down)
	}
	if got := NewChart(slices.Repeat([]Span{{}}, 30)); !strings.Contains(got.Summary(), "no client registered or ended") {
		t.Errorf("no events: %q", got.Summary())
	}
}

func TestChartNamesItsSpans(t *testing.T) {
	monday := time.Date(2026, 11, 23, 0, 0, 0, 0, time.UTC)
	days := NewChart([]Span{{First: monday, Last: monday, Registered: 2, Part: true}})
	if got, want := days.Summary(), "In 1 days up to 23 Nov 2026 2 clients registered and 0 ended. Busiest day: 23 Nov 2026, with 2 registrations."; got != want {
		t.Errorf("days: %q", got)
	}
	if got, want := days.Bars[0].Tooltip(), "23 Nov 2026, so far: 2 registered, 0 ended"; got != want {
		t.Errorf("tooltip: %q", got)
	}
	weeks := NewChart([]Span{{First: monday, Last: monday.AddDate(0, 0, 6), Ended: 1}})
	if got, want := weeks.Bars[0].Tooltip(), "23 Nov 2026 – 29 Nov 2026: 0 registered, 1 ended"; got != want || !weeks.Weekly() || weeks.Unit() != "week" {
		t.Errorf("weeks: %q, %s", got, weeks.Unit())
	}
}
