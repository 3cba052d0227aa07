package api

import (
	"context"
	"math"
	"net/http"
	"strconv"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/labstack/echo/v4"

	"roster/api/front"
	"roster/domain"
	"roster/domain/access"
	"roster/projections/readmodel"
)

// sequenceHeader names the event that a snapshot is of.
const sequenceHeader = "Roster-Sequence"

// changesEndpoints are the feed of what became of clients.
func (a *API) changesEndpoints() []endpoint {
	return []endpoint{{
		method: http.MethodGet, path: "/as/v1/changes", may: access.AuthorizationServer, stream: true, handle: a.feedChanges,
		operation: operation{
			id: "listChanges", summary: "Read or follow what became of clients: one line a client, as it stands now",
			parameters: []object{
				parameter("after", "only clients that something happened to beyond this sequence; 0: every client that may be served", seconds),
				{"name": lastEventID, "in": "header", "description": "with a live stream, in place of after", "schema": seconds},
			},
			status: http.StatusOK,
			content: object{
				front.Lines: object{"schema": reference("schemas", "Change")},
				front.ServerEvents: object{"schema": object{"type": "string", "description": "server-sent events, those to come included: a Change as data " +
					"and its sequence as id; events named position have a sequence alone"}},
			},
			headers: object{sequenceHeader: object{
				"description": "of a snapshot: the sequence of the last event that it knows", "schema": seconds,
			}},
			refusals: []int{http.StatusBadRequest, http.StatusConflict},
			schemas: object{"Change": closed(object{
				"type": "object",
				"description": "a client, or with seq alone the position of whoever has read up to here: the last line. " +
					"The lines of a snapshot have no seq: it is a position only when it is complete",
				"properties": object{
					"seq":       described(object{"type": "integer", "minimum": 0}, "to go on from, as after"),
					"client_id": text,
					"status":    statusSchema,
					"client":    described(reference("schemas", "ServedClient"), "left out of a client that must not be served"),
				},
				"anyOf": []object{{"required": []string{"seq"}}, {"required": []string{"client_id", "status"}}},
			}, nil)},
		},
	}}
}

// change is a line of the feed: what became of a client, or a position alone.
type change struct {
	Seq      *uint64        `json:"seq,omitzero"` // nil: in a snapshot
	ClientID string         `json:"client_id,omitzero"`
	Status   domain.Status  `json:"status,omitzero"`
	Client   jsontext.Value `json:"client,omitzero"` // nil: it must not be served
}

func changeOf(client domain.Client, seq *uint64) change {
	line := change{Seq: seq, ClientID: client.ID, Status: client.Status}
	if client.MayBeServed() {
		line.Client = appendServed(nil, client)
	}
	return line
}

// feedChanges answers with what became of clients since an event, or with all that may be served.
func (a *API) feedChanges(c echo.Context, _ caller) error {
	q := queryOf(c, "after")
	after := q.number("after", 0, math.MaxInt64, 0)
	live := acceptsEventStream(c.Request())
	if id := c.Request().Header.Get(lastEventID); live && id != "" {
		after = q.resumedAfter(id)
	}
	if q.err != nil {
		return q.err
	}
	ctx, cancel := context.WithCancel(c.Request().Context())
	defer cancel()
	if err := a.checkPosition(ctx, after); err != nil {
		return err
	}
	contentType := front.Lines
	if live {
		contentType = front.ServerEvents
		defer context.AfterFunc(a.closing, cancel)()
		a.metrics.feeds.Inc()
		defer a.metrics.feeds.Dec()
	}
	s := changeFeed{front.NewStream(c, contentType), live}
	if c.Request().Method == http.MethodHead {
		return s.Send()
	}
	if live {
		if err := s.Retry(reconnect); err != nil {
			return err
		}
	}
	if after == 0 {
		var err error
		if after, err = a.tellServed(ctx, c.Response().Header(), s); err != nil {
			return err
		}
	}
	if live {
		return unlessEnded(ctx, a.followChanges(ctx, s, after))
	}
	after, err := a.tellChanges(ctx, s, after)
	if err != nil {
		return err
	}
	if err := s.position(after); err != nil {
		return err
	}
	return s.Send()
}

// checkPosition refuses a sequence that the log has not come to.
func (a *API) checkPosition(ctx context.Context, seq uint64) error {
	found, err := a.Reader.Locate(ctx, readmodel.Moment{Seq: max(seq, 1)})
	if err != nil {
		return err
	}
	if seq > max(found.Seq, a.Reader.Health().Last) {
		return &problem{status: http.StatusConflict, Code: front.Conflict,
			Description: "the event log ends before this position: it is another one, or was restored from a copy; begin anew, without after"}
	}
	return nil
}

// changeFeed is a stream of changes, as lines or as server-sent events.
type changeFeed struct {
	*front.Stream
	live bool
}

func (s changeFeed) tell(line change) error {
	if !s.live {
		return s.Line(line)
	}
	data, err := json.Marshal(line)
	if err != nil {
		return err
	}
	event := front.Event{Data: data}
	if line.Seq != nil {
		event.ID = *line.Seq
	}
	return s.Event(event)
}

// position tells where a reader stands who has read everything up to here.
func (s changeFeed) position(seq uint64) error {
	if !s.live {
		return s.Line(change{Seq: &seq})
	}
	return s.Event(front.Event{Name: "position", ID: seq, Data: []byte(`{"seq":` + strconv.FormatUint(seq, 10) + `}`)})
}

// tellServed tells every client that may be served, as it stood at the end of the log, and returns that position.
func (a *API) tellServed(ctx context.Context, header http.Header, s changeFeed) (at uint64, err error) {
	end, err := a.Reader.Locate(ctx, readmodel.End)
	if err != nil {
		return 0, err
	}
	header.Set(sequenceHeader, strconv.FormatUint(end.Seq, 10))
	if end.Seq == 0 {
		return 0, nil
	}
	err = a.Reader.RegistryAt(ctx, readmodel.Moment{Seq: end.Seq}, func(stored readmodel.StoredClient) error {
		if !stored.Undescribed.MayBeServed() {
			return nil
		}
		client, err := stored.Client()
		if err != nil {
			return err
		}
		return s.tell(changeOf(client.Client, nil))
	})
	if err != nil {
		return 0, err
	}
	if s.live {
		err = s.position(end.Seq)
	}
	return end.Seq, err
}

// tellChanges tells what became of clients beyond a sequence, up to the end, and returns where that is.
func (a *API) tellChanges(ctx context.Context, s changeFeed, after uint64) (uint64, error) {
	for {
		page, err := a.Reader.ChangedClients(ctx, after)
		if err != nil {
			return after, err
		}
		for _, changed := range page.Clients {
			if err := s.tell(changeOf(changed.Client.Client, &changed.Last)); err != nil {
				return after, err
			}
			after = changed.Last
		}
		if s.live && page.UpTo > after { // events that were about something else
			if err := s.position(page.UpTo); err != nil {
				return after, err
			}
		}
		if after = page.UpTo; page.End {
			return after, nil
		}
	}
}

// followChanges tells what becomes of clients until the reader goes away or the API closes.
func (a *API) followChanges(ctx context.Context, s changeFeed, after uint64) error {
	for {
		at, err := a.tellChanges(ctx, s, after)
		if err != nil {
			return err
		}
		after = at
		if err := s.Send(); err != nil {
			return err
		}
		if err := a.awaitEvent(ctx, s.Stream, after); err != nil {
			return err
		}
	}
}
