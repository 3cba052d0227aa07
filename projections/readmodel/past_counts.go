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

// noLimit is the limit of a query without one.
const noLimit = -1

// countsEvery is how many sequences are between two rows of past_counts.
const countsEvery = 500

const (
	insertPastCounts = `INSERT INTO past_counts (seq, events, statuses) SELECT ?, (SELECT coalesce(sum(events), 0) FROM days),
	(SELECT json_group_object(status, clients) FROM (SELECT status, clients FROM statuses WHERE clients <> 0 ORDER BY status))`

	selectPastCounts = `SELECT seq, events, statuses FROM past_counts WHERE seq <= ? ORDER BY seq DESC LIMIT 1`

	countEventsBetween = `SELECT count(*) FROM events WHERE seq > ? AND seq <= ?`
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
	if _, err := w.counts.keep.ExecContext(ctx, sequence(seq)); err != nil {
		return fmt.Errorf("keep counts: %w", err)
	}
	return nil
}

// OverviewAt implements Reader. It counts on from the last counts that were kept before the position.
func (m *ReadModel) OverviewAt(ctx context.Context, at Position) (o Overview, err error) {
	err = m.read(ctx, func(p *pool) error {
		o, err = p.overviewAt(ctx, at)
		return err
	})
	if err != nil {
		return Overview{}, fmt.Errorf("read counts of the past: %w", err)
	}
	return o, nil
}

func (p *pool) overviewAt(ctx context.Context, at Position) (Overview, error) {
	o := Overview{Clients: map[domain.Status]int{}}
	var (
		kept     Position
		statuses []byte
		since    int
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
	if err := scan(p.counts.between.QueryRowContext(ctx, sequence(kept.Seq), sequence(at.Seq)), &since); err != nil {
		return Overview{}, err
	}
	o.Events += since
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
