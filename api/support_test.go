package api_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"

	"roster/api"
	"roster/api/openapitest"
	"roster/api/refusals"
	"roster/cmd/roster/rostertest"
	"roster/domain/access"
	"roster/domain/oauth"
	"roster/eventstore/memory"
	"roster/projections/readmodel"
)

const (
	publicURL = "https://roster.example"
	apiToken  = rostertest.APIToken
	password  = rostertest.AdminPassword

	clientsPath  = "/identity/register"
	connectPath  = "/identity/connect/register"
	webClient    = `{"redirect_uris":["https://client.example.org/cb"],"client_name":"Web"}`
	publicClient = `{"redirect_uris":["https://client.example.org/cb"],"token_endpoint_auth_method":"none"}`
)

// service is the API on a real server, over the real registrar and read model and a log in memory.
type service struct {
	*httptest.Server
	tb    testing.TB
	api   *api.API
	log   *memory.Log
	model *readmodel.ReadModel
	logs  *rostertest.Buffer
	dir   string // of the refusals

	closeRefusals func()
	check         *openapitest.Document // nil: answers are not held against the OpenAPI document
	stop          func()
}

// start runs a service until the test ends.
func start(tb testing.TB, change ...func(*api.Options)) *service {
	tb.Helper()
	s := &service{tb: tb, log: memory.New(), logs: &rostertest.Buffer{}, dir: tb.TempDir()}
	r := rostertest.Start(tb, s.log, slog.New(slog.DiscardHandler))
	s.model, s.stop = r.Model, r.StopFollowing
	options := api.Options{
		Registrar:        r.Registrar,
		Reader:           s.model,
		Administrators:   r.Administrators,
		PublicURL:        publicURL,
		Policy:           oauth.DefaultPolicy,
		RegistrationMode: access.RegistrationOpen,
		Logger:           slog.New(slog.NewJSONHandler(s.logs, nil)),
	}
	for _, f := range change {
		f(&options)
	}
	options.Refusals = refusals.Open(refusals.Options{Dir: s.dir, Logger: options.Logger, Now: options.Now})
	s.closeRefusals = sync.OnceFunc(func() {
		if err := options.Refusals.Close(); err != nil {
			tb.Error(err)
		}
	})
	tb.Cleanup(s.closeRefusals)
	s.api = api.New(options)
	s.Server = httptest.NewServer(s.api)
	s.Config.RegisterOnShutdown(s.api.Close)
	tb.Cleanup(func() {
		s.api.Close()
		s.Close()
	})
	return s
}

// checked is start with every answer held against the OpenAPI document.
func checked(tb testing.TB, change ...func(*api.Options)) *service {
	tb.Helper()
	s := start(tb, change...)
	s.check = servedDocument(tb)
	return s
}

// unchecked is the service for what no document lists.
func (s *service) unchecked() *service {
	without := *s
	without.check = nil
	return &without
}

// in is the service for a subtest.
func (s *service) in(tb testing.TB) *service {
	within := *s
	within.tb = tb
	return &within
}

// servedDocument is the document that the API serves itself.
var servedDocument = func() func(testing.TB) *openapitest.Document {
	var once sync.Once
	var document *openapitest.Document
	return func(tb testing.TB) *openapitest.Document {
		tb.Helper()
		once.Do(func() {
			var err error
			if document, err = openapitest.Parse(openAPIDocument(tb)); err != nil {
				tb.Fatal(err)
			}
		})
		return document
	}
}()

func openAPIDocument(tb testing.TB) []byte {
	tb.Helper()
	got := start(tb).do("GET", "/openapi.json")
	if got.status != http.StatusOK {
		tb.Fatalf("GET /openapi.json: %v", got)
	}
	return got.body
}

// answer is what came back.
type answer struct {
	status int
	header http.Header
	body   []byte
}

func (a answer) String() string { return http.StatusText(a.status) + " " + string(a.body) }

// json decodes the body as an object.
func (a answer) json(tb testing.TB) map[string]any {
	tb.Helper()
	var object map[string]any
	decoder := json.NewDecoder(bytes.NewReader(a.body))
	decoder.UseNumber()
	if err := decoder.Decode(&object); err != nil {
		tb.Fatalf("answer is no JSON object: %v: %s", err, a)
	}
	return object
}

// text returns a member of the body that is a string.
func (a answer) text(tb testing.TB, member string) string {
	tb.Helper()
	text, ok := a.json(tb)[member].(string)
	if !ok {
		tb.Fatalf("%s is no string in %s", member, a)
	}
	return text
}

// A part of a request.
type part func(*http.Request)

func header(name, value string) part { return func(r *http.Request) { r.Header.Add(name, value) } }
func bearer(token string) part       { return header("Authorization", "Bearer "+token) }
func asAdmin(r *http.Request)        { r.SetBasicAuth("admin", password) }
func body(text string) part          { return bodyOf(strings.NewReader(text)) }

