package web

import (
	"fmt"

	"github.com/labstack/echo/v4"

	"roster/domain"
	"roster/domain/registrar"
)

// suspension bars a client from its registration until it is resumed.
var suspension = act{
	title: "Suspend", verb: "suspend", effects: suspendEffects,
	idle: func(c domain.Client) bool { return !c.MayManageItself() },
	do:   (*registrar.Registrar).Suspend,
	done: "is suspended. Its registration access token is refused until it is resumed.",
}

// resume ends a client's suspension. It takes nothing away, so no page asks before it. A client that is not
// suspended stays as it is, and the page says so.
func (w *Web) resume(c echo.Context) error {
	ctx := c.Request().Context()
	found, err := w.findClient(ctx, c)
	if err != nil {
		return err
	}
	if found.MayManageItself() || found.Ended() {
		return w.tell(c, found, "is "+string(found.Status)+", not suspended. Nothing was changed.")
	}
	if err := w.registrar.Resume(ctx, actorOf(c), found.ID); err != nil {
		return fmt.Errorf("resume: %w", err)
	}
	return w.tell(c, found, "is resumed. Its registration access token works again.")
}
