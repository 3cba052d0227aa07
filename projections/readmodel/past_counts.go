package readmodel

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/go-json-experiment/json"

	"roster/domain"
)

const pastCountsTable = `
-- How many events there were, and how many clients had each status, after every 500th event. What is between is
-- counted when it is asked for.
CREATE TABLE past_counts (
    seq      INTEGER PRIMARY KEY,
    events   INTEGER NOT NULL,
    statuses TEXT    NOT NULL     -- a JSON object: clients by status
) STRICT;
`

const pastDaysTable = `
-- What each day had changed after every 500th event, if it had changed since the 500th before.
CREATE TABLE past_days (
    day        INTEGER NOT NULL,
    seq        INTEGER NOT NULL, -- past_counts.seq
    registered INTEGER NOT NULL,
    ended      INTEGER NOT NULL,
    PRIMARY KEY (day, seq)
) STRICT, WITHOUT ROWID;
`

// noLimit is the limit of a query without one.
const noLimit = -1

// countsEvery is how many sequences are between two rows of past_counts.
const countsEvery = 500

const (
	// insertPastDays comes before insertPastCounts, whose last row says what is kept already.
	insertPastDays = `INSERT INTO past_days (day, seq, registered, ended) SELECT day, ?1, registered, ended FROM days
	WHERE last > coalesce((SELECT max(seq) FROM past_counts), 0)`

	insertPastCounts = `INSERT INTO past_counts (seq, events, statuses) SELECT ?, (SELECT coalesce(sum(events), 0) FROM days),
	(SELECT json_group_object(status, clients) FROM (SELECT status, clients FROM statuses WHERE clients <> 0 ORDER BY status))`

	selectPastCounts = `SELECT seq, events, statuses FROM past_counts WHERE seq <= ? ORDER BY seq DESC LIMIT 1`

	// selectPastDays reads what the days from ?1 to ?2 had changed after the event ?3, after which counts are kept.
	selectPastDays = `SELECT p.day, p.registered, p.ended FROM days d JOIN past_days p ON p.day = d.day
	AND p.seq = (SELECT max(seq) FROM past_days WHERE day = d.day AND seq <= ?3) WHERE d.day BETWEEN ?1 AND ?2`

	selectEventsBetween = `SELECT time, type FROM events WHERE seq > ? AND seq <= ?`
)

// keepPastCounts keeps the counts after an event, when it is one of those after which they are kept.
func (w *writer) keepPastCounts(ctx context.Context, seq uint64, counts *countChanges) error {
	if seq%countsEvery != 0 {
		return nil
	}
	if err := w.addCounts(ctx, *counts); err != nil {
		return err
	}
	*counts = newCountChanges()
	if _, err := w.counts.keepDays.ExecContext(ctx, sequence(seq)); err != nil {
		return fmt.Errorf("keep days: %w", err)
	}
	if _, err := w.counts.keep.ExecContext(ctx, sequence(seq)); err != nil {
		return fmt.Errorf("keep counts: %w", err)
	}
	return nil
}

// OverviewAt implements Reader. It counts on from the last counts that were kept before the position.
func (m *ReadModel) OverviewAt(ctx context.Context, at Position, days int) (o Overview, err error) {
	err = m.read(ctx, func(p *pool) error {
		o, err = p.overviewAt(ctx, at, days)
		return err
	})
	if err != nil {
		return Overview{}, fmt.Errorf("read counts of the past: %w", err)
	}
	return o, nil
}

func (p *pool) overviewAt(ctx context.Context, at Position, days int) (Overview, error) {
	o := Overview{Clients: map[domain.Status]int{}}
	var (
		kept     Position
		statuses []byte
	)
	err := scan(p.counts.past.QueryRowContext(ctx, sequence(at.Seq)), &kept.Seq, &o.Events, &statuses)
	switch {
	case errors.Is(err, sql.ErrNoRows): // before any were kept
	case err != nil:
		return Overview{}, err
	default:
		if err := json.Unmarshal(statuses, &o.Clients); err != nil {
			return Overview{}, fmt.Errorf("%w: counts after event %d: %w", errBadRow, kept.Seq, err)
		}
	}
	since, err := p.countedBetween(ctx, kept, at)
	if err != nil {
		return Overview{}, err
	}
	for _, day := range since {
		o.Events += day.events
	}
	if o.Daily, err = p.daysAt(ctx, at, days, kept, since); err != nil {
		return Overview{}, err
	}
	changed, err := p.differences(ctx, kept, at, sequence(kept.Seq), "", noLimit)
	if err != nil {
		return Overview{}, err
	}
	for _, d := range changed {
		if d.Before.Exists() {
			o.Clients[d.Before.Status]--
		}
		o.Clients[d.After.Status]++
	}
	return o, nil
}

// countedBetween counts the events behind one position up to another, by day.
func (p *pool) countedBetween(ctx context.Context, from, to Position) (map[int64]dayCount, error) {
	rows, err := p.counts.between.QueryContext(ctx, sequence(from.Seq), sequence(to.Seq))
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	counted := make(map[int64]dayCount)
	for rows.Next() {
		var at int64
		var eventType int
		if err := rows.Scan(&at, &eventType); err != nil {
			return nil, err
		}
		if eventType < 1 || eventType > len(eventTypes) {
			return nil, fmt.Errorf("%w: the type of an event has the number %d", errBadRow, eventType)
		}
		day := dayOf(timeOf(at))
		count := counted[day]
		count.count(eventTypes[eventType-1])
		counted[day] = count
	}
	return counted, rows.Err()
}

// daysAt returns what so many days up to that of a position had changed by then: what was kept, and what was counted since.
func (p *pool) daysAt(ctx context.Context, at Position, days int, kept Position, since map[int64]dayCount) ([]Day, error) {
	first, last := daysUpTo(at.Time, days)
	rows, err := p.counts.pastDays.QueryContext(ctx, first, last, sequence(kept.Seq))
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var day int64
		var registered, ended int
		if err := rows.Scan(&day, &registered, &ended); err != nil {
			return nil, err
		}
		count := since[day]
		count.registered += registered
		count.ended += ended
		since[day] = count
	}
	return dailyOf(first, last, since), rows.Err()
}
