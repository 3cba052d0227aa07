package main

import (
	"bufio"
	"context"
	"errors"
	"io"
	"strconv"

	"roster/api/client"
)

// replayCommand prints the registry as it stood at a moment.
type replayCommand struct {
	source
	At string `help:"Sequence of an event, or a time (RFC 3339)." required:"" placeholder:"SEQ|TIME"`
}

// Validate refuses wrong settings.
func (r *replayCommand) Validate() error {
	if _, err := strconv.ParseUint(r.At, 10, 63); err != nil && timestamp(r.At).Validate() != nil {
		return errors.New("--at must be the sequence of an event or a time such as 2026-03-01T12:00:00Z")
	}
	return r.source.Validate()
}

func (r *replayCommand) run(ctx context.Context, stdout, stderr io.Writer) error {
	at := client.Moment{Time: timestamp(r.At).time()}
	if seq, err := strconv.ParseUint(r.At, 10, 63); err == nil {
		at = client.Moment{Seq: seq}
	}
	return r.read(ctx, stderr, func(registry *client.Registry) error {
		out := bufio.NewWriter(stdout)
		err := registry.ClientsAt(ctx, at, func(c client.Client) error { return printLine(out, c.Raw) })
		return errors.Join(err, out.Flush())
	})
}
