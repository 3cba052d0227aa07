package readmodel

import (
	"context"
	"math"

	"roster/projections/readmodel/search"
)

const (
	selectNewest = `SELECT seq FROM clients WHERE seq < ? ORDER BY seq DESC LIMIT ?`

	countAllClients = `SELECT min(?, coalesce(sum(clients), 0)) FROM statuses`
)

// findClients finds clients in the index. While that is being loaded after a start, all clients are found in their table:
// the newest ones, which lists begin with, are wanted at once.
func (p *pool) findClients(ctx context.Context, x *index, q search.Query) (search.Found, error) {
	if !x.isComplete() && selectsAll(q) {
		return p.newestClients(ctx, q)
	}
	if err := x.await(ctx); err != nil {
		return search.Found{}, err
	}
	return x.Find(q), nil
}

// selectsAll reports whether a query selects every client, the newest first.
func selectsAll(q search.Query) bool {
	q.After, q.Limit, q.Count = search.Place{}, 0, 0
	return q == search.Query{}
}

// newestClients returns what the index finds for a query that selects every client.
func (p *pool) newestClients(ctx context.Context, q search.Query) (found search.Found, err error) {
	before := int64(math.MaxInt64)
	if q.After.Seq != 0 {
		before = sequence(q.After.Seq)
	}
	rows, err := p.clients.newest.QueryContext(ctx, before, q.Limit)
	if err != nil {
		return found, err
	}
	found.Clients, err = scanAll(rows, func(row interface{ Scan(...any) error }) (place search.Place, err error) {
		return place, scan(row, &place.Seq)
	})
	if err == nil {
		err = scan(p.counts.clients.QueryRowContext(ctx, q.Count), &found.Count)
	}
	return found, err
}
