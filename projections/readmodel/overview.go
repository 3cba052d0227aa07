package readmodel

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/go-json-experiment/json"

	"roster/domain"
	"roster/domain/oauth"
	"roster/eventstore"
)

// Overview is what the dashboard opens with.
type Overview struct {
	Clients map[domain.Status]int // how many clients have each status; those that none has are left out
	Events  int
	Daily   []Day // registrations and endings a day, UTC, oldest first, no gaps; the last is today
}

// Day counts what happened on one day.
type Day struct {
	Date       time.Time // midnight UTC
	Registered int
	Ended      int // deleted or revoked
}

const daysTable = `
-- What each day (counted from 1970, UTC) changed.
CREATE TABLE days (
    day        INTEGER PRIMARY KEY,
    events     INTEGER NOT NULL,
    registered INTEGER NOT NULL, -- clients
    ended      INTEGER NOT NULL, -- clients that were deleted or revoked
    last       INTEGER NOT NULL  -- the sequence of the last event that was counted on it
) STRICT;
`

const statusesTable = `
-- How many clients have each status.
CREATE TABLE statuses (
    status  TEXT    PRIMARY KEY,
    clients INTEGER NOT NULL
) STRICT;
`

const (
	addToDay = `INSERT INTO days (day, events, registered, ended, last) VALUES (?, ?, ?, ?, ?)
	ON CONFLICT (day) DO UPDATE SET events = events + excluded.events, registered = registered + excluded.registered,
	ended = ended + excluded.ended, last = excluded.last`

	addToStatus = `INSERT INTO statuses (status, clients) VALUES (?, ?)
	ON CONFLICT (status) DO UPDATE SET clients = clients + excluded.clients`

	// One statement, so that all counts are of the same moment, and one row, which costs database/sql least.
	selectCounts = `SELECT (SELECT coalesce(sum(events), 0) FROM days),
	(SELECT json_group_object(status, clients) FROM statuses WHERE clients <> 0),
	(SELECT json_group_array(json_array(day, registered, ended)) FROM days WHERE day BETWEEN ? AND ?)`
)

var selectPopulation = `SELECT (SELECT coalesce(sum(clients), 0) FROM statuses WHERE status IN (` + countedStatuses() + `)),
	(SELECT count(*) FROM clients WHERE imposed_owner = ?1 AND imposed_owner <> '' AND status IN (` + countedStatuses() + `))`

// countedStatuses is a list in SQL of the statuses of clients that count towards limits.
func countedStatuses() string {
	var counted []string
	for _, name := range domain.StatusNames() {
		if domain.Status(name).Counts() {
			counted = append(counted, "'"+name+"'")
		}
	}
	return strings.Join(counted, ", ")
}

// countWrites are the statements that fill the views of counts, countReads those that read them.
type countWrites struct{ addToDay, addToStatus, keepDays, keep *sql.Stmt }

type countReads struct{ all, clients, population, past, pastDays, between *sql.Stmt }

func (w *countWrites) statements() statements {
	return statements{addToDay: &w.addToDay, addToStatus: &w.addToStatus, insertPastDays: &w.keepDays, insertPastCounts: &w.keep}
}

func (r *countReads) statements() statements {
	return statements{
		selectCounts: &r.all, countAllClients: &r.clients, selectPopulation: &r.population,
		selectPastCounts: &r.past, selectPastDays: &r.pastDays, selectEventsBetween: &r.between,
	}
}

// dayCount is what happened on one day: a row of days.
type dayCount struct {
	events, registered, ended int
	last                      uint64
}

// count counts an event of a type.
func (d *dayCount) count(eventType string) {
	d.events++
	switch eventType {
	case typeRegistered:
		d.registered++
	case typeDeleted, typeRevoked:
		d.ended++
	}
}

// The types of events that begin and end clients.
var (
	typeRegistered = domain.ClientRegistered{}.Type()
	typeDeleted    = domain.ClientDeleted{}.Type()
	typeRevoked    = domain.ClientRevoked{}.Type()
)

