package readmodel

import (
	"context"
	"fmt"

	"roster/domain/oauth"
)

const selectCounts = `SELECT (SELECT coalesce(sum(active), 0) FROM days),
	(SELECT count(*) FROM clients WHERE imposed_owner = ?1 AND imposed_owner <> '' AND status = 'active')`

// CountClients returns how many clients are active: in all, and of an owner that their initial access tokens
// imposed, 0 for none.
func (m *ReadModel) CountClients(ctx context.Context, owner string) (oauth.Population, error) {
	var p oauth.Population
	err := m.read(func(v *view) error { return v.counts.QueryRowContext(ctx, owner).Scan(&p.Clients, &p.OfOwner) })
	if err != nil {
		return oauth.Population{}, fmt.Errorf("count clients: %w", err)
	}
	return p, nil
}
