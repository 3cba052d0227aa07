package web_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"roster/domain"
	"roster/eventstore/memory"
	"roster/projections/readmodel"
	"roster/web"
	"roster/web/browsertest"
)

// pagesOf are pages that need the read model.
func pagesOf(clientID string) []string {
	path := "/admin/clients/" + clientID
	return []string{"/admin/", "/admin/clients", "/admin/clients?q=a", path, path + "/revoke", "/admin/tokens", "/admin/events", "/admin/events/1", "/admin/events/stream"}
}

// Until the read model has caught up for the first time every page says how far it is, and nothing else.
func TestPagesWhileTheReadModelCatchesUp(t *testing.T) {
	shared := memory.New()
	first := newProcess(t, memory.NewProcess(shared))
	client := first.register(t, name(1)).Client.ID
	first.register(t, name(2))
	log := memory.NewProcess(shared)
	log.Hold()
	r := newProcess(t, log)
	v := r.admin(t)
	for _, path := range pagesOf(client) {
		got := v.get(path)
		if got.status != http.StatusServiceUnavailable || got.header.Get("Retry-After") == "" ||
			!strings.Contains(textOf(got.body), "Catching up: 0 of 2 events") ||
			!strings.Contains(got.body, `<progress max="2" value="0"`) ||
			!strings.Contains(got.body, `<noscript><meta http-equiv="refresh"`) ||
			!strings.Contains(got.body, adminName) {
			t.Errorf("%s: status %d, Retry-After %q:\n%s", path, got.status, got.header.Get("Retry-After"), got.body)
		}
		if strings.Contains(got.body, "client 1") {
			t.Errorf("%s shows a part of the registry", path)
		}
	}
	got := v.post("/admin/clients/"+client+"/revoke", url.Values{})
	if got.status != http.StatusServiceUnavailable || !strings.Contains(got.body, "Nothing was done.") || strings.Contains(got.body, "http-equiv") {
		t.Errorf("revoking: status %d:\n%s", got.status, got.body)
	}
	if end, _ := shared.Last(t.Context()); end != 2 {
		t.Errorf("the log holds %d events, want 2", end)
	}
	log.Release(nil)
	if err := r.model.Wait(t.Context(), 2); err != nil {
		t.Fatal(err)
	}
	if got := v.get("/admin/clients/" + client); got.status != http.StatusOK || !strings.Contains(got.body, "client 1") {
		t.Errorf("caught up: status %d", got.status)
	}
}

// A page that cannot be shown yet opens by itself, with scripts and without.
func TestAPageOpensWhenTheReadModelHasCaughtUp(t *testing.T) {
	for name, scripts := range map[string]bool{"with scripts": true, "without": false} {
		t.Run(name, func(t *testing.T) {
			shared := memory.New()
			client := newProcess(t, memory.NewProcess(shared)).register(t, `{"client_name":"Portal","redirect_uris":["https://a.example.com/cb"]}`)
			log := memory.NewProcess(shared)
			log.Hold()
			r := newProcess(t, log)
			b := open(t, r)
			b.RunScripts(scripts)
			b.SignIn()
			path := "/admin/clients/" + client.Client.ID
			b.Visit(path)
			b.Until(`document.querySelector("h1").innerText === "Catching up: 0 of 1 events"`)
			if scripts {
				// What it says is replaced in place: the link that has the focus keeps it.
				b.TabTo(`e.innerText === "Clients" && e.closest(".ways")`)
				browsertest.Eval[bool](b, `document.querySelector("h1").remove(), true`)
				b.Until(`document.querySelector("h1")?.innerText === "Catching up: 0 of 1 events"`)
				if !browsertest.Eval[bool](b, `document.activeElement.closest(".ways") !== null`) {
					t.Error("the focus is lost")
				}
			}
			log.Release(nil)
			b.Until(`document.querySelector("h1")?.innerText === "Portal"`)
			b.UntilPath(path)
		})
	}
}

