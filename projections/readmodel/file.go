package readmodel

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"runtime"

	"roster/eventstore"
	"roster/projections/sqlitefile"
)

const (
	fileName        = "readmodel.db"
	successorSuffix = ".new"
)

// A staleError says why a file cannot go on as the read model of a log.
type staleError struct {
	level  slog.Level // Info for what is to be expected, Warn for what is not
	reason string
}

func (e *staleError) Error() string { return e.reason }

func stale(level slog.Level, format string, args ...any) error {
	return &staleError{level: level, reason: fmt.Sprintf(format, args...)}
}

// errUnsynced says that any part of a successor may be missing.
var errUnsynced = stale(slog.LevelInfo, "the machine stopped while it was built")

// damaged says that a file is stale because of damage that was found in it.
func damaged(err error) error { return stale(slog.LevelError, "the file is damaged: %v", err) }

// A use is what a writer opens a file for, as settings.
type use []string

var (
	// toKeep is for a file that is read. Its commits survive the end of the process, and a loss of power costs at most
	// the last of them: the log has them all.
	toKeep = use{"_journal_mode=WAL", "_synchronous=NORMAL", "_pragma=cache_size(-32768)", "_pragma=journal_size_limit(67108864)"}

	// toBuild is for a successor, which nobody reads: a page is written once instead of twice, and nothing is synced before
	// all is there. Its commits survive the end of the process, too, but after a loss of power any part of the file may be
	// missing. So a successor is built further only while the machine has not been started anew.
	toBuild = use{"_journal_mode=DELETE", "_synchronous=OFF", "_pragma=cache_size(-32768)"}
)

// resume opens the file of a read model. It returns a *staleError if that does not continue the log, and a
// passing error if it cannot be read now.
func resume(ctx context.Context, path string, to use, log Log) (*writer, error) {
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		return nil, stale(slog.LevelInfo, "there is none")
	}
	w, err := connect(ctx, path, to)
	if err == nil {
		err = w.load(ctx)
	}
	if err == nil && w.at.schema == schemaHash {
		err = w.prepare(ctx)
	}
	switch {
	case ctx.Err() != nil:
		err = errors.Join(ctx.Err(), err)
	case isPassing(err):
	case err != nil:
		err = stale(slog.LevelWarn, "the file cannot be read: %v", err)
	default:
		err = w.at.continues(ctx, log)
	}
	if err != nil {
		return nil, errors.Join(err, w.close())
	}
	return w, nil
}

// resumeBuilding opens a successor that was begun before, as resume opens a file. It returns errUnsynced for one that was
// begun before the machine was started.
func resumeBuilding(ctx context.Context, path string, log Log) (*writer, error) {
	w, err := resume(ctx, path, toBuild, log)
	if err != nil {
		return nil, err
	}
	same, err := w.isOfThisBoot(ctx)
	if err == nil && !same {
		err = errUnsynced
	}
	if err != nil {
		return nil, errors.Join(err, w.close())
	}
	return w, nil
}

// create makes an empty read model, to be built, in place of what was there.
func create(ctx context.Context, path string, log eventstore.Identity) (*writer, error) {
	if err := sqlitefile.Make(path); err != nil {
		return nil, err
	}
	w, err := connect(ctx, path, toBuild)
	if err == nil {
		err = w.initialise(ctx, log)
	}
	if err != nil {
		return nil, errors.Join(err, w.close())
	}
	return w, nil
}

// reopen opens a file of this schema, to be kept.
func reopen(ctx context.Context, path string) (*writer, error) {
	w, err := connect(ctx, path, toKeep)
	if err == nil {
		err = w.load(ctx)
	}
	if err == nil {
		err = w.prepare(ctx)
	}
	if err != nil {
		return nil, errors.Join(err, w.close())
	}
	return w, nil
}

func openReaders(path string) (*sql.DB, error) {
	db, err := sql.Open("sqlite", sqlitefile.DSN(path, "ro", "_query_only=1", "_pragma=cache_size(-8192)"))
	if err != nil {
		return nil, err
	}
	// A query is work for a processor; the few more let others go on beside those that read much.
	n := max(8, 2*runtime.GOMAXPROCS(0))
	db.SetMaxOpenConns(n)
	db.SetMaxIdleConns(n)
	return db, nil
}
