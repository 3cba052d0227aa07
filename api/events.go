package api

import (
	"context"
	"errors"
	"fmt"
	"math"
	"net/http"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/labstack/echo/v4"

	"roster/api/front"
	"roster/domain"
	"roster/domain/access"
	"roster/domain/oauth"
	"roster/projections/readmodel"
)

const (
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
	all.parameters = append([]object{
		parameter("client_id", "only events of this client", object{"type": "string"}),
		parameter("token", "only events of the initial access token with this id, and of the clients that were registered with it", object{"type": "string"}),
	}, feedParameters...)
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
		parameter("type", "only events of this type", object{"type": "string", "enum": readmodel.EventTypes()}),
		parameter("member", "only changes of this member of a client's metadata", object{"type": "string"}),
		parameter("actor", "only what clients, administrators or the system did, or one administrator, such as admin:alice",
			object{"type": "string", "pattern": "^(client|admin(:.+)?|system)$"}),
		parameter("ip", "only what was done from this address, or this network, such as 203.0.113.0/24", object{"type": "string"}),
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

// feedFilters are the parameters that select events, of the log or of one client.
var feedFilters = []string{"after", "limit", "type", "member", "actor", "ip", "since", "until"}

// events answers with the log: as it is, or followed as server-sent events.
func (a *API) events(c echo.Context, _ caller) error {
	q := queryOf(c, append([]string{"client_id", "token"}, feedFilters...)...)
	return a.serveEvents(c, q, domain.CanonicalID(q.text("client_id")))
}

// clientEvents answers with one client's history in the same two ways.
func (a *API) clientEvents(c echo.Context, _ caller) error {
	q := queryOf(c, feedFilters...)
	id := domain.CanonicalID(c.Param("client_id"))
	if _, err := a.Reader.Client(c.Request().Context(), id); err != nil {
		return err
	}
	return a.serveEvents(c, q, id)
}

func (a *API) serveEvents(c echo.Context, q *query, clientID string) error {
	selected := readmodel.EventQuery{
		After:              q.number("after", 0, math.MaxInt64, 0),
		ClientID:           clientID,
		InitialAccessToken: domain.CanonicalID(q.text("token")),
		Type:               q.eventType("type"),
		Member:             q.member("member"),
		Network:            q.network("ip"),
		Since:              q.instant("since"),
		Until:              q.instant("until"),
	}
	selected.ActorKind, selected.ActorID = q.actor("actor")
	selected.Limit = int(q.number("limit", 1, math.MaxInt64, 0))
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
		return a.followEvents(c, selected)
	default:
		return a.dumpEvents(c, selected)
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

// eventType returns a parameter that is a type of events, empty when it was not given.
func (q *query) eventType(name string) string {
	given, types := q.text(name), readmodel.EventTypes()
	if q.values.Has(name) && !slices.Contains(types, given) {
		q.refuse(name, "query parameter "+name+" must be one of: "+strings.Join(types, ", "))
	}
	return given
}

// member returns a parameter that is a member of a client's metadata, empty when it was not given.
func (q *query) member(name string) string {
	given := q.text(name)
	if _, _, known := oauth.LookupMember(given); q.values.Has(name) && !known {
		q.refuse(name, "query parameter "+name+" must be a member of a client's metadata, such as redirect_uris")
	}
	return given
}

// actor returns a parameter that says who did something; everybody when it was not given.
func (q *query) actor(name string) (kind domain.ActorKind, id string) {
	kind, id, ok := readmodel.ParseActor(q.text(name))
	if q.values.Has(name) && !ok {
		q.refuse(name, "query parameter "+name+" must be client, admin or system, or one administrator, such as admin:alice")
	}
	return kind, id
}

// network returns a parameter that is an address or a network, any when it was not given.
func (q *query) network(name string) netip.Prefix {
	network, err := readmodel.ParseNetwork(q.text(name))
	if q.values.Has(name) && err != nil {
		q.refuse(name, "query parameter "+name+" must be an address, such as 203.0.113.9 or 2001:db8::1, or a network, such as 203.0.113.0/24")
	}
	return network
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
func (a *API) dumpEvents(c echo.Context, selected readmodel.EventQuery) error {
	s := front.NewStream(c, front.Lines)
	err := a.Reader.EachEvent(c.Request().Context(), selected, func(uint64) error { return nil },
		func(event readmodel.Event) error { return s.Line(event) })
	if err != nil {
		return err
	}
	return s.Send()
}

// followEvents writes the events that are there and those to come as server-sent events, until the
// reader goes away, the limit is reached or the API closes.
func (a *API) followEvents(c echo.Context, selected readmodel.EventQuery) error {
	ctx, cancel := context.WithCancel(c.Request().Context())
	defer cancel()
	defer context.AfterFunc(a.closing, cancel)()
	a.metrics.feeds.Inc()
	defer a.metrics.feeds.Dec()

	s := front.NewStream(c, front.ServerEvents)
	if err := s.Retry(reconnect); err != nil {
		return err
	}
	limited := selected.Limit > 0
	for {
		err := a.Reader.EachEvent(ctx, selected, func(at uint64) error {
			selected.After = max(selected.After, at)
			return nil
		}, func(event readmodel.Event) error {
			if limited {
				selected.Limit--
			}
			return addEvent(s, event)
		})
		if err != nil {
			return unlessEnded(ctx, err)
		}
		if err := s.Send(); err != nil {
			return err
		}
		if limited && selected.Limit == 0 {
			return nil
		}
		if err := a.awaitEvent(ctx, s, selected.After); err != nil {
			return unlessEnded(ctx, err)
		}
	}
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
