package readmodel

import (
	"errors"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"roster/domain"
)

// errBadRow says that a row does not hold what the projector wrote.
var errBadRow = errors.New("row cannot be decoded")

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
	if errors.Is(err, domain.ErrUnavailable) {
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
