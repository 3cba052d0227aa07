package readmodel

import (
	"context"
	"errors"
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
// access tokens imposed, 0 for none. They are counted in all that the log holds, whichever process recorded it.
// It returns an ErrUnavailable, and never a *CatchingUpError: its callers tell applicants what went wrong.
func (m *ReadModel) CountClients(ctx context.Context, owner string) (oauth.Population, error) {
	var counted oauth.Population
	err := m.readToEnd(ctx, func(p *pool) error {
		return p.population.QueryRowContext(ctx, owner).Scan(&counted.Clients, &counted.OfOwner)
	})
	if errors.As(err, new(*CatchingUpError)) {
		err = ErrBehind
	}
	if err != nil {
		return oauth.Population{}, fmt.Errorf("count clients: %w", err)
	}
	return counted, nil
}
