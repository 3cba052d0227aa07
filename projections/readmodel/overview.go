package readmodel

import (
	"context"
	"fmt"
	"time"

	"roster/domain"
)

const (
	addToDay = `INSERT INTO days (day, events, registered, active, deleted, revoked) VALUES (?, ?, ?, ?, ?, ?)
	ON CONFLICT (day) DO UPDATE SET events = events + excluded.events, registered = registered + excluded.registered,
	active = active + excluded.active, deleted = deleted + excluded.deleted, revoked = revoked + excluded.revoked`

	selectDays = `SELECT day, events, registered, active, deleted, revoked FROM days ORDER BY day`
)

// dayCount is what one day changed: a row of days.
type dayCount struct {
	events, registered       int
	active, deleted, revoked int
}

// clients returns where the clients of a status are counted.
func (d *dayCount) clients(s domain.Status) *int {
	switch s {
	case domain.Active:
		return &d.active
	case domain.Deleted:
		return &d.deleted
	case domain.Revoked:
		return &d.revoked
	}
	return new(int) // never registered, or lost: not counted
}

// dayChanges gathers what a batch adds to each day.
type dayChanges map[int64]*dayCount

// countEvent counts an event and returns its day.
func (days dayChanges) countEvent(at time.Time) *dayCount {
	day := dayOf(at)
	d := days[day]
	if d == nil {
		d = &dayCount{}
		days[day] = d
	}
	d.events++
	return d
}

// countChange counts what an event did to its client.
func (d *dayCount) countChange(change clientChange) {
	if change.before == "" && change.after == domain.Active {
		d.registered++
	}
	*d.clients(change.before)--
	*d.clients(change.after)++
}

func (w *writer) addDays(ctx context.Context, days dayChanges) error {
	for day, d := range days {
		if _, err := w.addToDay.ExecContext(ctx, day, d.events, d.registered, d.active, d.deleted, d.revoked); err != nil {
			return fmt.Errorf("count day: %w", err)
		}
	}
	return nil
}

// Overview implements Reader. What happened after today, by clocks that are ahead, counts in the totals only.
func (m *ReadModel) Overview(ctx context.Context, today time.Time, days int) (Overview, error) {
	var found []dayRow
	err := m.read(func(v *view) error {
		rows, err := v.days.QueryContext(ctx)
		if err != nil {
			return err
		}
		found, err = scanAll(rows, scanDay)
		return err
	})
	if err != nil {
		return Overview{}, fmt.Errorf("read days: %w", err)
	}
	last := dayOf(today)
	first := last - int64(days) + 1
	o := Overview{Daily: make([]Day, max(days, 0))}
	for i := range o.Daily {
		o.Daily[i].Date = time.Unix((first+int64(i))*secondsPerDay, 0).UTC()
	}
	for _, d := range found {
		o.Events += d.events
		o.Active += d.active
		o.Deleted += d.deleted
		o.Revoked += d.revoked
		if first <= d.day && d.day <= last {
			o.Daily[d.day-first].Registered = d.registered
			o.Daily[d.day-first].Ended = d.deleted + d.revoked
		}
	}
	return o, nil
}

// dayRow is a row of days.
type dayRow struct {
	day int64
	dayCount
}

// scanDay reads a row of selectDays.
func scanDay(row interface{ Scan(...any) error }) (d dayRow, err error) {
	err = row.Scan(&d.day, &d.events, &d.registered, &d.active, &d.deleted, &d.revoked)
	return d, err
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
