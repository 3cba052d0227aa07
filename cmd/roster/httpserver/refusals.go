package httpserver

import (
	"bytes"
	"fmt"
	"log/slog"
	"net"
	"strconv"

	"roster/api/front"
)

// inJSON is a listener whose connections turn net/http's own refusals into JSON and log them. net/http answers what it
// does not accept as a request, such as one without a Host or with headers that are too large, in plain text before
// any handler sees it. The answers of handlers are not changed.
type inJSON struct {
	net.Listener
	logger *slog.Logger
}

// Accept waits for the next connection.
func (l inJSON) Accept() (net.Conn, error) {
	accepted, err := l.Listener.Accept()
	if tcp, ok := accepted.(*net.TCPConn); ok {
		return &connection{TCPConn: tcp, logger: l.logger}, nil
	}
	return accepted, err
}

// connection is a TCP connection of inJSON. It embeds *net.TCPConn because net/http needs methods that net.Conn does
// not have.
type connection struct {
	*net.TCPConn
	logger  *slog.Logger
	framing framing
}

// Read reads what the caller sends, and records its framing.
func (c *connection) Read(p []byte) (int, error) {
	n, err := c.TCPConn.Read(p)
	c.framing.read(p[:n])
	return n, err
}

// Write writes p, or in its place the JSON that says the same.
func (c *connection) Write(p []byte) (int, error) {
	status, reason, ok := refusalOf(p)
	if !ok {
		return c.TCPConn.Write(p)
	}
	remote, _, _ := net.SplitHostPort(c.RemoteAddr().String())
	front.LogUnread(c.logger, remote, status, reason)
	if _, err := c.TCPConn.Write(refusalInJSON(status, reason)); err != nil {
		return 0, err
	}
	return len(p), nil
}

// refusalOf recognizes a refusal by net/http, which it always writes in one piece. The answers of handlers differ: they
// have more headers, and never status 417, with which net/http answers an Expect that it does not know.
func refusalOf(p []byte) (status int, reason string, ok bool) {
	const plain = "\r\nContent-Type: text/plain; charset=utf-8\r\nConnection: close\r\n\r\n"
	if !bytes.HasPrefix(p, []byte("HTTP/1.")) {
		return 0, "", false
	}
	line, _, refused := bytes.Cut(p, []byte(plain))
	if !refused {
		line, _, _ = bytes.Cut(p, []byte("\r\n"))
		refused = bytes.Contains(line, []byte(" 417 "))
	}
	_, line, _ = bytes.Cut(line, []byte(" "))
	code, text, _ := bytes.Cut(line, []byte(" "))
	status, err := strconv.Atoi(string(code))
	if !refused || err != nil || bytes.ContainsAny(text, "\r\n\"\\") {
		return 0, "", false
	}
	return status, string(text), true
}

// refusalInJSON returns a whole HTTP answer.
func refusalInJSON(status int, reason string) []byte {
	body := fmt.Sprintf(`{"error":"invalid_request","error_description":"the request was not understood: %s"}`, reason)
	return fmt.Appendf(nil, "HTTP/1.1 %d %s\r\nCache-Control: no-store\r\nConnection: close\r\nContent-Length: %d\r\n"+
		"Content-Type: application/json\r\nPragma: no-cache\r\nX-Content-Type-Options: nosniff\r\n\r\n%s", status, reason, len(body), body)
}
