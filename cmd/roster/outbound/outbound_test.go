package outbound_test

import (
	"bytes"
	"compress/gzip"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"roster/cmd/roster/outbound"
)

const document = `["https://client.example.org/cb"]`

// serve starts a TLS server and returns a Fetcher that may connect to it and to no other address that is not
// public.
func serve(t *testing.T, configure func(*httptest.Server), handler http.HandlerFunc) (*outbound.Fetcher, string) {
	t.Helper()
	server := httptest.NewUnstartedServer(handler)
	server.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
	if configure != nil {
		configure(server)
	}
	server.StartTLS()
	t.Cleanup(server.Close)
	return fetcherFor(server), server.URL
}

func fetcherFor(server *httptest.Server) *outbound.Fetcher {
	authority := x509.NewCertPool()
	authority.AddCert(server.Certificate())
	return outbound.NewTrusting(slog.New(slog.DiscardHandler), netip.MustParseAddrPort(server.Listener.Addr().String()), authority)
}

func answer(body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, body) }
}

func TestFetch(t *testing.T) {
	for name, configure := range map[string]func(*httptest.Server){
		"HTTP/1.1":      nil,
		"HTTP/2":        func(s *httptest.Server) { s.EnableHTTP2 = true },
		"HTTP/2 alone":  func(s *httptest.Server) { s.EnableHTTP2, s.TLS = true, &tls.Config{NextProtos: []string{"h2"}} },
		"TLS 1.2 alone": func(s *httptest.Server) { s.TLS = &tls.Config{MaxVersion: tls.VersionTLS12} },
	} {
		t.Run("D-21 "+name, func(t *testing.T) {
			var got http.Request
			fetcher, url := serve(t, configure, func(w http.ResponseWriter, r *http.Request) {
				got = *r
				http.SetCookie(w, &http.Cookie{Name: "a", Value: "b", Path: "/", Secure: true})
				w.Header().Set("Content-Type", "text/html") // which is not asked
				fmt.Fprint(w, document)
			})
			for range 2 {
				body, err := fetcher.Fetch(t.Context(), url+"/sector.json?a=b")
				if err != nil || string(body) != document {
					t.Fatalf("%q, error %v", body, err)
				}
			}
			if got.Method != http.MethodGet || got.RequestURI != "/sector.json?a=b" {
				t.Errorf("asked with %s %s", got.Method, got.RequestURI)
			}
			for _, header := range []string{"Cookie", "Authorization", "Accept-Encoding", "Referer"} {
				if value := got.Header.Get(header); value != "" {
					t.Errorf("sent %s: %s", header, value)
				}
			}
		})
	}
	t.Run("not with what a URL has for a user", func(t *testing.T) {
		fetcher, url := serve(t, nil, answer(document))
		unavailable(t, fetcher, strings.Replace(url, "https://", "https://user:password@", 1))
	})
	t.Run("as large as it may be", func(t *testing.T) {
		fetcher, url := serve(t, nil, answer(strings.Repeat(" ", outbound.SizeLimit)))
		if body, err := fetcher.Fetch(t.Context(), url); err != nil || len(body) != outbound.SizeLimit {
			t.Errorf("%d bytes, error %v", len(body), err)
		}
	})
}

// stall answers with the beginning of a response and then nothing until the connection is closed: a fetch
// without a limit would keep the server, and the test, waiting.
func stall(begin func(http.ResponseWriter)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		begin(w)
		_ = http.NewResponseController(w).Flush()
		<-r.Context().Done()
	}
}

func zipped(size int) []byte {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	for range size >> 10 {
		_, _ = w.Write(make([]byte, 1<<10))
	}
	_ = w.Close()
	return b.Bytes()
}

