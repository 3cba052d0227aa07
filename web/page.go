package web

import (
	"bytes"
	"errors"
	"fmt"

	"github.com/a-h/templ"
	"github.com/labstack/echo/v4"

	"roster/projections/readmodel"
	"roster/web/ui"
)

// sections are the entries of the navigation.
var sections = []ui.Link{
	{Text: "Overview", Path: "/admin/"},
	{Text: "Clients", Path: "/admin/clients"},
	{Text: "Events", Path: "/admin/events"},
}

// page returns what a page shows around its content. section is the text of the navigation's entry that the
// page belongs to; empty: none.
func (w *Web) page(c echo.Context, title, section string) ui.Page {
	p := ui.Page{Title: title, Administrator: administratorOf(c)}
	if p.Administrator == "" {
		return p
	}
	for _, s := range sections {
		s.Current = s.Text == section
		p.Sections = append(p.Sections, s)
	}
	if notice := noticeOf(w.reader.Health()); notice.Text != "" {
		p.Notices = append(p.Notices, notice)
	}
	message, err := w.sessions.takeMessage(c.Request().Context())
	if err != nil {
		w.logger.Error("dashboard lost a message for the administrator", "err", err)
	}
	if message != "" {
		p.Notices = append(p.Notices, ui.Notice{Tone: ui.Good, Text: message, ID: "message"})
	}
	return p
}

// administratorOf returns the name of who is signed in, empty for nobody.
func administratorOf(c echo.Context) string {
	name, _ := c.Get(keyAdministrator).(string)
	return name
}

// behindTolerated is how many events the read model may lack before a page says so.
const behindTolerated = 1000

// noticeOf returns what every page says about the state of the read model; without text: nothing.
func noticeOf(h readmodel.Health) ui.Notice {
	applied, last := ui.Number(h.Applied), ui.Number(h.Last)
	switch {
	case h.Err != nil:
		return ui.Notice{Tone: ui.Bad, Lead: "The read model has stopped.",
			Text: "Event " + ui.Number(h.Applied+1) + " could not be applied. Pages show the registry as of event " + applied +
				" of " + last + ". Clients can still register. The server's log says what is wrong with the event."}
	case errors.Is(h.Trouble, readmodel.ErrRebuilding):
		return ui.Notice{} // every page fails, and says so itself
	case h.Trouble != nil:
		return ui.Notice{Tone: ui.Warning, Lead: "Out of date.",
			Text: "The read model cannot follow the event log at present, so pages may lack the newest events. The server's log says why."}
	case h.Last > h.Applied+behindTolerated:
		return ui.Notice{Tone: ui.Warning, Lead: "Out of date.",
			Text: "The read model is catching up. Pages show the registry as of event " + applied + " of " + last + "."}
	}
	return ui.Notice{}
}

// render answers with a page. The page is rendered in full first, so that a fault in it still gives an error
// page.
func (w *Web) render(c echo.Context, status int, content templ.Component) error {
	var body bytes.Buffer
	if err := content.Render(c.Request().Context(), &body); err != nil {
		return fmt.Errorf("render %s: %w", c.Path(), err)
	}
	return c.HTMLBlob(status, body.Bytes())
}
