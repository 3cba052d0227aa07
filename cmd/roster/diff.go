package main

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"io"

	"roster/api/client"
)

// diffCommand prints what became of clients between two moments.
type diffCommand struct {
	source
	From   moment `help:"Sequence of an event, 0 for before the first, or a time (RFC 3339)." required:"" placeholder:"SEQ|TIME"`
	To     moment `help:"Sequence of a later event, or a later time (RFC 3339); else now." placeholder:"SEQ|TIME"`
	Change string `help:"Only clients that this became of: added, ended, changed, transient (registered and ended in between) or unchanged (changed and changed back)." enum:",added,ended,changed,transient,unchanged" default:"" placeholder:"CHANGE"`
}

// Validate refuses wrong settings.
func (d *diffCommand) Validate() error {
	return cmp.Or(d.From.check("--from"), d.To.checkGiven("--to"), d.source.Validate())
}

func (d *diffCommand) run(ctx context.Context, stdout, stderr io.Writer) error {
	query := client.DiffQuery{From: d.From.moment(), Change: d.Change}
	if d.To != "" {
		to := d.To.moment()
		query.To = &to
	}
	return d.read(ctx, stderr, func(registry *client.Registry) error {
		out := bufio.NewWriter(stdout)
		err := registry.Diff(ctx, query,
			func(span client.Span) error { return printLine(out, span.Raw) },
			func(difference client.Difference) error { return printLine(out, difference.Raw) })
		return errors.Join(err, out.Flush())
	})
}