// TestMisbehaviour has servers that answer wrongly, slowly, or without end. All get one and the same error,
// which tells nothing.
func TestMisbehaviour(t *testing.T) {
	bomb := zipped(16 << 20)
	for name, handler := range map[string]http.HandlerFunc{
		"redirect": func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/" {
				http.Redirect(w, r, "/elsewhere", http.StatusFound)
			}
			fmt.Fprint(w, document) // to who follows
		},
		"not found":       http.NotFound,
		"no content":      func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) },
		"not modified":    func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNotModified) },
		"partial content": func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusPartialContent) },
		"server error":    func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusInternalServerError) },
		"too large":       answer(strings.Repeat(" ", outbound.SizeLimit+1)),
		"too large in chunks": func(w http.ResponseWriter, _ *http.Request) {
			for range 65 {
				_, _ = w.Write(make([]byte, 1<<10))
				_ = http.NewResponseController(w).Flush()
			}
		},
		"endless": func(w http.ResponseWriter, r *http.Request) {
			for r.Context().Err() == nil {
				if _, err := w.Write(make([]byte, 1<<10)); err != nil {
					return
				}
			}
		},
		"large headers": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("X-Large", strings.Repeat("a", 2*outbound.HeaderLimit))
			fmt.Fprint(w, document)
		},
		"gzip bomb": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Encoding", "gzip")
			_, _ = w.Write(bomb)
		},
		"compressed": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Encoding", "br")
			fmt.Fprint(w, document)
		},
		"slow headers": stall(func(http.ResponseWriter) {}),
		"slow body":    stall(func(w http.ResponseWriter) { fmt.Fprint(w, document[:5]) }),
		"a body that drips": func(w http.ResponseWriter, r *http.Request) {
			drops := time.NewTicker(10 * time.Millisecond)
			defer drops.Stop()
			for r.Context().Err() == nil {
				fmt.Fprint(w, " ")
				_ = http.NewResponseController(w).Flush()
				select {
				case <-r.Context().Done():
				case <-drops.C:
				}
			}
		},
	} {
		for protocol, http2 := range map[string]bool{"HTTP/1.1": false, "HTTP/2": true} {
			t.Run("section 0.1, 7.8: "+name+" over "+protocol, func(t *testing.T) {
				t.Parallel()
				fetcher, url := serve(t, func(s *httptest.Server) { s.EnableHTTP2 = http2 }, handler)
				unavailable(t, fetcher, url+"/")
			})
		}
	}
}

// unavailable checks that a document cannot be had, and that the error tells nothing of why.
func unavailable(t *testing.T, fetcher *outbound.Fetcher, url string) {
	t.Helper()
	if body, err := fetcher.Fetch(t.Context(), url); body != nil || err != outbound.ErrUnavailable {
		t.Errorf("%s: %.20q, error %v", url, body, err)
	}
}

