// Package api is the registry over HTTP: registration (OpenID Connect Dynamic Client Registration 1.0,
// RFC 7591), client management (RFC 7592), the administrators' and auditors' JSON, the event feed, what authorization
// servers live on, health, metrics and their OpenAPI description.
//
// It knows HTTP and JSON and no rule of what a client may be.
package api

import (
	"context"
	"log/slog"
	"net/http"
	"strings"
	"sync/atomic"
	"time"

	"github.com/labstack/echo/v4"
	"github.com/prometheus/client_golang/prometheus"

	"roster/api/front"
	"roster/api/lastuse"
	"roster/api/refusals"
	"roster/domain"
	"roster/domain/access"
	"roster/domain/oauth"
	"roster/domain/registrar"
	"roster/projections/readmodel"
)

// Administrators checks credentials. Its contract is that of *access.Administrators.
type Administrators interface {
	Password(ctx context.Context, from, user, password string) (domain.Actor, error)
	Token(ctx context.Context, from, apiToken string) (domain.Actor, error)
}

// Options is what an API is made of. Everything but Authority, Refusals, LastUse, Metrics, Observer, Now and Ready must be
// given.
type Options struct {
	Registrar      *registrar.Registrar
	Reader         readmodel.Reader
	Administrators Administrators

	PublicURL        string       // base of registration_client_uri, without a slash at its end
	Policy           oauth.Policy // the registrar's
	RegistrationMode access.RegistrationMode
	RegistrationRate int // registrations a minute from one address, and as many changes; 0: no limit

	Authority AuthorityOptions

	Refusals *refusals.Store // of registrations and changes; nil: none are kept
	LastUse  *lastuse.Store  // of clients; nil: none is kept

	Logger   *slog.Logger
	Metrics  *prometheus.Registry            // where the API registers its metrics and what it serves; nil: one of its own
	Observer *front.Observer                 // of the requests; nil: one of its own, at Metrics
	Now      func() time.Time                // nil: time.Now
	Ready    func(ctx context.Context) error // whether the log can be written; nil: always
}

// API serves the registry over HTTP. It may be used concurrently.
type API struct {
	Options
	echo    *echo.Echo
	metrics *metrics

	registrations, changes echo.MiddlewareFunc // the limits on what a caller may do
	document               []byte              // the OpenAPI document
	metadata               atomic.Pointer[metadata]
	closing                context.Context
	close                  context.CancelFunc
}

// New returns the API. It answers every path that it is asked for, those it does not know with a
// JSON 404, so that a dashboard may have any of them before it.
func New(o Options) *API {
	if o.Metrics == nil {
		o.Metrics = prometheus.NewRegistry()
	}
	if o.Observer == nil {
		o.Observer = front.NewObserver(o.Logger, o.Metrics)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Ready == nil {
		o.Ready = func(context.Context) error { return nil }
	}
	o.PublicURL = strings.TrimRight(o.PublicURL, "/")
	a := &API{Options: o}
	a.metrics = newMetrics(o.Metrics, o.Reader, o.Refusals, o.LastUse)
	a.metadata.Store(newMetadata(serverMetadata(o.Policy, o.PublicURL, a.registrationEndpoint()), ""))
	a.closing, a.close = context.WithCancel(context.Background())

	a.echo = front.New(o.Observer, answerError, protect, cors(), targeted)
	a.registrations = limitRate("registrations", a.RegistrationRate, a.Now)
	a.changes = exceptAdministrators(limitRate("changes", a.RegistrationRate, a.Now))
	endpoints := a.endpoints()
	for _, e := range endpoints {
		a.route(e)
	}
	a.document = openAPI(o.PublicURL, endpoints)
	return a
}

// ServeHTTP answers a request.
func (a *API) ServeHTTP(w http.ResponseWriter, r *http.Request) { a.echo.ServeHTTP(w, a.atIssuer(r)) }

// Close ends the live event feeds, which would otherwise keep a server from shutting down. It belongs into
// http.Server.RegisterOnShutdown.
func (a *API) Close() { a.close() }
