package web_test

import (
	"context"
	"fmt"
	"log/slog"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/alexedwards/scs/v2"
	"github.com/alexedwards/scs/v2/memstore"

	"roster/api/refusals"
	"roster/cmd/roster/rostertest"
	"roster/domain"
	"roster/domain/access"
	"roster/domain/oauth"
	"roster/domain/registrar"
	"roster/eventstore/memory"
	"roster/projections/readmodel"
	"roster/web"
)

// The administrator of the tests.
const (
	adminName     = rostertest.AdminName
	adminPassword = rostertest.AdminPassword
)

// A registry is a whole registry with its dashboard, on a log in memory.
type registry struct {
	log       *memory.Process
	model     *readmodel.ReadModel
	registrar *registrar.Registrar
	refused   *refusals.Store
	sessions  scs.Store
	logged    *rostertest.Buffer
	stop      context.CancelFunc // ends live streams
	server    *httptest.Server
}

// settings are some of those that the program has.
var settings = []web.Setting{
	{Name: "listen", Environment: "ROSTER_LISTEN", Meaning: "Address of the HTTP server.", Value: "127.0.0.1:8080", Source: web.FromDefault},
	{Name: "admin-password", Environment: "ROSTER_ADMIN_PASSWORD", Meaning: "Password of the administrator.", Secret: true, IsSet: true, Source: web.FromEnvironment},
	{Name: "registration", Environment: "ROSTER_REGISTRATION", Meaning: "Who may register.", Value: "open", Source: web.FromDefault},
	{Name: "registration-rate", Environment: "ROSTER_REGISTRATION_RATE", Meaning: "Registrations a minute from one address.", Value: "600", Source: web.FromDefault},
	{Name: "allow-grant-types", Environment: "ROSTER_ALLOW_GRANT_TYPES", Meaning: "Grant types that clients may have.", Value: "authorization_code, refresh_token", Source: web.FromFlag},
	{Name: "allow-redirect-hosts", Environment: "ROSTER_ALLOW_REDIRECT_HOSTS", Meaning: "Hosts that redirect URIs may have.", Source: web.FromDefault},
	{Name: "max-clients", Environment: "ROSTER_MAX_CLIENTS", Meaning: "Active clients in all.", Value: "3", Source: web.FromFlag},
}

// An option changes what the dashboard is made of.
type option func(*web.Options)

// newRegistry starts an empty registry. It ends with the test.
func newRegistry(t testing.TB, options ...option) *registry {
	t.Helper()
	return newProcess(t, memory.NewProcess(memory.New()), options...)
}

// newProcess starts a registry on a log, which other processes may have too. It ends with the test.
func newProcess(t testing.TB, log *memory.Process, options ...option) *registry {
	t.Helper()
	logged := &rostertest.Buffer{}
	logger := slog.New(slog.NewTextHandler(logged, nil))
	below := rostertest.Start(t, log, logger)
	refused := refusals.Open(refusals.Options{Dir: t.TempDir(), Logger: logger})
	t.Cleanup(func() {
		if err := refused.Close(); err != nil {
			t.Error(err)
		}
	})
	stopped, stop := context.WithCancel(context.Background())
	r := &registry{
		log: log, model: below.Model, registrar: below.Registrar, refused: refused, sessions: memstore.NewWithCleanupInterval(0), logged: logged, stop: stop,
	}

	r.server = httptest.NewUnstartedServer(nil)
	o := web.Options{
		Registrar: r.registrar, Reader: below.Model, Administrators: below.Administrators, Refusals: refused,
		Settings: settings,
		Deployment: web.Deployment{
			Version: "v1.2.3", Started: time.Now(), Followers: []web.Follower{below.Model}, SealingKeys: rostertest.Keys(t).IDs(),
			FoundingKey: rostertest.Keys(t).IDs()[0], Formats: []web.Format{{Name: "ClientRegistered", Version: 3}, {Name: "ClientRevoked", Version: 1}},
		},
		PublicURL: "http://" + r.server.Listener.Addr().String(), RegistrationMode: access.RegistrationOpen, Sessions: r.sessions,
		Clock: time.Now, Logger: logger, Stop: stopped,
	}
	for _, change := range options {
		change(&o)
	}
	dashboard, err := web.New(o)
	if err != nil {
		t.Fatal(err)
	}
	r.server.Config.Handler = dashboard
	r.server.Start()

	t.Cleanup(func() {
		stop()
		r.server.Close()
	})
	return r
}

