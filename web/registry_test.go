package web_test

import (
	"context"
	"encoding/base64"
	"fmt"
	"log/slog"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/alexedwards/scs/v2"
	"github.com/alexedwards/scs/v2/memstore"
	"golang.org/x/crypto/argon2"

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
	adminName     = "admin"
	adminPassword = "correct horse battery staple"
)

// passwordHash is a hash of adminPassword that takes little to check: how much it should take is not
// the dashboard's business.
var passwordHash = func() string {
	salt := []byte("salt of the tests")
	sum := argon2.IDKey([]byte(adminPassword), salt, 1, 8, 1, 32)
	return fmt.Sprintf("$argon2id$v=%d$m=8,t=1,p=1$%s$%s", argon2.Version,
		base64.RawStdEncoding.EncodeToString(salt), base64.RawStdEncoding.EncodeToString(sum))
}()

// A registry is a whole registry with its dashboard, on a log in memory.
type registry struct {
	log       *memory.Process
	model     *readmodel.ReadModel
	registrar *registrar.Registrar
	sessions  scs.Store
	logged    *lines
	stop      context.CancelFunc // ends live streams
	server    *httptest.Server
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
	ctx, cancel := context.WithCancel(t.Context())
	logged := &lines{}
	logger := slog.New(slog.NewTextHandler(logged, nil))
	model, err := readmodel.Open(ctx, readmodel.Options{Dir: t.TempDir(), Log: log, Logger: logger, Acknowledged: log.Acknowledged})
	if err != nil {
		t.Fatal(err)
	}
	ran := make(chan error, 1)
	go func() { ran <- model.Run(ctx) }()
	admins, err := access.New(access.Options{User: adminName, PasswordHash: passwordHash})
	if err != nil {
		t.Fatal(err)
	}
	stopped, stop := context.WithCancel(context.Background())
	r := &registry{
		log: log, model: model, sessions: memstore.NewWithCleanupInterval(0), logged: logged, stop: stop,
		registrar: registrar.New(registrar.Options{Log: log, Snapshots: model, Sealer: unsealed{}, Policy: oauth.DefaultPolicy}),
	}

	r.server = httptest.NewUnstartedServer(nil)
	o := web.Options{
		Registrar: r.registrar, Reader: model, Administrators: admins,
		PublicURL: "http://" + r.server.Listener.Addr().String(), Sessions: r.sessions,
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
		cancel()
		<-ran
		if err := model.Close(); err != nil {
			t.Error(err)
		}
	})
	return r
}

// unsealed seals nothing: no client of these tests needs its secret again.
type unsealed struct{}

func (unsealed) Seal(string, string) []byte { return nil }

// lines keeps what was logged.
type lines struct {
	mu   sync.Mutex
	text []byte
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.text = append(l.text, p...)
	return len(p), nil
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return string(l.text)
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
