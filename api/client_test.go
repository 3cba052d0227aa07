package api_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"roster/api"
	"roster/api/client"
	"roster/domain/access"
)

// registry is the service as Go programs see it.
func (s *service) registry(as client.Credentials) *client.Registry {
	s.tb.Helper()
	registry, err := client.New(s.URL+"/", client.Options{Credentials: as, HTTPClient: s.Client()})
	if err != nil {
		s.tb.Fatal(err)
	}
	return registry
}

// refusedBy fails the test when an error is no refusal with a status and a code.
func refusedBy(tb testing.TB, err error, status int, code string) *client.Error {
	tb.Helper()
	refused := &client.Error{}
	if !errors.As(err, &refused) || refused.Status != status || refused.Code != code || refused.Description == "" {
		tb.Fatalf("got %v (%+v), want %d %s", err, refused, status, code)
	}
	return refused
}

// An application registers itself, comes back to its registration and ends it.
func TestGoApplication(t *testing.T) {
	s := start(t, func(o *api.Options) { o.RegistrationMode = access.RegistrationToken })
	_, initial := s.issue(`{"uses":2}`)
	ctx, app := t.Context(), s.registry(client.Credentials{User: "admin", Password: password})
	metadata := client.Metadata{"redirect_uris": []string{"https://client.example.org/cb"}, "client_name": "Web", "default_max_age": 60}

	_, err := app.Register(ctx, metadata, "") // the administrator's credentials are not for this
	refusedBy(t, err, http.StatusUnauthorized, "invalid_token")
	made, err := app.Register(ctx, metadata, initial)
	if err != nil {
		t.Fatal(err)
	}
	if made.ClientID == "" || made.ClientSecret == "" || made.RegistrationAccessToken == "" || made.ClientIDIssuedAt == 0 ||
		made.RegistrationClientURI != publicURL+clientsPath+"/"+made.ClientID || made.Version != `"1"` {
		t.Errorf("registered as %+v", made)
	}
	if made.Metadata["client_name"] != "Web" || made.Metadata["default_max_age"] != 60.0 || made.Metadata["client_id"] != nil || made.Metadata["client_secret"] != nil {
		t.Errorf("metadata are %v", made.Metadata)
	}

	read, err := app.Read(ctx, made.ClientID, made.RegistrationAccessToken)
	if diff := cmp.Diff(made.Metadata, read.Metadata); err != nil || diff != "" || read.Version != made.Version {
		t.Errorf("read %+v, %v (-registered +read):\n%s", read, err, diff)
	}
	read.Metadata["client_name"] = "Changed"
	changed, err := app.Update(ctx, made.ClientID, made.RegistrationAccessToken, read.Metadata, client.IfVersion(read.Version))
	if err != nil || changed.Metadata["client_name"] != "Changed" || read.Metadata["client_id"] != nil {
		t.Errorf("changed to %+v, %v", changed, err)
	}
	_, err = app.Update(ctx, made.ClientID, made.RegistrationAccessToken, read.Metadata, client.IfVersion(read.Version))
	refusedBy(t, err, http.StatusPreconditionFailed, "precondition_failed")
	_, err = app.Register(ctx, client.Metadata{"redirect_uris": []string{"http://public.example/"}}, initial)
	refusedBy(t, err, http.StatusBadRequest, "invalid_redirect_uri")
	refusedBy(t, app.Delete(ctx, made.ClientID, "wrong"), http.StatusUnauthorized, "invalid_token")
	refusedBy(t, app.Delete(ctx, made.ClientID, made.RegistrationAccessToken, client.IfVersion(read.Version)), http.StatusPreconditionFailed, "precondition_failed")
	if err := app.Delete(ctx, made.ClientID, made.RegistrationAccessToken); err != nil {
		t.Error(err)
	}
	_, err = app.Read(ctx, made.ClientID, made.RegistrationAccessToken)
	refusedBy(t, err, http.StatusUnauthorized, "invalid_token")
}

