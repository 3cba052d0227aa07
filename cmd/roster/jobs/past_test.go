package jobs_test

import (
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"roster/api"
	"roster/api/refusals"
	"roster/cmd/roster/rostertest"
	"roster/cmd/roster/vault"
	"roster/domain/access"
	"roster/domain/oauth"
	"roster/domain/registrar"
	"roster/eventstore/jetstream"
	"roster/projections"
	"roster/projections/readmodel"
)

// A past is what has happened on a data directory before the program is started on it: requests to the API, answered in
// the process of the test by a clock of its own. Each takes a second of that clock.
type past struct {
	testing.TB
	data    string
	clock   atomic.Int64 // seconds since 1970
	keys    vault.Keyring
	log     *jetstream.Log
	model   *readmodel.ReadModel
	refused *refusals.Store
	follow  *projections.Group
	http    http.Handler // by the rules that hold

	policy         oauth.Policy
	mode           access.RegistrationMode
	secretLifetime time.Duration
}

// dataWith returns a data directory with a past. It is open registration, under the default policy, unless the past says
// otherwise.
func dataWith(tb testing.TB, happened func(*past)) (data string) {
	tb.Helper()
	p := &past{TB: tb, data: filepath.Join(tb.TempDir(), "data")}
	p.open()
	p.under(oauth.DefaultPolicy, access.RegistrationOpen)
	happened(p)
	p.close()
	return p.data
}

func (p *past) open() {
	p.Helper()
	p.try(os.MkdirAll(p.data, 0o700))
	logger := slog.New(slog.DiscardHandler)
	var err error
	p.keys, err = vault.LoadKeyring(filepath.Join(p.data, "roster.key"))
	p.try(err)
	p.log, err = jetstream.Open(p.Context(), jetstream.Options{Dir: p.data, SealingKey: p.keys.IDs()[0], Logger: logger})
	p.try(err)
	p.model, err = readmodel.Open(p.Context(), readmodel.Options{Dir: p.data, Log: p.log, Logger: logger, Acknowledged: p.log.Acknowledged})
	p.try(err)
	p.follow = projections.Start(logger, p.model.Follower)
	p.refused = refusals.Open(refusals.Options{Dir: p.data, Logger: logger, Now: p.now})
}

func (p *past) close() {
	p.Helper()
	p.try(errors.Join(p.refused.Close(), p.follow.Stop(), p.model.Close(), p.log.Close()))
}

// under sets the rules that hold from now on.
func (p *past) under(policy oauth.Policy, mode access.RegistrationMode) {
	p.policy, p.mode = policy, mode
	p.rule()
}

// secretsLast sets the lifetime of client secrets from now on; 0: they never expire.
func (p *past) secretsLast(lifetime time.Duration) {
	p.secretLifetime = lifetime
	p.rule()
}

// rule has requests answered by the rules that are set.
func (p *past) rule() {
	logger := slog.New(slog.DiscardHandler)
	p.http = api.New(api.Options{
		Registrar: registrar.New(registrar.Options{
			Log: p.log, Snapshots: p.model, Census: p.model, Sealer: p.keys, Policy: p.policy,
			SecretLifetime: p.secretLifetime, Now: p.now, Logger: logger,
		}),
		Reader: p.model, Administrators: rostertest.Administrators(p), Refusals: p.refused, PublicURL: "http://roster.example",
		Policy: p.policy, RegistrationMode: p.mode, Logger: logger, Now: p.now,
	})
}

func (p *past) now() time.Time { return time.Unix(p.clock.Load(), 0).UTC() }

func (p *past) try(err error) {
	p.Helper()
	if err != nil {
		p.Fatal(err)
	}
}

// at sets the clock. A past is told from its beginning, and is over.
func (p *past) at(t time.Time) {
	p.Helper()
	if t.Before(p.now()) || t.After(time.Now()) {
		p.Fatalf("%s is not between %s and now", t, p.now())
	}
	p.clock.Store(t.Unix())
}

// must makes a request from an address that is answered with a status. authorization is "" or that of HTTP.
func (p *past) must(status int, ip, method, path, authorization, body string) answer {
	p.Helper()
	p.clock.Add(1)
	request := httptest.NewRequestWithContext(p.Context(), method, path, strings.NewReader(body))
	request.RemoteAddr = ip + ":443"
	if strings.Contains(ip, ":") {
		request.RemoteAddr = "[" + ip + "]:443"
	}
	if body != "" {
		request.Header.Set("Content-Type", "application/json")
	}
	if authorization != "" {
		request.Header.Set("Authorization", authorization)
	}
	recorder := httptest.NewRecorder()
	p.http.ServeHTTP(recorder, request)
	if recorder.Code != status {
		p.Fatalf("%s %s: %d %s, want %d", method, path, recorder.Code, recorder.Body, status)
	}
	a := answer{}
	_ = json.Unmarshal(recorder.Body.Bytes(), &a) // an answer without a body has no members
	return a
}

// An answer is the members of a JSON object.
type answer map[string]any

// text returns a member that is a text.
func (a answer) text(member string) string {
	text, _ := a[member].(string)
	return text
}

// A registration is what a client knows of itself.
type registration struct{ id, registrationAccessToken string }

const registerPath = "/identity/register"

// register registers a client from an address.
func (p *past) register(ip, document string) registration {
	p.Helper()
	return p.registerWith(ip, "", document)
}

// registerWith registers a client from an address with an initial access token.
func (p *past) registerWith(ip, initialAccessToken, document string) registration {
	p.Helper()
	authorization := ""
	if initialAccessToken != "" {
		authorization = "Bearer " + initialAccessToken
	}
	a := p.must(http.StatusCreated, ip, http.MethodPost, registerPath, authorization, document)
	return registration{a.text("client_id"), a.text("registration_access_token")}
}

// update has a client replace its metadata from an address. The document needs no client_id.
func (p *past) update(ip string, c registration, document string) {
	p.Helper()
	members := map[string]any{}
	p.try(json.Unmarshal([]byte(document), &members))
	members["client_id"] = c.id
	whole, err := json.Marshal(members)
	p.try(err)
	p.must(http.StatusOK, ip, http.MethodPut, registerPath+"/"+c.id, "Bearer "+c.registrationAccessToken, string(whole))
}

// delete has a client delete itself from an address.
func (p *past) delete(ip string, c registration) {
	p.Helper()
	p.must(http.StatusNoContent, ip, http.MethodDelete, registerPath+"/"+c.id, "Bearer "+c.registrationAccessToken, "")
}

// office is where the administrator is.
const office = "192.0.2.1"

// revoke has the administrator revoke a client.
func (p *past) revoke(c registration, reason string) {
	p.Helper()
	p.must(http.StatusNoContent, office, http.MethodDelete, "/api/v1/clients/"+c.id+"?reason="+url.QueryEscape(reason), asAdmin, "")
}

// issue has the administrator issue an initial access token with the terms of the API's document.
func (p *past) issue(document string) (id, token string) {
	p.Helper()
	a := p.must(http.StatusCreated, office, http.MethodPost, "/api/v1/initial-access-tokens", asAdmin, document)
	return a.text("id"), a.text("token")
}