// appending lets the dashboard append as a function says, and others as before.
func appending(do func(domain.Change) error) option {
	return func(o *web.Options) {
		options := o.Registrar.Options
		options.Log = appends{options.Log, do}
		o.Registrar = registrar.New(options)
	}
}

// appends is a log that appends as a function says.
type appends struct {
	registrar.Log
	do func(domain.Change) error
}

func (l appends) Append(_ context.Context, changes ...domain.Change) (uint64, error) {
	return 0, l.do(changes[0])
}

// register registers a client and returns the registration.
func (r *registry) register(t testing.TB, body string) registrar.Registration {
	t.Helper()
	document, err := oauth.ParseDocument([]byte(body))
	if err != nil {
		t.Fatal(err)
	}
	registered, err := r.registrar.Register(t.Context(), "192.0.2.7", document)
	if err != nil {
		t.Fatal(err)
	}
	return registered
}

// issue issues an initial access token.
func (r *registry) issue(t testing.TB, command domain.IssueInitialAccessToken) registrar.IssuedInitialAccessToken {
	t.Helper()
	issued, err := r.registrar.IssueInitialAccessToken(t.Context(), domain.Actor{Kind: domain.ActorAdmin, ID: adminName, IP: "192.0.2.1"}, command)
	if err != nil {
		t.Fatal(err)
	}
	return issued
}

// registerWith registers a client with an initial access token.
func (r *registry) registerWith(t testing.TB, token, body string) registrar.Registration {
	t.Helper()
	document, err := oauth.ParseDocument([]byte(body))
	if err != nil {
		t.Fatal(err)
	}
	registered, err := r.registrar.RegisterWith(t.Context(), "192.0.2.7", token, document)
	if err != nil {
		t.Fatal(err)
	}
	return registered
}

// lastOf returns the sequence of the last event of a type.
func (r *registry) lastOf(t testing.TB, eventType string) uint64 {
	t.Helper()
	found, err := r.model.Events(t.Context(), readmodel.EventQuery{Type: eventType, Newest: true, Limit: 1})
	if err != nil || len(found) == 0 {
		t.Fatalf("no %s: %v", eventType, err)
	}
	return found[0].Seq
}

// refuse keeps that somebody was refused a moment ago.
func (r *registry) refuse(ip string, cause refusals.Cause, details refusals.Details) {
	r.refused.Record(time.Now(), ip, cause, func() refusals.Details { return details })
}

// update replaces a client's metadata.
func (r *registry) update(t testing.TB, client registrar.Registration, body string) {
	t.Helper()
	document, err := oauth.ParseDocument([]byte(body))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := r.registrar.Update(t.Context(), "192.0.2.7", client.Client.ID, client.RegistrationAccessToken, document); err != nil {
		t.Fatal(err)
	}
}

// append records what happened to the registry itself.
func (r *registry) append(t testing.TB, events ...domain.Event) {
	t.Helper()
	change := domain.Change{}
	for i, event := range events {
		change.Events = append(change.Events, domain.Envelope{
			ID: fmt.Sprint("registry-", i), Time: time.Now(), Aggregate: domain.RegistryAggregate(),
			Actor: domain.Actor{Kind: domain.ActorSystem, ID: "roster"}, Event: event,
		})
	}
	seq, err := r.log.Append(t.Context(), change)
	if err == nil {
		err = r.model.Wait(t.Context(), seq)
	}
	if err != nil {
		t.Fatal(err)
	}
}
