package lastuse

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"time"

	"roster/projections/sqlitefile"
)

// form is the number of the form of the file. A file of another form is begun anew.
const form = 1

const schema = `
-- Times are in microseconds since 1970.
CREATE TABLE last_use (client TEXT PRIMARY KEY, at INTEGER NOT NULL) STRICT, WITHOUT ROWID;
`

const (
	note = `INSERT INTO last_use (client, at) VALUES (?, ?) ON CONFLICT DO UPDATE SET at = max(at, excluded.at)`
	find = `SELECT client, at FROM last_use WHERE client IN (SELECT value FROM json_each(?))`
)

// A file is the store's SQLite file. One goroutine writes it; any may read it.
type file struct{ db *sql.DB }

// open opens the file at a path. One that is missing is made, and one that cannot go on is begun anew.
func open(ctx context.Context, path string, logger *slog.Logger) (*file, error) {
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		return create(ctx, path)
	}
	f, err := connect(path)
	if err != nil {
		return nil, err
	}
	var found int
	err = f.db.QueryRowContext(ctx, `PRAGMA user_version`).Scan(&found)
	if err == nil {
		err = sqlitefile.Check(ctx, path)
	}
	switch {
	case sqlitefile.IsDamage(err):
		_ = f.close() // it is removed
		return beginAnew(ctx, path, "the file was damaged", logger)
	case err != nil:
		return nil, errors.Join(fmt.Errorf("open last uses: %w", err), f.close())
	case found != form:
		_ = f.close()
		return beginAnew(ctx, path, "the file was written by another version of Roster", logger)
	}
	return f, nil
}

// beginAnew makes an empty file in place of one that cannot go on, and says why.
func beginAnew(ctx context.Context, path, because string, logger *slog.Logger) (*file, error) {
	logger.Warn("when clients were used last is begun anew", "because", because)
	return create(ctx, path)
}

// create makes an empty file in place of what was there.
func create(ctx context.Context, path string) (*file, error) {
	if err := sqlitefile.Make(path); err != nil {
		return nil, fmt.Errorf("create last uses: %w", err)
	}
	f, err := connect(path)
	if err != nil {
		return nil, fmt.Errorf("create last uses: %w", err)
	}
	if _, err := f.db.ExecContext(ctx, fmt.Sprintf("BEGIN; %s PRAGMA user_version = %d; COMMIT", schema, form)); err != nil {
		return nil, errors.Join(fmt.Errorf("create last uses: %w", err), f.close())
	}
	return f, nil
}

// connections is how many queries there are at a time, the writer's transaction included.
const connections = 2

// connect opens a file that is there. In WAL mode readers and the writer do not wait for each other, and
// synchronous=NORMAL syncs once in a few megabytes: a loss of power costs the last uses at most.
func connect(path string) (*file, error) {
	db, err := sql.Open("sqlite", sqlitefile.DSN(path, "rw", "_journal_mode=WAL", "_synchronous=NORMAL",
		"_pragma=journal_size_limit(8388608)", "_txlock=immediate"))
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(connections)
	db.SetMaxIdleConns(connections)
	return &file{db}, nil
}

func (f *file) close() error { return f.db.Close() }

// write notes uses, all or none.
func (f *file) write(ctx context.Context, uses map[string]time.Time) error {
	if len(uses) == 0 {
		return nil
	}
	tx, err := f.db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback() // fails once it was committed
	noting, err := tx.PrepareContext(ctx, note)
	if err != nil {
		return err
	}
	for id, at := range uses {
		if _, err := noting.ExecContext(ctx, id, at.UnixMicro()); err != nil {
			return err
		}
	}
	return tx.Commit()
}

// read returns the last uses of clients that are in the file.
func (f *file) read(ctx context.Context, clientIDs []string) (map[string]time.Time, error) {
	list, err := json.Marshal(clientIDs)
	if err != nil {
		return nil, err
	}
	rows, err := f.db.QueryContext(ctx, find, string(list))
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	found := make(map[string]time.Time, len(clientIDs))
	for rows.Next() {
		var id string
		var at int64
		if err := rows.Scan(&id, &at); err != nil {
			return nil, err
		}
		found[id] = time.UnixMicro(at).UTC()
	}
	return found, rows.Err()
}