// countChanges gathers what a batch adds to the counts.
type countChanges struct {
	days     map[int64]dayCount
	statuses map[domain.Status]int
}

func newCountChanges() countChanges {
	return countChanges{days: make(map[int64]dayCount), statuses: make(map[domain.Status]int)}
}

// countEvent counts an event on its day.
func (c *countChanges) countEvent(e eventstore.Recorded) {
	day := dayOf(e.Time)
	count := c.days[day]
	count.count(e.Event.Type())
	count.last = e.Seq
	c.days[day] = count
}

// countStatus counts a client that had one status, empty for none, and has another.
func (c *countChanges) countStatus(before, after domain.Status) {
	if before != "" {
		c.statuses[before]--
	}
	c.statuses[after]++
}

func (w *writer) addCounts(ctx context.Context, c countChanges) error {
	for day, d := range c.days {
		if _, err := w.counts.addToDay.ExecContext(ctx, day, d.events, d.registered, d.ended, sequence(d.last)); err != nil {
			return fmt.Errorf("count day: %w", err)
		}
	}
	for status, n := range c.statuses {
		if _, err := w.counts.addToStatus.ExecContext(ctx, string(status), n); err != nil {
			return fmt.Errorf("count clients of a status: %w", err)
		}
	}
	return nil
}

// Overview implements Reader. What happened after today, by clocks that are ahead, counts in the totals only.
func (m *ReadModel) Overview(ctx context.Context, today time.Time, days int) (Overview, error) {
	first, last := daysUpTo(today, days)
	o := Overview{}
	var counted [][3]int64 // what each day changed: day, registered, ended
	err := m.read(ctx, func(p *pool) error {
		var clients, daily []byte
		if err := scan(p.counts.all.QueryRowContext(ctx, first, last), &o.Events, &clients, &daily); err != nil {
			return err
		}
		if err := errors.Join(json.Unmarshal(clients, &o.Clients), json.Unmarshal(daily, &counted)); err != nil {
			return fmt.Errorf("%w: %w", errBadRow, err)
		}
		return nil
	})
	if err != nil {
		return Overview{}, fmt.Errorf("read counts: %w", err)
	}
	daily := make(map[int64]dayCount, len(counted))
	for _, c := range counted {
		daily[c[0]] = dayCount{registered: int(c[1]), ended: int(c[2])}
	}
	o.Daily = dailyOf(first, last, daily)
	return o, nil
}

// daysUpTo returns the first and the last of so many days up to today.
func daysUpTo(today time.Time, days int) (first, last int64) {
	last = dayOf(today)
	return last - int64(days) + 1, last
}

// dailyOf returns each day from one to another, with what was counted.
func dailyOf(first, last int64, counted map[int64]dayCount) (daily []Day) {
	for day := first; day <= last; day++ {
		c := counted[day]
		daily = append(daily, Day{Date: time.Unix(day*secondsPerDay, 0).UTC(), Registered: c.registered, Ended: c.ended})
	}
	return daily
}

// CountClients returns how many clients count towards limits: in all, and of an owner that their initial
// access tokens imposed, 0 for none. They are counted in all that the log holds, whichever process recorded it.
// It returns an ErrUnavailable, and never a *CatchingUpError: its callers tell applicants what went wrong.
func (m *ReadModel) CountClients(ctx context.Context, owner string) (oauth.Population, error) {
	var counted oauth.Population
	err := m.readToEnd(ctx, func(p *pool) error {
		return p.counts.population.QueryRowContext(ctx, owner).Scan(&counted.Clients, &counted.OfOwner)
	})
	if errors.As(err, new(*CatchingUpError)) {
		err = ErrBehind
	}
	if err != nil {
		return oauth.Population{}, fmt.Errorf("count clients: %w", err)
	}
	return counted, nil
}
