package httpserver

import (
	"bytes"
	"context"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
)

// framing records which header fields have given the length of a body on a connection, ever. Handlers cannot see
// that: net/http drops a Content-Length beside a Transfer-Encoding, and a Transfer-Encoding in HTTP/1.0. A line of a
// body that looks like one of these fields counts too, which at worst ends a connection early.
type framing struct {
	line    []byte // beginning of the line that is being read
	sized   atomic.Bool
	encoded atomic.Bool
}

const (
	contentLength    = "Content-Length"
	transferEncoding = "Transfer-Encoding"
)

// read takes in what was read from the connection. It must not be called concurrently.
func (f *framing) read(p []byte) {
	for len(p) > 0 {
		part, rest, ended := bytes.Cut(p, []byte("\n"))
		room := len(transferEncoding) + 1 - len(f.line)
		f.line = append(f.line, part[:min(len(part), room)]...)
		if ended {
			name, _, _ := strings.Cut(string(f.line), ":")
			f.sized.Store(f.sized.Load() || strings.EqualFold(name, contentLength))
			f.encoded.Store(f.encoded.Load() || strings.EqualFold(name, transferEncoding))
			f.line = f.line[:0]
		}
		p = rest
	}
}

// doubtful reports whether a proxy may have taken a request to end elsewhere.
func (f *framing) doubtful(r *http.Request) bool {
	return f.encoded.Load() && (f.sized.Load() || !r.ProtoAtLeast(1, 1))
}

// framingKey is the key of a connection's framing in the contexts of its requests.
type framingKey struct{}

// withFraming is a http.Server.ConnContext.
func withFraming(ctx context.Context, c net.Conn) context.Context {
	if c, ok := c.(*connection); ok {
		return context.WithValue(ctx, framingKey{}, &c.framing)
	}
	return ctx
}

// unambiguous closes a connection after a request with both Content-Length and Transfer-Encoding, or with the latter
// in HTTP/1.0 (RFC 9112, section 6.1). A proxy in front may have taken it to end elsewhere; what follows on the
// connection must not be taken for the request of another caller.
func unambiguous(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if f, ok := r.Context().Value(framingKey{}).(*framing); ok && f.doubtful(r) {
			w.Header().Set("Connection", "close")
		}
		next.ServeHTTP(w, r)
	})
}
