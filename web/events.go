package web

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/labstack/echo/v4"

	"roster/domain"
	"roster/projections/readmodel"
	"roster/web/ui"
)

// eventsShown is how many events a page shows.
const eventsShown = 50

// An eventRow is an event as the log shows it.
type eventRow struct {
	readmodel.Event
	Kind     eventKind
	Client   string // id of the client that it is about, or that used the token it is about; empty: none
	Name     string // of that client, as it is now
	Registry string // what happened to the registry itself; empty: the event is about something else
}

func rowOfEvent(e readmodel.Event) eventRow {
	row := eventRow{Event: e, Kind: kindOf(e.Event.Type())}
	switch event := e.Event.(type) {
	case domain.InitialAccessTokenUsed:
		row.Client = event.ClientID
	case domain.SealingKeyIntroduced:
		row.Registry = "key " + event.KeyID
	case domain.SealingKeyLost:
		row.Registry = "key " + event.KeyID
	case domain.LossAccepted:
		row.Registry = fmt.Sprintf("events %d to %d", event.From, event.To)
	default:
		if e.Aggregate == domain.ClientAggregate(e.Aggregate.ID) {
			row.Client = e.Aggregate.ID
		}
	}
	return row
}

// eventRows finds the names that events are shown with.
func (w *Web) eventRows(ctx context.Context, recorded []readmodel.Event) ([]eventRow, error) {
	names := map[string]string{}
	rows := make([]eventRow, 0, len(recorded))
	for _, e := range recorded {
		row := rowOfEvent(e)
		name, known := names[row.Client]
		if !known && row.Client != "" {
			found, err := w.reader.Client(ctx, row.Client)
			if err != nil && !errors.Is(err, domain.ErrNotFound) {
				return nil, fmt.Errorf("name of a client: %w", err)
			}
			name = found.Metadata.Name()
			names[row.Client] = name
		}
		row.Name = name
		rows = append(rows, row)
	}
	return rows, nil
}

// An eventLog is what the page of the log shows.
type eventLog struct {
	Type   string // only events of this type; empty: all
	Client string // only events of the client with this id; empty: all
	Before uint64 // only events below this sequence; 0: from the newest
	Rows   []eventRow
	More   bool   // there are older events
	Seen   uint64 // live updates go on after this sequence
}

// events shows the log.
func (w *Web) events(c echo.Context) error {
	log, err := eventLogOf(c.QueryParams())
	if err != nil {
		return err
	}
	if log.Before, err = sequenceOf(c.QueryParams(), "before"); err != nil {
		return err
	}
	ctx := c.Request().Context()
	// The position is taken before the events, so that none can fall between page and stream.
	log.Seen = w.reader.Health().Applied
	query := log.query()
	query.Before, query.Newest, query.Limit = log.Before, true, eventsShown+1
	recorded, err := w.reader.Events(ctx, query)
	if err != nil {
		return err
	}
	if len(recorded) > eventsShown {
		recorded, log.More = recorded[:eventsShown], true
	}
	if len(recorded) > 0 && log.Before == 0 {
		log.Seen = max(log.Seen, recorded[0].Seq)
	}
	if log.Rows, err = w.eventRows(ctx, recorded); err != nil {
		return err
	}
	return w.render(c, http.StatusOK, eventsPage(w.page(c, "Events", "Events"), log))
}

// eventLogOf reads from an address which events are wanted.
func eventLogOf(given url.Values) (eventLog, error) {
	log := eventLog{Type: given.Get("type"), Client: domain.CanonicalID(strings.TrimSpace(given.Get("client")))}
	known := func(k eventKind) bool { return k.Type == log.Type }
	if log.Type != "" && !slices.ContainsFunc(eventKinds, known) {
		return log, badRequest{"type", "There is no such type of event."}
	}
	if len(log.Client) > searchLimit {
		return log, badRequest{"client", "This is too long for a client_id."}
	}
	return log, nil
}

// query selects the events that the log shows.
func (l eventLog) query() readmodel.EventQuery {
	return readmodel.EventQuery{Type: l.Type, ClientID: l.Client}
}

// Newest returns the address of this log from its newest event.
func (l eventLog) Newest() string {
	return addressOf("/admin/events", "type", l.Type, "client", l.Client)
}

// Older returns the address of the page that follows.
func (l eventLog) Older() string {
	if len(l.Rows) == 0 {
		return l.Newest()
	}
	return addressOf("/admin/events", "type", l.Type, "client", l.Client, "before", strconv.FormatUint(l.Rows[len(l.Rows)-1].Seq, 10))
}

// Filtered reports whether the log shows only some events.
func (l eventLog) Filtered() bool { return l.Type != "" || l.Client != "" }

// Pager leads to the newest events and to older ones. A live page has the link to older ones from the start,
// hidden as long as there are none, because there may come to be some.
func (l eventLog) Pager() []ui.PagerLink {
	older := ui.PagerLink{Text: "Older events", Path: l.Older(), Next: true, ID: "older", Hidden: !l.More}
	switch {
	case l.Before == 0:
		return []ui.PagerLink{{Text: "Refresh", Path: l.Newest(), ID: "refresh"}, older}
	case l.More:
		return []ui.PagerLink{{Text: "Newest", Path: l.Newest()}, older}
	}
	return []ui.PagerLink{{Text: "Newest", Path: l.Newest()}}
}

// eventTypeOptions are the choices of a type of event.
func eventTypeOptions() []ui.Option {
	options := []ui.Option{{Text: "all types"}}
	for _, k := range eventKinds {
		options = append(options, ui.Option{Value: k.Type, Text: k.Label + " (" + k.Type + ")"})
	}
	return options
}

// Stream returns the address of the live updates that follow this page.
func (l eventLog) Stream() string {
	return addressOf("/admin/events/stream", "type", l.Type, "client", l.Client, "after", strconv.FormatUint(l.Seen, 10))
}
