package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"

	"github.com/tmaxmax/go-sse"
)

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
