package web

import (
	"errors"
	"net/http"
	"net/url"

	"github.com/labstack/echo/v4"

	"roster/domain"
	"roster/domain/oauth"
	"roster/projections/readmodel"
)

// A pastClientView is what the page of one client of the past shows.
type pastClientView struct {
	clientView
	At    readmodel.Position
	Since *readmodel.Difference // what became of it since; nil: nothing happened
}

// pastClient shows one client as it stood, and what became of it since.
func (w *Web) pastClient(c echo.Context, at readmodel.Position) error {
	id, err := url.PathUnescape(c.Param("id"))
	if err != nil {
		return domain.ErrNotFound
	}
	ctx := c.Request().Context()
	now, err := w.findClient(ctx, c)
	if err != nil {
		return err
	}
	then, err := w.reader.ClientAt(ctx, domain.CanonicalID(id), at)
	if errors.Is(err, domain.ErrNotFound) {
		return errNotRegisteredThen
	}
	if err != nil {
		return err
	}
	history, older, err := w.history(ctx, then.ID, at.Seq+1)
	if err != nil {
		return err
	}
	issuer, attested := oauth.Attested(then.Metadata)
	view := pastClientView{
		clientView: clientView{
			Client: then, Place: clientPlace{id: then.ID}, Issuer: issuer, Cautions: cautionsOf(then.Metadata, w.registrar.Issuers.Trust(issuer)), Groups: groupMembers(then.Metadata, attested),
			History: history, Older: older, Now: at.Time,
		},
		At: at,
	}
	if events := now.Version - then.Version; events > 0 {
		view.Since = &readmodel.Difference{Before: then, After: now, Events: int(events)}
	}
	return w.render(c, http.StatusOK, pastClientPage(w.pastPage(c, titleOf(then), "Clients", at), view))
}

// upToThen is the view whose history is shown: without the way to older events, which the log has.
func (v pastClientView) upToThen() clientView {
	shown := v.clientView
	shown.Older = 0
	return shown
}
