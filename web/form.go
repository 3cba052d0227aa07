package web

import (
	"errors"
	"net/http"
	"net/url"

	"github.com/labstack/echo/v4"
)

// formOf reads a form. It tells a form that is too large from one that is broken.
func formOf(c echo.Context) (url.Values, error) {
	r := c.Request()
	if err := r.ParseForm(); err != nil {
		var tooLarge *http.MaxBytesError
		if errors.As(err, &tooLarge) {
			return nil, err
		}
		return nil, badRequest("The form is broken. Nothing was done; open the page again and send it once more.")
	}
	return r.PostForm, nil
}
