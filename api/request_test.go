package api_test

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"

	"roster/api"
	"roster/domain/oauth"
)

// Whatever is wrong with a request, the answer says so in JSON and the log gains no event.
func TestWrongInput(t *testing.T) {
	s := checked(t)
	client := s.client(webClient)
	before := s.last()
	refused := func(status int, code string, parts ...part) {
		t.Helper()
		expect(t, s.do("POST", clientsPath, parts...), status, code)
		expect(t, s.do("POST", connectPath, parts...), status, code)
		expect(t, s.do("PUT", client.path, append(parts, bearer(client.token))...), status, code)
		if added := s.last() - before; added != 0 {
			t.Fatalf("%d events", added)
		}
	}

	for _, document := range []string{
		``, ` `, `x`, `null`, `true`, `1`, `"text"`, `[]`, `[{}]`, `{`, `}`, `{}{}`, `{}x`, `{"a":}`, `{'a':1}`, `{"a":1,}`, `{"a":01}`, `{"a":NaN}`,
		webClient[:len(webClient)-1], webClient + webClient, "\xef\xbb\xbf" + webClient, "\x00", "{\"client_name\":\"\xff\"}", "{\"\xff\":1}", `{"client_name":"\ud800"}`,
		`{"redirect_uris":["https://a.example/"],"redirect_uris":["https://b.example/"]}`,
		`{"redirect_uris":["https://a.example/"],"jwks":{"keys":[],"keys":[]}}`,
		`{"redirect_uris":["https://a.example/"],"x":` + strings.Repeat("[", 40) + strings.Repeat("]", 40) + `}`,
		strings.Repeat("[", 60_000), strings.Repeat(`{"a":`, 10_000),
	} {
		refused(http.StatusBadRequest, "invalid_client_metadata", body(document))
	}

	wrong := map[oauth.Kind][]string{
		oauth.KindText:   {`1`, `true`, `[]`, `["a"]`, `{}`},
		oauth.KindURI:    {`1`, `true`, `[]`, `["https://a.example/"]`, `{}`},
		oauth.KindList:   {`1`, `true`, `"a"`, `{}`, `[1]`, `[null]`, `[["a"]]`},
		oauth.KindFlag:   {`1`, `"true"`, `[]`, `{}`},
		oauth.KindNumber: {`"1"`, `true`, `-1`, `1.5`, `1e400`, `99999999999999999999`, `[]`, `{}`},
		oauth.KindObject: {`1`, `true`, `"{}"`, `[]`},
	}
	for _, member := range oauth.Members {
		for _, value := range wrong[member.Kind] {
			document := fmt.Sprintf(`{"client_id":%q,"redirect_uris":["https://client.example.org/cb"],%q:%s}`, client.id, member.Name, value)
			if member.Name == "redirect_uris" {
				document = fmt.Sprintf(`{"client_id":%q,"redirect_uris":%s}`, client.id, value)
			}
			got := s.do("POST", clientsPath, body(document))
			if got.status != http.StatusBadRequest {
				t.Errorf("%s: %s: %s", member.Name, value, got)
			}
			expect(t, got, http.StatusBadRequest, got.text(t, "error"))
			if update := s.do("PUT", client.path, body(document), bearer(client.token)); update.String() != got.String() {
				t.Errorf("%s: %s: an update answers %s, a registration %s", member.Name, value, update, got)
			}
		}
	}

	typed := func(contentTypes ...string) part {
		return func(r *http.Request) {
			body(webClient)(r)
			r.Header["Content-Type"] = contentTypes
		}
	}
	for _, contentType := range [][]string{
		nil, {""}, {"text/plain"}, {"application/xml"}, {"application/json-patch+json"}, {"application/x-www-form-urlencoded"}, {"application/jsonx"},
		{"application/json; charset=utf-16"}, {"application/json, text/plain"}, {"application/json;;="}, {"application/json", "application/json"},
	} {
		refused(http.StatusUnsupportedMediaType, "invalid_request", typed(contentType...))
	}
	for _, contentType := range []string{"application/json; charset=utf-8", "application/json;charset=utf8", "Application/JSON;charset=\"UTF-8\"", "application/json ; x=y"} {
		expect(t, s.do("POST", clientsPath, typed(contentType)), http.StatusCreated, "")
	}
	before = s.last()

	var zipped bytes.Buffer
	writer := gzip.NewWriter(&zipped)
	_, _ = io.WriteString(writer, webClient)
	writer.Close()
	refused(http.StatusUnsupportedMediaType, "invalid_request", body(zipped.String()), header("Content-Encoding", "gzip"))
	for _, codings := range [][]string{{"identity", "gzip"}, {"identity, br"}, {"nonsense"}} {
		refused(http.StatusUnsupportedMediaType, "invalid_request", body(webClient), func(r *http.Request) { r.Header["Content-Encoding"] = codings })
	}
	for _, codings := range [][]string{{"identity"}, {""}, {"Identity, identity"}} {
		expect(t, s.do("POST", clientsPath, body(webClient), func(r *http.Request) { r.Header["Content-Encoding"] = codings }), http.StatusCreated, "")
	}
}

