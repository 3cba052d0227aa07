package web

import (
	"context"
	"fmt"
	"net/http"
	"strings"

	"github.com/a-h/templ"
	"github.com/labstack/echo/v4"

	"roster/api/front"
	"roster/domain"
	"roster/domain/registrar"
	"roster/projections/readmodel"
	"roster/web/ui"
)

// An act is what an administrator does to one client.
type act struct {
	title  string // such as "Revoke"
	verb   string // such as "revoke"; also the last part of its address
	button ui.ButtonKind
	// effects are what a page says before it asks whether, and for which reason, the act is wanted; nil: the act takes
	// nothing away, so nobody is asked.
	effects func(domain.Client) templ.Component
	// idle says why there is nothing to do with a client, such as "already revoked"; empty: there is something to do.
	idle    func(domain.Client) string
	already string // what a page says besides of such a client; may be empty
	do      func(r *registrar.Registrar, ctx context.Context, admin domain.Actor, clientID, reason string) error
	// done is what is said afterwards, behind the client's name.
	done func(domain.Client) string
}

// acts are all that there are, in the order in which a client's page offers them.
var acts = []act{suspension, resumption, revocation}

// acts returns those that do something to the client; none to one of the past.
func (v clientView) acts() (useful []act) {
	if v.Past != nil {
		return nil
	}
	for _, a := range acts {
		if a.idle(v.Client.Client) == "" {
			useful = append(useful, a)
		}
	}
	return useful
}

// routeActs adds the pages of all acts to those for who is signed in.
func (w *Web) routeActs(inside *echo.Group) {
	for _, a := range acts {
		path := "/clients/:id/" + a.verb
		if a.effects != nil {
			front.Get(inside, path, w.confirm(a))
		}
		inside.POST(path, w.carryOut(a))
	}
}

// carryOut does what was asked for. A client with which there is nothing to do stays as it is, and the page says so.
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
		if idle := a.idle(found.Client); idle != "" {
			return w.tell(c, found, "was "+idle+". Nothing was changed.")
		}
		var reason string
		if a.effects != nil { // who is not asked gives no reason
			reason = strings.TrimSpace(form.Get("reason"))
		}
		if failure := wrongReason(reason); failure != "" {
			front.Refuse(c, front.Refusal{Code: front.InvalidRequest, Member: "reason"})
			return w.ask(c, http.StatusUnprocessableEntity, confirmation{act: a, Client: found, Reason: reason, Failure: failure})
		}
		if err := a.do(w.registrar, ctx, actorOf(c), found.ID, reason); err != nil {
			return fmt.Errorf("%s: %w", a.verb, err)
		}
		return w.tell(c, found, a.done(found.Client))
	}
}

// tell redirects to a client's page, which says once what became of the client.
func (w *Web) tell(c echo.Context, about readmodel.Client, what string) error {
	if err := w.sessions.keepMessage(c.Request().Context(), "“"+titleOf(about)+"” "+what); err != nil {
		return err
	}
	return c.Redirect(http.StatusSeeOther, placeOf(c, about.ID).page())
}

// actorOf returns who is signed in, as the one who acts.
func actorOf(c echo.Context) domain.Actor {
	return domain.Actor{Kind: domain.ActorAdmin, ID: administratorOf(c), IP: c.RealIP()}
}
