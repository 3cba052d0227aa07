package readmodel

import (
	"context"
	"database/sql"
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

// into adds the statements that an inserter needs to others.
func (i inserts) into(inserter *inserter, others statements) statements {
	inserter.columns = len(i.columns)
	others[i.statement(1)] = &inserter.one
	others[i.statement(manyRows)] = &inserter.many
	return others
}

func (i inserts) statement(rows int) string {
	list := func(n int, of string) string { return strings.Repeat(of+", ", n-1) + of }
	row := "(" + list(len(i.columns), "?") + ")"
	return "INSERT INTO " + i.table + " (" + strings.Join(i.columns, ", ") + ") VALUES " + list(rows, row)
}

// inserter inserts rows into one table, many at a time.
type inserter struct {
	one, many *sql.Stmt
	columns   int
	values    []any    // of the rows that are not inserted yet
	events    []uint64 // the sequences of the events that they are of
}

// A rowError says of which event a row is that could not be inserted.
type rowError struct {
	event uint64
	err   error
}

func (e *rowError) Error() string { return e.err.Error() }
func (e *rowError) Unwrap() error { return e.err }

// add inserts a row of an event, now or with a later one. Its error is a *rowError.
func (i *inserter) add(ctx context.Context, event uint64, values ...any) error {
	i.values, i.events = append(i.values, values...), append(i.events, event)
	if len(i.events) < manyRows {
		return nil
	}
	if _, err := i.many.ExecContext(ctx, i.values...); err != nil {
		return i.flush(ctx) // which finds the row; nothing is inserted yet
	}
	i.empty()
	return nil
}

// flush inserts all rows that add left for later. Its error is a *rowError.
func (i *inserter) flush(ctx context.Context) error {
	defer i.empty()
	for n, event := range i.events {
		if _, err := i.one.ExecContext(ctx, i.values[n*i.columns:(n+1)*i.columns]...); err != nil {
			return &rowError{event, err}
		}
	}
	return nil
}

func (i *inserter) empty() {
	clear(i.values) // which hold on to what they were
	i.values, i.events = i.values[:0], i.events[:0]
}
