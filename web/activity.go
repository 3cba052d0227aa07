package web

import (
	"context"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/labstack/echo/v4"

	"roster/domain"
	"roster/domain/oauth"
	"roster/web/ui"
)

// eventsShown is how many events a page shows.
const eventsShown = 50

// An eventLog is what the page of the log shows.
type eventLog struct {
	activityFilter
	Before     uint64 // only events below this sequence; 0: from the newest
	Rows       []eventRow
	Next       uint64    // the page that follows is below this sequence; 0: there are no older events
	SearchedTo time.Time // the search took long and ended here; zero: it did not
	Seen       uint64    // live updates go on after this sequence
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
	if err := w.fill(ctx, &log); err != nil {
		return err
	}
	if len(log.Rows) > 0 && log.Before == 0 {
		log.Seen = max(log.Seen, log.Rows[0].Seq)
	}
	return w.render(c, http.StatusOK, activityPage(w.page(c, "Activity", "Activity"), log))
}

// fill looks for the events that a log shows.
func (w *Web) fill(ctx context.Context, log *eventLog) error {
	query := log.query
	query.Limit = eventsShown
	if log.Before != 0 && (query.Before == 0 || log.Before < query.Before) {
		query.Before = log.Before
	}
	page, err := w.reader.FindEvents(ctx, query)
	if err != nil {
		return err
	}
	log.Next, log.SearchedTo = page.Next, page.SearchedTo
	log.Rows, err = w.eventRows(ctx, page.Events)
	return err
}

// eventLogOf reads from an address which events are wanted.
func eventLogOf(given url.Values) (eventLog, error) {
	filter, err := activityFilterOf(given)
	return eventLog{activityFilter: filter}, err
}

// Newest returns the address of this log from its newest event.
func (l eventLog) Newest() string { return l.Path(activityPath) }

// Older returns the address of the page that follows.
func (l eventLog) Older() string {
	if l.Next == 0 {
		return l.Newest()
	}
	return l.Below(l.Next)
}

// Below returns the address of the events below a sequence.
func (l eventLog) Below(seq uint64) string {
	return l.Path(activityPath, "before", strconv.FormatUint(seq, 10))
}

// Pager leads to the newest events and to older ones. A live page has the link to older ones from the start,
// hidden as long as there are none, because there may come to be some.
func (l eventLog) Pager() []ui.PagerLink {
	older := ui.PagerLink{Text: "Older events", Path: l.Older(), Next: true, ID: "older", Hidden: l.Next == 0}
	if !l.SearchedTo.IsZero() {
		older.Text = "Keep looking"
	}
	newest := ui.PagerLink{Text: "Newest", Path: l.Newest()}
	switch {
	case l.Before == 0:
		return []ui.PagerLink{{Text: "Refresh", Path: l.Newest(), ID: "refresh"}, older}
	case l.Next != 0:
		return []ui.PagerLink{newest, older}
	}
	return []ui.PagerLink{newest}
}

// Stream returns the address of the live updates that follow this page.
func (l eventLog) Stream() string {
	return l.Path(activityPath+"/stream", "after", strconv.FormatUint(l.Seen, 10))
}

// Export returns the address of a file with all events of this log.
func (l eventLog) Export(format string) string {
	return l.Path(activityPath+"/export", "format", format)
}

// moreFilters reports whether one of the filters is set that the form folds away.
func (l eventLog) moreFilters() bool {
	for _, name := range []string{"member", "token", "since", "until"} {
		if l.Value(name) != "" {
			return true
		}
	}
	return false
}

// eventTypeOptions are the choices of a type of event.
func eventTypeOptions() []ui.Option {
	options := []ui.Option{{Text: "all types"}}
	for _, k := range eventKinds {
		options = append(options, ui.Option{Value: k.Type, Text: k.Label})
	}
	return options
}

// memberOptions are the choices of a member that was changed. One with a language tag is there when it is chosen.
func memberOptions(chosen string) []ui.Option {
	options := []ui.Option{{Text: "any"}}
	known := chosen == ""
	for _, m := range oauth.Members {
		if m.ChoiceOf != "" {
			continue // it is never registered
		}
		options = append(options, ui.Option{Value: m.Name, Text: m.Name})
		known = known || m.Name == chosen
	}
	if !known {
		options = append(options, ui.Option{Value: chosen, Text: chosen})
	}
	return options
}

// actorOptions are the choices of who did it. One administrator is there when it is chosen.
func actorOptions(chosen string) []ui.Option {
	options := []ui.Option{{Text: "anybody"}}
	known := chosen == ""
	for _, kind := range []domain.ActorKind{domain.ActorClient, domain.ActorAdmin, domain.ActorSystem} {
		options = append(options, ui.Option{Value: string(kind), Text: actorsName(kind, "")})
		known = known || string(kind) == chosen
	}
	if !known {
		options = append(options, ui.Option{Value: chosen, Text: ui.PlainUntrusted(showActor(chosen), ui.CellLength)})
	}
	return options
}
