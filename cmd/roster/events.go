package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"roster/api/client"
)

// eventsCommand prints the event log.
type eventsCommand struct {
	source
	After  uint64    `help:"Only events beyond this sequence." placeholder:"SEQ"`
	Client string    `help:"Only events of this client." placeholder:"ID"`
	Token  string    `help:"Only events of the initial access token with this id, and of its clients." placeholder:"ID"`
	Type   string    `help:"Only events of this type, such as ClientRegistered." placeholder:"TYPE"`
	Member string    `help:"Only changes of this member of a client's metadata, such as redirect_uris." placeholder:"NAME"`
	Actor  string    `help:"Only what client, admin or system did, or one administrator, such as admin:alice." placeholder:"WHO"`
	IP     string    `name:"ip" help:"Only what was done from this address or network, such as 203.0.113.0/24." placeholder:"ADDRESS"`
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

func (e *eventsCommand) run(ctx context.Context, stdout, stderr io.Writer) error {
	query := client.EventQuery{
		After: e.After, ClientID: e.Client, InitialAccessToken: e.Token, Type: e.Type, Member: e.Member, Actor: e.Actor, IP: e.IP,
		Since: e.Since.time(), Until: e.Until.time(),
	}
	return e.read(ctx, stderr, func(registry *client.Registry) error {
		out := bufio.NewWriter(stdout)
		if !e.Follow {
			err := registry.Events(ctx, query, func(event client.Event) error { return printLine(out, event.Raw) })
			return errors.Join(err, out.Flush())
		}
		lost := func(wait time.Duration) {
			fmt.Fprintf(stderr, "roster: no connection to the server, trying again in %s\n", wait.Round(time.Millisecond))
		}
		return registry.Follow(ctx, query, lost, func(event client.Event) error {
			return errors.Join(printLine(out, event.Raw), out.Flush())
		})
	})
}

// printLine prints JSON as it came from the server, on a line.
func printLine(to io.Writer, raw []byte) error {
	if _, err := fmt.Fprintf(to, "%s\n", raw); err != nil {
		return fmt.Errorf("print: %w", err)
	}
	return nil
}

// timestamp is a time as RFC 3339 writes it.
type timestamp string

// time returns the time, zero when none was given. Validate has found it to be one.
func (t timestamp) time() time.Time {
	at, _ := time.Parse(time.RFC3339, string(t))
	return at
}

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
