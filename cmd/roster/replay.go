package main

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"io"
	"strconv"

	"roster/api/client"
)

// replayCommand prints the registry as it stood at a moment.
type replayCommand struct {
	source
	At moment `help:"Sequence of an event, or a time (RFC 3339)." required:"" placeholder:"SEQ|TIME"`
}

// Validate refuses wrong settings.
func (r *replayCommand) Validate() error { return cmp.Or(r.At.check("--at"), r.source.Validate()) }

func (r *replayCommand) run(ctx context.Context, stdout, stderr io.Writer) error {
	return r.read(ctx, stderr, func(registry *client.Registry) error {
		out := bufio.NewWriter(stdout)
		err := registry.ClientsAt(ctx, r.At.moment(), func(c client.Client) error { return printLine(out, c.Raw) })
		return errors.Join(err, out.Flush())
	})
}

// moment is the sequence of an event, or a time as RFC 3339 writes it.
type moment string

// moment returns the moment, zero when none was given. It was found to be one.
func (m moment) moment() client.Moment {
	if seq, err := strconv.ParseUint(string(m), 10, 63); err == nil {
		return client.Moment{Seq: seq}
	}
	return client.Moment{Time: timestamp(m).time()}
}

// checkGiven refuses what is no moment, unless none was given.
func (m moment) checkGiven(flag string) error {
	if m == "" {
		return nil
	}
	return m.check(flag)
}

// check refuses what is no moment.
func (m moment) check(flag string) error {
	if _, err := strconv.ParseUint(string(m), 10, 63); err != nil && (m == "" || timestamp(m).Validate() != nil) {
		return errors.New(flag + " must be the sequence of an event or a time such as 2026-03-01T12:00:00Z")
	}
	return nil
}
