package main

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/alecthomas/kong"
)

// canary stands for a secret that nobody should see.
const canary = "CANARY7f3a9"

// toldOf runs the program and returns its exit status and all that it prints.
func toldOf(t *testing.T, args ...string) (int, string) {
	t.Helper()
	var out bytes.Buffer
	status := Run(t.Context(), args, &out, &out)
	return status, out.String()
}

// Whatever setting a value is given to, right or wrong, the line that says what is wrong does not hold it. Lists
// of public words are told: the policy's.
func TestWrongSettingsTellNoValues(t *testing.T) {
	var all commands
	parser, err := newParser(&all, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	tried := 0
	try := func(flag *kong.Flag, name string, args ...string) {
		t.Helper()
		tried++
		if status, told := toldOf(t, args...); status != exitUsage || strings.Contains(strings.ToLower(told), strings.ToLower(canary)) {
			t.Errorf("%s by %s: status %d, %s", flag.Name, name, status, told)
		}
	}
	for _, command := range parser.Model.Leaves(false) {
		// With a value that is right there is something else that is wrong.
		args := append(strings.Fields(strings.TrimPrefix(command.FullPath(), "roster ")), "--unknown-flag")
		for _, flag := range command.Flags {
			if strings.HasPrefix(flag.Name, "allow-") || flag.Name == "default-scopes" || flag.Name == "help" {
				continue
			}
			for _, value := range []string{canary, "--" + canary, canary + "\nx", "https://" + canary + ":" + canary + "@x y", "a=" + canary + ",b=" + canary} {
				try(flag, "flag", append(args, "--"+flag.Name+"="+value)...)
				if !flag.IsBool() { // what follows a flag that takes no value is a flag of its own
					try(flag, "flag and argument", append(args[:len(args)-1:len(args)-1], "--"+flag.Name, value, "--unknown-flag")...)
				}
				for _, name := range flag.Envs {
					t.Setenv(name, value)
					try(flag, "environment", args...)
					_ = os.Unsetenv(name)
				}
			}
		}
	}
	if tried < 100 {
		t.Errorf("%d settings tried", tried)
	}
}

// What holds a secret and is refused, or leads nowhere, is told without it.
func TestSecretsAreNotTold(t *testing.T) {
	password := filepath.Join(t.TempDir(), "password")
	if err := os.WriteFile(password, []byte(canary[:7]), 0o600); err != nil {
		t.Fatal(err)
	}
	serve := func(args ...string) []string {
		return append([]string{"serve", "--data", t.TempDir(), "--listen", "127.0.0.1:0", "--admin-password", "long enough"}, args...)
	}
	remote := []string{"--api-token", canary, "--server"}
	for name, args := range map[string][]string{
		"API tokens":                   serve("--api-tokens", "a="+canary+strings.Repeat("x", 32)+",b=short"+canary),
		"tokens of servers":            serve("--as-tokens", "a="+canary+strings.Repeat("x", 32)+",b=short"+canary),
		"one token for two":            serve("--as-tokens", "a="+canary+strings.Repeat("x", 32), "--api-tokens", "b="+canary+strings.Repeat("x", 32)),
		"sealing key":                  serve("--secret-key", canary),
		"short password":               {"serve", "--admin-password", canary[:7]},
		"short password in a file":     {"serve", "--admin-password-file", password},
		"argument left over":           {"serve", "--admin-password", "a", canary},
		"password by another's name":   {"serve", "--admin-pasword=" + canary},
		"NATS, nobody there":           serve("--nats-url", "nats://user:"+canary+"@127.0.0.1:1"),
		"NATS, token":                  serve("--nats-url", "nats://"+canary+"@127.0.0.1:1"),
		"NATS, port that is none":      serve("--nats-url", "nats://user:"+canary+"@127.0.0.1:99999"),
		"NATS, slash in the password":  serve("--nats-url", "nats://user:"+canary+"/"+canary+"@127.0.0.1:1"),
		"NATS, slash in the name":      serve("--nats-url", "nats://"+canary+"/x:y@127.0.0.1:1"),
		"NATS, number sign":            serve("--nats-url", "nats://"+canary+"#x:y@127.0.0.1:1"),
		"NATS, question mark":          serve("--nats-url", "nats://"+canary+"?x:y@127.0.0.1:1"),
		"NATS, percent sign":           serve("--nats-url", "nats://user:%"+canary+"@127.0.0.1:1"),
		"NATS, space":                  serve("--nats-url", "nats://user:"+canary+" x@127.0.0.1:1"),
		"NATS, second of two":          serve("--nats-url", "nats://127.0.0.1:1,nats://user:"+canary+"@:x"),
		"NATS, no scheme":              serve("--nats-url", "user:"+canary+"@127.0.0.1:1"),
		"NATS, auditor":                {"events", "--nats-url", "nats://user:" + canary + "@x y"},
		"keys of an issuer":            serve("--software-issuers", "iss=https://user:"+canary+"@issuer.example.org/keys"),
		"issuer":                       serve("--software-issuers", "https://user:"+canary+"@issuer.example.org=/nowhere"),
		"keys of an issuer, no scheme": serve("--software-issuers", "iss=user:"+canary+"@issuer.example.org/keys"),
		"public URL":                   serve("--public-url", "https://user:"+canary+"@roster.example.org"),
		"upstream, nobody there":       serve("--upstream-metadata", "http://user:"+canary+"@127.0.0.1:1/metadata"),
		"upstream, name":               serve("--upstream-metadata", "http://"+canary+"@127.0.0.1:1/metadata"),
		"upstream, query":              serve("--upstream-metadata", "http://127.0.0.1:1/metadata?key="+canary),
		"upstream, malformed":          serve("--upstream-metadata", "http://user:"+canary+"%@127.0.0.1:1/metadata"),
		"upstream, no scheme":          serve("--upstream-metadata", "user:"+canary+"@127.0.0.1:1/metadata"),
		"events":                       append([]string{"events"}, append(remote, "http://user:"+canary+"@127.0.0.1:1")...),
		"events, nobody there":         append([]string{"events"}, append(remote, "http://127.0.0.1:1")...),
		"replay":                       append([]string{"replay", "--at", "1"}, append(remote, "http://127.0.0.1:1/?"+canary)...),
		"diff":                         append([]string{"diff", "--from", "1"}, append(remote, "http://127.0.0.1:1/?"+canary)...),
		"token list":                   append([]string{"token", "list"}, append(remote, "http://"+canary+"@127.0.0.1:1")...),
		"token revoke":                 append([]string{"token", "revoke", "id." + canary}, append(remote, "http://127.0.0.1:1")...),
		"token revoke, two tokens":     append([]string{"token", "revoke", "id", "id." + canary}, append(remote, "http://127.0.0.1:1")...),
	} {
		status, told := toldOf(t, args...)
		if status == exitOK || !strings.Contains(told, "roster: ") || strings.Contains(told, canary[:7]) {
			t.Errorf("%s: status %d, %s", name, status, told)
		}
	}
}

// The password of a file signs in on both sides of the wire.
func TestPasswordFile(t *testing.T) {
	dir := t.TempDir()
	file := func(name, content string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	right := file("right", adminPassword+"\r\nnot this\n")
	s := start(t, t.TempDir(), "--admin-password=", "--admin-password-file", right)
	s.register(webApp)
	if status, told := toldOf(t, "events", "--server", s.base, "--admin-password-file", right); status != exitOK || !strings.Contains(told, "ClientRegistered") {
		t.Errorf("status %d, %s", status, told)
	}
	for name, args := range map[string][]string{
		"both":     {"--admin-password-file", right, "--admin-password", adminPassword},
		"no file":  {"--admin-password-file", filepath.Join(dir, "none")},
		"no line":  {"--admin-password-file", file("empty", "\nsecond line\n")},
		"no bytes": {"--admin-password-file", file("nothing", "")},
	} {
		for _, command := range [][]string{{"serve", "--listen", "nowhere"}, {"events", "--server", s.base}} {
			if status, told := toldOf(t, append(command, args...)...); status != exitUsage || !strings.Contains(told, "--admin-password-file") {
				t.Errorf("%s, %s: status %d, %s", name, command[0], status, told)
			}
		}
	}
}
