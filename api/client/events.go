package client

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/tmaxmax/go-sse"
)

// An Event is an event of the log.
type Event struct {
	Seq                uint64          `json:"seq"` // ascends; there may be gaps
	Time               time.Time       `json:"time"`
	ID                 string          `json:"id"`
	Type               string          `json:"type"`                 // such as "ClientRegistered"
	ClientID           string          `json:"client_id"`            // of the client that it is about; empty: none
	InitialAccessToken string          `json:"initial_access_token"` // id of the one that it is about; empty: none
	Actor              Actor           `json:"actor"`
	Data               json.RawMessage `json:"data"`
	Raw                json.RawMessage `json:"-"` // the event as the server sent it
}

// An Actor is who made an event happen.
type Actor struct {
	Kind string `json:"kind"` // "client", "admin" or "system"
	ID   string `json:"id"`
	IP   string `json:"ip"`
}

// UnmarshalJSON reads an event.
func (e *Event) UnmarshalJSON(encoded []byte) error {
	type plain Event // without this method
	if err := json.Unmarshal(encoded, (*plain)(e)); err != nil {
		return err
	}
	e.Raw = append(json.RawMessage(nil), encoded...)
	return nil
}

// An EventQuery selects events, in the order of the log. The zero value of a field does not restrict.
type EventQuery struct {
	After              uint64 // sequences beyond this one
	ClientID           string
	InitialAccessToken string // id of one: its events, and those of the clients that were registered with it
	Type               string
	Member             string    // of a client's metadata: only changes of it
	Actor              string    // "client", "admin" or "system", or one administrator, such as "admin:alice"
	IP                 string    // an address, or a network such as "203.0.113.0/24"
	Since              time.Time // at or after
	Until              time.Time // at or before; not with Follow
	Limit              uint64
}

const eventsPath = "/api/v1/events"

func (q EventQuery) call() call {
	return call{method: http.MethodGet, path: eventsPath, query: parameters("after", number(q.After), "client_id", q.ClientID,
		"token", q.InitialAccessToken, "type", q.Type, "member", q.Member, "actor", q.Actor, "ip", q.IP, "since", instant(q.Since), "until", instant(q.Until), "limit", number(q.Limit))}
}

// Events calls yield for every event that q selects among those that there are, until yield returns an error, which
// it returns. An answer that breaks off is an error. It needs the credentials of an administrator or auditor.
func (r *Registry) Events(ctx context.Context, q EventQuery, yield func(Event) error) error {
	return eachLine(ctx, r, q.call(), yield)
}

// eachLine calls yield for each line of an answer.
func eachLine[T any](ctx context.Context, r *Registry, c call, yield func(T) error) error {
	request, err := r.request(ctx, c)
	if err != nil {
		return err
	}
	r.authorize(request)
	response, err := r.HTTPClient.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return refusalOf(response)
	}
	lines := bufio.NewScanner(response.Body)
	lines.Buffer(nil, lineLimit)
	lines.Split(wholeLines)
	for lines.Scan() {
		var value T
		if err := json.Unmarshal(lines.Bytes(), &value); err != nil {
			return fmt.Errorf("read from server: %w", err)
		}
		if err := yield(value); err != nil {
			return err
		}
	}
	if err := lines.Err(); err != nil {
		return fmt.Errorf("read from server: %w", err)
	}
	return nil
}

// wholeLines is a bufio.SplitFunc of lines that have an end: half a line is none.
func wholeLines(data []byte, atEOF bool) (advance int, token []byte, err error) {
	if end := bytes.IndexByte(data, '\n'); end >= 0 {
		return end + 1, data[:end], nil
	}
	if atEOF && len(data) > 0 {
		return 0, nil, io.ErrUnexpectedEOF
	}
	return 0, nil, nil
}

// reconnectWithin bounds the wait between attempts to reach a server again.
const reconnectWithin = 5 * time.Second

// Follow calls yield for every event that q selects, those to come included, until ctx ends, which is no error, or
// yield returns an error, which it returns. When the connection breaks it comes back where it left off; lost, which
// may be nil, is told before each attempt how long the wait for it is. It needs the credentials of an administrator
// or auditor.
func (r *Registry) Follow(ctx context.Context, q EventQuery, lost func(wait time.Duration), yield func(Event) error) error {
	var seen uint64
	err := follow(ctx, r, q.call(), lost, func(e Event) error {
		if err := yield(e); err != nil {
			return err
		}
		if seen++; seen == q.Limit {
			return errEnough
		}
		return nil
	})
	if err == errEnough {
		return nil
	}
	return err
}

// errEnough ends a stream of which enough was read.
var errEnough = errors.New("enough")

// follow calls yield for the data of each server-sent event of an answer, whatever its name, as Follow does.
func follow[T any](ctx context.Context, r *Registry, c call, lost func(wait time.Duration), yield func(T) error) error {
	following, stop := context.WithCancel(ctx)
	defer stop()
	request, err := r.request(following, c)
	if err != nil {
		return err
	}
	r.authorize(request)
	request.Header.Set("Accept", "text/event-stream")
	reader := sse.Client{
		HTTPClient: r.HTTPClient,
		Backoff:    sse.Backoff{MaxInterval: reconnectWithin},
		OnRetry: func(_ error, wait time.Duration) {
			if lost != nil {
				lost(wait)
			}
		},
		ResponseValidator: func(response *http.Response) error {
			if response.StatusCode != http.StatusOK {
				return refusalOf(response)
			}
			return sse.DefaultValidator(response)
		},
	}
	connection := reader.NewConnection(request)
	connection.Buffer(nil, lineLimit)
	var failed error
	connection.SubscribeToAll(func(told sse.Event) {
		if told.Data == "" || following.Err() != nil { // the library hands on blocks that only set the time of reconnection
			return
		}
		var value T
		if failed = json.Unmarshal([]byte(told.Data), &value); failed != nil {
			failed = fmt.Errorf("read from server: %w", failed)
		} else {
			failed = yield(value)
		}
		if failed != nil {
			stop()
		}
	})
	err = connection.Connect()
	switch {
	case failed != nil:
		return failed
	case ctx.Err() != nil:
		return nil
	}
	return err
}
