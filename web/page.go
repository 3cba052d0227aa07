package web

import (
	"bytes"
	"fmt"

	"github.com/a-h/templ"
	"github.com/labstack/echo/v4"

	"roster/web/ui"
)

// A section is an entry of the navigation. One of several pages has parts.
type section struct {
	ui.Link
	Parts []ui.Link
}

// sections are the navigation.
var sections = []section{
	{Link: ui.Link{Text: "Overview", Path: home}},
	{Link: ui.Link{Text: "Clients", Path: clientListPath}},
	{Link: ui.Link{Text: "Tokens", Path: tokensPath}},
	{Link: ui.Link{Text: "Activity", Path: activityPath}, Parts: []ui.Link{
		{Text: "Events", Path: activityPath},
		{Text: "Refusals", Path: refusalsPath},
	}},
	{Link: ui.Link{Text: "Settings", Path: settingsPath}},
}

// frame returns what a page shows around its content, without notices. shown is the text of the section that the page
// belongs to, or of a part of one; empty: none.
func (w *Web) frame(c echo.Context, title, shown string) ui.Page {
	p := ui.Page{Title: title, Administrator: administratorOf(c), Theme: themeOf(c)}
	if p.Administrator == "" {
		return p
	}
	p.Address, p.Preferences = addressShown(c.Request()), preferencesPath
	p.ChooseMoment = chooserOf(c)
	p.Find = finderOf(c)
	for _, s := range sections {
		s.Current = s.Text == shown
		for _, part := range s.Parts {
			if part.Text == shown {
				s.Current = true
			}
		}
		p.Sections = append(p.Sections, s.Link)
		if s.Current {
			p.Parts = partsOf(s, shown)
		}
	}
	return p
}

// partsOf returns the parts of the section that is shown. Of one that is not named itself the first is shown.
func partsOf(s section, shown string) (parts []ui.Tab) {
	for i, part := range s.Parts {
		part.Current = part.Text == shown || i == 0 && s.Text == shown
		parts = append(parts, ui.Tab{Link: part})
	}
	return parts
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
