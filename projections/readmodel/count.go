package readmodel

import (
	"context"
	"fmt"
	"strings"

	"roster/domain"
	"roster/domain/oauth"
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

// CountClients returns how many clients count towards limits: in all, and of an owner that their initial
// access tokens imposed, 0 for none.
func (m *ReadModel) CountClients(ctx context.Context, owner string) (oauth.Population, error) {
	var p oauth.Population
	err := m.read(func(v *view) error { return v.population.QueryRowContext(ctx, owner).Scan(&p.Clients, &p.OfOwner) })
	if err != nil {
		return oauth.Population{}, fmt.Errorf("count clients: %w", err)
	}
	return p, nil
}
