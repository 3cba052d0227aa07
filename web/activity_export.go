package web

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"roster/api/front"
	"roster/domain"
	"roster/domain/oauth"
	"roster/projections/readmodel"
)

// exportEvents answers with all events that a log selects, in the order of the log, as a file whose name tells the last
// event that could be among them.
func (w *Web) exportEvents(c echo.Context) error {
	log, err := eventLogOf(c.QueryParams())
	if err != nil {
		return err
	}
	format, err := exportFormatOf(c)
	if err != nil {
		return err
	}
	ctx := c.Request().Context()
	var out *front.Stream
	start := func(at uint64) error {
		out, err = format.begin(c, fmt.Sprintf("activity-to-event-%d", at), eventColumnsOfExport)
		return err
	}
	err = w.reader.EachEvent(ctx, log.query, start, func(e readmodel.Event) error {
		line, err := w.exportedEvent(ctx, e, format)
		if err != nil {
			return err
		}
		return out.Encoded(line)
	})
	if err != nil {
		return err
	}
	return out.Send()
}

// exportedEvent is an event as a line of a file. A line of JSON is what the API tells, without hashes and sealed secrets.
func (w *Web) exportedEvent(ctx context.Context, e readmodel.Event, format exportFormat) ([]byte, error) {
	if format == jsonLines {
		return openJSON(e)
	}
	former, err := w.formerMetadata(ctx, []readmodel.Event{e})
	if err != nil {
		return nil, err
	}
	return appendRecord(nil, eventRecord(e, former[e.Seq])), nil
}

// eventColumnsOfExport are the columns of events as CSV.
var eventColumnsOfExport = []string{
	"event", "time", "type", "client_id", "client_name", "initial_access_token", "actor", "actor_id", "ip", "changed_members", "new_hosts", "notes", "reason",
	"event_id",
}

// eventRecord is an event in eventColumnsOfExport, given the metadata that its client had before. The name of a client is
// the one that the event gave it. Times are RFC 3339 in UTC.
func eventRecord(e readmodel.Event, former oauth.Metadata) []string {
	row, did := rowOfEvent(e), summaryOf(e, former)
	name := ""
	switch event := e.Event.(type) {
	case domain.ClientRegistered:
		name = event.Metadata.Name()
	case domain.ClientUpdated:
		name = event.Metadata.Name()
	}
	var members []string
	for _, m := range did.Members {
		members = append(members, m.Name+" "+m.How)
	}
	if row.Registry != "" {
		did.Notes = append(did.Notes, row.Registry)
	}
	return []string{
		strconv.FormatUint(e.Seq, 10), e.Time.UTC().Format(time.RFC3339Nano), e.Event.Type(), row.Client, name, row.Token, string(e.Actor.Kind), e.Actor.ID,
		e.Actor.IP, strings.Join(members, "; "), strings.Join(did.Hosts, " "), strings.Join(did.Notes, "; "), did.Reason, e.ID,
	}
}
