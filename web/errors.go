package web

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"roster/api/front"
	"roster/api/refusals"
	"roster/domain"
	"roster/domain/oauth"
	"roster/projections/readmodel"
	"roster/web/ui"
)

// errCrossOrigin says that a form was sent from another site's page.
var errCrossOrigin = errors.New("request from another origin")

// A badRequest is a request that no page of the dashboard makes.
type badRequest struct {
	member string // the parameter that is wrong; empty: the request as a whole
	text   string // what is wrong, which is shown
}

func (b badRequest) Error() string { return b.text }

// retryAfter is after how long a caller may try again when something is not available.
const retryAfter = 5 * time.Second

// refreshSeconds is after how many seconds a browser asks again for a page that could not be shown yet.
const refreshSeconds = 2

// problemOf returns what a page says about an error, other than one of the read model. It is the one place where
// errors become words. An error that it does not know is a fault of Roster, about which only the server's log
// says more.
func problemOf(err error) ui.Problem {
	var (
		bad      badRequest
		refused  *oauth.Error
		tooLarge *http.MaxBytesError
		byEcho   *echo.HTTPError
	)
	switch {
	case errors.Is(err, domain.ErrNotFound):
		return problem(http.StatusNotFound, "No such client",
			"No client with this id was ever registered. Its id may have been copied in part.")
	case errors.Is(err, domain.ErrNoSuchInitialAccessToken):
		return problem(http.StatusNotFound, "No such token",
			"No initial access token with this id was ever issued. Its id may have been copied in part.")
	case errors.Is(err, errNoSuchEvent):
		return problem(http.StatusNotFound, "No such event",
			"The log holds no event with this sequence.")
	case errors.Is(err, errNotRegisteredThen):
		return problem(http.StatusNotFound, "Not registered by then",
			"The client with this id registered later than the moment that you chose. Choose a later one, or go back to now.")
	case errors.Is(err, readmodel.ErrBadCursor), errors.Is(err, refusals.ErrBadCursor):
		return problem(http.StatusBadRequest, "This list link is no longer valid",
			"It leads to a place in the list that the registry does not know. Start again from the first page.")
	case errors.Is(err, refusals.ErrUnavailable):
		return problem(http.StatusServiceUnavailable, "Refusals cannot be read",
			"The file that holds them cannot be used now. Registrations go on as before. The server's log says what is wrong.")
	case errors.As(err, &bad):
		return problem(http.StatusBadRequest, "The request cannot be understood",
			bad.text)
	case errors.As(err, &refused):
		return problem(http.StatusUnprocessableEntity, "The registry refused this",
			refused.Error())
	case errors.Is(err, errCrossOrigin):
		return problem(http.StatusForbidden, "Refused",
			"The request came from another site's page, so nothing was done. Open the dashboard itself and try again.")
	case errors.Is(err, domain.ErrEnded):
		return problem(http.StatusConflict, "The client has ended",
			"A client that was deleted, revoked or lost can be neither suspended nor resumed. Nothing was changed.")
	case errors.Is(err, domain.ErrConflict):
		return problem(http.StatusConflict, "The client was being changed",
			"Somebody else changed this client at the same moment, so nothing was done. Look at it again, then try once more.")
	case errors.Is(err, domain.ErrOutcomeUnknown):
		return problem(http.StatusServiceUnavailable, "It is not known whether this was done",
			"The event log did not answer in time. Look at the client: if it is unchanged in a minute, try once more. Trying twice does no harm.")
	case errors.Is(err, domain.ErrDiskFull):
		return problem(http.StatusServiceUnavailable, "The disk is full",
			"The registry's disk has no space left for this, so nothing was done. Make space, then try again.")
	case errors.Is(err, domain.ErrUnavailable):
		return problem(http.StatusServiceUnavailable, "The event log is not available",
			"The event log cannot be read or written now, so nothing was done. Try again in a moment.")
	case errors.Is(err, context.DeadlineExceeded):
		return problem(http.StatusServiceUnavailable, "This is taking too long",
			"The registry did not answer in time. Nothing is lost; try again in a moment.")
	case errors.As(err, &tooLarge):
		return problem(http.StatusRequestEntityTooLarge, "The form is too large",
			"Nothing was done. Shorten what you entered and send it again.")
	case errors.As(err, &byEcho):
		return problemOfStatus(byEcho.Code)
	}
	return problemOfStatus(http.StatusInternalServerError)
}

