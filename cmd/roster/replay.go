package main

import (
	"context"
	"errors"
	"io"
	"net/url"
	"strconv"
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
	return r.read(ctx, stderr, func(server *remoteServer) error {
		return server.print(ctx, "/api/v1/registry", url.Values{"at": {r.At}}, stdout)
	})
}
