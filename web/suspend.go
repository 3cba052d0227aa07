package web

import (
	"fmt"
	"net/http"
	"strings"

	"github.com/labstack/echo/v4"

	"roster/projections/readmodel"
)

// A suspension is what the confirmation asks about.
type suspension struct {
	Client  readmodel.Client
	Reason  string // as entered
	Failure string // what is wrong with the reason; empty: nothing
}

// confirmSuspend asks whether a client is to be suspended, and says what that does.
func (w *Web) confirmSuspend(c echo.Context) error {
	found, err := w.findClient(c.Request().Context(), c)
	if err != nil {
		return err
	}
	return w.askToSuspend(c, http.StatusOK, suspension{Client: found})
}

// suspend suspends a client. A client that is suspended or has ended stays as it is, and the page says so.
func (w *Web) suspend(c echo.Context) error {
	form, err := formOf(c)
	if err != nil {
		return err
	}
	ctx := c.Request().Context()
	found, err := w.findClient(ctx, c)
	if err != nil {
		return err
	}
	if !found.MayManageItself() {
		return w.tell(c, found.ID, quoted(found)+" was already "+string(found.Status)+". Nothing was changed.")
	}
	reason := strings.TrimSpace(form.Get("reason"))
	if failure := wrongReason(reason); failure != "" {
		return w.askToSuspend(c, http.StatusUnprocessableEntity, suspension{found, reason, failure})
	}
	if err := w.registrar.Suspend(ctx, administrator(c), found.ID, reason); err != nil {
		return fmt.Errorf("suspend: %w", err)
	}
	return w.tell(c, found.ID, quoted(found)+" is suspended. Its registration access token is refused until it is resumed.")
}

// resume ends a client's suspension. A client that is not suspended stays as it is, and the page says so.
func (w *Web) resume(c echo.Context) error {
	ctx := c.Request().Context()
	found, err := w.findClient(ctx, c)
	if err != nil {
		return err
	}
	if found.MayManageItself() || found.Ended() {
		return w.tell(c, found.ID, quoted(found)+" is "+string(found.Status)+", not suspended. Nothing was changed.")
	}
	if err := w.registrar.Resume(ctx, administrator(c), found.ID); err != nil {
		return fmt.Errorf("resume: %w", err)
	}
	return w.tell(c, found.ID, quoted(found)+" is resumed. Its registration access token works again.")
}

func (w *Web) askToSuspend(c echo.Context, status int, s suspension) error {
	return w.render(c, status, suspendPage(w.page(c, "Suspend "+titleOf(s.Client), "Clients"), s))
}

// quoted is what to call a client in a message.
func quoted(c readmodel.Client) string { return "“" + titleOf(c) + "”" }
