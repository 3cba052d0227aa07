package ui

import (
	"slices"
	"strings"
	"testing"
)

func TestChartFitsItsFrame(t *testing.T) {
	days := []Day{{Registered: 1000, Ended: 1}, {}, {Registered: 1, Ended: 400}, {Registered: 3}}
	c := NewChart(days)
	for i, b := range c.Bars {
		if b.Up > c.Line || b.Down > chartHeight-c.Line {
			t.Errorf("bar %d leaves the frame: %+v, line at %v", i, b, c.Line)
		}
		if (b.Up == 0) != (days[i].Registered == 0) || (b.Down == 0) != (days[i].Ended == 0) {
			t.Errorf("bar %d hides its count: %+v", i, b)
		}
	}
	if got := NewChart(slices.Repeat([]Day{{}}, 30)); !strings.Contains(got.Summary(), "No client registered or ended") {
		t.Errorf("no events: %q", got.Summary())
	}
}
