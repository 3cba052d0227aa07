package readmodel

import (
	"context"
	"fmt"
	"time"

	"roster/domain"
)

const (
	addToDay = `INSERT INTO days (day, events, registered, ended) VALUES (?, ?, ?, ?)
	ON CONFLICT (day) DO UPDATE SET events = events + excluded.events, registered = registered + excluded.registered,
	ended = ended + excluded.ended`

	addToStatus = `INSERT INTO statuses (status, clients) VALUES (?, ?)
	ON CONFLICT (status) DO UPDATE SET clients = clients + excluded.clients`

	// One statement, so that all counts are of the same moment.
	selectCounts = `SELECT '', 0, day, events, registered, ended FROM days
	UNION ALL SELECT status, clients, 0, 0, 0, 0 FROM statuses WHERE clients <> 0`
)

// dayCount is what happened on one day: a row of days.
type dayCount struct{ events, registered, ended int }

// countChanges gathers what a batch adds to the counts.
type countChanges struct {
	days     map[int64]dayCount
	statuses map[domain.Status]int
}

// countEvent counts an event on its day.
func (c *countChanges) countEvent(e domain.Envelope) {
	day := dayOf(e.Time)
	count := c.days[day]
	count.events++
	switch e.Event.(type) {
	case domain.ClientRegistered:
		count.registered++
	case domain.ClientDeleted, domain.ClientRevoked:
		count.ended++
	}
	c.days[day] = count
}

// countStatus counts what an event did to the status of its client.
func (c *countChanges) countStatus(change clientChange) {
	if change.before != "" {
		c.statuses[change.before]--
	}
	c.statuses[change.after]++
}

func (w *writer) addCounts(ctx context.Context, c countChanges) error {
	for day, d := range c.days {
		if _, err := w.addToDay.ExecContext(ctx, day, d.events, d.registered, d.ended); err != nil {
			return fmt.Errorf("count day: %w", err)
		}
	}
	for status, n := range c.statuses {
		if _, err := w.addToStatus.ExecContext(ctx, string(status), n); err != nil {
			return fmt.Errorf("count clients of a status: %w", err)
		}
	}
	return nil
}

// Overview implements Reader. What happened after today, by clocks that are ahead, counts in the totals only.
func (m *ReadModel) Overview(ctx context.Context, today time.Time, days int) (Overview, error) {
	var found []countRow
	err := m.read(ctx, func(p *pool) error {
		rows, err := p.counts.QueryContext(ctx)
		if err != nil {
			return err
		}
		found, err = scanAll(rows, scanCount)
		return err
	})
	if err != nil {
		return Overview{}, fmt.Errorf("read counts: %w", err)
	}
	last := dayOf(today)
	first := last - int64(days) + 1
	o := Overview{Clients: make(map[domain.Status]int), Daily: make([]Day, max(days, 0))}
	for i := range o.Daily {
		o.Daily[i].Date = time.Unix((first+int64(i))*secondsPerDay, 0).UTC()
	}
	for _, d := range found {
		if d.status != "" {
			o.Clients[d.status] = d.clients
			continue
		}
		o.Events += d.events
		if first <= d.day && d.day <= last {
			o.Daily[d.day-first].Registered = d.registered
			o.Daily[d.day-first].Ended = d.ended
		}
	}
	return o, nil
}

// countRow is a row of selectCounts: of statuses, or of days when status is empty.
type countRow struct {
	status  domain.Status
	clients int
	day     int64
	dayCount
}

// scanCount reads a row of selectCounts.
func scanCount(row interface{ Scan(...any) error }) (c countRow, err error) {
	err = row.Scan(&c.status, &c.clients, &c.day, &c.events, &c.registered, &c.ended)
	return c, err
}

const secondsPerDay = 24 * 60 * 60

// dayOf returns the day of a time in UTC, counted from 1970.
func dayOf(t time.Time) int64 {
	day := t.Unix() / secondsPerDay
	if t.Unix()%secondsPerDay < 0 {
		day--
	}
	return day
}
