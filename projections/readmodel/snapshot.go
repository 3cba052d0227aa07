package readmodel

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"roster/domain"
)

// What a snapshot tells beside the row of its aggregate. It is one statement with that row, so that both are
// of the same moment.
const snapshotColumns = `last, (SELECT seq FROM checkpoint)`

const (
	selectClientSnapshot             = `SELECT ` + snapshotColumns + `, ` + clientColumns + fromClients + ` WHERE c.id = ?`
	selectInitialAccessTokenSnapshot = `SELECT ` + snapshotColumns + `, ` + initialAccessTokenColumns + ` FROM initial_access_tokens WHERE id = ?`
)

// ClientSnapshot returns a client as the events that are applied say it, whatever its status; the zero
// snapshot for one that is not there, and while nothing can be read. It does not wait. It is Halted once Run has
// stopped, and while it is in trouble.
func (m *ReadModel) ClientSnapshot(ctx context.Context, id string) (domain.Snapshot[domain.Client], error) {
	return readSnapshot(m, func(p *pool, s *domain.Snapshot[domain.Client]) error {
		if kept, ok := p.recent.client(id); ok {
			s.State, s.Last, s.At = kept.State, kept.Last, kept.At
			return nil
		}
		row, err := scanClient(snapshotRow{p.clients.snapshot.QueryRowContext(ctx, compactID(id)), &s.Last, &s.At})
		if err != nil {
			return err
		}
		s.State = row.Client.Client
		p.recent.keep(*s)
		return nil
	})
}

// InitialAccessTokenSnapshot returns an initial access token as ClientSnapshot does a client.
func (m *ReadModel) InitialAccessTokenSnapshot(ctx context.Context, id string) (domain.Snapshot[domain.InitialAccessToken], error) {
	return readSnapshot(m, func(p *pool, s *domain.Snapshot[domain.InitialAccessToken]) error {
		row, err := scanInitialAccessToken(snapshotRow{p.tokens.snapshot.QueryRowContext(ctx, id), &s.Last, &s.At})
		s.State = row.InitialAccessToken.InitialAccessToken
		return err
	})
}

func readSnapshot[S any](m *ReadModel, scan func(*pool, *domain.Snapshot[S]) error) (domain.Snapshot[S], error) {
	health := m.Health()
	s := domain.Snapshot[S]{Halted: health.Err != nil || health.Trouble != nil}
	err := m.ask(func(p *pool) error { return scan(p, &s) })
	switch {
	case err == nil:
		return s, nil
	case errors.Is(err, sql.ErrNoRows), errors.Is(err, ErrUnavailable):
		return domain.Snapshot[S]{}, nil
	}
	return domain.Snapshot[S]{}, fmt.Errorf("read snapshot: %w", err)
}

// snapshotRow is a row that begins with snapshotColumns.
type snapshotRow struct {
	row      *sql.Row
	last, at *uint64
}

// Scan scans what comes after them.
func (r snapshotRow) Scan(dest ...any) error {
	return r.row.Scan(append([]any{r.last, r.at}, dest...)...)
}
