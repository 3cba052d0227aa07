package main

import (
	"bufio"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"
)

// What is no request is refused in JSON as well, though no handler sees it, and others go on.
func TestMalformedRequests(t *testing.T) {
	s := start(t, t.TempDir())
	const head, end = "GET /healthz HTTP/1.1\r\nHost: x\r\n", "Connection: close\r\n\r\n"
	refused := map[int]int{}
	for name, test := range map[string]struct {
		request string
		status  int
	}{
		"no request line":       {"hello\r\n\r\n", http.StatusBadRequest},
		"TLS":                   {"\x16\x03\x01\x02\x00\x01\x00\r\n\r\n", http.StatusBadRequest},
		"method that is none":   {strings.Replace(head, "GET", "G@T", 1) + end, http.StatusBadRequest},
		"path that is none":     {strings.Replace(head, "/healthz", "/%zz", 1) + end, http.StatusBadRequest},
		"no Host":               {"GET /healthz HTTP/1.1\r\n" + end, http.StatusBadRequest},
		"two Hosts":             {head + "Host: y\r\n" + end, http.StatusBadRequest},
		"Host that is none":     {"GET /healthz HTTP/1.1\r\nHost: \"\\<\r\n" + end, http.StatusBadRequest},
		"header that is none":   {head + "X : y\r\n" + end, http.StatusBadRequest},
		"lengths that disagree": {head + "Content-Length: 1\r\nContent-Length: 2\r\n" + end, http.StatusBadRequest},
		"large headers":         {head + "X: " + strings.Repeat("x", 64<<10) + "\r\n" + end, http.StatusRequestHeaderFieldsTooLarge},
		"transfer encoding":     {head + "Transfer-Encoding: gzip, chunked\r\n" + end, http.StatusNotImplemented},
		"HTTP/2 at once":        {"GET /healthz HTTP/2.0\r\nHost: x\r\n\r\n", http.StatusHTTPVersionNotSupported},
		"unknown expectation":   {head + "Expect: nonsense\r\n" + end, http.StatusExpectationFailed},
		"HTTP/1.0 expectation":  {"GET /healthz HTTP/1.0\r\nExpect: nonsense\r\n\r\n", http.StatusExpectationFailed},
		"a request":             {head + end, http.StatusOK},
	} {
		connection, err := net.Dial("tcp", strings.TrimPrefix(s.base, "http://"))
		if err != nil {
			t.Fatal(err)
		}
		_ = connection.SetDeadline(time.Now().Add(deadline))
		go func() { _, _ = io.WriteString(connection, test.request) }() // what is too large is not read to its end
		response, err := http.ReadResponse(bufio.NewReader(connection), nil)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		content, err := io.ReadAll(response.Body)
		connection.Close()
		if err != nil || response.StatusCode != test.status || response.Header.Get("Content-Type") != "application/json" ||
			response.Header.Get("Cache-Control") != "no-store" || !response.Close {
			t.Errorf("%s: got %s %v %s, %v", name, response.Status, response.Header, content, err)
		}
		if test.status == http.StatusOK {
			continue
		}
		var refusal struct {
			Error       string `json:"error"`
			Description string `json:"error_description"`
		}
		if err := json.Unmarshal(content, &refusal); err != nil || refusal.Error != "invalid_request" || refusal.Description == "" {
			t.Errorf("%s: got %s, %v", name, content, err)
		}
		s.eventually("logged: "+name, func() bool {
			return s.logged("other", test.status) >= refused[test.status]+1
		})
		refused[test.status]++
	}
}

// logged counts the lines of the log for requests with this method and answer, which say why they were refused.
func (s *process) logged(method string, status int) int {
	count := 0
	for line := range strings.Lines(s.stderr.String()) {
		var entry struct {
			Msg, Method, Code string
			Status            int
		}
		if json.Unmarshal([]byte(line), &entry) == nil && entry.Msg == "request" && entry.Method == method && entry.Status == status &&
			(entry.Code != "") == (status >= http.StatusBadRequest) {
			count++
		}
	}
	return count
}