// TestBrokenConnections has servers that go wrong below HTTP.
func TestBrokenConnections(t *testing.T) {
	for name, misbehave := range map[string]func(net.Conn){
		"reset":         func(c net.Conn) { _ = c.(*tls.Conn).NetConn().(*net.TCPConn).SetLinger(0) },
		"closed":        func(net.Conn) {},
		"not HTTP":      func(c net.Conn) { fmt.Fprint(c, "220 mail.example.org ESMTP\r\n") },
		"cut short":     func(c net.Conn) { fmt.Fprintf(c, "HTTP/1.1 200 OK\r\nContent-Length: 999\r\n\r\n%s", document) },
		"endless hints": endlessly("HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"),
		"endless line":  endlessly(strings.Repeat("a", 1<<10)),
		"endless header": func(c net.Conn) {
			fmt.Fprint(c, "HTTP/1.1 200 OK\r\n")
			endlessly("A: b\r\n")(c)
		},
		"endless trailer": func(c net.Conn) {
			fmt.Fprint(c, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n[]\r\n0\r\n")
			endlessly("A: b\r\n")(c)
		},
	} {
		t.Run("section 0.1: "+name, func(t *testing.T) {
			t.Parallel()
			fetcher, url := serve(t, nil, func(w http.ResponseWriter, _ *http.Request) {
				connection, _, err := http.NewResponseController(w).Hijack()
				if err != nil {
					t.Error(err)
					return
				}
				defer connection.Close()
				misbehave(connection)
			})
			unavailable(t, fetcher, url)
		})
	}
	for name, misbehave := range map[string]func(net.Conn){
		"no TLS":                  func(c net.Conn) { fmt.Fprint(c, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n[]") },
		"a handshake that stalls": func(c net.Conn) { _, _ = io.Copy(io.Discard, c) }, // until the other side closes
	} {
		t.Run("section 0.1: "+name, func(t *testing.T) {
			t.Parallel()
			listener, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			done := make(chan struct{})
			go func() {
				defer close(done)
				connection, err := listener.Accept()
				if err != nil {
					return
				}
				defer connection.Close()
				misbehave(connection)
			}()
			exempt := netip.MustParseAddrPort(listener.Addr().String())
			unavailable(t, outbound.NewTrusting(slog.New(slog.DiscardHandler), exempt, nil), "https://"+exempt.String()+"/")
			_ = listener.Close()
			<-done
		})
	}
}

// endlessly writes until the other side closes.
func endlessly(s string) func(net.Conn) {
	return func(c net.Conn) {
		for {
			if _, err := io.WriteString(c, s); err != nil {
				return
			}
		}
	}
}

func TestCertificates(t *testing.T) {
	server := httptest.NewUnstartedServer(answer(document))
	server.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
	server.StartTLS()
	defer server.Close()
	exempt := netip.MustParseAddrPort(server.Listener.Addr().String())
	t.Run("section 0.1: of another authority", func(t *testing.T) {
		unavailable(t, outbound.NewTrusting(slog.New(slog.DiscardHandler), exempt, x509.NewCertPool()), server.URL)
	})
	t.Run("section 0.1: expired, and not valid yet", func(t *testing.T) {
		certificate := server.Certificate()
		authority := x509.NewCertPool()
		authority.AddCert(certificate)
		for at, good := range map[time.Time]bool{
			certificate.NotAfter: true, certificate.NotAfter.Add(time.Second): false, certificate.NotBefore.Add(-time.Second): false,
		} {
			fetcher := outbound.NewTrustingAt(slog.New(slog.DiscardHandler), exempt, authority, func() time.Time { return at })
			if _, err := fetcher.Fetch(t.Context(), server.URL); (err == nil) != good {
				t.Errorf("at %v: %v", at, err)
			}
		}
	})
	t.Run("section 0.1: of another name", func(t *testing.T) {
		unavailable(t, fetcherFor(server), fmt.Sprintf("https://localhost:%d/", exempt.Port()))
	})
}

// TestLimitOfFetches starts twice as many fetches as may be under way, each of which stays where it would
// connect. The others wait, and have their turn when these are done.
func TestLimitOfFetches(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var underWay atomic.Int64
		done := make(chan struct{})
		fetcher := outbound.NewControlled(slog.New(slog.DiscardHandler), func() error {
			underWay.Add(1)
			<-done
			return errors.New("enough")
		})
		var fetches sync.WaitGroup
		for range 2 * outbound.AtOnce {
			fetches.Go(func() { unavailable(t, fetcher, "https://192.0.2.1/") })
		}
		synctest.Wait()
		if n := underWay.Load(); n != outbound.AtOnce {
			t.Errorf("%d fetches at once, want %d", n, outbound.AtOnce)
		}
		close(done)
		fetches.Wait()
		if n := underWay.Load(); n != 2*outbound.AtOnce {
			t.Errorf("%d fetches in all, want %d", n, 2*outbound.AtOnce)
		}
	})
}

// TestWaitingIsLimitedToo keeps all places for longer than a fetch may take: one that waits gives up in time.
func TestWaitingIsLimitedToo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		done := make(chan struct{})
		fetcher := outbound.NewControlled(slog.New(slog.DiscardHandler), func() error {
			<-done
			return errors.New("enough")
		})
		begun := time.Now() // of the bubble's own clock
		var fetches sync.WaitGroup
		for range 2 * outbound.AtOnce {
			fetches.Go(func() { unavailable(t, fetcher, "https://192.0.2.1/") })
		}
		fetches.Wait()
		if took := time.Since(begun); took != outbound.TimeLimit {
			t.Errorf("took %v, want %v", took, outbound.TimeLimit)
		}
		close(done)
	})
}

// TestLogTellsNothingOfTheAnswer reads the line that says why a document was not had.
func TestLogTellsNothingOfTheAnswer(t *testing.T) {
	var log bytes.Buffer
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		connection, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		fmt.Fprint(connection, "c0ffee c0ffee c0ffee\r\n\r\n")
		_ = connection.Close()
	}))
	defer server.Close()
	roots := x509.NewCertPool()
	roots.AddCert(server.Certificate())
	exempt := netip.MustParseAddrPort(server.Listener.Addr().String())
	unavailable(t, outbound.NewTrusting(slog.New(slog.NewTextHandler(&log, nil)), exempt, roots), server.URL+"/path-of-the-client")
	if line := log.String(); !strings.Contains(line, "answer not understood") || strings.Contains(line, "c0ffee") || strings.Contains(line, "path-of") {
		t.Errorf("logged %s", line)
	}
}
