package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"time"

	"github.com/tmaxmax/go-sse"
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

// source is where auditors read: a running server, or a data directory whose server is stopped.
type source struct {
	storage
	remoteSettings
}

// Validate refuses wrong settings.
func (s source) Validate() error {
	if s.Server == "" {
		return s.storage.Validate()
	}
	return s.remoteSettings.Validate()
}

// read opens the source for the time of use.
func (s source) read(ctx context.Context, stderr io.Writer, use func(*remoteServer) error) (err error) {
	if s.Server != "" {
		server, err := s.server()
		if err != nil {
			return err
		}
		return use(server)
	}
	if _, err := os.Stat(s.Data); err != nil && s.NatsURL == "" {
		return fmt.Errorf("read data directory: %w", err)
	}
	logger := slog.New(slog.NewTextHandler(stderr, &slog.HandlerOptions{Level: slog.LevelWarn}))
	c, err := startCore(ctx, s.storage, nil, logger)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, c.stop()) }()
	if err := c.catchUp(ctx); err != nil {
		return err
	}
	server, stop, err := auditPrivately(c.model, logger)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, stop()) }()
	return use(server)
}

// print copies an answer of lines. An answer that breaks off is an error.
func (s *remoteServer) print(ctx context.Context, path string, query url.Values, stdout io.Writer) error {
	request, err := s.request(ctx, http.MethodGet, path, query, nil)
	if err != nil {
		return err
	}
	response, err := s.client.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return refusal(response)
	}
	if _, err := io.Copy(stdout, response.Body); err != nil {
		return fmt.Errorf("read from server: %w", err)
	}
	return nil
}

// reconnectWithin bounds the wait between attempts to reach a server again.
const reconnectWithin = 5 * time.Second

// maxEvent bounds one event on a line: a registration is 64 KiB at most.
const maxEvent = 1 << 20

// follow prints events, those to come included, until ctx ends. It comes back where it left off when the
// connection breaks.
func (s *remoteServer) follow(ctx context.Context, path string, query url.Values, stdout, stderr io.Writer) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	request, err := s.request(ctx, http.MethodGet, path, query, nil)
	if err != nil {
		return err
	}
	request.Header.Set("Accept", "text/event-stream")
	client := sse.Client{
		HTTPClient: s.client,
		Backoff:    sse.Backoff{MaxInterval: reconnectWithin},
		OnRetry: func(_ error, wait time.Duration) {
			fmt.Fprintf(stderr, "roster: no connection to the server, trying again in %s\n", wait.Round(time.Millisecond))
		},
		ResponseValidator: func(response *http.Response) error {
			if response.StatusCode != http.StatusOK {
				return refusal(response)
			}
			return sse.DefaultValidator(response)
		},
	}
	connection := client.NewConnection(request)
	connection.Buffer(nil, maxEvent)
	out := bufio.NewWriter(stdout)
	connection.SubscribeToAll(func(event sse.Event) {
		if event.Data == "" { // the library hands on blocks that only set the time of reconnection
			return
		}
		if _, err := fmt.Fprintln(out, event.Data); err != nil {
			cancel(err)
			return
		}
		if err := out.Flush(); err != nil {
			cancel(err)
		}
	})
	err = connection.Connect()
	if cause := context.Cause(ctx); cause != nil && !errors.Is(cause, context.Canceled) {
		return fmt.Errorf("print event: %w", cause)
	}
	if ctx.Err() != nil {
		return nil
	}
	return err
}

// refusal is what a server said instead of answering.
func refusal(response *http.Response) error {
	var answer struct {
		Description string `json:"error_description"`
	}
	body, err := io.ReadAll(io.LimitReader(response.Body, 64<<10))
	if err == nil && json.Unmarshal(body, &answer) == nil && answer.Description != "" {
		return fmt.Errorf("server answers %s: %s", response.Status, answer.Description)
	}
	return fmt.Errorf("server answers %s", response.Status)
}
