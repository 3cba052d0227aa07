package main

import (
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// The README's commands work as they are printed, and none holds a password.
func TestReadme(t *testing.T) {
	readme, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(readme), "--admin-password ") || strings.Contains(string(readme), "--admin-password=") {
		t.Error("a command of the README holds a password")
	}
	program, err := exec.LookPath("roster")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "bin"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(program, filepath.Join(dir, "bin", "roster")); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "admin.password"), []byte(adminPassword+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	s := start(t, filepath.Join(dir, "other"))
	s.register(webApp)
	token := s.must(http.StatusCreated, "POST", "/api/v1/initial-access-tokens", "admin", "{}").member("id")

	script := "set -e\nID=" + token + "\n"
	for _, block := range regexp.MustCompile("(?s)```sh\n(.*?)```").FindAllStringSubmatch(string(readme), -1) {
		for line := range strings.Lines(block[1]) {
			// These build, go on for ever, or read a directory that is in use.
			if !strings.HasPrefix(line, "make ") && !strings.Contains(line, "--follow") && !strings.Contains(line, "--data ") {
				script += line
			}
		}
	}
	shell := exec.Command("sh", "-c", strings.ReplaceAll(script, "http://127.0.0.1:8080", s.base))
	shell.Dir = dir
	out, err := shell.CombinedOutput()
	for _, want := range []string{`"token":"`, `"type":"InitialAccessTokenRevoked"`, `"change":"`, `"registration_access_token":"`, "}204\n"} {
		if err != nil || !strings.Contains(string(out), want) {
			t.Fatalf("no %s: %v\n%s\n%s", want, err, script, out)
		}
	}
}
