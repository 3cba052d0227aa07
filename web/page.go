package web

import (
	"bytes"
	"fmt"

	"github.com/a-h/templ"
	"github.com/labstack/echo/v4"

	"roster/web/ui"
)

// sections are the entries of the navigation.
var sections = []ui.Link{
	{Text: "Overview", Path: "/admin/"},
	{Text: "Clients", Path: clientListPath},
	{Text: "Tokens", Path: tokensPath},
	{Text: "Activity", Path: activityPath},
	{Text: "Refusals", Path: refusalsPath},
}

// frame returns what a page shows around its content, without notices. section is the text of the navigation's
// entry that the page belongs to; empty: none.
func (w *Web) frame(c echo.Context, title, section string) ui.Page {
	p := ui.Page{Title: title, Administrator: administratorOf(c)}
	if p.Administrator == "" {
		return p
	}
	p.ChooseMoment = chooserOf(c)
	for _, s := range sections {
		s.Current = s.Text == section
		p.Sections = append(p.Sections, s)
	}
	return p
}

// page is frame with the notices for the administrator: the state of the read model, and the message that was
// kept for the next page.
func (w *Web) page(c echo.Context, title, section string) ui.Page {
	p := w.frame(c, title, section)
	if p.Administrator == "" {
		return p
	}
	p.Notices = readModelNotices(w.reader.Health())
	if isLive(c) {
		return p
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

// render answers with a page. The page is rendered in full first, so that a fault in it still gives an error
// page.
func (w *Web) render(c echo.Context, status int, content templ.Component) error {
	var body bytes.Buffer
	if err := content.Render(c.Request().Context(), &body); err != nil {
		return fmt.Errorf("render %s: %w", c.Path(), err)
	}
	return c.HTMLBlob(status, body.Bytes())
}
