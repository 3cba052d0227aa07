package web

import (
	"errors"
	"net/http"
	"net/url"
	"strconv"

	"github.com/labstack/echo/v4"
)

// formOf reads a form. A form that is too large is an *http.MaxBytesError, one that is malformed a badRequest.
func formOf(c echo.Context) (url.Values, error) {
	r := c.Request()
	if err := r.ParseForm(); err != nil {
		var tooLarge *http.MaxBytesError
		if errors.As(err, &tooLarge) {
			return nil, err
		}
		return nil, badRequest{"", "The form is malformed. Nothing was done. Open the page again and resend the form."}
	}
	return r.PostForm, nil
}

// sequenceOf returns the sequence of an event that a parameter of an address holds; 0 when there is none.
func sequenceOf(given url.Values, name string) (uint64, error) {
	if given.Get(name) == "" {
		return 0, nil
	}
	seq, err := strconv.ParseUint(given.Get(name), 10, 63)
	if err != nil {
		return 0, badRequest{name, "The parameter " + name + " must be the sequence of an event: a whole number."}
	}
	return seq, nil
}

// addressOf returns a path with parameters, given as names and values. Empty values are left out.
func addressOf(path string, params ...string) string {
	query := url.Values{}
	for i := 0; i+1 < len(params); i += 2 {
		if params[i+1] != "" {
			query.Set(params[i], params[i+1])
		}
	}
	if len(query) == 0 {
		return path
	}
	return path + "?" + query.Encode()
}

// clientPath returns the address of a client's page.
func clientPath(id string) string { return "/admin/clients/" + url.PathEscape(id) }
