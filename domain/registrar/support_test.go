package registrar_test

import (
	"testing"
	"time"

	"roster/domain"
	"roster/domain/oauth"
	"roster/domain/registrar"
	"roster/eventstore/memory"
)

// registry is a registrar on a log in memory.
type registry struct {
	*registrar.Registrar
	log *memory.Log
	now time.Time
}

// marker seals by naming what was sealed.
type marker struct{}

func (marker) Seal(clientID, secret string) []byte { return []byte("sealed for " + clientID) }

func newRegistry() *registry {
	r := &registry{log: memory.New(), now: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)}
	r.Registrar = registrar.New(registrar.Options{
		Log: r.log, Sealer: marker{}, Policy: oauth.DefaultPolicy,
		SecretLifetime: time.Hour, Now: func() time.Time { return r.now },
	})
	return r
}

// elsewhere is another process on the same log.
func (r *registry) elsewhere() *registry {
	other := &registry{log: r.log, now: r.now}
	other.Registrar = registrar.New(r.Options)
	return other
}

func (r *registry) mustRegister(t *testing.T, body string) registrar.Registration {
	t.Helper()
	registration, err := r.Register(t.Context(), "192.0.2.1", parse(t, body))
	if err != nil {
		t.Fatal(err)
	}
	return registration
}

func parse(t *testing.T, body string) oauth.Document {
	t.Helper()
	document, err := oauth.ParseDocument([]byte(body))
	if err != nil {
		t.Fatal(err)
	}
	return document
}

// types returns the types of the events in the log, in order.
func (r *registry) types(t *testing.T) []string {
	t.Helper()
	last, err := r.log.Last(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var types []string
	for seq := uint64(1); seq <= last; seq++ {
		event, err := r.log.At(t.Context(), seq)
		if err != nil {
			t.Fatal(err)
		}
		types = append(types, event.Event.Type())
	}
	return types
}

// before does something in another process just before the next append.
func (r *registry) before(do func(elsewhere *registry)) {
	r.log.SetHooks(memory.Hooks{Append: func([]domain.Change) memory.Fault {
		r.log.SetHooks(memory.Hooks{})
		do(r.elsewhere())
		return memory.NoFault
	}})
}

const webApp = `{"redirect_uris":["https://a.example/cb"]}`

func putBack(registration registrar.Registration, members string) string {
	return `{"client_id":"` + registration.Client.ID + `","redirect_uris":["https://a.example/cb"]` + members + `}`
}
