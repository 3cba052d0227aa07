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
    ended      INTEGER NOT NULL  -- clients that were deleted or revoked
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
	addToDay = `INSERT INTO days (day, events, registered, ended) VALUES (?, ?, ?, ?)
	ON CONFLICT (day) DO UPDATE SET events = events + excluded.events, registered = registered + excluded.registered,
	ended = ended + excluded.ended`

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
type countWrites struct{ addToDay, addToStatus, keep *sql.Stmt }

type countReads struct{ all, clients, population, past, between *sql.Stmt }

func (w *countWrites) statements() statements {
	return statements{addToDay: &w.addToDay, addToStatus: &w.addToStatus, insertPastCounts: &w.keep}
}

func (r *countReads) statements() statements {
	return statements{
		selectCounts: &r.all, countAllClients: &r.clients, selectPopulation: &r.population,
		selectPastCounts: &r.past, countEventsBetween: &r.between,
	}
}

// dayCount is what happened on one day: a row of days.
type dayCount struct{ events, registered, ended int }

// countChanges gathers what a batch adds to the counts.
type countChanges struct {
	days     map[int64]dayCount
	statuses map[domain.Status]int
}

func newCountChanges() countChanges {
	return countChanges{days: make(map[int64]dayCount), statuses: make(map[domain.Status]int)}
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

// countStatus counts a client that had one status, empty for none, and has another.
func (c *countChanges) countStatus(before, after domain.Status) {
	if before != "" {
		c.statuses[before]--
	}
	c.statuses[after]++
}

func (w *writer) addCounts(ctx context.Context, c countChanges) error {
	for day, d := range c.days {
		if _, err := w.counts.addToDay.ExecContext(ctx, day, d.events, d.registered, d.ended); err != nil {
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
	last := dayOf(today)
	first := last - int64(days) + 1
	o := Overview{Daily: make([]Day, max(days, 0))}
	var counted [][3]int // what each day changed: day, registered, ended
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
	for i := range o.Daily {
		o.Daily[i].Date = time.Unix((first+int64(i))*secondsPerDay, 0).UTC()
	}
	for _, c := range counted {
		day := &o.Daily[c[0]-int(first)]
		day.Registered, day.Ended = c[1], c[2]
	}
	return o, nil
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