// A client that another process registered is never said to be unknown, whatever this one has applied.
func TestAClientOfAnotherProcessIsNotUnknown(t *testing.T) {
	shared := memory.New()
	other := newProcess(t, memory.NewProcess(shared))
	log := memory.NewProcess(shared)
	r := newProcess(t, log)
	log.Hold()
	client := other.register(t, name(1)).Client.ID
	v := r.admin(t)
	path := "/admin/clients/" + client + "/revoke"
	got := v.get(path)
	if got.status != http.StatusServiceUnavailable || !strings.Contains(got.body, "The read model is behind") ||
		!strings.Contains(got.body, "so this page would be out of date") || !strings.Contains(got.body, `data-refresh="`) {
		t.Errorf("asking: status %d:\n%s", got.status, got.body)
	}
	log.Release(nil)
	if got := v.get(path); got.status != http.StatusOK || !strings.Contains(got.body, "Revoke this client?") {
		t.Errorf("asking: status %d:\n%s", got.status, got.body)
	}
	if got := v.post(path, url.Values{}); got.status != http.StatusSeeOther {
		t.Errorf("revoking: status %d:\n%s", got.status, got.body)
	}
}

// A read model that has stopped is said on every page, and a page that would lack what was acknowledged since is
// not shown.
func TestPagesOfAReadModelThatHasStopped(t *testing.T) {
	log := memory.NewProcess(memory.New())
	r := newProcess(t, log)
	client := r.register(t, name(1)).Client.ID
	v := r.admin(t)
	if got := v.get("/admin/"); strings.Contains(got.body, `class="note`) {
		t.Fatalf("before it stopped:\n%s", got.body)
	}
	log.Hold()
	system := domain.Envelope{ID: "new", Time: time.Now(), Aggregate: domain.RegistryAggregate(),
		Actor: domain.Actor{Kind: domain.ActorSystem, ID: "roster"}, Event: domain.LossAccepted{From: 7, To: 9}}
	if _, err := log.Log.Append(t.Context(), domain.Change{Events: []domain.Envelope{system}}); err != nil { // by another process
		t.Fatal(err)
	}
	log.Release(errors.New("type <b>Unheard of</b> is not known"))
	if err := r.model.Wait(t.Context(), 2); err == nil {
		t.Fatal("the read model goes on")
	}
	const why = "The read model has stopped. Event 2 could not be applied: "
	for _, path := range pagesOf(client) {
		if strings.HasSuffix(path, "/stream") {
			continue // it says nothing
		}
		if got := v.get(path); got.status != http.StatusOK || !strings.Contains(textOf(got.body), why) ||
			!strings.Contains(got.body, "type &lt;b&gt;Unheard of&lt;/b&gt; is not known") {
			t.Errorf("%s: status %d:\n%s", path, got.status, textOf(got.body))
		}
	}

	late := domain.Envelope{ID: "late", Time: time.Now(), Aggregate: domain.RegistryAggregate(), Actor: system.Actor, Event: domain.LossAccepted{From: 10, To: 11}}
	if _, err := log.Append(t.Context(), domain.Change{Expected: 2, Events: []domain.Envelope{late}}); err != nil {
		t.Fatal(err)
	}
	for _, path := range pagesOf(client) {
		got := v.get(path)
		if got.status != http.StatusServiceUnavailable || got.header.Get("Retry-After") == "" || !strings.Contains(got.body, "Event 2 could not be applied") {
			t.Errorf("%s: status %d:\n%s", path, got.status, got.body)
		}
		if strings.Contains(got.body, "client 1") || strings.Contains(got.body, "http-equiv") {
			t.Errorf("%s shows what is old, or refreshes:\n%s", path, got.body)
		}
	}
}

// unavailable is a read model whose queries fail.
type unavailable struct {
	readmodel.Reader
	err    error
	health readmodel.Health
}

func (u unavailable) Health() readmodel.Health { return u.health }

func (u unavailable) Client(context.Context, string) (readmodel.Client, error) {
	return readmodel.Client{}, u.err
}

func (u unavailable) Clients(context.Context, readmodel.ClientQuery) (readmodel.ClientPage, error) {
	return readmodel.ClientPage{}, u.err
}

func (u unavailable) Overview(context.Context, time.Time, int) (readmodel.Overview, error) {
	return readmodel.Overview{}, u.err
}

func (u unavailable) Events(context.Context, readmodel.EventQuery) ([]readmodel.Event, error) {
	return nil, u.err
}

