// Package sqlitefile has what the SQLite files of the program share: how they are named to the driver, made and
// removed, and how damage of them is told from other faults.
package sqlitefile

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"strings"
	"time"

	"modernc.org/sqlite" // the driver, too
	sqlite3 "modernc.org/sqlite/lib"
)

// ErrDamaged says that a file does not hold what was written to it.
var ErrDamaged = errors.New("file is damaged")

// DSN returns the data source name of the file at a path, opened in a mode of SQLite such as "ro" or "rw", with
// further settings as the driver "sqlite" takes them, such as "_journal_mode=WAL". It waits 10 seconds for another
// connection's lock.
func DSN(path, mode string, settings ...string) string {
	file := url.URL{Scheme: "file", Opaque: (&url.URL{Path: path}).EscapedPath()}
	file.RawQuery = strings.Join(append(settings, "mode="+mode, "_busy_timeout=10000"), "&")
	return file.String()
}

// Make makes an empty file, which only its owner may read, in place of what was there. Nobody may have that open.
func Make(path string) error {
	if err := Remove(path); err != nil {
		return err
	}
	// SQLite gives the files that it makes beside this one the same mode.
	file, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	return file.Close()
}

// Remove removes a file, if it is there, with what SQLite keeps beside it. Nobody may have it open.
func Remove(path string) error {
	for _, suffix := range []string{"", "-wal", "-shm", "-journal"} {
		if err := os.Remove(path + suffix); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}

// IsDamage reports whether an error says that a file does not hold what was written to it, or that its content
// cannot be read from the disk. Only another file helps.
func IsDamage(err error) bool {
	if errors.Is(err, ErrDamaged) {
		return true
	}
	switch code := Code(err); code {
	case sqlite3.SQLITE_IOERR_READ, sqlite3.SQLITE_IOERR_SHORT_READ, sqlite3.SQLITE_IOERR_CORRUPTFS, sqlite3.SQLITE_IOERR_DATA:
		return true
	default:
		return Primary(code) == sqlite3.SQLITE_CORRUPT || Primary(code) == sqlite3.SQLITE_NOTADB
	}
}

// Code returns SQLite's extended result code of an error, 0 for what is no error of SQLite.
func Code(err error) int {
	var of *sqlite.Error
	if !errors.As(err, &of) {
		return sqlite3.SQLITE_OK
	}
	return of.Code()
}

// Primary returns the result code that an extended one refines.
func Primary(code int) int { return code & 0xff }

const (
	// checkSize is the largest file that is checked, checkTimeout the time that it may take.
	checkSize    = 1 << 30
	checkTimeout = time.Minute
)

// Check looks for damage in a file, and returns an error by IsDamage when it finds some. It reads the whole file
// once, which one larger than 1 GiB is not worth: queries find the damage in what they read, too.
func Check(ctx context.Context, path string) error {
	if info, err := os.Stat(path); err != nil || info.Size() > checkSize {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, checkTimeout)
	defer cancel()
	db, err := sql.Open("sqlite", DSN(path, "ro", "_query_only=1"))
	if err != nil {
		return err
	}
	defer db.Close()
	var found string
	err = db.QueryRowContext(ctx, `PRAGMA quick_check(1)`).Scan(&found)
	if err == nil && found != "ok" {
		err = fmt.Errorf("%w: %s", ErrDamaged, found)
	}
	return err
}
