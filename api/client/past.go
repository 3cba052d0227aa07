package client

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"time"
)

// A Moment is a point in the log's history: a sequence, or a time when Seq is 0. The zero Moment is before the first event.
type Moment struct {
	Seq  uint64
	Time time.Time
}

// String writes the moment as the server reads it.
func (m Moment) String() string {
	if m.Seq == 0 && !m.Time.IsZero() {
		return instant(m.Time)
	}
	return strconv.FormatUint(m.Seq, 10)
}

// momentOrNow writes a moment, nil as nothing.
func momentOrNow(at *Moment) string {
	if at == nil {
		return ""
	}
	return at.String()
}

// A Position is an event of the log that an answer about the past is pinned to. Seq 0 is before the first event.
type Position struct {
	Seq  uint64    `json:"seq"`
	Time time.Time `json:"time"` // of the event
}

// ClientsAt calls yield for every client that was registered at a moment and had not ended, in the order of their
// registration, until yield returns an error, which it returns. An answer that breaks off is an error. It needs the
// credentials of an administrator or auditor.
func (r *Registry) ClientsAt(ctx context.Context, at Moment, yield func(Client) error) error {
	return eachLine(ctx, r, call{method: http.MethodGet, path: "/api/v1/registry", query: parameters("at", at.String())}, yield)
}

// ClientAt returns a client as it stood at a moment, whatever its status; one that was not registered by then is an
// *Error with status 404. It needs the credentials of an administrator or auditor.
func (r *Registry) ClientAt(ctx context.Context, clientID string, at Moment) (c Client, err error) {
	_, err = r.ask(ctx, call{method: http.MethodGet, path: clientPath(clientID), query: parameters("at", at.String())}, &c)
	return c, err
}

// A Span is the part of the log between two events: those behind From, up to To.
type Span struct {
	From Position        `json:"from"`
	To   Position        `json:"to"`
	Raw  json.RawMessage `json:"-"` // as the server sent it
}

// A Difference is what became of a client between two moments.
type Difference struct {
	Change             string          `json:"change"` // "added", "ended", "changed", "transient" or "unchanged"
	Events             int             `json:"events"` // of the client in between
	StatusBefore       string          `json:"status_before"`
	MetadataBefore     Metadata        `json:"metadata_before"` // the members that differ
	MetadataAfter      Metadata        `json:"metadata_after"`
	CredentialsChanged []string        `json:"credentials_changed"` // "client_secret", "registration_access_token"
	Client             Client          `json:"client"`              // as it stood at the later moment
	Raw                json.RawMessage `json:"-"`                   // as the server sent it
}

// A DiffQuery selects differences.
type DiffQuery struct {
	From   Moment
	To     *Moment // nil: now
	Change string  // only clients that this became of; empty: any
}

// Diff calls begin with the events that the answer is pinned to, and then yield for every client that has an event
// between two moments, once, by the net effect, until one of them returns an error, which it returns. An answer that
// breaks off is an error. It needs the credentials of an administrator or auditor.
func (r *Registry) Diff(ctx context.Context, q DiffQuery, begin func(Span) error, yield func(Difference) error) error {
	query := parameters("from", q.From.String(), "to", momentOrNow(q.To), "change", q.Change)
	begun := false
	return eachLine(ctx, r, call{method: http.MethodGet, path: "/api/v1/diff", query: query}, func(line json.RawMessage) error {
		raw := append(json.RawMessage(nil), line...)
		if !begun {
			begun = true
			span := Span{Raw: raw}
			if err := json.Unmarshal(raw, &span); err != nil {
				return fmt.Errorf("read from server: %w", err)
			}
			return begin(span)
		}
		difference := Difference{Raw: raw}
		if err := json.Unmarshal(raw, &difference); err != nil {
			return fmt.Errorf("read from server: %w", err)
		}
		return yield(difference)
	})
}
