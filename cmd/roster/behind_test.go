package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"

	"roster/domain"
	"roster/domain/oauth"
	"roster/eventstore/jetstream"
)

// A read model that is behind the log must never make an answer wrong: what is decided on the log is answered, what
// only the read model knows is refused for now. The tests of this file put it behind in every way there is.

// holdReadModel keeps the projector of a running program from writing, until release is called or the test ends.
func holdReadModel(t *testing.T, data string) (release func()) {
	t.Helper()
	db, err := sql.Open("sqlite", filepath.Join(data, "readmodel.db"))
	if err != nil {
		t.Fatal(err)
	}
	db.SetMaxOpenConns(1)
	ctx, cancel := context.WithTimeout(t.Context(), deadline)
	defer cancel()
	connection, err := db.Conn(ctx)
	if err == nil {
		_, err = connection.ExecContext(ctx, `PRAGMA busy_timeout = 30000`)
	}
	if err == nil {
		_, err = connection.ExecContext(ctx, `BEGIN IMMEDIATE`)
	}
	if err != nil {
		t.Fatal(errors.Join(err, db.Close()))
	}
	release = sync.OnceFunc(func() {
		_, err := connection.ExecContext(context.WithoutCancel(ctx), `ROLLBACK`)
		if err := errors.Join(err, connection.Close(), db.Close()); err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(release)
	return release
}

// appendUnknown puts an event of a type that no program knows into the log of a stopped program.
func appendUnknown(t *testing.T, data string) {
	t.Helper()
	node, err := server.NewServer(&server.Options{
		ServerName: "roster", DontListen: true, JetStream: true, StoreDir: filepath.Join(data, "log"), NoSigs: true, NoLog: true,
	})
	if err != nil {
		t.Fatal(err)
	}
	node.Start()
	defer func() {
		node.Shutdown()
		node.WaitForShutdown()
	}()
	if !node.ReadyForConnections(deadline) {
		t.Fatal("NATS does not start")
	}
	connection, err := nats.Connect("", nats.InProcessServer(node))
	if err != nil {
		t.Fatal(err)
	}
	defer connection.Close()
	id := uuid.Must(uuid.NewV7()).String()
	answer, err := connection.RequestMsg(&nats.Msg{
		Subject: "roster.client." + id,
		Header: nats.Header{
			"Nats-Msg-Id": {id}, "Roster-Type": {"ClientPromoted"}, "Roster-Version": {"1"}, "Roster-Actor-Kind": {"system"},
			"Roster-Time": {time.Now().UTC().Format(time.RFC3339Nano)},
		},
		Data: []byte(`{"data":{}}`),
	}, deadline)
	if err != nil || strings.Contains(string(answer.Data), "error") {
		t.Fatalf("publish: %v, %s", err, answer.Data)
	}
}

// either makes a request that is answered with this status, or refused for now.
func (s *process) either(status int, method, url, authorization, body string) (_ answer, answered bool) {
	s.t.Helper()
	a, err := s.call(method, url, authorization, body)
	if err != nil {
		s.t.Fatalf("%s %s: %v\n%s", method, url, err, s.stderr)
	}
	switch {
	case a.status == status:
		return a, true
	case a.status != http.StatusServiceUnavailable:
		s.t.Errorf("%s %s: %d %s, want %d or 503", method, url, a.status, a.body, status)
	case a.header.Get("Retry-After") == "":
		s.t.Errorf("%s %s: %s without Retry-After", method, url, a.body)
	case !strings.HasPrefix(url, "/admin/") && a.member("error") != "temporarily_unavailable":
		s.t.Errorf("%s %s: 503 with %s", method, url, a.body)
	}
	return a, false
}

// moved is a document that gives a client another redirect URI.
func moved(c ownedClient) string {
	return `{"client_id":"` + c.id + `","redirect_uris":["https://moved.example.org/cb"]}`
}

// answersWhileBehind sends what clients and administrators ask for to a program whose read model may be behind, of clients and
// initial access tokens that another program, or the same one, has just registered on the same log.
func answersWhileBehind(writer, behind *process) {
	t := behind.t
	t.Helper()
	path := func(c ownedClient) string { return "/identity/register/" + c.id }

	c, other := writer.register(webApp), writer.register(webApp)
	shown := func(when string, a answer, uri string) {
		t.Helper()
		if a.member("client_id") != c.id || a.member("redirect_uris") != `["`+uri+`"]` {
			t.Errorf("%s: shown as %s", when, a.body)
		}
	}
	shown("registered", behind.must(http.StatusOK, "GET", path(c), c.token, ""), "https://client.example.org/cb")
	shown("registered", behind.must(http.StatusOK, "GET", path(c), "admin", ""), "https://client.example.org/cb")
	behind.must(http.StatusUnauthorized, "GET", path(c), other.token, "")
	behind.must(http.StatusUnauthorized, "GET", path(c), "wrong", "")
	if a, answered := behind.either(http.StatusOK, "GET", "/api/v1/clients/"+c.id, "admin", ""); answered {
		shown("to an administrator", a, "https://client.example.org/cb")
	}
	behind.either(http.StatusOK, "GET", "/api/v1/clients/"+c.id+"/events", "admin", "")

	// What this program has acknowledged it shows, or nothing.
	shown("changed", behind.must(http.StatusOK, "PUT", path(c), c.token, moved(c)), "https://moved.example.org/cb")
	shown("changed", behind.must(http.StatusOK, "GET", path(c), c.token, ""), "https://moved.example.org/cb")
	if a, answered := behind.either(http.StatusOK, "GET", "/api/v1/clients/"+c.id, "admin", ""); answered && a.member("version") != "2" {
		t.Errorf("changed: shown to an administrator as %s", a.body)
	}
	if a, answered := behind.either(http.StatusOK, "GET", "/api/v1/clients?limit=500", "admin", ""); answered && !strings.Contains(string(a.body), "https://moved.example.org/cb") {
		t.Errorf("changed: not among the clients: %s", a.body)
	}
	own := behind.register(webApp)
	behind.must(http.StatusOK, "GET", path(own), own.token, "")

	// What has ended admits nobody.
	behind.must(http.StatusNoContent, "DELETE", path(c), c.token, "")
	behind.must(http.StatusNoContent, "DELETE", "/api/v1/clients/"+other.id, "admin", "")
	for _, ended := range []ownedClient{c, other} {
		behind.must(http.StatusUnauthorized, "GET", path(ended), ended.token, "")
		behind.must(http.StatusUnauthorized, "PUT", path(ended), ended.token, moved(ended))
		if a, answered := behind.either(http.StatusOK, "GET", "/api/v1/clients/"+ended.id, "admin", ""); answered && a.member("status") == "active" {
			t.Errorf("ended: shown to an administrator as %s", a.body)
		}
	}

	// On the dashboard, too, nobody is told that a client does not exist.
	pages := writer.register(webApp)
	session := behind.signIn("admin", adminPassword)
	if status := behind.open("/admin/clients/"+pages.id, session); status != http.StatusOK && status != http.StatusServiceUnavailable {
		t.Errorf("the page of a client is answered %d", status)
	}
	switch status := behind.submit("/admin/clients/"+pages.id+"/revoke", session, url.Values{"reason": {"gone"}}); status {
	case http.StatusSeeOther:
		behind.must(http.StatusUnauthorized, "GET", path(pages), pages.token, "")
	case http.StatusServiceUnavailable:
		behind.must(http.StatusOK, "GET", path(pages), pages.token, "")
	default:
		t.Errorf("revoking on the dashboard is answered %d", status)
	}

	issued := writer.must(http.StatusCreated, "POST", "/api/v1/initial-access-tokens", "admin", `{"uses":2}`)
	invited := clientOf(behind.must(http.StatusCreated, "POST", "/identity/register", issued.member("token"), webApp))
	behind.must(http.StatusOK, "GET", path(invited), invited.token, "")
	behind.either(http.StatusOK, "GET", "/api/v1/initial-access-tokens/"+issued.member("id"), "admin", "")
	behind.must(http.StatusNoContent, "DELETE", "/api/v1/initial-access-tokens/"+issued.member("id"), "admin", "")
	behind.must(http.StatusUnauthorized, "POST", "/identity/register", issued.member("token"), webApp)
	if a, answered := behind.either(http.StatusOK, "GET", "/api/v1/initial-access-tokens/"+issued.member("id"), "admin", ""); answered && a.member("status") != "revoked" {
		t.Errorf("revoked: the initial access token is shown as %s", a.body)
	}
}

// submit posts a form of the dashboard with a session and returns the status.
func (s *process) submit(page string, session *http.Cookie, form url.Values) int {
	s.t.Helper()
	request, err := http.NewRequest("POST", s.base+page, strings.NewReader(form.Encode()))
	if err != nil {
		s.t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	request.AddCookie(session)
	response, err := http.DefaultTransport.RoundTrip(request)
	if err != nil {
		s.t.Fatal(err)
	}
	response.Body.Close()
	return response.StatusCode
}

// noRoom registers with a program that must refuse, for now or for good: there are as many clients as there may be.
func noRoom(s *process) {
	s.t.Helper()
	for range 3 {
		a, err := s.call("POST", "/identity/register", "", webApp)
		switch {
		case err != nil:
			s.t.Fatal(err)
		case a.status == http.StatusForbidden && a.member("error") == "access_denied":
		case a.status == http.StatusServiceUnavailable && a.header.Get("Retry-After") != "":
		default:
			s.t.Errorf("one client too many is answered %d %s", a.status, a.body)
		}
	}
}

// caughtUp waits until a program is ready, and refuses one client too many for good.
func caughtUp(s *process, clients int) {
	s.t.Helper()
	s.eventually("refusing for good", func() bool {
		a, err := s.call("POST", "/identity/register", "", webApp)
		return err == nil && a.status == http.StatusForbidden
	})
	list := s.must(http.StatusOK, "GET", "/api/v1/clients?status=active&limit=500", "admin", "")
	if n := strings.Count(string(list.body), `"client_id"`); n != clients {
		s.t.Errorf("%d clients, want %d", n, clients)
	}
}

// TestSecondProcessBehind holds the read model of one of two processes on an external JetStream.
func TestSecondProcessBehind(t *testing.T) {
	t.Parallel() // these tests wait more than they work
	nats := externalNATS(t)
	writer := start(t, t.TempDir(), "--nats-url", nats)
	behind := start(t, t.TempDir(), "--nats-url", nats)
	release := holdReadModel(t, behind.data)
	answersWhileBehind(writer, behind)
	last := writer.lastSeq()
	release()
	behind.eventually("caught up", func() bool {
		a, err := behind.call("GET", "/api/v1/events?after="+strconv.Itoa(number(t, last)-1), "admin", "")
		return err == nil && a.status == http.StatusOK && a.member("seq") == last
	})
}

// TestSecondProcessBehindCounts does so where one client is allowed, which is there.
func TestSecondProcessBehindCounts(t *testing.T) {
	t.Parallel() // these tests wait more than they work
	nats := externalNATS(t)
	writer := start(t, t.TempDir(), "--nats-url", nats, "--max-clients", "1")
	behind := start(t, t.TempDir(), "--nats-url", nats, "--max-clients", "1")
	release := holdReadModel(t, behind.data)
	writer.register(webApp)
	noRoom(behind)
	release()
	caughtUp(behind, 1)
}

// TestProjectorHeld holds the read model of a process that is alone.
func TestProjectorHeld(t *testing.T) {
	t.Parallel() // these tests wait more than they work
	s := start(t, t.TempDir())
	release := holdReadModel(t, s.data)
	answersWhileBehind(s, s)
	release()
	s.eventually("ready", func() bool {
		a, err := s.call("GET", "/readyz", "", "")
		return err == nil && a.status == http.StatusOK
	})
	s.must(http.StatusOK, "GET", "/api/v1/clients", "admin", "")
}

// TestProjectorHeldCounts has one client be allowed, which may come while the read model is held.
func TestProjectorHeldCounts(t *testing.T) {
	t.Parallel() // these tests wait more than they work
	s := start(t, t.TempDir(), "--max-clients", "1")
	release := holdReadModel(t, s.data)
	if _, registered := s.either(http.StatusCreated, "POST", "/identity/register", "", webApp); !registered {
		release()
		s.eventually("registered", func() bool {
			a, err := s.call("POST", "/identity/register", "", webApp)
			return err == nil && a.status == http.StatusCreated
		})
		release = holdReadModel(t, s.data)
	}
	noRoom(s)
	release()
	caughtUp(s, 1)
}

// TestProjectorStopped starts on a log with an event that this program does not know, as a newer one has written it.
// It says so, projects nothing beyond it, and answers what it can.
func TestProjectorStopped(t *testing.T) {
	t.Parallel() // these tests wait more than they work
	data := t.TempDir()
	s := start(t, data)
	before := s.register(webApp)
	if status := s.stop(); status != exitOK {
		t.Fatalf("exit status %d", status)
	}
	appendUnknown(t, data)
	for _, restart := range []string{"with a read model from before", "without a read model"} {
		s = launch(t, data)
		s.base = <-s.addresses()
		s.eventually("saying that the read model stopped, "+restart, func() bool {
			a, err := s.call("GET", "/readyz", "", "")
			return err == nil && a.status == http.StatusServiceUnavailable && strings.Contains(string(a.body), "stopped at an event that a newer version of Roster wrote") &&
				strings.Contains(s.stderr.String(), "ClientPromoted")
		})
		answersWhileBehind(s, s)
		s.must(http.StatusOK, "GET", "/identity/register/"+before.id, before.token, "")
		if status := s.stop(); status == exitOK {
			t.Errorf("%s: exit status %d, though the projector failed", restart, status)
		}
		removeReadModel(t, data)
	}
	s = launch(t, data, "--max-clients", "1")
	s.base = <-s.addresses()
	noRoom(s)
}

// TestRebuilding asks a process while it builds its read model from a long log.
func TestRebuilding(t *testing.T) {
	t.Parallel() // these tests wait more than they work
	const seeded = 40_000
	data := t.TempDir()
	s := start(t, data)
	c := s.register(webApp)
	session := s.signIn("admin", adminPassword)
	if status := s.stop(); status != exitOK {
		t.Fatalf("exit status %d", status)
	}
	seedClients(t, data, seeded)
	removeReadModel(t, data)

	s = launch(t, data, "--max-clients", strconv.Itoa(seeded))
	s.base = <-s.addresses()
	asked, catchingUp := 0, false
	s.eventually("rebuilt", func() bool {
		asked++
		for _, path := range []string{"/api/v1/clients/" + c.id, "/api/v1/clients", "/api/v1/events?after=1&limit=1"} {
			a, answered := s.either(http.StatusOK, "GET", path, "admin", "")
			catchingUp = catchingUp || !answered && strings.Contains(a.member("error_description"), "catching up: ")
		}
		s.must(http.StatusOK, "GET", "/identity/register/"+c.id, c.token, "")
		s.must(http.StatusOK, "PUT", "/identity/register/"+c.id, c.token, moved(c))
		noRoom(s)
		if status := s.open("/admin/clients/"+c.id, session); status != http.StatusOK && status != http.StatusServiceUnavailable {
			t.Errorf("the page of a client is answered %d", status)
		}
		a, err := s.call("GET", "/readyz", "", "")
		return err == nil && a.status == http.StatusOK
	})
	if !catchingUp {
		t.Errorf("in %d rounds nobody was told how far the read model is", asked)
	}
	if a := s.must(http.StatusOK, "GET", "/api/v1/clients/"+c.id, "admin", ""); a.member("version") != "2" {
		t.Errorf("shown as %s", a.body)
	}
}

func number(t testing.TB, text string) int {
	t.Helper()
	n, err := strconv.Atoi(text)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// seedClients registers clients in the log of a stopped program.
func seedClients(t *testing.T, data string, clients int) {
	t.Helper()
	unlock, err := jetstream.Lock(data)
	if err != nil {
		t.Fatal(err)
	}
	log, err := jetstream.Open(t.Context(), jetstream.Options{Dir: data, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(errors.Join(err, unlock()))
	}
	const writers = 64
	var writing sync.WaitGroup
	for i := range writers {
		writing.Go(func() {
			for n := i; n < clients; n += writers {
				id := uuid.Must(uuid.NewV7()).String()
				_, err := log.Append(t.Context(), domain.Change{Events: []domain.Envelope{{
					ID: uuid.Must(uuid.NewV7()).String(), Time: time.Now().UTC(), Aggregate: domain.ClientAggregate(id),
					Actor: domain.Actor{Kind: domain.ActorClient, ID: id},
					Event: domain.ClientRegistered{
						Metadata: oauth.Metadata{"client_name": oauth.Text(fmt.Sprint("Client ", n)), "redirect_uris": oauth.List{"https://client.example.org/cb"}},
						IssuedAt: time.Now().UTC().Truncate(time.Second), RegistrationAccessToken: domain.DigestOf(id),
					},
				}}})
				if err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	writing.Wait()
	if err := errors.Join(log.Close(), unlock()); err != nil {
		t.Fatal(err)
	}
}
