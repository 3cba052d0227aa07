package projections

import (
	"context"
	"database/sql"
	"fmt"
)

// queries are the statements that read, other than those that Events puts together.
type queries struct {
	client, clientPage         *sql.Stmt
	token, tokenPage           *sql.Stmt
	clientSnapshot             *sql.Stmt
	tokenSnapshot              *sql.Stmt
	firstSince, lag, histories *sql.Stmt
	days, counts               *sql.Stmt
}

func prepareQueries(ctx context.Context, db *sql.DB) (q queries, err error) {
	err = prepare(ctx, db, map[string]**sql.Stmt{
		selectClient:         &q.client,
		selectClientPage:     &q.clientPage,
		selectToken:          &q.token,
		selectTokenPage:      &q.tokenPage,
		selectClientSnapshot: &q.clientSnapshot,
		selectTokenSnapshot:  &q.tokenSnapshot,
		selectFirstSince:     &q.firstSince,
		selectLag:            &q.lag,
		selectHistories:      &q.histories,
		selectDays:           &q.days,
		selectCounts:         &q.counts,
	})
	return q, err
}

// prepare prepares each query on a *sql.DB or *sql.Conn.
func prepare(ctx context.Context, db interface {
	PrepareContext(context.Context, string) (*sql.Stmt, error)
}, statements map[string]**sql.Stmt) (err error) {
	for query, statement := range statements {
		if *statement, err = db.PrepareContext(ctx, query); err != nil {
			return fmt.Errorf("prepare %q: %w", query, err)
		}
	}
	return nil
}
