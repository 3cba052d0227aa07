package main

import (
	"bytes"
	"fmt"
	"net"
)

// inJSON is a listener on whose connections every refusal is JSON: net/http refuses what it cannot take for
// a request, such as one without a Host or with headers that are too large, in plain text of its own before
// any handler sees it. The answers of handlers pass through as they are.
type inJSON struct{ net.Listener }

// Accept returns the next connection.
func (l inJSON) Accept() (net.Conn, error) {
	connection, err := l.Listener.Accept()
	if tcp, ok := connection.(*net.TCPConn); ok {
		return refusing{tcp}, nil
	}
	return connection, err
}

// refusing is a connection with the rest of its methods, of which net/http uses more than net.Conn has.
type refusing struct{ *net.TCPConn }

// Write writes p, or in its place the JSON that says the same.
func (c refusing) Write(p []byte) (int, error) {
	refusal := refusalInJSON(p)
	if refusal == nil {
		return c.TCPConn.Write(p)
	}
	if _, err := c.TCPConn.Write(refusal); err != nil {
		return 0, err
	}
	return len(p), nil
}

// refusalInJSON returns what to send in place of a refusal by net/http, which it writes at once; nil for
// everything else. What handlers answer has more headers than these.
func refusalInJSON(p []byte) []byte {
	const protocol, plain = "HTTP/1.1 ", "\r\nContent-Type: text/plain; charset=utf-8\r\nConnection: close\r\n\r\n"
	if !bytes.HasPrefix(p, []byte(protocol)) {
		return nil
	}
	status, _, found := bytes.Cut(p[len(protocol):], []byte(plain))
	_, reason, reasoned := bytes.Cut(status, []byte(" "))
	if !found || !reasoned || bytes.ContainsAny(status, "\r\n\"\\") {
		return nil
	}
	body := fmt.Sprintf(`{"error":"invalid_request","error_description":"the request was not understood: %s"}`, reason)
	return fmt.Appendf(nil, "%s%s\r\nCache-Control: no-store\r\nConnection: close\r\nContent-Length: %d\r\n"+
		"Content-Type: application/json\r\nPragma: no-cache\r\nX-Content-Type-Options: nosniff\r\n\r\n%s", protocol, status, len(body), body)
}