func (u unavailable) FindEvents(context.Context, readmodel.EventQuery) (readmodel.EventPage, error) {
	return readmodel.EventPage{}, u.err
}

func (u unavailable) InitialAccessTokens(context.Context, readmodel.InitialAccessTokenQuery) (readmodel.InitialAccessTokenPage, error) {
	return readmodel.InitialAccessTokenPage{}, u.err
}

// states are the states of a read model in which no page can be shown, with what pages say then.
var states = map[string]struct {
	reader unavailable
	want   string
}{
	"catching up": {unavailable{err: fmt.Errorf("page: %w", &readmodel.CatchingUpError{Applied: 1200, Last: 90000}),
		health: readmodel.Health{Applied: 1200, Last: 90000}}, "Catching up: 1,200 of 90,000 events"},
	"rebuilding": {unavailable{err: &readmodel.CatchingUpError{Applied: 5, Last: 9},
		health: readmodel.Health{Applied: 5, Last: 9, Trouble: readmodel.ErrRebuilding}}, "Catching up: 5 of 9 events"},
	"behind": {unavailable{err: fmt.Errorf("page: %w", readmodel.ErrBehind),
		health: readmodel.Health{Applied: 1200, Last: 1300}}, "It holds 1,200 of 1,300 events"},
	"in trouble": {unavailable{err: readmodel.ErrBehind,
		health: readmodel.Health{Applied: 1200, Last: 1300, Trouble: errors.New("disk at /srv/x")}}, "The read model cannot follow the event log"},
	"stopped": {unavailable{err: fmt.Errorf("%w: it has stopped", readmodel.ErrUnavailable),
		health: readmodel.Health{Applied: 1200, Last: 1300, Err: errors.New("unknown type")}}, "Event 1,201 could not be applied: unknown type."},
	"unreadable": {unavailable{err: fmt.Errorf("%w: disk at /srv/x", readmodel.ErrUnavailable)}, "The read model cannot be read"},
}

// Every page of a read model that cannot be read says why, and refreshes unless that is in vain. What an
// administrator was to be told is told on the next page that can be shown.
func TestPagesOfAReadModelThatCannotBeRead(t *testing.T) {
	for name, state := range states {
		t.Run(name, func(t *testing.T) {
			r := newRegistry(t, func(o *web.Options) { state.reader.Reader = o.Reader; o.Reader = state.reader })
			v := r.admin(t)
			for _, path := range pagesOf("a") {
				got := v.get(path)
				refreshes := strings.Contains(got.body, `data-refresh="2"`) && strings.Contains(got.body, `http-equiv="refresh" content="2"`)
				if got.status != http.StatusServiceUnavailable || got.header.Get("Retry-After") == "" ||
					!strings.Contains(textOf(got.body), state.want) || refreshes == (name == "stopped") {
					t.Errorf("%s: status %d, refreshes: %t:\n%s", path, got.status, refreshes, got.body)
				}
				if strings.Contains(got.body, "/srv/x") || strings.Contains(got.body, `class="note`) {
					t.Errorf("%s says too much:\n%s", path, got.body)
				}
			}
			if got := v.get("/admin/none"); got.status != http.StatusNotFound {
				t.Errorf("a page that does not exist: status %d", got.status)
			}
			passes := name == "catching up" || name == "rebuilding" // which the log tells once
			if logged := r.logged.String(); strings.Contains(logged, "level=ERROR") == passes {
				t.Errorf("the log is\n%s", logged)
			}
		})
	}
}

// The pages of such a read model are accessible, and so are those of one that has stopped but can be read.
func TestPagesOfAReadModelThatCannotBeReadAreAccessible(t *testing.T) {
	check := func(name string, o option) {
		t.Run(name, func(t *testing.T) {
			r := newRegistry(t, o)
			b := open(t, r)
			b.SignIn()
			b.CheckPage("/admin/")
		})
	}
	for name, state := range states {
		check(name, func(o *web.Options) { state.reader.Reader = o.Reader; o.Reader = state.reader })
	}
	check("stopped and readable", func(o *web.Options) { o.Reader = ill{o.Reader, states["stopped"].reader.health} })
	check("in trouble and readable", func(o *web.Options) { o.Reader = ill{o.Reader, states["in trouble"].reader.health} })
}
