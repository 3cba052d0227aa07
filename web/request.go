package web

import (
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/labstack/echo/v4"

	"roster/domain"
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

// canonical redirects to the address that a page has when it was asked for by another spelling: with a slash at the
// end, or with capital letters in a client's id.
func canonical(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		r := c.Request()
		if r.Method != http.MethodGet && r.Method != http.MethodHead || r.URL.Path == home {
			return next(c)
		}
		path := strings.TrimRight(r.URL.EscapedPath(), "/")
		if below, ok := strings.CutPrefix(path, clientPath("")); ok {
			id, act, _ := strings.Cut(below, "/")
			path = strings.TrimRight(clientPath("")+domain.CanonicalID(id)+"/"+act, "/")
		}
		if path == r.URL.EscapedPath() {
			return next(c)
		}
		if r.URL.RawQuery != "" {
			path += "?" + r.URL.RawQuery
		}
		return c.Redirect(http.StatusMovedPermanently, path)
	}
}

// liveHeader is in the requests of pages that ask for themselves again because something has happened.
const liveHeader = "Roster-Live"

// isLive reports whether a page asks for itself again, which nobody wanted of it: it must not keep a session alive, nor
// take the message that is meant for the next page.
func isLive(c echo.Context) bool { return c.Request().Header.Get(liveHeader) != "" }
