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
	db     *sql.DB
	from   uint64  // sequence that the file stood at when it was shown
	recent *recent // what was read of it last

	stand   *sql.Stmt
	clients clientReads
	tokens  initialAccessTokenReads
	events  eventReads
	counts  countReads
}

// openPool opens the pool of a file that stands at a sequence.
func openPool(ctx context.Context, path string, at uint64) (*pool, error) {
	db, err := openReaders(path)
	if err != nil {
		return nil, err
	}
	p := &pool{db: db, from: at, recent: newRecent(at)}
	if err := prepare(ctx, db, statements{selectStand: &p.stand},
		p.clients.statements(), p.tokens.statements(), p.events.statements(), p.counts.statements()); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return p, nil
}

// statements are queries with where they are kept once they are prepared.
type statements map[string]**sql.Stmt

// prepare prepares statements on a *sql.DB or *sql.Conn.
func prepare(ctx context.Context, db interface {
	PrepareContext(context.Context, string) (*sql.Stmt, error)
}, sets ...statements) (err error) {
	for _, set := range sets {
		for query, statement := range set {
			if *statement, err = db.PrepareContext(ctx, query); err != nil {
				return fmt.Errorf("prepare %q: %w", query, err)
			}
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
