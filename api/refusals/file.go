package refusals

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"strings"
	"time"

	"roster/projections/sqlitefile"
)

// form is the number of the form of the file. A file of another form is begun anew.
const form = 1

const schema = `
-- When the file was begun, and why in place of another one; empty: it was the first.
CREATE TABLE beginning (at INTEGER NOT NULL, because TEXT NOT NULL) STRICT;

CREATE TABLE causes (
    id      INTEGER PRIMARY KEY,
    action  TEXT NOT NULL,
    code    TEXT NOT NULL,
    member  TEXT NOT NULL,
    setting TEXT NOT NULL,
    UNIQUE (action, code, member, setting)
) STRICT;

-- Ids ascend as refusals are written. Times are in microseconds since 1970.
CREATE TABLE refusals (
    id     INTEGER PRIMARY KEY,
    time   INTEGER NOT NULL,
    cause  INTEGER NOT NULL,
    ip     TEXT    NOT NULL,
    token  TEXT    NOT NULL, -- id of the initial access token
    client TEXT    NOT NULL, -- id of the client
    name   TEXT    NOT NULL,
    hosts  TEXT    NOT NULL
) STRICT;

-- The summary reads nothing else.
CREATE INDEX refusals_cause ON refusals (cause, ip, time);

-- How many were only counted, in a second since 1970.
CREATE TABLE counts (
    cause    INTEGER NOT NULL,
    second   INTEGER NOT NULL,
    refusals INTEGER NOT NULL,
    PRIMARY KEY (cause, second)
) STRICT, WITHOUT ROWID;
`

// hostSeparator stands between the hosts of a refusal. No host has one.
const hostSeparator = " "

// The reasons of a new beginning.
const (
	damage    = "the file was damaged"
	otherForm = "the file was written by another version of Roster"
)

// errOtherForm says that a file is of another form than this program's.
var errOtherForm = errors.New("file is of another form")

// sweepPace is the least time between two removals of what is too old.
const sweepPace = time.Minute

// A file is the store's SQLite file. One goroutine writes it; any may read it.
type file struct {
	db *sql.DB

	// The writer's.
	causes map[Cause]int64 // ids of those that are in the file
	swept  time.Time       // when what was too old was removed last
}

// open opens the file at a path. One that is missing is made, and one that cannot go on is begun anew.
func open(ctx context.Context, path string, now time.Time, logger *slog.Logger) (*file, error) {
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		return create(ctx, path, now, "")
	}
	f, err := resume(ctx, path)
	switch {
	case sqlitefile.IsDamage(err):
		return beginAnew(ctx, path, now, damage, logger)
	case errors.Is(err, errOtherForm):
		return beginAnew(ctx, path, now, otherForm, logger)
	case err != nil:
		return nil, fmt.Errorf("open refusals: %w", err)
	}
	return f, nil
}

// resume opens a file that is there. It returns errOtherForm, and damage that it finds.
func resume(ctx context.Context, path string) (*file, error) {
	f, err := connect(path)
	if err != nil {
		return nil, err
	}
	var found int
	err = f.db.QueryRowContext(ctx, `PRAGMA user_version`).Scan(&found)
	if err == nil && found != form {
		err = errOtherForm
	}
	if err == nil {
		err = sqlitefile.Check(ctx, path)
	}
	if err != nil {
		return nil, errors.Join(err, f.close())
	}
	return f, nil
}

// beginAnew makes an empty file in place of one that cannot go on, and says why.
func beginAnew(ctx context.Context, path string, now time.Time, because string, logger *slog.Logger) (*file, error) {
	logger.Warn("what was refused so far is lost: the refusals are begun anew", "because", because)
	return create(ctx, path, now, because)
}

// create makes an empty file in place of what was there.
func create(ctx context.Context, path string, now time.Time, because string) (*file, error) {
	if err := sqlitefile.Make(path); err != nil {
		return nil, fmt.Errorf("create refusals: %w", err)
	}
	f, err := connect(path)
	if err != nil {
		return nil, fmt.Errorf("create refusals: %w", err)
	}
	err = f.change(ctx, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, schema+fmt.Sprintf("PRAGMA user_version = %d", form))
		if err == nil {
			_, err = tx.ExecContext(ctx, `INSERT INTO beginning (at, because) VALUES (?, ?)`, now.UnixMicro(), because)
		}
		return err
	})
	if err != nil {
		return nil, errors.Join(fmt.Errorf("create refusals: %w", err), f.close())
	}
	return f, nil
}

