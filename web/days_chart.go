package web

import (
	"fmt"
	"time"

	"roster/projections/readmodel"
	"roster/web/ui"
)

// chartDays are how many days a chart may show. Beyond daysAlone its bars are weeks.
var chartDays = []int{30, 90, 365}

const daysAlone = 90

// A daysChart is the chart of an overview, and the choice of its length.
type daysChart struct {
	ui.Chart
	Days int
	at   string // the moment of the past that it is of; empty: now
}

// daysCounted returns how many days have to be counted for a chart of some days up to today: weeks begin on Monday.
func daysCounted(days int, today time.Time) int {
	if days <= daysAlone {
		return days
	}
	sinceMonday := (int(today.UTC().Weekday()) + 6) % 7
	return days/7*7 + sinceMonday + 1
}

// newDaysChart draws what daysCounted asked for, as of an event; 0: as of now. The last day is not over.
func newDaysChart(days int, daily []readmodel.Day, at uint64) daysChart {
	c := daysChart{Days: days}
	if at != 0 {
		c.at = fmt.Sprint(at)
	}
	long := 1
	if days > daysAlone {
		long = 7
	}
	var spans []ui.Span
	for from := 0; from < len(daily); from += long {
		of := daily[from:min(from+long, len(daily))]
		s := ui.Span{First: of[0].Date, Last: of[len(of)-1].Date, Part: from+long >= len(daily)}
		for _, d := range of {
			s.Registered += d.Registered
			s.Ended += d.Ended
		}
		first, last := s.First.Format(time.DateOnly), s.Last.Format(time.DateOnly)
		registered := first
		if last != first {
			registered += ".." + last
		}
		before := ""
		if at != 0 {
			before = fmt.Sprint(at + 1)
		}
		s.RegisteredPath = addressOf(clientListPath, "registered", registered, atParam, c.at)
		s.EventsPath = addressOf(activityPath, "since", first, "until", last, "before", before)
		spans = append(spans, s)
	}
	c.Chart = ui.NewChart(spans)
	return c
}

// Title says what the chart shows.
func (c daysChart) Title() string { return "Registrations a " + c.Unit() }

// Path returns the address of the chart of some days.
func (c daysChart) Path(days int) string {
	return addressOf(home, atParam, c.at, "days", fmt.Sprint(days)) + "#chart"
}
