package readmodel

import (
	"context"
	"fmt"
)

// A ChangedClient is a client as it stands now, with the sequence of its last event.
type ChangedClient struct {
	Client
	Last uint64
}

// ChangedClients are clients by their last events, in the order of these.
type ChangedClients struct {
	Clients []ChangedClient
	// UpTo is the sequence up to which they are all: whatever happened to another client up to there, something
	// happened to it later too.
	UpTo uint64
	End  bool // nothing was applied beyond UpTo
}

// selectChanged reads the clients whose last events are between two sequences.
const selectChanged = `SELECT c.last, ` + clientColumns + ` FROM events e CROSS JOIN clients c ON c.seq = e.aggregate AND c.last = e.seq
	LEFT JOIN events d ON d.seq = c.described WHERE e.seq > ? AND e.seq <= ? ORDER BY e.seq`

// changedAtOnce is how many sequences ChangedClients goes through.
const changedAtOnce = 500

// ChangedClients implements Reader. Where the events end is read before the clients are: one that is changed in between is
// left out, since its last event comes later.
func (m *ReadModel) ChangedClients(ctx context.Context, after uint64) (page ChangedClients, err error) {
	err = m.read(ctx, func(p *pool) error {
		var last, lag int64
		if err := p.stand.QueryRowContext(ctx).Scan(&last, &lag); err != nil {
			return err
		}
		page = ChangedClients{UpTo: max(after, min(after+changedAtOnce, uint64(last)))}
		page.End = page.UpTo >= uint64(last)
		rows, err := p.clients.changed.QueryContext(ctx, sequence(after), sequence(page.UpTo))
		if err != nil {
			return err
		}
		page.Clients, err = scanAll(rows, scanChanged)
		return err
	})
	if err != nil {
		return ChangedClients{}, fmt.Errorf("read changed clients: %w", err)
	}
	return page, nil
}

// scanChanged reads a row of selectChanged.
func scanChanged(row interface{ Scan(...any) error }) (changed ChangedClient, err error) {
	c, metadata, err := scanUndescribed(row, &changed.Last)
	if err == nil && c.described != 0 {
		err = c.describe(metadata)
	}
	changed.Client = c.Client
	return changed, err
}
