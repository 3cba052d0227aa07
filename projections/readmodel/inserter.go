package readmodel

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"strings"
)

// inserts are the statements that insert rows into a table.
type inserts struct {
	table   string
	columns []string
}

// manyRows is how many rows the larger of the two statements inserts: that halves what a statement costs beside
// SQLite's own work. More rows bring no more.
const manyRows = 32

func (i inserts) statement(rows int) string {
	list := func(n int, of string) string { return strings.Repeat(of+", ", n-1) + of }
	row := "(" + list(len(i.columns), "?") + ")"
	return "INSERT INTO " + i.table + " (" + strings.Join(i.columns, ", ") + ") VALUES " + list(rows, row)
}

// inserter inserts rows into one table, many at a time. It hands them to the driver: what database/sql does for a parameter
// costs about as much as the insertion.
type inserter struct {
	conn      *sql.Conn
	one, many driver.Stmt
	columns   int
	values    []driver.NamedValue // of the rows that are not inserted yet
	events    []uint64            // the sequences of the events that they are of
}

// prepare prepares the statements on a connection, which the inserter uses until it is closed.
func (i *inserter) prepare(ctx context.Context, conn *sql.Conn, into inserts) error {
	i.conn, i.columns = conn, len(into.columns)
	return conn.Raw(func(driven any) (err error) {
		prepare := driven.(driver.ConnPrepareContext).PrepareContext
		if i.one, err = prepare(ctx, into.statement(1)); err == nil {
			i.many, err = prepare(ctx, into.statement(manyRows))
		}
		return err
	})
}

// close closes the statements, those that were prepared.
func (i *inserter) close() error {
	if i.one == nil {
		return nil
	}
	return i.conn.Raw(func(any) error {
		err := i.one.Close()
		if i.many != nil {
			err = errors.Join(err, i.many.Close())
		}
		return err
	})
}

// A rowError says of which event a row is that could not be inserted.
type rowError struct {
	event uint64
	err   error
}

func (e *rowError) Error() string { return e.err.Error() }
func (e *rowError) Unwrap() error { return e.err }

// add inserts a row of an event, now or with a later one. The values are of the types that driver.Value lists. Its error is
// a *rowError.
func (i *inserter) add(ctx context.Context, event uint64, values ...any) error {
	for _, value := range values {
		i.values = append(i.values, driver.NamedValue{Ordinal: len(i.values) + 1, Value: value})
	}
	i.events = append(i.events, event)
	if len(i.events) < manyRows {
		return nil
	}
	if err := i.exec(ctx, i.many, i.values); err != nil {
		return i.flush(ctx) // which finds the row; nothing is inserted yet
	}
	i.empty()
	return nil
}

// flush inserts all rows that add left for later. Its error is a *rowError.
func (i *inserter) flush(ctx context.Context) error {
	defer i.empty()
	for n, event := range i.events {
		row := i.values[n*i.columns : (n+1)*i.columns]
		for column := range row {
			row[column].Ordinal = column + 1
		}
		if err := i.exec(ctx, i.one, row); err != nil {
			return &rowError{event, err}
		}
	}
	return nil
}

func (i *inserter) exec(ctx context.Context, statement driver.Stmt, values []driver.NamedValue) error {
	return i.conn.Raw(func(any) error {
		_, err := statement.(driver.StmtExecContext).ExecContext(ctx, values)
		return err
	})
}

func (i *inserter) empty() {
	clear(i.values) // which hold on to what they were
	i.values, i.events = i.values[:0], i.events[:0]
}
