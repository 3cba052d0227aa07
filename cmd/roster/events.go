package main

import (
	"context"
	"errors"
	"io"
	"net/url"
	"strconv"
	"time"
)

// eventsCommand prints the event log.
type eventsCommand struct {
	source
	After  uint64    `help:"Only events beyond this sequence." placeholder:"SEQ"`
	Client string    `help:"Only events of this client." placeholder:"ID"`
	Type   string    `help:"Only events of this type, such as ClientRegistered." placeholder:"TYPE"`
	Since  timestamp `help:"Only events at or after this time (RFC 3339)." placeholder:"TIME"`
	Until  timestamp `help:"Only events at or before this time (RFC 3339)." placeholder:"TIME"`
	Follow bool      `help:"Go on with new events as they come."`
}

// Validate refuses wrong settings.
func (e *eventsCommand) Validate() error {
	if e.Follow && e.Until != "" {
		return errors.New("--follow and --until exclude one another")
	}
	return e.source.Validate()
}

func (e *eventsCommand) run(ctx context.Context, stdout, stderr io.Writer) (err error) {
	query := url.Values{}
	set := func(name, value string) {
		if value != "" && value != "0" {
			query.Set(name, value)
		}
	}
	set("after", strconv.FormatUint(e.After, 10))
	set("client_id", e.Client)
	set("type", e.Type)
	set("since", string(e.Since))
	set("until", string(e.Until))
	return e.read(ctx, stderr, func(server *remoteServer) error {
		if e.Follow {
			return server.follow(ctx, "/api/v1/events", query, stdout, stderr)
		}
		return server.print(ctx, "/api/v1/events", query, stdout)
	})
}

// timestamp is a time as RFC 3339 writes it.
type timestamp string

// Validate refuses what is no time.
func (t timestamp) Validate() error {
	if t == "" {
		return nil
	}
	if _, err := time.Parse(time.RFC3339, string(t)); err != nil {
		return errors.New("times must be like 2026-03-01T12:00:00Z (RFC 3339)")
	}
	return nil
}
