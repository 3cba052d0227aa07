package web

import (
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"
	_ "time/tzdata" // the machine may have no time zones

	"github.com/labstack/echo/v4"

	"roster/web/ui"
)

// preferencesPath takes how somebody wants to see pages. It is kept in cookies of the browser: it concerns nobody else.
const preferencesPath = "/admin/preferences"

// The cookies of preferences, which are also the names of the form's fields behind the prefix.
const (
	preferenceCookie = "roster_"
	zonePreference   = "zone"
	themePreference  = "theme"

	preferenceLifetime = 365 * 24 * time.Hour
)

// prefer keeps a preference and leads back to the page that it was chosen on.
func (w *Web) prefer(c echo.Context) error {
	form, err := formOf(c)
	if err != nil {
		return err
	}
	zone, theme := form.Get(zonePreference), form.Get(themePreference)
	switch {
	case form.Has(themePreference):
		if !isTheme(theme) {
			return badRequest{themePreference, "There is no such theme. Choose light, dark or that of the system."}
		}
		w.keepPreference(c, themePreference, theme)
	default:
		location := zoneNamed(zone)
		if location == nil {
			return badRequest{zonePreference, "There is no time zone “" + ui.PlainUntrusted(zone, ui.MomentLimit) +
				"”. Give the name of one, such as UTC, Europe/Berlin or America/New_York."}
		}
		w.keepPreference(c, zonePreference, location.String())
	}
	return c.Redirect(http.StatusSeeOther, localPath(form.Get("back")))
}

// keepPreference sets the cookie of a preference. An empty value ends it.
func (w *Web) keepPreference(c echo.Context, name, value string) {
	cookie := http.Cookie{
		Name: preferenceCookie + name, Value: value, Path: home, MaxAge: int(preferenceLifetime / time.Second),
		HttpOnly: true, Secure: w.sessions.manager.Cookie.Secure, SameSite: http.SameSiteLaxMode,
	}
	if value == "" {
		cookie.MaxAge = -1
	}
	c.SetCookie(&cookie)
}

// preferenceOf returns a preference as the browser has it, empty for none.
func preferenceOf(c echo.Context, name string) string {
	cookie, err := c.Cookie(preferenceCookie + name)
	if err != nil {
		return ""
	}
	return cookie.Value
}

// inZone has pages show times in the time zone that was chosen. A cookie that names none is ignored.
func inZone(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		if zone := zoneNamed(preferenceOf(c, zonePreference)); zone != nil {
			c.SetRequest(c.Request().WithContext(ui.WithZone(c.Request().Context(), zone)))
		}
		return next(c)
	}
}

// zones are the time zones that were asked for, by their names. Only names that exist are kept.
var zones sync.Map

// zoneNamed returns the time zone with a name of the IANA database, nil for none.
func zoneNamed(name string) *time.Location {
	if zone, ok := zones.Load(name); ok {
		return zone.(*time.Location)
	}
	if name == "" || name == "Local" { // which package time takes for UTC and the zone of the server
		return nil
	}
	zone, err := time.LoadLocation(name)
	if err != nil {
		return nil
	}
	zones.Store(name, zone)
	return zone
}

// themeOf returns the theme that was chosen.
func themeOf(c echo.Context) ui.Theme {
	if chosen := preferenceOf(c, themePreference); isTheme(chosen) {
		return ui.Theme(chosen)
	}
	return ui.SystemTheme
}

func isTheme(name string) bool {
	return slices.Contains([]ui.Theme{ui.SystemTheme, ui.LightTheme, ui.DarkTheme}, ui.Theme(name))
}

// addressShown returns the path and query of the page that a request asks for, home for one that asks for no page.
func addressShown(r *http.Request) string {
	if r.Method != http.MethodGet && r.Method != http.MethodHead || !strings.HasPrefix(r.URL.Path, home) {
		return home
	}
	return r.URL.RequestURI()
}