// problem returns a problem without progress.
func problem(status int, title, detail string) ui.Problem {
	return ui.Problem{Status: status, Title: title, Detail: detail}
}

// problemOfStatus returns what a page says about an error of which only the status is known.
func problemOfStatus(status int) ui.Problem {
	switch status {
	case http.StatusNotFound:
		return problem(status, "No such page",
			"There is nothing at this address.")
	case http.StatusMethodNotAllowed:
		return problem(status, "Not possible here",
			"This address does not take that kind of request. Nothing was done.")
	case http.StatusForbidden:
		return problem(status, "Refused",
			"You may not do this. Nothing was done.")
	case http.StatusServiceUnavailable:
		return problem(status, "Not available now",
			"The registry is starting or stopping. Try again in a moment.")
	case http.StatusInternalServerError:
		return problem(status, "Something went wrong",
			"This is a fault of the registry, not yours. It was written to the server's log.")
	}
	return problem(status, http.StatusText(status),
		"The request could not be answered.")
}

// answerError answers a request that ended in an error, with a page in the dashboard's style.
func (w *Web) answerError(err error, c echo.Context) {
	r := c.Request()
	if errors.Is(err, context.Canceled) {
		return // the caller has gone
	}
	front.Refuse(c, refusalOf(err))
	// The page's time may be over; the error page must be rendered all the same.
	c.SetRequest(r.WithContext(context.WithoutCancel(r.Context())))
	p, page := w.problemPageOf(err, c)
	p.Links = page.Sections
	if page.Administrator == "" {
		p.Links = []ui.Link{{Text: "To the dashboard", Path: home}}
	}
	if p.Status == http.StatusServiceUnavailable {
		front.SetRetryAfter(c.Response().Header(), retryAfter)
	}
	if err := w.render(c, p.Status, ui.ProblemPage(page, p)); err != nil {
		w.logger.Error("dashboard could not show an error", "path", c.Path(), "err", err)
	}
}

// problemPageOf returns what a page says about an error, and the page. A page that cannot be shown yet asks for
// itself again; the answer to a form does not.
func (w *Web) problemPageOf(err error, c echo.Context) (ui.Problem, ui.Page) {
	if !errors.Is(err, readmodel.ErrUnavailable) {
		p := problemOf(err)
		return p, w.page(c, p.Title, "")
	}
	p, passes := readModelProblem(err, w.reader.Health())
	page := w.frame(c, p.Title, "")
	method := c.Request().Method
	switch {
	case method != http.MethodGet && method != http.MethodHead:
		p.Detail = "Nothing was done. " + p.Detail
	case passes:
		page.Refresh = refreshSeconds
		p.Detail += " This page opens as soon as it can be shown."
	}
	return p, page
}

// refusalOf returns what the log says about an error, beside its status.
func refusalOf(err error) front.Refusal {
	var (
		bad     badRequest
		refused *oauth.Error
		behind  *readmodel.CatchingUpError
	)
	switch {
	case errors.As(err, &behind):
		return front.Refusal{Awaited: true}
	case errors.As(err, &bad):
		return front.Refusal{Code: front.InvalidRequest, Member: bad.member}
	case errors.As(err, &refused):
		return front.RefusalOf(refused)
	case errors.Is(err, readmodel.ErrBadCursor), errors.Is(err, refusals.ErrBadCursor):
		return front.Refusal{Code: front.InvalidRequest, Member: "cursor"}
	}
	return front.Refusal{} // with the code that goes with the status
}
