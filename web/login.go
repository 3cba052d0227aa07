package web

import (
	"errors"
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"roster/api/front"
	"roster/domain/access"
	"roster/web/ui"
)

// A loginForm is what the sign-in shows again after a failed attempt. It never holds the password.
type loginForm struct {
	Next    string // the page to go to
	Name    string
	Failure string // what was wrong; empty: nothing yet
}

// failureID returns the id of the element that says what was wrong, empty when there is none.
func (f loginForm) failureID() string {
	if f.Failure == "" {
		return ""
	}
	return "failure"
}

// showLogin shows the sign-in, or leads on who is signed in already.
func (w *Web) showLogin(c echo.Context) error {
	ctx, err := w.sessions.load(c.Request())
	if err != nil {
		return err
	}
	next := localPath(c.QueryParam("next"))
	if w.sessions.administrator(ctx) != "" {
		return c.Redirect(http.StatusSeeOther, next)
	}
	return w.render(c, http.StatusOK, loginPage(w.page(c, "Sign in", ""), loginForm{Next: next}))
}

// login signs in.
func (w *Web) login(c echo.Context) error {
	form, err := formOf(c)
	if err != nil {
		return err
	}
	again := loginForm{Next: localPath(form.Get("next")), Name: ui.Shorten(form.Get("name"), ui.CellLength)}
	r := c.Request()

	admin, err := w.administrators.Password(r.Context(), c.RealIP(), form.Get("name"), form.Get("password"))
	var throttled *access.Throttled
	switch {
	case errors.As(err, &throttled):
		front.SetRetryAfter(c.Response().Header(), throttled.RetryAfter)
		again.Failure = "Too many failed attempts. Wait " + inWords(throttled.RetryAfter) + ", then try again. This password was not checked."
		return w.render(c, http.StatusTooManyRequests, loginPage(w.page(c, "Sign in", ""), again))
	case errors.Is(err, access.ErrRefused):
		front.Refuse(c, front.Refusal{Code: front.Unauthorized})
		again.Failure = "Wrong name or password."
		return w.render(c, http.StatusUnprocessableEntity, loginPage(w.page(c, "Sign in", ""), again))
	case err != nil:
		return err
	}

	ctx, err := w.sessions.load(r)
	if err != nil {
		return err
	}
	if err := w.sessions.begin(ctx, c.Response(), admin.ID); err != nil {
		return err
	}
	w.logger.Info("administrator signed in", "administrator", admin.ID)
	return c.Redirect(http.StatusSeeOther, again.Next)
}

// logout signs out. Signing out without a session is no error.
func (w *Web) logout(c echo.Context) error {
	ctx, err := w.sessions.load(c.Request())
	if err != nil {
		return err
	}
	if err := w.sessions.end(ctx, c.Response()); err != nil {
		return err
	}
	return c.Redirect(http.StatusSeeOther, "/admin/login")
}

// inWords says how long to wait: "40 seconds", "3 minutes", rounded up.
func inWords(wait time.Duration) string {
	if wait < 2*time.Minute {
		return ui.Quantity(int(wait.Seconds()), "second", "seconds")
	}
	return ui.Quantity(int((wait+time.Minute-1)/time.Minute), "minute", "minutes")
}
