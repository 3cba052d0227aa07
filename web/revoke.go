package web

import (
	"fmt"
	"net/http"
	"strings"
	"unicode/utf8"

	"github.com/labstack/echo/v4"

	"roster/api/front"
	"roster/domain"
	"roster/projections/readmodel"
	"roster/web/ui"
)

// reasonLimit is how many characters a reason may have.
const reasonLimit = 500

// A revocation is what the confirmation asks about.
type revocation struct {
	Client  readmodel.Client
	Reason  string // as entered
	Failure string // what is wrong with the reason; empty: nothing
}

// confirmRevoke asks whether a client is to be revoked, and says what that does.
func (w *Web) confirmRevoke(c echo.Context) error {
	found, err := w.findClient(c.Request().Context(), c)
	if err != nil {
		return err
	}
	return w.render(c, http.StatusOK, revokePage(w.page(c, "Revoke "+titleOf(found), "Clients"), revocation{Client: found}))
}

// revoke revokes a client. A client that has ended stays as it is, and the page says so.
func (w *Web) revoke(c echo.Context) error {
	form, err := formOf(c)
	if err != nil {
		return err
	}
	ctx := c.Request().Context()
	found, err := w.findClient(ctx, c)
	if err != nil {
		return err
	}
	if found.Ended() {
		return w.tell(c, found.ID, quoted(found)+" was already "+string(found.Status)+". Nothing was changed.")
	}
	reason := strings.TrimSpace(form.Get("reason"))
	if failure := wrongReason(reason); failure != "" {
		front.Refuse(c, front.Refusal{Code: front.InvalidRequest, Member: "reason"})
		return w.render(c, http.StatusUnprocessableEntity, revokePage(
			w.page(c, "Revoke "+titleOf(found), "Clients"), revocation{found, reason, failure}))
	}
	if err := w.registrar.Revoke(ctx, administrator(c), found.ID, reason); err != nil {
		return fmt.Errorf("revoke: %w", err)
	}
	return w.tell(c, found.ID, quoted(found)+" is revoked. Its registration access token and client secret have stopped working.")
}

// administrator is who is signed in, as the one who acts.
func administrator(c echo.Context) domain.Actor {
	return domain.Actor{Kind: domain.ActorAdmin, ID: administratorOf(c), IP: c.RealIP()}
}

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

// tell redirects to a client's page, which shows a message once.
func (w *Web) tell(c echo.Context, id, message string) error {
	if err := w.sessions.keepMessage(c.Request().Context(), message); err != nil {
		return err
	}
	return c.Redirect(http.StatusSeeOther, clientPath(id))
}
