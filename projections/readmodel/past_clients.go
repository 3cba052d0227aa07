package readmodel

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"time"

	"roster/domain"
	"roster/projections/readmodel/search"
)

// PastClientPage is a page of clients as they stood at a position of the past.
type PastClientPage struct {
	Clients    []Client
	NextCursor string // empty: this is the last page
	// Searched is set when the time of the query was over before the page was full: clients that were registered up to this
	// event are still to be searched, from NextCursor on.
	Searched Position
}

// selectStanding reads a client as it stands now.
const selectStanding = `SELECT c.last, ` + clientColumns + fromClients + ` WHERE c.id = ?`

// ClientAt implements Reader.
func (m *ReadModel) ClientAt(ctx context.Context, id string, at Position) (c Client, err error) {
	err = m.read(ctx, func(p *pool) error {
		s, err := scanStanding(p.clients.standing.QueryRowContext(ctx, compactID(id)))
		if err != nil {
			return err
		}
		if s.StoredClient, err = p.stoodAt(ctx, s, at); err != nil {
			return err
		}
		c, err = s.Client()
		return err
	})
	switch {
	case errors.Is(err, sql.ErrNoRows), err == nil && !c.Exists():
		return Client{}, domain.ErrNotFound
	case err != nil:
		return Client{}, fmt.Errorf("read client of the past: %w", err)
	}
	return c, nil
}

// stoodAt returns the client of a row as it stood at a position: as the row says, unless it changed later.
func (p *pool) stoodAt(ctx context.Context, s standing, at Position) (StoredClient, error) {
	if s.last <= sequence(at.Seq) {
		return s.StoredClient, nil
	}
	return p.storedAt(ctx, s.seq, sequence(at.Seq))
}

// firstWindow is how many sequences ClientsAt reads first: they hold a page of clients, as a rule. Each further window is
// twice as large, up to that of pastSearch.
const firstWindow = 128

// ClientsAt implements Reader. It goes back from the position, a range of sequences at a time, so that a page of clients
// that all match costs the same whatever came before. When the time of the query is over it answers with what it has.
func (m *ReadModel) ClientsAt(ctx context.Context, at Position, q ClientQuery) (page PastClientPage, err error) {
	before, err := parseCursor(q.Cursor)
	if err != nil {
		return PastClientPage{}, err
	}
	var (
		limit  = min(max(q.Limit, 1), maxClients)
		text   = search.Fold(q.Text)
		to     = min(before-1, sequence(at.Seq))
		window = min(firstWindow, m.past.window)
		over   = time.Now().Add(m.past.time)
		found  []clientRow
	)
	for first := true; to > 0 && len(found) <= limit && (first || time.Now().Before(over)); first = false {
		after := max(to-window, 0)
		clients, err := m.clientsWithin(ctx, after, to, at)
		if err != nil {
			return PastClientPage{}, fmt.Errorf("read clients of the past: %w", err)
		}
		for _, c := range clients {
			if c.matches(q, text) {
				found = append(found, c)
			}
		}
		to, window = after, min(2*window, m.past.window)
	}
	if len(found) <= limit && to > 0 {
		page.NextCursor = cursor(uint64(to) + 1)
		if page.Searched, err = m.Locate(ctx, Moment{Seq: uint64(to)}); err != nil {
			return PastClientPage{}, err
		}
	} else {
		found, page.NextCursor = cutPage(found, limit, func(c clientRow) uint64 { return c.seq })
	}
	for _, c := range found {
		page.Clients = append(page.Clients, c.Client)
	}
	return page, nil
}

// clientsWithin returns the clients behind one sequence up to another as they stood at a position, the newest first.
func (m *ReadModel) clientsWithin(ctx context.Context, after, to int64, at Position) (clients []clientRow, err error) {
	err = m.read(ctx, func(p *pool) error {
		rows, err := p.clients.within.QueryContext(ctx, after, to)
		if err != nil {
			return err
		}
		stands, err := scanAll(rows, scanStanding)
		if err != nil {
			return err
		}
		clients = make([]clientRow, 0, len(stands))
		for _, s := range slices.Backward(stands) {
			stored, err := p.stoodAt(ctx, s, at)
			if err != nil {
				return fmt.Errorf("history of client %s: %w", s.Undescribed.ID, err)
			}
			c, err := stored.Client()
			if err != nil {
				return err
			}
			clients = append(clients, clientRow{seq: uint64(s.seq), Client: c})
		}
		return nil
	})
	return clients, err
}
