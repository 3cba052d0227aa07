package refusals_test

import (
	"database/sql"
	"log/slog"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"testing"
	"time"

	"roster/api/refusals"
	"roster/cmd/roster/rostertest"
	"roster/projections/sqlitefile"
)

// A clock is set by a test.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func newClock() *clock { return &clock{now: time.Date(2026, 11, 29, 12, 0, 0, 0, time.UTC)} }

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

// pass lets time pass.
func (c *clock) pass(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// A store is a Store in a directory, at a time that the test sets.
type store struct {
	*refusals.Store
	t     testing.TB
	dir   string
	clock *clock
	logs  *rostertest.Buffer
	close func()
}

// open opens the store in a directory. It is closed at the end of the test at the latest.
func open(t testing.TB, dir string, at *clock, change ...func(*refusals.Options)) *store {
	t.Helper()
	logs := &rostertest.Buffer{}
	o := refusals.Options{Dir: dir, Logger: slog.New(slog.NewTextHandler(logs, nil)), Now: at.Now}
	for _, f := range change {
		f(&o)
	}
	s := &store{Store: refusals.Open(o), t: t, dir: dir, clock: at, logs: logs}
	s.close = sync.OnceFunc(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(s.close)
	return s
}

var (
	noHTTPS = refusals.Cause{Action: refusals.Registration, Code: "invalid_redirect_uri", Member: "redirect_uris"}
	tooFull = refusals.Cause{Action: refusals.Registration, Code: "access_denied", Setting: "max-clients"}
)

// address is one of many addresses.
func address(i int) string {
	return "10." + strconv.Itoa(i>>16&0xff) + "." + strconv.Itoa(i>>8&0xff) + "." + strconv.Itoa(i&0xff)
}

// refuse records that somebody was refused now.
func (s *store) refuse(ip string, cause refusals.Cause, name string) {
	s.Record(s.clock.Now(), ip, cause, func() refusals.Details { return refusals.Details{Name: name} })
}

// page returns a page that must be there.
func (s *store) page(q refusals.Query) refusals.Page {
	s.t.Helper()
	if q.Limit == 0 {
		q.Limit = 500
	}
	page, err := s.Page(s.t.Context(), q)
	if err != nil {
		s.t.Fatal(err)
	}
	return page
}

// names returns the names that were asked for, the newest first.
func (s *store) names(q refusals.Query) (names []string) {
	s.t.Helper()
	for _, r := range s.page(q).Refusals {
		names = append(names, r.Name)
	}
	return names
}

// summary returns a summary that must be there.
func (s *store) summary(q refusals.Query) refusals.Summary {
	s.t.Helper()
	summary, err := s.Summary(s.t.Context(), q)
	if err != nil {
		s.t.Fatal(err)
	}
	return summary
}

// path is where the file is.
func (s *store) path() string { return filepath.Join(s.dir, "refusals.db") }

// count returns what a query of the file counts.
func (s *store) count(query string) (n int) {
	s.t.Helper()
	db, err := sql.Open("sqlite", sqlitefile.DSN(s.path(), "ro"))
	if err != nil {
		s.t.Fatal(err)
	}
	defer db.Close()
	if err := db.QueryRow(query).Scan(&n); err != nil {
		s.t.Fatal(err)
	}
	return n
}

// spoil changes bytes of the file, which nobody may have open.
func (s *store) spoil(from int, with string) {
	s.t.Helper()
	content, err := os.ReadFile(s.path())
	if err != nil {
		s.t.Fatal(err)
	}
	copy(content[from:], with)
	if err := os.WriteFile(s.path(), content, 0o600); err != nil {
		s.t.Fatal(err)
	}
}

// eventually tries again until something is so.
func (s *store) eventually(what string, is func() bool) {
	s.t.Helper()
	for end := time.Now().Add(time.Minute); !is(); {
		if time.Now().After(end) {
			s.t.Fatalf("never %s", what)
		}
	}
}
