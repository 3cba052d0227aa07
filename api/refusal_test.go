package api_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"roster/api"
	"roster/api/refusals"
	"roster/domain"
	"roster/domain/access"
	"roster/domain/oauth"
	"roster/projections/readmodel"
)

// failingBody is a body that cannot be read to its end.
type failingBody struct{ err error }

func (b failingBody) Read([]byte) (int, error) { return 0, b.err }

// Every refusal says in its line of the log which code, which member and which setting it has, and nothing that
// came with the request: every value in it is, or holds, the marker. One of a registration or change is kept with
// the same cause, and no other is.
func TestRefusalsLeaveATrace(t *testing.T) {
	const marker = "hunter2m"
	const document = `{"redirect_uris":["https://` + marker + `.example/cb"],"client_name":"` + marker + `"}`
	mode := func(m access.RegistrationMode) func(*api.Options) {
		return func(o *api.Options) { o.RegistrationMode = m }
	}
	send := func(method, target string, parts ...part) *http.Request {
		r := httptest.NewRequest(method, target, nil)
		r.Header.Set("User-Agent", marker)
		for _, p := range parts {
			p(r)
		}
		return r
	}
	register := func(document string, parts ...part) *http.Request {
		return send("POST", clientsPath, append([]part{body(document)}, parts...)...)
	}
	tokens := func(document string) *http.Request { return send("POST", tokensPath, asAdmin, body(document)) }

	plain := start(t, withAuthority(t))
	c := plain.client(webClient)
	covered := map[string][]int{}
	for _, test := range []struct {
		name            string
		change          func(*api.Options)
		request         *http.Request
		status          int
		code            string
		member, setting string
	}{
		{"redirect URI", nil, register(`{"redirect_uris":["https://ok.example/","http://` + marker + `/"]}`), 400, "invalid_redirect_uri", "redirect_uris", ""},
		{"member", nil, register(`{"redirect_uris":["https://a.example/"],"client_uri":"` + marker + `"}`), 400, "invalid_client_metadata", "client_uri", ""},
		{"language tag", nil, register(`{"redirect_uris":["https://a.example/"],"client_uri#de-` + marker + `":"x"}`), 400, "invalid_client_metadata", "client_uri", ""},
		{"no JSON", nil, register(marker), 400, "invalid_client_metadata", "", ""},
		{"member twice", nil, register(`{"` + marker + `":1,"` + marker + `":2}`), 400, "invalid_client_metadata", "", ""},
		{"statement", nil, register(`{"redirect_uris":["https://a.example/"],"software_statement":"` + marker + `"}`), 400, "invalid_software_statement", "software_statement", ""},
		{"issuer", failing(oauth.UnapprovedStatement(oauth.SettingSoftwareIssuers, "wrong")), register(document), 400, "unapproved_software_statement", "software_statement", "software-issuers"},
		{"forbidden in an update", nil, send("PUT", c.path, bearer(c.token), body(`{"client_id":"`+c.id+`","client_secret":"`+marker+`"}`)), 400, "invalid_request", "client_secret", ""},
		{"parameter", nil, send("GET", "/api/v1/clients?status="+marker, asAdmin), 400, "invalid_request", "status", ""},
		{"parameter unknown", nil, send("GET", "/api/v1/clients?"+marker+"="+marker, asAdmin), 400, "invalid_request", "", ""},
		{"parameter twice", nil, send("GET", "/api/v1/clients?q="+marker+"&q=", asAdmin), 400, "invalid_request", "q", ""},
		{"cursor", nil, send("GET", "/api/v1/clients?cursor="+marker, asAdmin), 400, "invalid_request", "cursor", ""},
		{"moment", nil, send("GET", "/api/v1/registry?at="+marker, asAdmin), 400, "invalid_request", "at", ""},
		{"Last-Event-ID", nil, send("GET", "/api/v1/events", asAdmin, header("Accept", "text/event-stream"), header("Last-Event-ID", marker)), 400, "invalid_request", "Last-Event-ID", ""},
		{"If-Match", nil, send("GET", clientsPath+"/"+marker, asAdmin, header("If-Match", marker)), 401, "invalid_token", "", ""},
		{"Authorization twice", nil, send("GET", "/api/v1/clients", header("Authorization", marker), header("Authorization", marker)), 400, "invalid_request", "Authorization", ""},
		{"Content-Type", nil, register(document, func(r *http.Request) { r.Header.Set("Content-Type", marker) }), 415, "invalid_request", "Content-Type", ""},
		{"Content-Encoding", nil, register(document, header("Content-Encoding", marker)), 415, "invalid_request", "Content-Encoding", ""},
		{"large", func(o *api.Options) { o.Policy.MaxBodySize = 4096 }, register(strings.Repeat(marker, 1000)), 413, "invalid_request", "", "max-body-size"},
		{"large, as it turns out", func(o *api.Options) { o.Policy.MaxBodySize = 4096 },
			register("", bodyOf(struct{ io.Reader }{strings.NewReader(strings.Repeat(marker, 1000))})), 413, "invalid_request", "", "max-body-size"},
		{"slow", nil, register("", bodyOf(failingBody{os.ErrDeadlineExceeded})), 408, "invalid_request", "", ""},
		{"broken off", nil, register("", bodyOf(failingBody{io.ErrUnexpectedEOF})), 400, "invalid_request", "", ""},
		{"uses", nil, tokens(`{"label":"` + marker + `","uses":0}`), 400, "invalid_request", "uses", ""},
		{"expires_in", nil, tokens(`{"expires_in":0,"label":"` + marker + `"}`), 400, "invalid_request", "expires_in", ""},
		{"scopes", nil, tokens(`{"scopes":["` + marker + `\""]}`), 400, "invalid_request", "scopes", ""},
		{"unknown member", nil, tokens(`{"` + marker + `":1}`), 400, "invalid_request", "", ""},
		{"field", nil, send("POST", "/as/v1/authenticate", asAuthority, form(marker, marker)), 400, "invalid_request", "", ""},
		{"field twice", nil, send("POST", "/as/v1/authenticate", asAuthority, form("client_secret", marker, "client_secret", marker)), 400, "invalid_request", "client_secret", ""},
		{"position", nil, send("PUT", "/as/v1/consumers/one", asAuthority, body(`{"seq":"`+marker+`"}`)), 400, "invalid_request", "seq", ""},
		{"consumer", nil, send("GET", "/as/v1/consumers/"+marker+".", asAuthority), 400, "invalid_request", "name", ""},
		{"no path", nil, func() *http.Request { r := send("GET", "/"); r.URL.Path = "*" + marker; return r }(), 400, "invalid_request", "", ""},

		{"no token", mode(access.RegistrationToken), register(document), 401, "invalid_token", "", "registration"},
		{"wrong initial access token", nil, register(document, bearer(marker)), 401, "invalid_token", "", ""},
		{"wrong registration access token", nil, send("GET", clientsPath+"/"+marker, bearer(marker)), 401, "invalid_token", "", ""},
		{"wrong token of an authorization server", nil, send("GET", "/as/v1/clients/"+marker, bearer(marker)), 401, "invalid_token", "", ""},
		{"no administrator", nil, send("GET", "/api/v1/clients/"+marker), 401, "unauthorized", "", ""},
		{"wrong API token", nil, send("GET", "/api/v1/clients", bearer(marker)), 401, "unauthorized", "", ""},
		{"wrong password", nil, send("GET", "/api/v1/clients", func(r *http.Request) { r.SetBasicAuth(marker, marker) }), 401, "unauthorized", "", ""},
		{"closed", mode(access.RegistrationClosed), register(document), 403, "access_denied", "", "registration"},
		{"full", failing(&oauth.Error{Code: oauth.AccessDenied, Setting: "max-clients", Detail: "no room"}), register(document), 403, "access_denied", "", "max-clients"},

		{"no client that may be served", nil, send("GET", "/as/v1/clients/"+marker, asAuthority), 404, "invalid_client", "", ""},
		{"no consumer", nil, send("GET", "/as/v1/consumers/"+marker, asAuthority), 404, "not_found", "", ""},
		{"no client", nil, send("GET", "/api/v1/clients/"+marker, asAdmin), 404, "not_found", "", ""},
		{"no initial access token", nil, send("GET", tokensPath+"/"+marker, asAdmin), 404, "not_found", "", ""},
		{"nothing here", nil, send("GET", "/"+marker+"?q="+marker), 404, "not_found", "", ""},
		{"method", nil, send(strings.ToUpper(marker), clientsPath), 405, "method_not_allowed", "", ""},
		{"beyond the end", nil, send("GET", "/as/v1/changes?after=99", asAuthority), 409, "conflict", "", ""},
		{"conflict", failing(domain.ErrConflict), register(document), 409, "conflict", "", ""},
		{"version", nil, send("DELETE", c.path, bearer(c.token), header("If-Match", `"`+marker+`"`)), 412, "precondition_failed", "", ""},
		{"registrations", func(o *api.Options) { o.RegistrationRate, o.Now = 1, frozen }, register(document), 429, "too_many_requests", "", "registration-rate"},
		{"bug", failing(errors.New("index out of range")), register(document), 500, "server_error", "", ""},
		{"log", failing(domain.ErrUnavailable), register(document), 503, "temporarily_unavailable", "", ""},
		{"disk", failing(domain.ErrDiskFull), register(document), 503, "temporarily_unavailable", "", ""},
		{"keys", failing(domain.ErrKeysUnavailable), register(document), 503, "temporarily_unavailable", "software_statement", ""},
		{"catching up", func(o *api.Options) { o.Reader = broken{o.Reader, &readmodel.CatchingUpError{Applied: 1, Last: 2}} }, send("GET", "/api/v1/clients/"+marker, asAdmin), 503, "temporarily_unavailable", "", ""},
		{"read model", func(o *api.Options) { o.Reader = broken{o.Reader, readmodel.ErrUnavailable} }, send("GET", "/api/v1/clients/"+marker, asAdmin), 503, "temporarily_unavailable", "", ""},
		{"not ready", func(o *api.Options) { o.Reader = behind{o.Reader} }, send("GET", "/readyz"), 503, "temporarily_unavailable", "", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := plain
			if test.change != nil {
				s = start(t, test.change)
			}
			recorder := httptest.NewRecorder()
			if test.status == http.StatusTooManyRequests {
				s.api.ServeHTTP(httptest.NewRecorder(), register(document))
			}
			before := len(s.refused())
			s.api.ServeHTTP(recorder, test.request)
			if recorder.Code != test.status {
				t.Fatalf("got %d %s, want %d", recorder.Code, recorder.Body, test.status)
			}
			logs := s.logs.String()
			if strings.Contains(strings.ToLower(logs), marker) {
				t.Errorf("a value of the request is in the log:\n%s", logs)
			}
			lines := strings.Split(strings.TrimSpace(logs), "\n")
			var line struct {
				Level, Msg, Code, Member, Setting string
				Status                            int
			}
			if err := json.Unmarshal([]byte(lines[len(lines)-1]), &line); err != nil {
				t.Fatal(err)
			}
			if line.Msg != "request" || line.Status != test.status || line.Code != test.code || line.Member != test.member || line.Setting != test.setting {
				t.Errorf("the line is %+v, want %s, member %q, setting %q", line, test.code, test.member, test.setting)
			}
			awaited := test.name == "catching up" || test.name == "not ready"
			if isError := line.Level == "ERROR"; isError != (test.status >= http.StatusInternalServerError && !awaited) {
				t.Errorf("the line is of level %s", line.Level)
			}
			kept := s.refused()
			action, isKept := map[string]refusals.Action{"POST": refusals.Registration, "PUT": refusals.Change}[test.request.Method]
			isKept = isKept && strings.HasPrefix(test.request.URL.Path, clientsPath)
			want := refusals.Cause{Action: action, Code: test.code, Member: test.member, Setting: test.setting}
			switch {
			case !isKept && len(kept) != before:
				t.Errorf("%+v is kept", kept[0])
			case isKept && (len(kept) != before+1 || kept[0].Cause != want || kept[0].IP != "192.0.2.1"):
				t.Errorf("%d are kept, the last %+v", len(kept)-before, kept)
			}
		})
		covered[test.code] = append(covered[test.code], test.status)
	}
	unread := []int{417, 431, 501, 505} // refused by net/http before the API is asked
	for _, e := range api.ErrorCodes {
		for _, status := range e.Statuses {
			if !slices.Contains(covered[e.Code], status) && !slices.Contains(unread, status) {
				t.Errorf("no case for %s with status %d", e.Code, status)
			}
		}
	}
}

func frozen() time.Time { return time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC) }

// broken is a read model whose file cannot be read.
type broken struct {
	readmodel.Reader
	err error
}

func (b broken) Client(context.Context, string) (readmodel.Client, error) {
	return readmodel.Client{}, b.err
}