// An administrator sees and does everything that there is for administrators.
func TestGoAdministrator(t *testing.T) {
	s := start(t)
	ctx := t.Context()
	_, err := s.registry(client.Credentials{}).Clients(ctx, client.ClientQuery{})
	refusedBy(t, err, http.StatusUnauthorized, "unauthorized")
	for _, as := range []client.Credentials{{User: "admin", Password: password}, {APIToken: apiToken}} {
		registry := s.registry(as)
		issued, err := registry.IssueInitialAccessToken(ctx, client.InitialAccessTokenRequest{Label: "Partners", Uses: 3, ExpiresIn: 3600, Scopes: []string{"openid"}})
		if err != nil || issued.Token == "" || issued.Uses != 3 || issued.ExpiresAt.IsZero() {
			t.Fatalf("issued %+v, %v", issued, err)
		}
		made, err := registry.Register(ctx, client.Metadata{"redirect_uris": []string{"https://client.example.org/cb"}, "client_name": "Of " + issued.ID}, issued.Token)
		if err != nil {
			t.Fatal(err)
		}

		page, err := registry.Clients(ctx, client.ClientQuery{Text: "Of " + issued.ID, Status: "active", Limit: 1})
		if err != nil || len(page.Clients) != 1 || page.NextCursor != "" {
			t.Fatalf("page %+v, %v", page, err)
		}
		shown, err := registry.Client(ctx, made.ClientID)
		if diff := cmp.Diff(page.Clients[0], shown); err != nil || diff != "" {
			t.Errorf("shown otherwise than listed, %v:\n%s", err, diff)
		}
		if shown.ID != made.ClientID || shown.InitialAccessToken != issued.ID || shown.Version != 1 || shown.RegisteredAt.IsZero() ||
			shown.Metadata["client_name"] != "Of "+issued.ID || shown.Metadata["status"] != nil || shown.ClientSecretExpiresAt == nil {
			t.Errorf("shown as %+v", shown)
		}
		for status, change := range map[string]func() error{
			"suspended": func() error { return registry.Suspend(ctx, made.ClientID, "published") },
			"active": func() error {
				return errors.Join(registry.Suspend(ctx, made.ClientID, ""), registry.Resume(ctx, made.ClientID))
			},
		} {
			if err := change(); err != nil {
				t.Error(err)
			}
			if shown, err := registry.Client(ctx, made.ClientID); err != nil || shown.Status != status {
				t.Errorf("%s, %v, want %s", shown.Status, err, status)
			}
		}
		if err := registry.Revoke(ctx, made.ClientID, "published"); err != nil {
			t.Error(err)
		}
		history := s.do("GET", "/api/v1/clients/"+made.ClientID+"/events", asAdmin)
		if n := strings.Count(string(history.body), `"reason":"published"`); n != 2 { // of the suspension and of the revocation
			t.Errorf("%d events have the reason: %s", n, history.body)
		}
		refusedBy(t, registry.Suspend(ctx, made.ClientID, ""), http.StatusConflict, "conflict")
		refusedBy(t, registry.Resume(ctx, made.ClientID), http.StatusConflict, "conflict")
		refusedBy(t, registry.Suspend(ctx, "nobody", ""), http.StatusNotFound, "not_found")
		refusedBy(t, registry.Resume(ctx, "nobody"), http.StatusNotFound, "not_found")
		refusedBy(t, registry.Revoke(ctx, "nobody", ""), http.StatusNotFound, "not_found")

		tokens, err := registry.InitialAccessTokens(ctx, 1, "")
		if err != nil || len(tokens.InitialAccessTokens) != 1 || tokens.InitialAccessTokens[0].ID != issued.ID {
			t.Errorf("tokens %+v, %v", tokens, err)
		}
		if err := registry.RevokeInitialAccessToken(ctx, issued.Token, "published"); err != nil {
			t.Error(err)
		}
		token, err := registry.InitialAccessToken(ctx, issued.ID)
		if err != nil || token.Status != "revoked" || token.Reason != "published" || token.Clients != 1 || *token.UsesLeft != 2 || token.Token != "" {
			t.Errorf("token %+v, %v", token, err)
		}
	}
	s.Close()
	if strings.Contains(s.logs.String(), "published") {
		t.Error("a reason is in the log")
	}
}

