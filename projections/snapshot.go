package projections

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"roster/domain"
)

// What a snapshot tells beside the row of its aggregate. It is one statement with that row, so that both are
// of the same moment.
const snapshotColumns = `(SELECT max(seq) FROM events WHERE aggregate = this.seq), (SELECT seq FROM checkpoint)`

const (
	selectClientSnapshot = `SELECT ` + snapshotColumns + `, ` + clientColumns + ` FROM clients AS this WHERE id = ?`
	selectTokenSnapshot  = `SELECT ` + snapshotColumns + `, ` + tokenColumns + ` FROM tokens AS this WHERE id = ?`
)

// ClientSnapshot returns a client as the events that are applied say it, whatever its status; the zero
// snapshot for one that is not there.
func (m *ReadModel) ClientSnapshot(ctx context.Context, id string) (s domain.Snapshot[domain.Client], err error) {
	row, err := scanClient(snapshotRow{m.queries.clientSnapshot.QueryRowContext(ctx, id), &s.Last, &s.At})
	if errors.Is(err, sql.ErrNoRows) {
		return s, nil
	}
	if err != nil {
		return domain.Snapshot[domain.Client]{}, fmt.Errorf("read snapshot of a client: %w", err)
	}
	s.State = row.Client.Client
	return s, nil
}

// TokenSnapshot returns an initial access token as ClientSnapshot does a client.
func (m *ReadModel) TokenSnapshot(ctx context.Context, id string) (s domain.Snapshot[domain.InitialAccessToken], err error) {
	row, err := scanToken(snapshotRow{m.queries.tokenSnapshot.QueryRowContext(ctx, id), &s.Last, &s.At})
	if errors.Is(err, sql.ErrNoRows) {
		return s, nil
	}
	if err != nil {
		return domain.Snapshot[domain.InitialAccessToken]{}, fmt.Errorf("read snapshot of an initial access token: %w", err)
	}
	s.State = row.InitialAccessToken.InitialAccessToken
	return s, nil
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
