package api

import (
	"context"
	"errors"
	"fmt"
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/labstack/echo/v4"

	"roster/api/front"
	"roster/domain"
	"roster/domain/access"
	"roster/projections/readmodel"
)

const (
	eventPage   = 1000 // events a query
	heartbeat   = 15 * time.Second
	reconnect   = 2 * time.Second // after which a reader of server-sent events should come back
	lastEventID = "Last-Event-ID" // header: where such a reader left off
)

// eventEndpoints are what auditors read and follow of the log.
func (a *API) eventEndpoints() []endpoint {
	feed := operation{
		status: http.StatusOK, content: feedContent, parameters: feedParameters, refusals: []int{http.StatusBadRequest},
		schemas: object{"Event": eventSchema},
	}
	all, ofClient := feed, feed
	all.id, all.summary = "listEvents", "Read or follow the log"
	all.parameters = append([]object{parameter("client_id", "only events of this client", object{"type": "string"})}, feedParameters...)
	ofClient.id, ofClient.summary = "listClientEvents", "Read or follow the history of a client"
	ofClient.refusals = []int{http.StatusBadRequest, http.StatusNotFound}
	return []endpoint{
		{method: http.MethodGet, path: "/api/v1/events", may: access.Administrator, stream: true, handle: a.events, operation: all},
		{method: http.MethodGet, path: "/api/v1/clients/:client_id/events", may: access.Administrator, stream: true, handle: a.clientEvents, operation: ofClient},
	}
}

var (
	feedParameters = []object{
		parameter("after", "only events beyond this sequence", seconds),
		parameter("limit", "at most as many events; else all", object{"type": "integer", "minimum": 1}),
		parameter("type", "only events of this type", object{"type": "string"}),
		parameter("since", "only events at or after this time", dateTime),
		parameter("until", "only events at or before this time; not with a live stream", dateTime),
		{"name": lastEventID, "in": "header", "description": "with a live stream, in place of after", "schema": seconds},
	}
	feedContent = object{
		front.Lines: object{"schema": reference("schemas", "Event")},
		front.ServerEvents: object{"schema": object{"type": "string", "description": "server-sent events, those to come included: " +
			"the sequence as id, an Event as data"}},
	}
)

// events answers with the log: as it is, or followed as server-sent events.
func (a *API) events(c echo.Context, _ caller) error {
	q := queryOf(c, "after", "limit", "client_id", "type", "since", "until")
	return a.serveEvents(c, q, domain.CanonicalID(q.text("client_id")))
}

// clientEvents answers with one client's history in the same two ways.
func (a *API) clientEvents(c echo.Context, _ caller) error {
	q := queryOf(c, "after", "limit", "type", "since", "until")
	id := domain.CanonicalID(c.Param("client_id"))
	if _, err := a.Reader.Client(c.Request().Context(), id); err != nil {
		return err
	}
	return a.serveEvents(c, q, id)
}

func (a *API) serveEvents(c echo.Context, q *query, clientID string) error {
	selected := readmodel.EventQuery{
		After:    q.number("after", 0, math.MaxInt64, 0),
		ClientID: clientID,
		Type:     q.text("type"),
		Since:    q.instant("since"),
		Until:    q.instant("until"),
	}
	limit := q.number("limit", 1, math.MaxInt64, math.MaxInt64)
	follow := acceptsEventStream(c.Request())
	if follow {
		if id := c.Request().Header.Get(lastEventID); id != "" {
			selected.After = q.resumedAfter(id)
		}
		if !selected.Until.IsZero() {
			q.refuse("until", "query parameter until cannot end a live stream")
		}
	}
	switch {
	case q.err != nil:
		return q.err
	case c.Request().Method == http.MethodHead && follow:
		return front.NewStream(c, front.ServerEvents).Send()
	case c.Request().Method == http.MethodHead:
		return front.NewStream(c, front.Lines).Send()
	case follow:
		return a.followEvents(c, selected, limit)
	default:
		return a.dumpEvents(c, selected, limit)
	}
}

// acceptsEventStream reports whether a request asks for server-sent events by name.
func acceptsEventStream(r *http.Request) bool {
	for _, header := range r.Header.Values(echo.HeaderAccept) {
		for accepted := range strings.SplitSeq(header, ",") {
			mediaType, _, _ := strings.Cut(accepted, ";")
			if strings.EqualFold(strings.TrimSpace(mediaType), front.ServerEvents) {
				return true
			}
		}
	}
	return false
}

// resumedAfter reads where a reader of server-sent events left off.
func (q *query) resumedAfter(id string) uint64 {
	seq, err := strconv.ParseUint(id, 10, 63)
	if err != nil {
		q.refuse(lastEventID, lastEventID+" must be the sequence of an event")
	}
	return seq
}

