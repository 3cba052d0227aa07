package web

import (
	"fmt"
	"net/http"
	"unicode/utf8"

	"github.com/labstack/echo/v4"

	"roster/projections/readmodel"
	"roster/web/ui"
)

// A confirmation is what a page asks before an act.
type confirmation struct {
	act
	Client  readmodel.Client
	Place   clientPlace
	Reason  string // as entered
	Failure string // what is wrong with the reason; empty: nothing
}

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

func (w *Web) ask(c echo.Context, status int, q confirmation) error {
	q.Place = placeOf(c, q.Client.ID)
	return w.render(c, status, confirmPage(w.page(c, q.title+" "+titleOf(q.Client), "Clients"), q))
}

// A reasonQuestion is what reasonForm asks.
type reasonQuestion struct {
	Action  string // the address of the form
	Button  string // what the button says
	Back    string // where Cancel leads
	Reason  string // as entered
	Failure string // what is wrong with the reason; empty: nothing
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
