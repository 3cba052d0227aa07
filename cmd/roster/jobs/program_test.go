// Package jobs_test does what administrators do in a day, in a browser, on the program itself: one file a job. What has
// happened before is a past (past_test.go), on whose data directory the program is started.
package jobs_test

import (
	"bufio"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"roster/api/client"
	"roster/cmd/roster/rostertest"
	"roster/web/browsertest"
)

// limit is for what should take no time; a busy machine is no failure.
const limit = 60 * time.Second

// binary is the path of the program.
var binary string

func TestMain(m *testing.M) { os.Exit(buildAndRun(m)) }

// buildAndRun builds the program, runs the tests and returns the exit status.
func buildAndRun(m *testing.M) int {
	dir, err := os.MkdirTemp("", "roster")
	if err == nil {
		defer os.RemoveAll(dir)
		binary = filepath.Join(dir, "roster")
		build := exec.Command("go", "build", "-o", binary, "roster/cmd/roster")
		build.Stderr = os.Stderr
		err = build.Run()
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "build the program:", err)
		return 1
	}
	return browsertest.Run(m)
}

// A program is the program in a process of its own.
type program struct {
	testing.TB
	url    string
	logged rostertest.Buffer
}

// serve starts the program on a data directory and waits until it is ready. It ends with the test.
func serve(tb testing.TB, data string, settings ...string) *program {
	tb.Helper()
	p := &program{TB: tb}
	command := exec.Command(binary, append([]string{
		"serve", "--data", data, "--listen", "127.0.0.1:0", "--log-format", "json", "--admin-password", rostertest.AdminPassword,
	}, settings...)...)
	log, err := command.StderrPipe()
	if err == nil {
		err = command.Start()
	}
	if err != nil {
		tb.Fatal(err)
	}
	address, ended := make(chan string, 1), make(chan error, 1)
	go func() {
		p.readLog(bufio.NewScanner(log), address)
		ended <- command.Wait()
	}()
	tb.Cleanup(func() {
		_ = command.Process.Signal(syscall.SIGTERM)
		select {
		case err := <-ended:
			if err != nil {
				tb.Errorf("the program ended with %v:\n%s", err, p.logged.String())
			}
		case <-time.After(limit):
			_ = command.Process.Kill()
			tb.Errorf("the program does not end:\n%s", p.logged.String())
		}
	})
	select {
	case p.url = <-address:
	case <-time.After(limit):
		tb.Fatalf("the program does not serve:\n%s", p.logged.String())
	}
	p.untilReady()
	return p
}

// readLog reads the program's log to its end. It sends the URL that the program serves at.
func (p *program) readLog(lines *bufio.Scanner, address chan<- string) {
	for lines.Scan() {
		fmt.Fprintln(&p.logged, lines.Text())
		var entry struct{ Msg, Address string }
		if json.Unmarshal(lines.Bytes(), &entry) == nil && entry.Msg == "serving" {
			address <- "http://" + entry.Address
		}
	}
}

func (p *program) untilReady() {
	p.Helper()
	for end := time.Now().Add(limit); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		response, err := http.Get(p.url + "/readyz")
		if err != nil {
			continue
		}
		response.Body.Close()
		if response.StatusCode == http.StatusOK {
			return
		}
	}
	p.Fatalf("the program is not ready:\n%s", p.logged.String())
}

// registry returns the program's API for an administrator.
func (p *program) registry(tb testing.TB) *client.Registry {
	tb.Helper()
	registry, err := client.New(p.url, client.Options{Credentials: client.Credentials{User: rostertest.AdminName, Password: rostertest.AdminPassword}})
	if err != nil {
		tb.Fatal(err)
	}
	return registry
}

// open opens the dashboard in a browser, signed in.
func (p *program) open(tb testing.TB, scripts bool) *browsertest.Browser {
	tb.Helper()
	b := browsertest.Open(tb, browsertest.Dashboard{URL: p.url, User: rostertest.AdminName, Password: rostertest.AdminPassword})
	b.RunScripts(scripts)
	b.SignIn()
	return b
}

// scripting is whether the pages of a browser run scripts, by the name of the test of that.
var scripting = map[string]bool{"with scripts": true, "without scripts": false}

// withAndWithoutScripts does a job in a browser whose pages run scripts, and in one whose pages run none.
func (p *program) withAndWithoutScripts(t *testing.T, job func(t *testing.T, b *browsertest.Browser)) {
	t.Helper()
	for name, scripts := range scripting {
		t.Run(name, func(t *testing.T) { job(t, p.open(t, scripts)) })
	}
}

// asAdmin is the administrator's authorization.
var asAdmin = "Basic " + base64.StdEncoding.EncodeToString([]byte(rostertest.AdminName+":"+rostertest.AdminPassword))

// daysAgo is a moment of a day before today, in UTC, such as 14:05 of yesterday.
func daysAgo(days, hour, minute int) time.Time {
	today := time.Now().UTC().Truncate(24 * time.Hour)
	return today.AddDate(0, 0, -days).Add(time.Duration(hour)*time.Hour + time.Duration(minute)*time.Minute)
}
