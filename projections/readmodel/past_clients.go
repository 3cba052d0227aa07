package readmodel

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"roster/domain"
	"roster/projections/readmodel/search"
)

// PastClientPage is a page of clients as they stood at a position of the past.
type PastClientPage struct {
	Clients    []ListedClient
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
		c, err = p.stoodAt(ctx, s, at)
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
func (p *pool) stoodAt(ctx context.Context, s standing, at Position) (Client, error) {
	if s.last <= sequence(at.Seq) {
		return s.Client()
	}
	stored, err := p.storedAt(ctx, s.seq, sequence(at.Seq))
	if err != nil {
		return Client{}, fmt.Errorf("history of client %s: %w", s.Undescribed.ID, err)
	}
	return stored.Client()
}

// ClientsAt implements Reader. It goes back from the position through the clients that may match. When the time of the query
// is over it answers with what it has.
func (m *ReadModel) ClientsAt(ctx context.Context, at Position, q ClientQuery) (page PastClientPage, err error) {
	before, err := parseCursor(q.Cursor)
	if err != nil {
		return PastClientPage{}, err
	}
	limit, asked := min(max(q.Limit, 1), maxClients), q.searchThen()
	if err := m.catchUp(ctx); err != nil {
		return PastClientPage{}, fmt.Errorf("read clients of the past: %w", err)
	}
	var found []uint64
	over := time.Now().Add(m.pastSearch.time)
	back := m.lookBack(asked, at, min(before-1, sequence(at.Seq)))
	defer back.stop()
	for first := true; back.to > 0 && len(found) <= limit && (first || time.Now().Before(over)); first = false {
		selected, err := back.next(ctx)
		if err != nil {
			return PastClientPage{}, fmt.Errorf("find clients of the past: %w", err)
		}
		found = append(found, selected...)
	}
	if len(found) <= limit && back.to > 0 {
		page.NextCursor = cursor(uint64(back.to) + 1)
		if page.Searched, err = m.Locate(ctx, Moment{Seq: uint64(back.to)}); err != nil {
			return PastClientPage{}, err
		}
	} else {
		found, page.NextCursor = cutPage(found, limit, func(seq uint64) uint64 { return seq })
	}
	err = m.ask(func(p *pool) error {
		page.Clients, err = p.clientsThen(ctx, found, at.Seq)
		return err
	})
	if err != nil {
		return PastClientPage{}, fmt.Errorf("read clients of the past: %w", err)
	}
	return page, nil
}

// ExportClientsAt implements Reader. No connection is held while yield is called.
func (m *ReadModel) ExportClientsAt(ctx context.Context, at Position, q ClientQuery, yield func(ListedClient) error) error {
	asked := q.searchThen()
	if err := m.catchUp(ctx); err != nil {
		return fmt.Errorf("export clients of the past: %w", err)
	}
	back := m.lookBack(asked, at, sequence(at.Seq))
	defer back.stop()
	for back.to > 0 {
		if err := ctx.Err(); err != nil {
			return err
		}
		selected, err := back.next(ctx)
		if err != nil {
			return fmt.Errorf("find clients of the past: %w", err)
		}
		var clients []ListedClient
		err = m.ask(func(p *pool) (err error) {
			clients, err = p.clientsThen(ctx, selected, at.Seq)
			return err
		})
		if err != nil {
			return fmt.Errorf("export clients of the past: %w", err)
		}
		for _, c := range clients {
			if err := yield(c); err != nil {
				return err
			}
		}
	}
	return nil
}

// searchThen returns what is searched for in the past: the newest come first, and what clients have of others is left out.
func (q ClientQuery) searchThen() search.Query {
	asked := q.search()
	asked.Order, asked.Alike = NewestFirst, false
	return asked
}

// clientsThen returns the clients with these sequences, in their order, as they stood after an event. What they had of others
// then is not known.
func (p *pool) clientsThen(ctx context.Context, seqs []uint64, at uint64) ([]ListedClient, error) {
	listed, err := p.clientsAt(ctx, seqs)
	if err != nil {
		return nil, err
	}
	return p.clientsAsOf(ctx, listed, seqs, at)
}
