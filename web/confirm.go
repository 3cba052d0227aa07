package web

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"unicode/utf8"

	"github.com/a-h/templ"
	"github.com/labstack/echo/v4"

	"roster/api/front"
	"roster/domain"
	"roster/domain/registrar"
	"roster/projections/readmodel"
	"roster/web/ui"
)

// An act is what an administrator does to one client, with a reason, after a page has said what it does.
type act struct {
	title   string // such as "Revoke"
	verb    string // such as "revoke"; also the last part of its address
	effects func() templ.Component
	idle    func(domain.Client) bool // whether there is nothing to do
	already string                   // what the page says, behind the status, about such a client
	do      func(r *registrar.Registrar, ctx context.Context, admin domain.Actor, clientID, reason string) error
	done    string // what is said afterwards, behind the client's name
}

// A confirmation is what a page asks before an act.
type confirmation struct {
	act
	Client  readmodel.Client
	Reason  string // as entered
	Failure string // what is wrong with the reason; empty: nothing
}

// path is the address of the page that asks, and of its form.
func (q confirmation) path() string { return clientPath(q.Client.ID) + "/" + q.verb }

// confirm asks whether an act is wanted, and says what it does.
func (w *Web) confirm(a act) echo.HandlerFunc {
	return func(c echo.Context) error {
		found, err := w.findClient(c.Request().Context(), c)
		if err != nil {
			return err
		}
		return w.ask(c, http.StatusOK, confirmation{act: a, Client: found})
	}
}

// carryOut does what was confirmed. A client with which there is nothing to do stays as it is, and the page says so.
func (w *Web) carryOut(a act) echo.HandlerFunc {
	return func(c echo.Context) error {
		form, err := formOf(c)
		if err != nil {
			return err
		}
		ctx := c.Request().Context()
		found, err := w.findClient(ctx, c)
		if err != nil {
			return err
		}
		if a.idle(found.Client) {
			return w.tell(c, found, "was already "+string(found.Status)+". Nothing was changed.")
		}
		reason := strings.TrimSpace(form.Get("reason"))
		if failure := wrongReason(reason); failure != "" {
			front.Refuse(c, front.Refusal{Code: front.InvalidRequest, Member: "reason"})
			return w.ask(c, http.StatusUnprocessableEntity, confirmation{a, found, reason, failure})
		}
		if err := a.do(w.registrar, ctx, actorOf(c), found.ID, reason); err != nil {
			return fmt.Errorf("%s: %w", a.verb, err)
		}
		return w.tell(c, found, a.done)
	}
}

func (w *Web) ask(c echo.Context, status int, q confirmation) error {
	return w.render(c, status, confirmPage(w.page(c, q.title+" "+titleOf(q.Client), "Clients"), q))
}

// tell redirects to a client's page, which says once what became of the client.
func (w *Web) tell(c echo.Context, about readmodel.Client, what string) error {
	if err := w.sessions.keepMessage(c.Request().Context(), "“"+titleOf(about)+"” "+what); err != nil {
		return err
	}
	return c.Redirect(http.StatusSeeOther, clientPath(about.ID))
}

// actorOf returns who is signed in, as the one who acts.
func actorOf(c echo.Context) domain.Actor {
	return domain.Actor{Kind: domain.ActorAdmin, ID: administratorOf(c), IP: c.RealIP()}
}

// reasonLimit is how many characters a reason may have.
const reasonLimit = 500

// wrongReason says what is wrong with a reason; empty: nothing.
func wrongReason(reason string) string {
	switch {
	case !utf8.ValidString(reason):
		return "The reason is not text. Nothing was changed."
	case utf8.RuneCountInString(reason) > reasonLimit:
		return fmt.Sprintf("The reason has %s; it may have up to %d. Nothing was changed.",
			ui.Quantity(utf8.RuneCountInString(reason), "character", "characters"), reasonLimit)
	}
	return ""
}
