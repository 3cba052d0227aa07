package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func TestUpstreamIsFollowed(t *testing.T) {
	dir := t.TempDir()
	settings := upstreamSettings{UpstreamMetadata: filepath.Join(dir, "metadata.json"), UpstreamPatch: filepath.Join(dir, "patch.json")}
	write := func(file, content string) {
		if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	synctest.Test(t, func(t *testing.T) {
		var logs bytes.Buffer
		var published []string
		publish := func(metadata, patch []byte) error {
			if string(metadata) == "bad" {
				return errors.New("refused")
			}
			published = append(published, string(metadata)+string(patch))
			return nil
		}
		write(settings.UpstreamMetadata, "first")
		write(settings.UpstreamPatch, "+1")
		stop, err := followUpstream(t.Context(), settings, publish, slog.New(slog.NewTextHandler(&logs, nil)))
		if err != nil {
			t.Fatal(err)
		}
		for _, content := range []string{"second", "bad", "third"} {
			write(settings.UpstreamMetadata, content)
			time.Sleep(upstreamInterval) // of the bubble's time
			synctest.Wait()
		}
		write(settings.UpstreamPatch, "+2")
		time.Sleep(upstreamInterval)
		synctest.Wait()
		stop()
		write(settings.UpstreamMetadata, "fourth")
		time.Sleep(2 * upstreamInterval)
		if got := strings.Join(published, " "); got != "first+1 second+1 third+1 third+2" {
			t.Errorf("published %s", got)
		}
		if !strings.Contains(logs.String(), "refused") {
			t.Errorf("the log does not tell what was refused: %s", logs.String())
		}
	})
}

func TestUpstreamThatCannotBeRead(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/elsewhere":
			http.Redirect(w, r, "/good", http.StatusFound)
		case "/large":
			_, _ = w.Write(bytes.Repeat([]byte("x"), maxDocument+1))
		case "/cut":
			w.Header().Set("Content-Length", "100")
			_, _ = w.Write([]byte("{"))
		case "/good":
			_, _ = w.Write([]byte("{}"))
		default:
			http.NotFound(w, r)
		}
	}))
	defer server.Close()
	take := func(_, _ []byte) error { return nil }
	from := func(source string) upstreamSettings { return upstreamSettings{UpstreamMetadata: source} }
	logger := slog.New(slog.DiscardHandler)
	for _, source := range []string{
		server.URL + "/missing", server.URL + "/elsewhere", server.URL + "/large", server.URL + "/cut",
		filepath.Join(t.TempDir(), "missing.json"), t.TempDir(),
	} {
		if _, err := followUpstream(t.Context(), from(source), take, logger); err == nil || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: error %v", source, err)
		}
	}
	if _, err := followUpstream(t.Context(), from(server.URL+"/good"), func(_, _ []byte) error { return errors.New("refused") }, logger); err == nil {
		t.Error("what is refused is no error")
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := followUpstream(ended, from(server.URL+"/good"), take, logger); err == nil {
		t.Error("a start that has ended goes on")
	}
	stop, err := followUpstream(t.Context(), from(server.URL+"/good"), take, logger)
	if err != nil {
		t.Fatal(err)
	}
	stop()
}

// An authorization server that is asked at an inner address hears its public name, and shows its certificate.
func TestUpstreamIsAskedByItsHost(t *testing.T) {
	var asked, shown string
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked, shown = r.Host, r.TLS.ServerName
		_, _ = w.Write([]byte("{}"))
	}))
	server.StartTLS() // with a certificate for example.com and 127.0.0.1
	defer server.Close()
	for _, test := range []struct{ host, asked, shown string }{
		{"", strings.TrimPrefix(server.URL, "https://"), ""},
		{"example.com", "example.com", "example.com"},
		{"example.com:8443", "example.com:8443", "example.com"},
		{"as.example.org", "", ""},
	} {
		asked, shown = "", ""
		settings := upstreamSettings{UpstreamMetadata: server.URL, UpstreamHost: test.host}
		u := &upstream{upstreamSettings: settings, http: settings.client()}
		transport := u.http.Transport.(*http.Transport)
		if transport.TLSClientConfig == nil {
			transport.TLSClientConfig = &tls.Config{}
		}
		transport.TLSClientConfig.RootCAs = server.Client().Transport.(*http.Transport).TLSClientConfig.RootCAs
		_, err := u.read(t.Context())
		if asked != test.asked || shown != test.shown || (err == nil) != (test.asked != "") {
			t.Errorf("host %q: asked for %q, certificate of %q, error %v", test.host, asked, shown, err)
		}
	}
}
