package web

import (
	"fmt"
	"net/http"
	"strings"

	"github.com/labstack/echo/v4"

	"roster/api/front"
	"roster/domain"
	"roster/web/ui"
)

// A tokenRevocation is what a page asks before an initial access token is revoked.
type tokenRevocation struct {
	tokenRow
	Reason  string // as entered
	Failure string // what is wrong with the reason; empty: nothing
}

// stops says how many registrations the revocation stops.
func (q tokenRevocation) stops() string {
	left := q.MaxUses - q.Uses
	switch {
	case q.Status != domain.TokenActive:
		return "This stops no registration: the token is " + strings.ToLower(tokenStatusLabels[q.Status]) + "."
	case q.MaxUses == 0:
		return "This stops all further registrations: their number was not limited."
	case left == 1:
		return "This stops the 1 registration that it has left."
	}
	return "This stops the " + ui.Quantity(left, "registration", "registrations") + " that it has left."
}

// confirmTokenRevocation asks whether an initial access token is to be revoked, and says what that does.
func (w *Web) confirmTokenRevocation(c echo.Context) error {
	found, err := w.findToken(c.Request().Context(), c)
	if err != nil {
		return err
	}
	return w.askTokenRevocation(c, http.StatusOK, tokenRevocation{tokenRow: found})
}

func (w *Web) askTokenRevocation(c echo.Context, status int, q tokenRevocation) error {
	return w.render(c, status, tokenRevocationPage(w.page(c, "Revoke "+titleOfToken(q.InitialAccessToken), "Tokens"), q))
}

// revokeToken revokes an initial access token.
func (w *Web) revokeToken(c echo.Context) error {
	form, err := formOf(c)
	if err != nil {
		return err
	}
	ctx := c.Request().Context()
	found, err := w.findToken(ctx, c)
	if err != nil {
		return err
	}
	reason := strings.TrimSpace(form.Get("reason"))
	said := "was already revoked. Nothing was changed."
	if !found.Revoked {
		if failure := wrongReason(reason); failure != "" {
			front.Refuse(c, front.Refusal{Code: front.InvalidRequest, Member: "reason"})
			return w.askTokenRevocation(c, http.StatusUnprocessableEntity, tokenRevocation{found, reason, failure})
		}
		if err := w.registrar.RevokeInitialAccessToken(ctx, actorOf(c), found.ID, reason); err != nil {
			return fmt.Errorf("revoke: %w", err)
		}
		said = "is revoked. No client can be registered with it any more."
	}
	if err := w.sessions.keepMessage(ctx, "“"+titleOfToken(found.InitialAccessToken)+"” "+said); err != nil {
		return err
	}
	return c.Redirect(http.StatusSeeOther, tokenPath(found.ID))
}
