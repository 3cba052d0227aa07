package readmodel

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
)

// A view is a file as readers have it open, with the statements that read, other than those that Events
// puts together.
type view struct {
	db *sql.DB

	client, clientPage         *sql.Stmt
	token, tokenPage           *sql.Stmt
	clientSnapshot             *sql.Stmt
	tokenSnapshot              *sql.Stmt
	firstSince, lag, histories *sql.Stmt
	counts, population         *sql.Stmt
}

func openView(ctx context.Context, path string) (*view, error) {
	db, err := openReaders(path)
	if err != nil {
		return nil, err
	}
	v := &view{db: db}
	if err := prepare(ctx, db, map[string]**sql.Stmt{
		selectClient:         &v.client,
		selectClientPage:     &v.clientPage,
		selectToken:          &v.token,
		selectTokenPage:      &v.tokenPage,
		selectClientSnapshot: &v.clientSnapshot,
		selectTokenSnapshot:  &v.tokenSnapshot,
		selectFirstSince:     &v.firstSince,
		selectLag:            &v.lag,
		selectHistories:      &v.histories,
		selectCounts:         &v.counts,
		selectPopulation:     &v.population,
	}); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return v, nil
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

// scanAll reads and closes rows.
func scanAll[T any](rows *sql.Rows, scan func(interface{ Scan(...any) error }) (T, error)) ([]T, error) {
	defer rows.Close()
	var all []T
	for rows.Next() {
		one, err := scan(rows)
		if err != nil {
			return nil, err
		}
		all = append(all, one)
	}
	return all, rows.Err()
}
