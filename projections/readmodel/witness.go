package readmodel

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"roster/eventstore"
	"roster/projections/sqlitefile"
)

// Witness is a read model that nobody has open, as the memory of what its log held: a log is held against it
// before anything is built on that log. Any schema serves that has the columns asked for here. It may be used
// concurrently.
type Witness struct {
	db       *sql.DB // nil: there is no read model that can be read
	identity eventstore.Identity
	last     uint64
}

const (
	selectPosition   = `SELECT log_name, log_created, seq FROM checkpoint`
	selectEventID    = `SELECT id FROM events WHERE seq = ?`
	selectEventCount = `SELECT count(*) FROM events WHERE seq BETWEEN ? AND ?`
)

// ErrUnfitWitness says that a read model turned out to be damaged while it was asked as a witness.
var ErrUnfitWitness = errors.New("the read model is no witness")

// OpenWitness opens the read model in a directory as a witness, to be closed before the read model is opened.
// Where there is none the witness knows of no event. With an error, which says why the file cannot be read,
// it knows of none either.
func OpenWitness(ctx context.Context, dir string) (*Witness, error) {
	path := filepath.Join(dir, fileName)
	for _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist); _, err = os.Stat(path) {
		if strings.HasSuffix(path, successorSuffix) {
			return &Witness{}, nil
		}
		path += successorSuffix // it was about to be given the other name, or is the first
	}
	w, err := openWitness(ctx, path)
	if err != nil {
		return &Witness{}, fmt.Errorf("read %s: %w", path, err)
	}
	return w, nil
}

func openWitness(ctx context.Context, path string) (*Witness, error) {
	// Not read-only: what a crash left in the write-ahead log belongs to it.
	db, err := sql.Open("sqlite", sqlitefile.DSN(path, "rw"))
	if err != nil {
		return nil, err
	}
	w := &Witness{db: db}
	var created string
	err = db.QueryRowContext(ctx, selectPosition).Scan(&w.identity.Name, &created, &w.last)
	if err == nil {
		w.identity.Created, err = time.Parse(time.RFC3339Nano, created)
	}
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return w, nil
}

// Identity returns the identity of the log that the read model was built from.
func (w *Witness) Identity() eventstore.Identity { return w.identity }

// Last returns the sequence of the last event that was applied, 0: none was.
func (w *Witness) Last() uint64 { return w.last }

// EventID returns the id of the event at a sequence; empty: the read model holds none. It returns
// ErrUnfitWitness when the file is damaged there.
func (w *Witness) EventID(ctx context.Context, seq uint64) (id string, err error) {
	if w.db == nil {
		return "", nil
	}
	err = w.db.QueryRowContext(ctx, selectEventID, sequence(seq)).Scan((*compactID)(&id))
	if errors.Is(err, sql.ErrNoRows) {
		return "", nil
	}
	return id, unfit(err)
}

// Count returns how many events the read model holds from one sequence to another, both included. It returns
// ErrUnfitWitness when the file is damaged there.
func (w *Witness) Count(ctx context.Context, from, to uint64) (n uint64, err error) {
	if w.db == nil {
		return 0, nil
	}
	err = w.db.QueryRowContext(ctx, selectEventCount, sequence(from), sequence(to)).Scan(&n)
	return n, unfit(err)
}

// unfit marks an error that says that the file is damaged.
func unfit(err error) error {
	if isDamage(err) {
		return fmt.Errorf("%w: %w", ErrUnfitWitness, err)
	}
	return err
}

// Close closes the file.
func (w *Witness) Close() error {
	if w.db == nil {
		return nil
	}
	return w.db.Close()
}
