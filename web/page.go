package web

import (
	"bytes"
	"errors"
	"fmt"
	"time"

	"github.com/a-h/templ"
	"github.com/labstack/echo/v4"

	"roster/projections/readmodel"
)

// A page is what every page shows around its own content.
type page struct {
	Title         string
	Section       string // the entry of the navigation that is open
	Administrator string // who is signed in; empty: nobody
	Flash         string // what was just done
	Warning       string // why what is shown may be out of date
}

// page gathers what a page shows around its content.
func (w *Web) page(c echo.Context, title, section string) page {
	p := page{Title: title, Section: section, Administrator: administratorOf(c)}
	if p.Administrator == "" {
		return p
	}
	p.Warning = warningOf(w.reader.Health())
	flash, err := w.sessions.said(c.Request().Context())
	if err != nil {
		w.logger.Error("dashboard lost a message for the administrator", "err", err)
	}
	p.Flash = flash
	return p
}

// administratorOf returns the name of who is signed in, empty for nobody.
func administratorOf(c echo.Context) string {
	name, _ := c.Get(keyAdministrator).(string)
	return name
}

// behindTolerated is how many events the read model may lack before a page says so.
const behindTolerated = 1000

// warningOf says what a reader of the read model should know of its state; empty: nothing.
func warningOf(h readmodel.Health) string {
	switch {
	case h.Err != nil:
		return "The read model has stopped, so pages show the registry as it was at event " + count(int(h.Applied)) +
			" of " + count(int(h.Last)) + ". Registration goes on. The server's log and /readyz say why it stopped."
	case errors.Is(h.Trouble, readmodel.ErrRebuilding):
		return "" // no page shows anything of it: each says that it cannot
	case h.Trouble != nil:
		return "The read model cannot follow the event log at present, so pages may lack the newest events. The server's log and /readyz say why."
	case h.Last > h.Applied+behindTolerated:
		return "The read model is catching up: event " + count(int(h.Applied)) + " of " + count(int(h.Last)) +
			" is applied. Until then pages show the registry as it was."
	}
	return ""
}

// render answers with a page. The page is made in full first, so that a fault in it is still an error page.
func (w *Web) render(c echo.Context, status int, content templ.Component) error {
	var body bytes.Buffer
	if err := content.Render(c.Request().Context(), &body); err != nil {
		return fmt.Errorf("render %s: %w", c.Path(), err)
	}
	return c.HTMLBlob(status, body.Bytes())
}

// count writes a number with its thousands set apart: 12,345.
func count(n int) string {
	digits := fmt.Sprint(n)
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return digits
}

// counted writes a number with its noun: "1 client", "12,345 clients".
func counted(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return count(n) + " " + many
}

// The forms of times on pages, all of them in UTC.
const (
	formDay    = "2 Jan 2006"
	formMinute = "2 Jan 2006, 15:04"
	formSecond = "2 Jan 2006, 15:04:05"
)

// machine is a time as the datetime attribute wants it.
func machine(t time.Time) string { return t.UTC().Format(time.RFC3339) }
