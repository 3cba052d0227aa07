package readmodel

import (
	"context"
	"database/sql"
	"strings"
	"unicode"
	"unicode/utf8"
)

const clientTextsTable = `
-- What clients are found by. It is narrow, since a search reads all of it, and only those rows of clients that it
-- returns.
CREATE TABLE client_texts (
    seq    INTEGER PRIMARY KEY, -- clients.seq
    status TEXT    NOT NULL,
    owner  TEXT    NOT NULL,
    search TEXT    NOT NULL     -- name, owner and id as searchText makes it
) STRICT;
`

const (
	updateText       = `UPDATE client_texts SET status = ?, owner = ?, search = ? WHERE seq = ?`
	updateTextStatus = `UPDATE client_texts SET status = ? WHERE seq = ?`
)

var textInserts = inserts{table: "client_texts", columns: []string{"status", "owner", "search", "seq"}}

// textWrites are the statements that fill the view of what clients are found by.
type textWrites struct {
	update, updateStatus *sql.Stmt
	insert               inserter
}

func (w *textWrites) statements() statements {
	return textInserts.into(&w.insert, statements{updateText: &w.update, updateTextStatus: &w.updateStatus})
}

// saveText writes what the client of a change is found by.
func (w *writer) saveText(ctx context.Context, c *clientChange) (err error) {
	owner := c.Metadata.Owner()
	values := []any{string(c.Status), owner, searchText(c.Metadata.Name(), owner, c.ID), sequence(c.seq)}
	switch {
	case c.new:
		return w.texts.insert.add(ctx, c.seq, values...)
	case c.redefined:
		_, err = w.texts.update.ExecContext(ctx, values...)
	case c.Status != c.before:
		_, err = w.texts.updateStatus.ExecContext(ctx, string(c.Status), sequence(c.seq))
	}
	return err
}

// separator stands between the parts of a search text. Fold leaves none in a part, so no text that is
// looked for reaches from one part into the next.
const separator = "\x1f"

// searchText is what a client is found by.
func searchText(name, owner, id string) string {
	return fold(name) + separator + fold(owner) + separator + fold(id)
}

// fold makes equal what differs in case alone, as strings.EqualFold has it, and valid UTF-8 of anything.
func fold(s string) string { return strings.Map(foldRune, s) }

// foldRune returns one and the same rune for all that are equal under case folding.
func foldRune(r rune) rune {
	if r == rune(separator[0]) {
		return utf8.RuneError
	}
	least := r
	for next := unicode.SimpleFold(r); next != r; next = unicode.SimpleFold(next) {
		least = min(least, next)
	}
	return least
}
