package web

import (
	"errors"

	"github.com/labstack/echo/v4"

	"roster/domain"
	"roster/projections/readmodel"
	"roster/web/ui"
)

// pastClient shows a tab of one client as it stood.
func (w *Web) pastClient(tab clientTab) func(echo.Context, readmodel.Position) error {
	return func(c echo.Context, at readmodel.Position) error {
		then, now, err := w.findPastClient(c, at)
		if err != nil {
			return err
		}
		v := clientView{Client: then, Past: &at}
		if events := now.Version - then.Version; events > 0 {
			v.Since = &readmodel.Difference{Before: then, After: now, Events: int(events)}
		}
		return w.showClient(c, tab, v, func(c echo.Context, title, section string) ui.Page {
			return w.pastPage(c, title, section, at)
		})
	}
}

// findPastClient returns the client that the path names, as it stood and as it is. It returns domain.ErrNotFound, or
// errNotRegisteredThen.
func (w *Web) findPastClient(c echo.Context, at readmodel.Position) (then, now readmodel.Client, err error) {
	ctx := c.Request().Context()
	if now, err = w.findClient(ctx, c); err != nil {
		return then, now, err
	}
	then, err = w.reader.ClientAt(ctx, now.ID, at)
	if errors.Is(err, domain.ErrNotFound) {
		err = errNotRegisteredThen
	}
	return then, now, err
}