func bodyOf(reader io.Reader) part {
	return func(r *http.Request) {
		with, _ := http.NewRequest(r.Method, r.URL.String(), reader)
		r.Body, r.ContentLength, r.GetBody = with.Body, with.ContentLength, with.GetBody
		r.Header.Set("Content-Type", "application/json")
	}
}

// do sends a request and reads the whole answer.
func (s *service) do(method, path string, parts ...part) answer {
	s.tb.Helper()
	request, err := http.NewRequestWithContext(s.tb.Context(), method, s.URL+path, nil)
	if err != nil {
		s.tb.Fatal(err)
	}
	for _, p := range parts {
		p(request)
	}
	response, err := s.Client().Do(request)
	if err != nil {
		s.tb.Fatal(err)
	}
	defer response.Body.Close()
	got := answer{status: response.StatusCode, header: response.Header}
	if got.body, err = io.ReadAll(response.Body); err != nil {
		s.tb.Fatal(err)
	}
	if s.check != nil {
		s.hold(request, response, got)
	}
	return got
}

// hold holds an answer against the document; methods and paths that no document lists are left out.
func (s *service) hold(request *http.Request, response *http.Response, got answer) {
	s.tb.Helper()
	if request.Method == http.MethodHead || request.Method == http.MethodOptions ||
		got.status == http.StatusMethodNotAllowed ||
		got.status == http.StatusNotFound && got.text(s.tb, "error_description") == "there is nothing at this path" {
		return
	}
	public, _ := http.NewRequest(request.Method, publicURL+strings.TrimPrefix(request.URL.String(), s.URL), nil)
	if response.Header.Get("Content-Type") == "application/x-ndjson" {
		for line := range bytes.Lines(got.body) {
			s.holdBody(public, response, line)
		}
		return
	}
	s.holdBody(public, response, got.body)
}

func (s *service) holdBody(public *http.Request, response *http.Response, body []byte) {
	s.tb.Helper()
	response.Body = io.NopCloser(bytes.NewReader(body))
	if err := s.check.Answer(public, response); err != nil {
		s.tb.Errorf("%s %s: %s %s: %v", public.Method, public.URL.Path, response.Status, body, err)
	}
}

// register registers a client and returns the answer, which must be a 201.
func (s *service) register(document string) answer {
	s.tb.Helper()
	got := s.do("POST", clientsPath, body(document))
	if got.status != http.StatusCreated {
		s.tb.Fatalf("register %s: %s", document, got)
	}
	return got
}

// refused returns the refusals that are kept, the newest first.
func (s *service) refused() []refusals.Refusal {
	s.tb.Helper()
	page, err := s.api.Refusals.Page(context.Background(), refusals.Query{Limit: 500})
	if err != nil {
		s.tb.Fatal(err)
	}
	return page.Refusals
}

// last is the sequence of the log's last event.
func (s *service) last() uint64 {
	s.tb.Helper()
	last, err := s.log.Last(context.Background())
	if err != nil {
		s.tb.Fatal(err)
	}
	return last
}

// expect fails the test when an answer is not of a status, or of an error code where one is given.
func expect(tb testing.TB, got answer, status int, code string) {
	tb.Helper()
	if got.status != status {
		tb.Errorf("got %d, want %d: %s", got.status, status, got)
		return
	}
	if code == "" {
		return
	}
	if contentType := got.header.Get("Content-Type"); contentType != "application/json" {
		tb.Errorf("Content-Type is %q, want application/json", contentType)
	}
	object := got.json(tb)
	if object["error"] != code {
		tb.Errorf("error is %v, want %s: %s", object["error"], code, got)
	}
	if description, _ := object["error_description"].(string); description == "" || strings.ContainsFunc(description, func(r rune) bool {
		return r < ' ' || r > '~' || r == '"' || r == '\\'
	}) {
		tb.Errorf("error_description %q is not printable ASCII without quotes and backslashes", description)
	}
	if challenged := got.header.Get("WWW-Authenticate") != ""; challenged != (status == http.StatusUnauthorized) {
		tb.Errorf("status %d with WWW-Authenticate %q", status, got.header.Get("WWW-Authenticate"))
	}
	if got.header.Get("Cache-Control") != "no-store" || got.header.Get("Pragma") != "no-cache" {
		tb.Errorf("an error may be cached: %v", got.header)
	}
}

// holdsNothing reports whether a JSON value holds null or an empty string anywhere.
func holdsNothing(value any) bool {
	switch value := value.(type) {
	case nil:
		return true
	case string:
		return value == ""
	case []any:
		return slices.ContainsFunc(value, holdsNothing)
	case map[string]any:
		return slices.ContainsFunc(slices.Collect(maps.Values(value)), holdsNothing)
	}
	return false
}