func TestLargeBodies(t *testing.T) {
	s := checked(t)
	client := s.client(webClient)
	padded := func(size int) string {
		const before, after = `{"redirect_uris":["https://client.example.org/cb"],"x":"`, `"}`
		return before + strings.Repeat("x", size-len(before)-len(after)) + after
	}
	const limit = 64 << 10
	expect(t, s.do("POST", clientsPath, body(padded(limit))), http.StatusCreated, "")
	before := s.last()
	for _, size := range []int{limit + 1, 10 << 20} {
		for _, large := range []part{
			body(padded(size)),
			bodyOf(struct{ io.Reader }{strings.NewReader(padded(size))}), // of a length that is not told before
		} {
			expect(t, s.do("POST", clientsPath, large), http.StatusRequestEntityTooLarge, "invalid_request")
		}
	}
	small := checked(t, func(o *api.Options) { o.Policy.MaxBodySize = 4 << 10 })
	expect(t, small.do("POST", clientsPath, body(padded(4<<10))), http.StatusCreated, "")
	refused := small.do("POST", clientsPath, body(padded(4<<10+1)))
	expect(t, refused, http.StatusRequestEntityTooLarge, "invalid_request")
	if !strings.Contains(refused.String(), "4096 bytes that the policy max-body-size") {
		t.Errorf("the refusal does not name the policy: %s", refused)
	}
	expect(t, s.do("PUT", client.path, body(padded(limit+1)), bearer(client.token)), http.StatusRequestEntityTooLarge, "invalid_request")
	if added := s.last() - before; added != 0 {
		t.Errorf("%d events", added)
	}
}

