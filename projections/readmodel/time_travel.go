package readmodel

import (
	"context"
	"fmt"
	"time"
)

// Moment is a point in the log's history: a sequence, or a time when Seq is 0. The registry as of a
// time is what the longest beginning of the log says that holds no event after it.
type Moment struct {
	Seq  uint64
	Time time.Time
}

// selectHistories reads on behind (?1, ?2) in the events of clients by client, of those up to ?3.
const selectHistories = `SELECT e.seq, e.aggregate, c.id, NULL, ` + eventColumns + `
	FROM events e INDEXED BY events_aggregate JOIN clients c ON c.seq = e.aggregate
	WHERE (e.aggregate, e.seq) > (?1, ?2) AND e.aggregate <= ?3 AND e.seq <= ?3 ORDER BY e.aggregate, e.seq LIMIT ?4`

// historyPage is how many events RegistryAt reads at a time.
const historyPage = 128

// RegistryAt implements Reader. It reads page by page and holds no connection while yield is called, so a
// slow yield does not delay others. The answer is consistent all the same, since recorded events never change.
func (m *ReadModel) RegistryAt(ctx context.Context, at Moment, yield func(Client) error) error {
	var last int64
	err := m.read(ctx, func(p *pool) (err error) {
		last, err = p.lastUntil(ctx, at)
		return err
	})
	if err != nil {
		return fmt.Errorf("find the last event of a time: %w", err)
	}
	var current Client
	var position eventRow
	for {
		var page []eventRow
		err := m.ask(func(p *pool) error {
			rows, err := p.events.histories.QueryContext(ctx, position.first, position.Seq, last, historyPage)
			if err != nil {
				return err
			}
			page, err = scanAll(rows, scanEvent)
			return err
		})
		if err != nil {
			return fmt.Errorf("read histories: %w", err)
		}
		for _, e := range page {
			if e.first != position.first {
				if err := yieldRegistered(current, yield); err != nil {
					return err
				}
				current = Client{}
			}
			current = evolve(current, e.Envelope)
			position = e
		}
		if len(page) < historyPage {
			return yieldRegistered(current, yield)
		}
	}
}

func yieldRegistered(c Client, yield func(Client) error) error {
	if !c.IsRegistered() {
		return nil
	}
	return yield(c)
}

// lastUntil returns the sequence of the last event that counts at a point in time.
func (p *pool) lastUntil(ctx context.Context, at Moment) (int64, error) {
	var last, lag int64
	if err := p.stand.QueryRowContext(ctx).Scan(&last, &lag); err != nil {
		return 0, err
	}
	if at.Seq != 0 {
		return min(sequence(at.Seq), last), nil
	}
	later, err := p.firstSince(ctx, micros(at.Time)+1, last)
	return min(later-1, last), err
}