// A target that is no path, or one that is written in another way, is answered in JSON like every other, and
// the connection goes on.
func TestTargets(t *testing.T) {
	s := start(t, t.TempDir())
	connection, err := net.Dial("tcp", strings.TrimPrefix(s.base, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer connection.Close()
	_ = connection.SetDeadline(time.Now().Add(deadline))
	answers := bufio.NewReader(connection)
	for _, test := range []struct {
		line, method string // as it is logged
		status       int
	}{
		{"CONNECT client.example.org:443", "other", http.StatusMethodNotAllowed},
		{"CONNECT /healthz", "other", http.StatusMethodNotAllowed},
		{"CONNECT /admin/", "other", http.StatusMethodNotAllowed},
		{"GET *", "GET", http.StatusBadRequest},
		{"POST *", "POST", http.StatusBadRequest},
		{"OPTIONS *", "OPTIONS", http.StatusOK},
		{"GET http://x", "GET", http.StatusBadRequest},
		{"GET //healthz", "GET", http.StatusNotFound},
		{"GET /api/../healthz", "GET", http.StatusNotFound},
		{"GET http://x/healthz", "GET", http.StatusOK},
	} {
		before := s.logged(test.method, test.status)
		if _, err := io.WriteString(connection, test.line+" HTTP/1.1\r\nHost: x\r\n\r\n"); err != nil {
			t.Fatalf("%s: %v", test.line, err)
		}
		response, err := http.ReadResponse(answers, nil)
		if err != nil {
			t.Fatalf("%s: %v", test.line, err)
		}
		content, err := io.ReadAll(response.Body)
		if err != nil || response.StatusCode != test.status || response.Header.Get("Content-Type") != "application/json" ||
			!json.Valid(content) || response.Close {
			t.Errorf("%s: got %s %v %s, %v", test.line, response.Status, response.Header, content, err)
		}
		if test.line != "GET http://x/healthz" { // probes are not logged at this level
			s.eventually("logged: "+test.line, func() bool { return s.logged(test.method, test.status) > before })
		}
	}
}

// A request that somebody in front may have read to end elsewhere is the last of its connection (RFC 9112 6.1).
func TestDoubtfulFraming(t *testing.T) {
	s := start(t, t.TempDir())
	const post = "POST /identity/register HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
	const chunked, body = "Transfer-Encoding: chunked\r\n", "2\r\n{}\r\n0\r\n\r\n"
	for name, test := range map[string]struct {
		pieces []string
		ends   bool
	}{
		"both":             {[]string{post + "Content-Length: 2\r\n" + chunked + "\r\n" + body}, true},
		"other order":      {[]string{post + chunked + "Content-Length: 2\r\n\r\n" + body}, true},
		"other case":       {[]string{post + "content-length: 2\r\nTRANSFER-ENCODING: chunked\r\n\r\n" + body}, true},
		"bit by bit":       {strings.SplitAfter(post+chunked+"Content-Length: 2\r\n\r\n"+body, "e"), true},
		"no body":          {[]string{"GET /healthz HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n" + chunked + "\r\n0\r\n\r\n"}, true},
		"the dashboard":    {[]string{"GET /admin/login HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n" + chunked + "\r\n0\r\n\r\n"}, true},
		"HTTP/1.0":         {[]string{"GET /healthz HTTP/1.0\r\nConnection: keep-alive\r\n" + chunked + "\r\n"}, true},
		"Content-Length":   {[]string{post + "Content-Length: 2\r\n\r\n{}"}, false},
		"chunked":          {[]string{post + chunked + "\r\n" + body}, false},
		"HTTP/1.0, honest": {[]string{"GET /healthz HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"}, false},
	} {
		connection, err := net.Dial("tcp", strings.TrimPrefix(s.base, "http://"))
		if err != nil {
			t.Fatal(err)
		}
		_ = connection.SetDeadline(time.Now().Add(deadline))
		for _, piece := range test.pieces {
			if _, err := io.WriteString(connection, piece); err != nil {
				t.Fatalf("%s: %v", name, err)
			}
		}
		response, err := http.ReadResponse(bufio.NewReader(connection), nil)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if response.Close != test.ends {
			t.Errorf("%s: answered %s; the connection ends: %v", name, response.Status, response.Close)
		}
		connection.Close()
	}
}
