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
	}
}
