package web_test

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/alexedwards/scs/v2/memstore"

	"roster/cmd/roster/rostertest"
	"roster/domain"
	"roster/domain/access"
	"roster/domain/oauth"
	"roster/domain/registrar"
	"roster/eventstore/memory"
	"roster/projections/readmodel"
	"roster/web"
)

// Every refusal by the dashboard says in its line of the log which code and which parameter it has, and nothing
// that came with the request.
func TestRefusalsLeaveATrace(t *testing.T) {
	const marker = "hunter2marker"
	r := newRegistry(t, appending(func(domain.Change) error { return domain.ErrDiskFull }))
	client := r.register(t, `{"redirect_uris":["https://client.example.org/cb"]}`).Client.ID
	admin, nobody := r.admin(t), r.visitor(t)
	form := http.Header{"Content-Type": {"application/x-www-form-urlencoded"}}
	revoke := "/admin/clients/" + client + "/revoke"
	for _, test := range []struct {
		visitor *visitor
		method  string
		path    string
		form    url.Values
		header  http.Header
		want    string // of the line
	}{
		{admin, "GET", "/admin/" + marker, nil, nil, "status=404 code=not_found"},
		{admin, "GET", "/admin/clients/" + marker, nil, nil, "status=404 code=not_found"},
		{admin, "DELETE", "/admin/assets/dashboard.css?" + marker, nil, nil, "code="},
		{admin, "GET", "/admin/clients?cursor=" + marker, nil, nil, "status=400 code=invalid_request member=cursor"},
		{admin, "GET", "/admin/clients?status=" + marker, nil, nil, "status=400 code=invalid_request member=status"},
		{admin, "GET", "/admin/clients?q=" + long(marker, 100), nil, nil, "status=400 code=invalid_request member=q"},
		{admin, "GET", "/admin/events?type=" + marker, nil, nil, "status=400 code=invalid_request member=type"},
		{admin, "GET", "/admin/events?client=" + long(marker, 100), nil, nil, "status=400 code=invalid_request member=client"},
		{admin, "GET", "/admin/events?before=" + marker, nil, nil, "status=400 code=invalid_request member=before"},
		{admin, "GET", "/admin/events/stream?after=" + marker, nil, nil, "status=400 code=invalid_request member=after"},
		{admin, "GET", "/admin/?days=" + marker, nil, nil, "status=400 code=invalid_request member=days"},
		{admin, "POST", revoke, url.Values{"reason": {long(marker, 100)}}, nil, "status=422 code=invalid_request member=reason"},
		{admin, "POST", "/admin/clients/" + client + "/suspend", url.Values{"reason": {long(marker, 100)}}, nil, "status=422 code=invalid_request member=reason"},
		{admin, "POST", revoke, url.Values{"reason": {long(marker, 10_000)}}, nil, "status=413 code=invalid_request"},
		{admin, "POST", revoke, url.Values{"reason": {marker}}, http.Header{"Origin": {"https://" + marker + ".example"}}, "status=403 code=access_denied"},
		{admin, "POST", revoke, url.Values{"reason": {marker}}, nil, "status=503 code=temporarily_unavailable"},
		{nobody, "POST", "/admin/login", url.Values{"name": {marker}, "password": {marker}}, nil, "status=422 code=unauthorized"},
	} {
		header := form.Clone()
		for name, values := range test.header {
			header[name] = values
		}
		before := len(r.logged.String())
		got := test.visitor.send(test.method, test.path, test.form.Encode(), header)
		if got.status < 400 {
			t.Errorf("%s %s: answered %d", test.method, test.path, got.status)
		}
		// The end of an answer comes after its line.
		logged := r.logged.String()[before:]
		for part := range strings.FieldsSeq(test.want) {
			if !strings.Contains(logged, " "+part) {
				t.Errorf("%s %s: logged %s, want %s", test.method, test.path, logged, test.want)
			}
		}
		if strings.Contains(logged, "member=") != strings.Contains(test.want, "member=") {
			t.Errorf("%s %s: logged %s, want %s", test.method, test.path, logged, test.want)
		}
	}
	if strings.Contains(r.logged.String(), marker) {
		t.Errorf("a value of a request is in the log:\n%s", r.logged)
	}
}

// Whoever revokes a client that others change without a pause is told so once the request's time is over.
func TestWhoLosesToOthersIsTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log, logged := memory.New(), &rostertest.Buffer{}
		options := registrar.Options{Log: log, Sealer: rostertest.Keys(t), Policy: oauth.DefaultPolicy, Logger: discard}
		document, err := oauth.ParseDocument([]byte(`{"redirect_uris":["https://a.example.com/cb"]}`))
		if err != nil {
			t.Fatal(err)
		}
		registered, err := registrar.New(options).Register(t.Context(), "", document)
		if err != nil {
			t.Fatal(err)
		}
		attempts := 0
		options.Log = appends{log, func(domain.Change) error {
			attempts++
			return fmt.Errorf("nats at 10.0.0.1: %w", domain.ErrConflict)
		}}
		dashboard, err := web.New(web.Options{
			Registrar: registrar.New(options), Reader: oneClient{client: readmodel.Client{Client: registered.Client}},
			Administrators: nobody{}, PublicURL: "http://localhost", RegistrationMode: access.RegistrationOpen, Sessions: memstore.NewWithCleanupInterval(0),
			Clock: time.Now, Logger: slog.New(slog.NewTextHandler(logged, nil)), Stop: context.Background(),
		})
		if err != nil {
			t.Fatal(err)
		}
		req := httptest.NewRequest(http.MethodPost, "/admin/clients/"+registered.Client.ID+"/revoke", nil)
		req.AddCookie(&http.Cookie{Name: "roster_session", Value: signInDirectly(t, dashboard)})
		rec := httptest.NewRecorder()
		dashboard.ServeHTTP(rec, req)
		if body := rec.Body.String(); rec.Code != http.StatusConflict || !strings.Contains(body, "same moment") || strings.Contains(body, "10.0.0.1") {
			t.Errorf("status %d: %s", rec.Code, body)
		}
		if rec.Header().Get("Retry-After") != "" {
			t.Error("the answer has a Retry-After")
		}
		if text := logged.String(); !strings.Contains(text, " status=409 ") || !strings.Contains(text, " code=conflict") {
			t.Errorf("logged %s", text)
		}
		if attempts < 2 {
			t.Errorf("%d attempts", attempts)
		}
	})
}

// oneClient is a read model that knows one client.
type oneClient struct {
	emptyModel
	client readmodel.Client
}

func (m oneClient) Client(context.Context, string) (readmodel.Client, error) { return m.client, nil }