// An auditor reads the log, follows it and sees the registry as it stood.
func TestGoAuditor(t *testing.T) {
	s := start(t)
	ctx, registry := t.Context(), s.registry(client.Credentials{APIToken: apiToken})
	first, second := s.client(webClient), s.client(publicClient)
	if err := registry.Revoke(ctx, first.id, "published"); err != nil {
		t.Fatal(err)
	}
	var seen []client.Event
	var raw strings.Builder
	collect := func(e client.Event) error {
		seen = append(seen, e)
		fmt.Fprintf(&raw, "%s\n", e.Raw)
		return nil
	}
	if err := registry.Events(ctx, client.EventQuery{}, collect); err != nil {
		t.Fatal(err)
	}
	if lines := s.do("GET", "/api/v1/events", asAdmin); raw.String() != string(lines.body) {
		t.Errorf("events are %s, want %s", raw.String(), lines.body)
	}
	if last := seen[len(seen)-1]; len(seen) != 3 || last.Seq != 3 || last.Type != "ClientRevoked" || last.ClientID != first.id ||
		last.Actor.Kind != "admin" || last.Actor.ID != "auditor" || string(last.Data) != `{"reason":"published"}` || last.Time.IsZero() {
		t.Errorf("events are %+v", seen)
	}
	seen = nil
	err := registry.Events(ctx, client.EventQuery{After: 1, ClientID: first.id, Type: "ClientRevoked", Actor: "admin", IP: "127.0.0.0/8", Since: time.Now().Add(-time.Hour), Until: time.Now(), Limit: 1}, collect)
	if err != nil || len(seen) != 1 || seen[0].Seq != 3 {
		t.Errorf("selected %+v, %v", seen, err)
	}
	refusedBy(t, registry.Events(ctx, client.EventQuery{Type: strings.Repeat("x", 1000)}, collect), http.StatusBadRequest, "invalid_request")

	stopped := errors.New("enough")
	following, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	seen = nil
	if err := registry.Follow(following, client.EventQuery{After: 1, Limit: 2}, nil, collect); err != nil || len(seen) != 2 || seen[1].Seq != 3 {
		t.Errorf("followed %+v, %v", seen, err)
	}
	seen = nil
	err = registry.Follow(following, client.EventQuery{}, nil, func(e client.Event) error {
		if e.Seq == 3 {
			s.client(webClient) // one to come
		}
		if e.Seq == 4 {
			return stopped
		}
		return collect(e)
	})
	if err != stopped || len(seen) != 3 {
		t.Errorf("followed %+v, %v", seen, err)
	}
	ending, end := context.WithCancel(following)
	if err := registry.Follow(ending, client.EventQuery{}, nil, func(client.Event) error { end(); return nil }); err != nil {
		t.Errorf("a feed that is ended ends with %v", err)
	}
	refusedBy(t, s.registry(client.Credentials{APIToken: "wrong"}).Follow(following, client.EventQuery{}, nil, collect), http.StatusUnauthorized, "unauthorized")

	for at, want := range map[client.Moment][]string{
		{}: nil, {Seq: 1}: {first.id}, {Seq: 2}: {first.id, second.id}, {Seq: 3}: {second.id}, {Time: time.Now().Add(-time.Hour)}: nil,
	} {
		var ids []string
		err := registry.ClientsAt(ctx, at, func(c client.Client) error {
			ids = append(ids, c.ID)
			return nil
		})
		if diff := cmp.Diff(want, ids); err != nil || diff != "" {
			t.Errorf("at %+v, %v (-want +got):\n%s", at, err, diff)
		}
	}
}

// What is no answer of a registry is an error, and half an answer is none.
func TestGoClientWithoutAnAnswer(t *testing.T) {
	hang := make(chan struct{})
	other := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/api/v1/clients":
			http.Error(w, "<html>bad gateway", http.StatusBadGateway)
		case "/api/v1/clients/x":
			_, _ = io.WriteString(w, "<html>")
		case "/api/v1/clients/slow":
			<-hang
		case "/api/v1/initial-access-tokens":
			w.Header().Set("Retry-After", "30")
			w.WriteHeader(http.StatusServiceUnavailable)
			_, _ = io.WriteString(w, `{"error":"temporarily_unavailable","error_description":"later"}`)
		case "/api/v1/events":
			_, _ = io.WriteString(w, `{"seq":1,"type":"a"}`+"\n"+`{"seq":2`)
			_ = http.NewResponseController(w).Flush()
			if r.URL.Query().Get("type") != "complete" {
				panic(http.ErrAbortHandler)
			}
		}
	}))
	defer other.Close()
	defer close(hang)
	registry, err := client.New(other.URL, client.Options{Timeout: 50 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	patient, err := client.New(other.URL, client.Options{Timeout: time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	ctx := t.Context()
	var refused *client.Error
	if _, err := patient.Clients(ctx, client.ClientQuery{}); !errors.As(err, &refused) || refused.Status != http.StatusBadGateway || refused.Code != "" ||
		err.Error() != "server answers 502 Bad Gateway" {
		t.Errorf("bad gateway: %v", err)
	}
	if _, err := patient.Client(ctx, "x"); err == nil || errors.As(err, &refused) && refused.Status == http.StatusOK {
		t.Errorf("no JSON: %v", err)
	}
	if _, err := registry.Client(ctx, "slow"); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("slow: %v", err)
	}
	_, err = patient.InitialAccessTokens(ctx, 0, "")
	if refused := refusedBy(t, err, http.StatusServiceUnavailable, "temporarily_unavailable"); refused.RetryAfter != 30*time.Second {
		t.Errorf("Retry-After is %v", refused.RetryAfter)
	}
	for _, kind := range []string{"broken off", "complete"} {
		seen := 0
		err := patient.Events(ctx, client.EventQuery{Type: kind}, func(e client.Event) error { seen++; return nil })
		if !errors.Is(err, io.ErrUnexpectedEOF) || seen != 1 {
			t.Errorf("%s: %d events, %v", kind, seen, err)
		}
	}
	for _, server := range []string{"", "roster.example", "ftp://roster.example", "https://", "https://u@roster.example", "https://roster.example?x", "https://roster.example#x"} {
		if _, err := client.New(server, client.Options{}); err == nil {
			t.Errorf("%q is taken for a server", server)
		}
	}
}