// connections is how many queries there are at a time, the writer's transaction included.
const connections = 4

// connect opens a file that is there. In WAL mode readers and the writer do not wait for each other, and
// synchronous=NORMAL syncs once in a few megabytes: a loss of power costs the last refusals at most. What is
// removed is overwritten: it was somebody's address.
func connect(path string) (*file, error) {
	db, err := sql.Open("sqlite", sqlitefile.DSN(path, "rw", "_journal_mode=WAL", "_synchronous=NORMAL",
		"_pragma=secure_delete(1)", "_pragma=journal_size_limit(8388608)", "_txlock=immediate"))
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(connections)
	db.SetMaxIdleConns(connections)
	return &file{db: db, causes: map[Cause]int64{}}, nil
}

func (f *file) close() error { return f.db.Close() }

// change makes changes in one transaction.
func (f *file) change(ctx context.Context, make func(*sql.Tx) error) error {
	tx, err := f.db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	if err := make(tx); err != nil {
		return errors.Join(err, tx.Rollback())
	}
	return tx.Commit()
}

// write adds a batch, and removes what is beyond Retention or, of each kind, beyond a number.
func (f *file) write(ctx context.Context, b batch, now time.Time, most int) error {
	sweep := now.Sub(f.swept) >= sweepPace
	if b.refusals() == 0 && !sweep {
		return nil
	}
	err := f.change(ctx, func(tx *sql.Tx) error {
		if err := f.add(ctx, tx, b); err != nil {
			return err
		}
		if len(b.rows) > 0 {
			if _, err := tx.ExecContext(ctx, `DELETE FROM refusals WHERE id <= (SELECT max(id) FROM refusals) - ?`, most); err != nil {
				return err
			}
		}
		if sweep {
			return removeOld(ctx, tx, now.Add(-Retention), most)
		}
		return nil
	})
	if err != nil {
		clear(f.causes) // those that were added are not in the file
		return fmt.Errorf("write refusals: %w", err)
	}
	if sweep {
		f.swept = now
	}
	return nil
}

// removeOld removes what is from before a time, and numbers beyond the most that are kept of them.
func removeOld(ctx context.Context, tx *sql.Tx, before time.Time, most int) error {
	if _, err := tx.ExecContext(ctx, `DELETE FROM refusals WHERE time < ?`, before.UnixMicro()); err != nil {
		return err
	}
	if _, err := tx.ExecContext(ctx, `DELETE FROM counts WHERE second < ?`, before.Unix()); err != nil {
		return err
	}
	_, err := tx.ExecContext(ctx, `DELETE FROM counts WHERE second <=
		(SELECT second FROM counts ORDER BY second DESC LIMIT 1 OFFSET ?)`, most)
	return err
}

// add adds a batch.
func (f *file) add(ctx context.Context, tx *sql.Tx, b batch) error {
	for _, r := range b.rows {
		cause, err := f.causeID(ctx, tx, r.Cause)
		if err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, `INSERT INTO refusals (time, cause, ip, token, client, name, hosts) VALUES (?, ?, ?, ?, ?, ?, ?)`,
			r.Time.UnixMicro(), cause, r.IP, r.InitialAccessToken, r.ClientID, r.Name, strings.Join(r.Hosts, hostSeparator)); err != nil {
			return err
		}
	}
	for at, n := range b.counts {
		cause, err := f.causeID(ctx, tx, at.cause)
		if err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, `INSERT INTO counts (second, cause, refusals) VALUES (?, ?, ?)
			ON CONFLICT DO UPDATE SET refusals = refusals + excluded.refusals`, at.second, cause, n); err != nil {
			return err
		}
	}
	return nil
}

// causeID returns the id of a cause, which it adds where it is new.
func (f *file) causeID(ctx context.Context, tx *sql.Tx, c Cause) (int64, error) {
	if id, known := f.causes[c]; known {
		return id, nil
	}
	// The update changes nothing, and has an id returned that is there already.
	row := tx.QueryRowContext(ctx, `INSERT INTO causes (action, code, member, setting) VALUES (?, ?, ?, ?)
		ON CONFLICT DO UPDATE SET code = code RETURNING id`, c.Action, c.Code, c.Member, c.Setting)
	var id int64
	if err := row.Scan(&id); err != nil {
		return 0, err
	}
	f.causes[c] = id
	return id, nil
}
