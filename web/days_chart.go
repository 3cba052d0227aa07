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
	// The table has rows that are longer than the bars, where these are many.
	bars, rows := eachDay, eachDay
	switch {
	case days > daysAlone:
		bars, rows = eachWeek, eachMonth
	case days > daysListed:
		rows = eachWeek
	}
	c.Chart = ui.NewChart(c.spans(daily, bars, at))
	c.Chart.Rows, c.Chart.RowUnit = c.spans(daily, rows, at), rows.name
	return c
}

// daysListed are how many days the table may list one by one. Beyond, its rows are weeks, or months beside weekly bars.
const daysListed = 45

// A calendarUnit tells on which days a span begins.
type calendarUnit struct {
	name     string
	beginsOn func(day time.Time) bool
}

var (
	eachDay   = calendarUnit{"day", func(time.Time) bool { return true }}
	eachWeek  = calendarUnit{"week", func(day time.Time) bool { return day.Weekday() == time.Monday }}
	eachMonth = calendarUnit{"month", func(day time.Time) bool { return day.Day() == 1 }}
)

// spans divides days, as of an event, into spans. The first one may have begun before them.
func (c daysChart) spans(daily []readmodel.Day, unit calendarUnit, at uint64) (spans []ui.Span) {
	for from, to := 0, 1; from < len(daily); from, to = to, to+1 {
		for to < len(daily) && !unit.beginsOn(daily[to].Date) {
			to++
		}
		of := daily[from:to]
		s := ui.Span{First: of[0].Date, Last: of[len(of)-1].Date, Part: to == len(daily)}
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
	return spans
}

// Title says what the chart shows.
func (c daysChart) Title() string { return "Registrations a " + c.Unit() }

// Path returns the address of the chart of some days.
func (c daysChart) Path(days int) string {
	return addressOf(home, atParam, c.at, "days", fmt.Sprint(days)) + "#chart"
}
