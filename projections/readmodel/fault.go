package readmodel

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"strings"
	"syscall"
	"time"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"roster/domain"
)

// errDamaged says that a check found damage in the file.
var errDamaged = errors.New("file is damaged")

// errBadRow says that a row does not hold what the projector wrote.
var errBadRow = errors.New("row cannot be decoded")

// scan reads the columns of a row. A value that its column cannot hold is an errBadRow: what is left of a damaged
// page can still look like rows.
func scan(row interface{ Scan(...any) error }, dest ...any) error {
	err := row.Scan(dest...)
	if err != nil && strings.HasPrefix(err.Error(), "sql: Scan error") { // of database/sql, which has no type for it
		return fmt.Errorf("%w: %w", errBadRow, err)
	}
	return err
}

// isDamage reports whether an error says that the file does not hold what was written to it, or that its
// content cannot be read from the disk. Only another file helps.
func isDamage(err error) bool {
	if errors.Is(err, errBadRow) || errors.Is(err, errDamaged) {
		return true
	}
	switch code := codeOf(err); code {
	case sqlite3.SQLITE_IOERR_READ, sqlite3.SQLITE_IOERR_SHORT_READ, sqlite3.SQLITE_IOERR_CORRUPTFS, sqlite3.SQLITE_IOERR_DATA:
		return true
	default:
		return primary(code) == sqlite3.SQLITE_CORRUPT || primary(code) == sqlite3.SQLITE_NOTADB
	}
}

// isPassing reports whether an error is of the world around the projector, such as a full disk or a log
// without a leader. The same may succeed later.
func isPassing(err error) bool {
	if errors.Is(err, domain.ErrUnavailable) || errors.As(err, new(syscall.Errno)) {
		return true
	}
	switch primary(codeOf(err)) {
	case sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_PROTOCOL,
		sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_NOMEM:
		return true
	}
	return false
}

// codeOf returns SQLite's extended result code, 0 for what is no error of SQLite.
func codeOf(err error) int {
	var of *sqlite.Error
	if !errors.As(err, &of) {
		return sqlite3.SQLITE_OK
	}
	return of.Code()
}

// primary returns the result code that an extended one refines.
func primary(code int) int { return code & 0xff }

const (
	// checkSize is the largest file that is checked, checkTimeout the time that it may take.
	checkSize    = 1 << 30
	checkTimeout = time.Minute
)

// check looks for damage in a file. It reads the whole file once, which a large one is not worth: queries find
// the damage in what they read, too.
func check(ctx context.Context, path string) error {
	if info, err := os.Stat(path); err != nil || info.Size() > checkSize {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, checkTimeout)
	defer cancel()
	db, err := sql.Open("sqlite", dsn(path, "ro", "_query_only=1"))
	if err != nil {
		return err
	}
	defer db.Close()
	var found string
	err = db.QueryRowContext(ctx, `PRAGMA quick_check(1)`).Scan(&found)
	if err == nil && found != "ok" {
		err = fmt.Errorf("%w: %s", errDamaged, found)
	}
	return err
}
