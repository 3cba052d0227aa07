package main

import (
	"bytes"
	"context"
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
	file := filepath.Join(t.TempDir(), "metadata.json")
	write := func(content string) {
		if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	synctest.Test(t, func(t *testing.T) {
		var logs bytes.Buffer
		var published []string
		publish := func(document []byte) error {
			if string(document) == "bad" {
				return errors.New("refused")
			}
			published = append(published, string(document))
			return nil
		}
		write("first")
		stop, err := followUpstream(t.Context(), file, publish, slog.New(slog.NewTextHandler(&logs, nil)))
		if err != nil {
			t.Fatal(err)
		}
		for _, content := range []string{"second", "bad", "third"} {
			write(content)
			time.Sleep(upstreamInterval) // of the bubble's time
			synctest.Wait()
		}
		stop()
		write("fourth")
		time.Sleep(2 * upstreamInterval)
		if got := strings.Join(published, " "); got != "first second third" {
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
			_, _ = w.Write(bytes.Repeat([]byte("x"), upstreamLimit+1))
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
	take := func([]byte) error { return nil }
	logger := slog.New(slog.DiscardHandler)
	for _, source := range []string{
		server.URL + "/missing", server.URL + "/elsewhere", server.URL + "/large", server.URL + "/cut",
		filepath.Join(t.TempDir(), "missing.json"), t.TempDir(),
	} {
		if _, err := followUpstream(t.Context(), source, take, logger); err == nil || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: error %v", source, err)
		}
	}
	if _, err := followUpstream(t.Context(), server.URL+"/good", func([]byte) error { return errors.New("refused") }, logger); err == nil {
		t.Error("what is refused is no error")
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := followUpstream(ended, server.URL+"/good", take, logger); err == nil {
		t.Error("a start that has ended goes on")
	}
	stop, err := followUpstream(t.Context(), server.URL+"/good", take, logger)
	if err != nil {
		t.Fatal(err)
	}
	stop()
}
