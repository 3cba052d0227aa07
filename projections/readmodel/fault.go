package readmodel

import (
	"errors"
	"fmt"
	"strings"
	"syscall"

	sqlite3 "modernc.org/sqlite/lib"

	"roster/domain"
	"roster/projections/sqlitefile"
)

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
	return errors.Is(err, errBadRow) || sqlitefile.IsDamage(err)
}

// isPassing reports whether an error is of the world around the projector, such as a full disk or a log
// without a leader. The same may succeed later.
func isPassing(err error) bool {
	if errors.Is(err, domain.ErrUnavailable) || errors.As(err, new(syscall.Errno)) {
		return true
	}
	switch sqlitefile.Primary(sqlitefile.Code(err)) {
	case sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_PROTOCOL,
		sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_NOMEM:
		return true
	}
	return false
}
