// Package web is the dashboard: where administrators browse the registry, watch its log and revoke clients.
//
// Pages are rendered on the server and work without scripts. With scripts, htmx asks for the same pages and
// shows a part of each. Streams of server-sent events keep pages current: that of the event log holds its new rows,
// all others are told when to ask for themselves again. How pages look is the package ui.
package web

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/alexedwards/scs/v2"
	"github.com/labstack/echo/v4"
	"github.com/prometheus/client_golang/prometheus"

	"roster/api/front"
	"roster/api/lastuse"
	"roster/api/refusals"
	"roster/domain"
	"roster/domain/access"
	"roster/domain/registrar"
	"roster/projections/readmodel"
	"roster/web/ui"
)

// Administrators checks who may sign in. Its contract is that of access.Administrators.
type Administrators interface {
	Password(ctx context.Context, from, user, password string) (domain.Actor, error)
}

// Options is what the dashboard needs. All of it but Refusals, LastUse, Settings, Deployment and Observer must be given.
type Options struct {
	Registrar      *registrar.Registrar
	Reader         readmodel.Reader
	Administrators Administrators
	// Refusals are why registrations and changes were refused; nil: none are kept.
	Refusals *refusals.Store
	// LastUse is when clients were authenticated last; nil: nothing is known of it.
	LastUse *lastuse.Store
	// Settings are those of the program, in the order in which they are shown.
	Settings []Setting
	// Deployment is what the program knows of itself; the zero Deployment says nothing.
	Deployment Deployment
	// PublicURL is the address that browsers use. Its scheme decides whether cookies need https.
	PublicURL string
	// RegistrationMode decides what a registry without clients says of how to register one.
	RegistrationMode access.RegistrationMode
	// Sessions keeps the sessions of signed-in administrators; nobody else has one.
	Sessions scs.Store
	// Observer is who logs and counts requests; nil: one of the dashboard's own.
	Observer *front.Observer
	// Clock tells the time that pages show and count from.
	Clock  func() time.Time
	Logger *slog.Logger
	// Stop ends when the server begins to stop. Live streams end with it.
	Stop context.Context
}

// Web is the dashboard. It may be used concurrently.
type Web struct {
	registrar      *registrar.Registrar
	reader         readmodel.Reader
	administrators Administrators
	refused        *refusals.Store
	lastUse        *lastuse.Store
	settings       []Setting
	deployment     Deployment
	sample         sample
	sessions       *sessions
	origins        *http.CrossOriginProtection
	clock          func() time.Time
	logger         *slog.Logger
	stop           context.Context
	handler        http.Handler
}

// New returns the dashboard, or an error that says which option is missing or wrong.
func New(o Options) (*Web, error) {
	switch {
	case o.Registrar == nil, o.Reader == nil, o.Administrators == nil, o.Sessions == nil,
		o.RegistrationMode == "", o.Clock == nil, o.Logger == nil, o.Stop == nil:
		return nil, errors.New("dashboard: every option must be given")
	}
	public, err := url.Parse(o.PublicURL)
	if err != nil || public.Host == "" || public.Scheme != "http" && public.Scheme != "https" {
		return nil, fmt.Errorf("dashboard: public URL %q is not an http or https URL", o.PublicURL)
	}
	origins := http.NewCrossOriginProtection()
	if err := origins.AddTrustedOrigin(public.Scheme + "://" + public.Host); err != nil {
		return nil, fmt.Errorf("dashboard: public URL: %w", err)
	}
	if o.Observer == nil {
		o.Observer = front.NewObserver(o.Logger, prometheus.NewRegistry())
	}
	w := &Web{
		registrar:      o.Registrar,
		reader:         o.Reader,
		administrators: o.Administrators,
		refused:        o.Refusals,
		lastUse:        o.LastUse,
		settings:       o.Settings,
		deployment:     o.Deployment,
		sample:         sample{strings.TrimSuffix(o.PublicURL, "/"), o.RegistrationMode},
		sessions:       newSessions(o.Sessions, public.Scheme == "https"),
		origins:        origins,
		clock:          o.Clock,
		logger:         o.Logger,
		stop:           o.Stop,
	}
	if w.handler, err = compressed(w.routes(o.Observer)); err != nil {
		return nil, fmt.Errorf("dashboard: %w", err)
	}
	return w, nil
}

// formLimit is how large a form may be.
const formLimit = 16 << 10

// ServeHTTP answers /admin, what is below it, and /, which leads there. The addresses of callers are those
// of their connections.
func (w *Web) ServeHTTP(rw http.ResponseWriter, r *http.Request) { w.handler.ServeHTTP(rw, r) }

func (w *Web) routes(observer *front.Observer) *echo.Echo {
	d := front.New(observer, w.answerError, secure, inZone)

	for _, a := range ui.Assets() {
		front.Get(d, a.Path, serveAsset(a))
	}

	page := d.Group("/admin", w.sameOrigin, front.Brief, limitForm)
	front.Get(page, "", func(c echo.Context) error { return c.Redirect(http.StatusMovedPermanently, "/admin/") })
	front.Get(page, "/login", w.showLogin)
	page.POST("/login", w.login)
	page.POST("/logout", w.logout)

	inside := page.Group("", w.signedIn, canonical)
	front.Get(inside, "/", w.showing(w.overview, w.pastOverview))
	front.Get(inside, "/clients", w.showing(w.clients, w.pastClients))
	w.routeClient(inside)
	front.Get(inside, "/diff", w.diff)
	front.Get(inside, "/find", w.find)
	inside.POST("/preferences", w.prefer)
	w.routeActs(inside)
	w.routeTokens(inside)
	front.Get(inside, "/events", w.events)
	front.Get(inside, "/events/:seq", w.event)
	front.Get(inside, "/refusals", w.showRefusals)
	front.Get(inside, "/settings", w.showSettings)
	inside.RouteNotFound("/*", func(echo.Context) error { return echo.ErrNotFound })

	// Streams last, so no page's time limit holds for them.
	d.GET("/admin/events/stream", w.stream)
	d.GET("/admin/news", w.news)
	d.GET("/admin/clients/export", w.showing(w.exportClients, w.exportPastClients), w.signedIn)
	d.GET("/admin/events/export", w.exportEvents, w.signedIn)

	front.Get(d, "/", func(c echo.Context) error { return c.Redirect(http.StatusFound, "/admin/") })
	return d
}

// serveAsset answers with an asset, which a browser may keep for ever.
func serveAsset(a ui.Asset) echo.HandlerFunc {
	return func(c echo.Context) error {
		header := c.Response().Header()
		header.Set("Content-Type", a.ContentType)
		header.Set("Cache-Control", "public, max-age=31536000, immutable")
		http.ServeContent(c.Response(), c.Request(), "", time.Time{}, bytes.NewReader(a.Content))
		return nil
	}
}

// limitForm bounds the size of the form that a page reads.
func limitForm(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		r := c.Request()
		r.Body = http.MaxBytesReader(c.Response(), r.Body, formLimit)
		return next(c)
	}
}