// A body that ends before its Content-Length is refused like any that is not JSON.
func TestBodyThatBreaksOff(t *testing.T) {
	s := start(t)
	connection, err := net.Dial("tcp", s.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer connection.Close()
	fmt.Fprintf(connection, "POST %s HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n%s", clientsPath, webClient)
	if err := connection.(*net.TCPConn).CloseWrite(); err != nil {
		t.Fatal(err)
	}
	got, err := io.ReadAll(connection)
	if err != nil || !bytes.HasPrefix(got, []byte("HTTP/1.1 400 ")) || !bytes.Contains(got, []byte(`"error":"invalid_request"`)) {
		t.Errorf("answer is %q, %v", got, err)
	}
	if s.last() != 0 {
		t.Error("something was registered")
	}
}

func TestWrongMethodsAndPaths(t *testing.T) {
	s := checked(t)
	client := s.client(webClient)
	for path, allowed := range map[string]string{
		clientsPath:             "OPTIONS, POST",
		connectPath:             "OPTIONS, POST",
		client.path:             "OPTIONS, DELETE, GET, HEAD, PUT",
		"/api/v1/clients":       "OPTIONS, GET, HEAD",
		"/api/v1/clients/x":     "OPTIONS, DELETE, GET, HEAD",
		"/api/v1/events":        "OPTIONS, GET, HEAD",
		"/api/v1/registry?at=1": "OPTIONS, GET, HEAD",
		"/healthz":              "OPTIONS, GET, HEAD",
		"/readyz":               "OPTIONS, GET, HEAD",
		"/metrics":              "OPTIONS, GET, HEAD",
		"/openapi.json":         "OPTIONS, GET, HEAD",
	} {
		for _, method := range []string{"GET", "POST", "PUT", "PATCH", "DELETE", "TRACE", "PROPFIND", "NONSENSE"} {
			if strings.Contains(allowed, method) {
				continue
			}
			got := s.do(method, path, bearer(client.token))
			expect(t, got, http.StatusMethodNotAllowed, "method_not_allowed")
			if got.header.Get("Allow") != allowed {
				t.Errorf("%s %s: Allow is %q, want %q", method, path, got.header.Get("Allow"), allowed)
			}
		}
	}
	for _, path := range []string{"/", "/identity", "/identity/", "/identity/register/", "/api", "/api/v1", "/api/v1/", "/api/v2/clients", "/healthz/", "/%2e%2e/", "/admin/"} {
		for _, method := range []string{"GET", "POST", "DELETE"} {
			expect(t, s.do(method, path, asAdmin), http.StatusNotFound, "not_found")
		}
	}
}

// FuzzRegister holds every body to a whole answer: a client that is there, or a refusal that changed nothing.
func FuzzRegister(f *testing.F) {
	for _, c := range conformanceCases(f) {
		f.Add(c.bytes(f))
	}
	s := checked(f)
	f.Fuzz(func(t *testing.T, document []byte) {
		s := s.in(t)
		before := s.last()
		got := s.do("POST", clientsPath, body(string(document)))
		added := s.last() - before
		switch got.status {
		case http.StatusCreated:
			if added != 1 {
				t.Fatalf("%d events for a registration", added)
			}
			if holdsNothing(got.json(t)) {
				t.Fatalf("null or an empty string is in %s", got)
			}
			token := bearer(got.text(t, "registration_access_token"))
			path := clientsPath + "/" + got.text(t, "client_id")
			read := s.do("GET", path, token)
			put := s.do("PUT", path, token, body(stripped(t, got)))
			if read.status != http.StatusOK || put.status != http.StatusOK || string(read.body) != string(put.body) {
				t.Fatalf("registered as %s, read as %s, put back as %s", got, read, put)
			}
			if s.last() != before+1 {
				t.Fatalf("putting back %s added an event", read)
			}
		case http.StatusBadRequest, http.StatusRequestEntityTooLarge:
			expect(t, got, got.status, got.text(t, "error"))
			if added != 0 {
				t.Fatalf("%d events for a refusal", added)
			}
		default:
			t.Fatalf("got %s", got)
		}
	})
}

// FuzzQuery holds every query and path of the administrators' part to an answer that is no failure.
func FuzzQuery(f *testing.F) {
	for _, seed := range []string{
		"clients?q=a&limit=5&status=active", "clients/x", "clients/x/events?after=1", "events?after=1&type=x&since=2026-01-02T15:04:05Z",
		"registry?at=1", "registry?at=2026-01-02T15:04:05%2B01:00", "clients?cursor=AAAA", "clients?q=%00'%25_\\",
	} {
		f.Add(seed)
	}
	s := checked(f)
	s.client(webClient)
	f.Fuzz(func(t *testing.T, target string) {
		if _, err := http.NewRequest("GET", s.URL+"/api/v1/"+target, nil); err != nil {
			t.Skip("no URL")
		}
		got := s.in(t).unchecked().do("GET", "/api/v1/"+target, bearer(apiToken))
		if got.status >= 500 {
			t.Fatalf("%q: %s", target, got)
		}
	})
}
