package readmodel

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
)

// A pool is the connections over which a file is read, with the statements that read, other than those that
// Events puts together.
type pool struct {
	db   *sql.DB
	from uint64 // sequence that the file stood at when it was shown

	client, clientPage     *sql.Stmt
	token, tokenPage       *sql.Stmt
	clientSnapshot         *sql.Stmt
	tokenSnapshot          *sql.Stmt
	firstEventSince, stand *sql.Stmt
	histories              *sql.Stmt
	counts, population     *sql.Stmt
}

func openPool(ctx context.Context, path string) (*pool, error) {
	db, err := openReaders(path)
	if err != nil {
		return nil, err
	}
	p := &pool{db: db}
	if err := prepare(ctx, db, map[string]**sql.Stmt{
		selectClient:         &p.client,
		selectClientPage:     &p.clientPage,
		selectToken:          &p.token,
		selectTokenPage:      &p.tokenPage,
		selectClientSnapshot: &p.clientSnapshot,
		selectTokenSnapshot:  &p.tokenSnapshot,
		selectFirstSince:     &p.firstEventSince,
		selectStand:          &p.stand,
		selectHistories:      &p.histories,
		selectCounts:         &p.counts,
		selectPopulation:     &p.population,
	}); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return p, nil
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
