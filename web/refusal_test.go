package web_test

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"roster/domain"
	"roster/web"
)

// Every refusal by the dashboard says in its line of the log which code and which parameter it has, and nothing
// that came with the request.
func TestRefusalsLeaveATrace(t *testing.T) {
	const marker = "hunter2marker"
	r := newRegistry(t, func(o *web.Options) { o.Registrar = revocations{} })
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
		{admin, "POST", revoke, url.Values{"reason": {marker + " conflict"}}, nil, "status=409 code=conflict"},
		{admin, "POST", revoke, url.Values{"reason": {marker + " disk"}}, nil, "status=503 code=temporarily_unavailable"},
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

// revocations fail as their reasons say.
type revocations struct{ web.Registrar }

func (revocations) Revoke(_ context.Context, _ domain.Actor, _, reason string) error {
	if strings.Contains(reason, "disk") {
		return domain.ErrDiskFull
	}
	return domain.ErrConflict
}
