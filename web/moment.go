package web

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"roster/projections/readmodel"
	"roster/web/ui"
)

// atParam is the parameter of addresses that asks for the registry as it stood.
const atParam = "at"

// diffPath is the address of the page that compares two moments.
const diffPath = "/admin/diff"

// errNotRegisteredThen says that a client was not registered by the moment that is shown.
var errNotRegisteredThen = errors.New("client was not registered by then")

// showing answers with a page of the past where the address asks for a moment, else with the page of now.
func (w *Web) showing(now echo.HandlerFunc, past func(echo.Context, readmodel.Position) error) echo.HandlerFunc {
	return func(c echo.Context) error {
		if c.QueryParam(atParam) == "" {
			return now(c)
		}
		at, err := w.positionOf(c, atParam)
		if err != nil {
			return err
		}
		return past(c, at)
	}
}

// timeLayouts are how people may write a moment, which is in UTC unless it says otherwise.
var timeLayouts = []string{
	time.RFC3339Nano, "2006-01-02T15:04:05", "2006-01-02T15:04", "2006-01-02 15:04:05", "2006-01-02 15:04", time.DateOnly,
}

// momentOf reads the number of an event or a time.
func momentOf(given string) (at readmodel.Moment, ok bool) {
	given = strings.TrimSpace(given)
	if seq, err := strconv.ParseUint(strings.ReplaceAll(given, ",", ""), 10, 63); err == nil {
		return readmodel.Moment{Seq: seq}, true
	}
	for _, layout := range timeLayouts {
		if t, err := time.Parse(layout, given); err == nil {
			return readmodel.Moment{Time: t}, true
		}
	}
	return readmodel.Moment{}, false
}

// positionOf returns the event that a parameter of an address asks for, as a number or as the last one by a time. A moment
// that the log has nothing of is a badRequest that says what it has.
func (w *Web) positionOf(c echo.Context, name string) (readmodel.Position, error) {
	at, ok := momentOf(c.QueryParam(name))
	if !ok {
		return readmodel.Position{}, badRequest{name, "“" + ui.PlainUntrusted(c.QueryParam(name), ui.MomentLimit) +
			"” is no moment. Give the number of an event, such as 1234, or a time in UTC, such as 2026-11-03 10:00."}
	}
	ctx := c.Request().Context()
	found, err := readmodel.Pin(ctx, w.reader, at, w.clock())
	var notYet *readmodel.NotYetError
	switch {
	case errors.As(err, &notYet) && notYet.End.Seq == 0:
		return readmodel.Position{}, badRequest{name, "The event log is empty, so there is no past to show yet."}
	case errors.As(err, &notYet) && at.Seq != 0:
		return readmodel.Position{}, badRequest{name, "There is no event " + ui.Number(at.Seq) + " yet. The log ends with " + eventAt(notYet.End) +
			". Choose that event or an earlier one."}
	case errors.As(err, &notYet):
		return readmodel.Position{}, badRequest{name, "That time is still to come. The log ends with " + eventAt(notYet.End) + ". Choose a time that has passed."}
	case err != nil:
		return readmodel.Position{}, err
	case found.Seq == 0:
		return readmodel.Position{}, w.beforeTheLog(ctx, name)
	}
	return found, nil
}

// beforeTheLog returns the badRequest of a moment before the first event.
func (w *Web) beforeTheLog(ctx context.Context, name string) error {
	first, err := w.reader.Events(ctx, readmodel.EventQuery{Limit: 1})
	if err != nil {
		return fmt.Errorf("first event: %w", err)
	}
	if len(first) == 0 {
		return badRequest{name, "The event log is empty, so there is no past to show yet."}
	}
	return badRequest{name, "The log has nothing of that time. It begins with " +
		eventAt(readmodel.Position{Seq: first[0].Seq, Time: first[0].Time}) + ". Choose that event or a later one."}
}

// eventAt says which event it is, and when: "event 1,234 of 3 Nov 2026, 10:00:00 UTC".
func eventAt(p readmodel.Position) string {
	return "event " + ui.Number(p.Seq) + " of " + p.Time.UTC().Format(ui.SecondLayout) + " UTC"
}

// atOf is a position as the parameter of an address.
func atOf(at readmodel.Position) string { return strconv.FormatUint(at.Seq, 10) }

// pastPage is page for a page that shows the past. The navigation stays there as far as it can.
func (w *Web) pastPage(c echo.Context, title, section string, at readmodel.Position) ui.Page {
	p := w.page(c, title+" as of event "+ui.Number(at.Seq), section)
	for i, s := range p.Sections {
		if s.Path == home || s.Path == clientListPath {
			p.Sections[i].Path = addressOf(s.Path, atParam, atOf(at))
		}
	}
	now := c.Request().URL.Query()
	for _, of := range []string{atParam, "cursor"} {
		now.Del(of)
	}
	p.Past = &ui.Past{
		Event: at.Seq, Time: at.Time, Compare: addressOf(diffPath, "from", atOf(at)),
		Now: (&url.URL{Path: c.Request().URL.Path, RawQuery: now.Encode()}).String(),
	}
	p.ChooseMoment.Value = atOf(at)
	return p
}

// chooserOf returns what leads to another moment: of the page that is shown, where it has a past, else of the overview.
func chooserOf(c echo.Context) ui.Chooser {
	chooser := ui.Chooser{Path: home, Compare: diffPath}
	keep := func(name string) {
		if value := c.QueryParam(name); value != "" {
			chooser.Kept = append(chooser.Kept, ui.Hidden{Name: name, Value: value})
		}
	}
	switch c.Path() {
	case clientListPath:
		chooser.Path = clientListPath
		keep("q")
		for _, filter := range readmodel.ClientFilters {
			if filter.Name != "sort" { // the past has one order
				keep(filter.Name)
			}
		}
	case home:
		keep("days")
	default:
		if _, tab, ofClient := strings.Cut(c.Path(), clientListPath+"/:id"); ofClient && isClientTab(tab) {
			chooser.Path = c.Request().URL.EscapedPath()
		}
	}
	return chooser
}