// dumpEvents writes the events that are there when it begins, one a line.
func (a *API) dumpEvents(c echo.Context, selected readmodel.EventQuery, limit uint64) error {
	s := front.NewStream(c, front.Lines)
	// Not the last one applied, which is not all that a read model holds once it can be read.
	selected.Before = a.Reader.Health().Last + 1
	for {
		page, err := a.nextEvents(c.Request().Context(), &selected, limit)
		if err != nil {
			return err
		}
		for _, event := range page {
			if err := s.Line(event); err != nil {
				return err
			}
		}
		limit -= uint64(len(page))
		if len(page) < selected.Limit || limit == 0 {
			return s.Send()
		}
	}
}

// followEvents writes the events that are there and those to come as server-sent events, until the
// reader goes away, the limit is reached or the API closes.
func (a *API) followEvents(c echo.Context, selected readmodel.EventQuery, limit uint64) error {
	ctx, cancel := context.WithCancel(c.Request().Context())
	defer cancel()
	defer context.AfterFunc(a.closing, cancel)()
	a.metrics.feeds.Inc()
	defer a.metrics.feeds.Dec()

	s := front.NewStream(c, front.ServerEvents)
	if err := s.Retry(reconnect); err != nil {
		return err
	}
	for {
		// Taken before the query, so that no event up to it can be missing from the answer.
		applied := a.Reader.Health().Applied
		page, err := a.nextEvents(ctx, &selected, limit)
		if err != nil {
			return unlessEnded(ctx, err)
		}
		for _, event := range page {
			if err := addEvent(s, event); err != nil {
				return err
			}
		}
		if err := s.Send(); err != nil {
			return err
		}
		limit -= uint64(len(page))
		if limit == 0 {
			return nil
		}
		if len(page) < selected.Limit {
			selected.After = max(selected.After, applied)
			if err := a.awaitEvent(ctx, s, selected.After); err != nil {
				return unlessEnded(ctx, err)
			}
		}
	}
}

// nextEvents returns the next page of what is selected and moves the selection beyond it.
func (a *API) nextEvents(ctx context.Context, selected *readmodel.EventQuery, limit uint64) ([]readmodel.Event, error) {
	selected.Limit = int(min(limit, eventPage))
	page, err := a.Reader.Events(ctx, *selected)
	if err != nil {
		return nil, err
	}
	if len(page) > 0 {
		selected.After = page[len(page)-1].Seq
	}
	return page, nil
}

// awaitEvent waits until there is an event beyond after. Meanwhile comments keep the connection alive and
// find out when nobody listens any more.
func (a *API) awaitEvent(ctx context.Context, s *front.Stream, after uint64) error {
	for {
		beat, cancel := context.WithTimeout(ctx, heartbeat)
		err := a.Reader.Wait(beat, after+1)
		cancel()
		if err == nil {
			return nil
		}
		if !errors.Is(err, context.DeadlineExceeded) || ctx.Err() != nil {
			return fmt.Errorf("await event: %w", err)
		}
		if err := s.Comment("heartbeat"); err != nil {
			return err
		}
		if err := s.Send(); err != nil {
			return err
		}
	}
}

// addEvent adds a server-sent event: its sequence as the id and its line of the log as the data.
func addEvent(s *front.Stream, event readmodel.Event) error {
	data, err := json.Marshal(event)
	if err != nil {
		return fmt.Errorf("encode event %d: %w", event.Seq, err)
	}
	return s.Event(front.Event{ID: event.Seq, Data: data})
}

// unlessEnded returns nil for an error that only says that a stream was ended on purpose.
func unlessEnded(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return nil
	}
	return err
}

// eventSchema describes an event.
var eventSchema = closed(properties(object{
	"seq":       object{"type": "integer", "minimum": 1},
	"time":      dateTime,
	"id":        text,
	"type":      text,
	"client_id": object{"type": "string", "minLength": 1, "description": "of the client that the event is about"},
	"initial_access_token": object{"type": "string", "minLength": 1,
		"description": "id of the initial access token that the event is about, instead of a client; with neither it is about the registry itself"},
	"actor": properties(object{
		"kind": object{"type": "string", "enum": []domain.ActorKind{domain.ActorClient, domain.ActorAdmin, domain.ActorSystem}},
		"id":   object{"type": "string"},
		"ip":   object{"type": "string"},
	}, "kind", "id"),
	"data": object{"type": "object"},
}, "seq", "time", "id", "type", "actor", "data"), object{"oneOf": []object{
	{"required": []string{"client_id"}}, {"required": []string{"initial_access_token"}},
	{"not": object{"anyOf": []object{{"required": []string{"client_id"}}, {"required": []string{"initial_access_token"}}}}},
}})
