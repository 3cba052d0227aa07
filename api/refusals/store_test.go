package refusals_test

import (
	"bytes"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"roster/api/refusals"
	"roster/projections/sqlitefile"
)

func TestARefusalIsFound(t *testing.T) {
	s := open(t, t.TempDir(), newClock())
	want := refusals.Refusal{
		Time: s.clock.Now(), IP: "192.0.2.7",
		Cause: refusals.Cause{Action: refusals.Change, Code: "invalid_client_metadata", Member: "client_uri", Setting: "pages-on-redirect-host"},
		Details: refusals.Details{
			InitialAccessToken: "token", ClientID: "client", Name: "Ünïcode\x00 <b>", Hosts: []string{"a.example", "::1"},
		},
	}
	s.Record(want.Time, "::ffff:192.0.2.7", want.Cause, func() refusals.Details { return want.Details })
	if diff := cmp.Diff([]refusals.Refusal{want}, s.page(refusals.Query{}).Refusals); diff != "" {
		t.Errorf("(-recorded +found):\n%s", diff)
	}
	info, err := os.Stat(s.path())
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the file is %v, %v", info, err)
	}
}

func TestWhatWasAskedForIsCut(t *testing.T) {
	s := open(t, t.TempDir(), newClock())
	s.Record(s.clock.Now(), "nowhere", noHTTPS, func() refusals.Details {
		return refusals.Details{
			Name:  strings.Repeat("é", 1000),
			Hosts: []string{strings.Repeat("h", 254), "two words", "1", "2", "3", "4", "5", "6"},
		}
	})
	got := s.page(refusals.Query{}).Refusals[0]
	if name := []rune(got.Name); len(name) != 100 || name[99] != '…' {
		t.Errorf("a name of %d characters: %s", len(name), got.Name)
	}
	if diff := cmp.Diff([]string{"1", "2", "3", "4", "5"}, got.Hosts); diff != "" || got.IP != "" {
		t.Errorf("address %q, hosts (-want +got):\n%s", got.IP, diff)
	}
}

func TestQueriesSelect(t *testing.T) {
	s := open(t, t.TempDir(), newClock())
	begin := s.clock.Now()
	change := noHTTPS
	change.Action = refusals.Change
	for i, r := range []struct {
		ip    string
		cause refusals.Cause
	}{{"192.0.2.1", noHTTPS}, {"192.0.2.1", tooFull}, {"2001:db8::1", noHTTPS}, {"192.0.2.2", change}} {
		s.refuse(r.ip, r.cause, fmt.Sprint(i))
		s.clock.pass(time.Hour)
	}
	for name, c := range map[string]struct {
		query refusals.Query
		want  string
	}{
		"all":            {refusals.Query{}, "3 2 1 0"},
		"since":          {refusals.Query{Since: begin.Add(time.Hour)}, "3 2 1"},
		"until":          {refusals.Query{Until: begin.Add(time.Hour)}, "1 0"},
		"code":           {refusals.Query{Code: noHTTPS.Code}, "3 2 0"},
		"address":        {refusals.Query{IP: "192.0.2.1"}, "1 0"},
		"IPv6":           {refusals.Query{IP: "2001:DB8:0::1"}, "2"},
		"mapped":         {refusals.Query{IP: "::ffff:192.0.2.2"}, "3"},
		"cause":          {refusals.Query{Cause: &noHTTPS}, "2 0"},
		"cause, address": {refusals.Query{Cause: &noHTTPS, IP: "192.0.2.1"}, "0"},
		"nothing":        {refusals.Query{Code: "conflict"}, ""},
	} {
		if got := strings.Join(s.names(c.query), " "); got != c.want {
			t.Errorf("%s: got %q, want %q", name, got, c.want)
		}
	}
}

// Whoever reads page by page gets each refusal once, also those that come meanwhile not.
func TestPages(t *testing.T) {
	s := open(t, t.TempDir(), newClock())
	for i := range 7 {
		s.refuse("192.0.2.1", noHTTPS, fmt.Sprint(i))
	}
	var got []string
	for q := (refusals.Query{Limit: 3}); ; {
		page := s.page(q)
		for _, r := range page.Refusals {
			got = append(got, r.Name)
		}
		s.refuse("192.0.2.1", noHTTPS, "new")
		if q.Cursor = page.NextCursor; q.Cursor == "" {
			break
		}
	}
	if diff := cmp.Diff([]string{"6", "5", "4", "3", "2", "1", "0"}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	for _, cursor := range []string{"x", "0", "-1", "1.5", "99999999999999999999"} {
		if _, err := s.Page(t.Context(), refusals.Query{Cursor: cursor}); !errors.Is(err, refusals.ErrBadCursor) {
			t.Errorf("cursor %q: %v", cursor, err)
		}
	}
}

func TestTheSummaryGroupsByCause(t *testing.T) {
	s := open(t, t.TempDir(), newClock())
	begin := s.clock.Now()
	s.page(refusals.Query{}) // by then the file is begun
	for i := range 4 {
		for range i + 1 {
			s.refuse(address(i), noHTTPS, "")
			s.clock.pass(time.Minute)
		}
	}
	s.refuse("192.0.2.1", tooFull, "")
	want := []refusals.Group{
		{Cause: noHTTPS, Kept: 10, First: begin, Last: begin.Add(9 * time.Minute),
			Callers: []refusals.Caller{{address(3), 4}, {address(2), 3}, {address(1), 2}}},
		{Cause: tooFull, Kept: 1, First: s.clock.Now(), Last: s.clock.Now(), Callers: []refusals.Caller{{"192.0.2.1", 1}}},
	}
	got := s.summary(refusals.Query{})
	if diff := cmp.Diff(refusals.Summary{Groups: want, Beginning: refusals.Beginning{At: begin}}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if got := s.summary(refusals.Query{IP: address(3), Since: begin.Add(7 * time.Minute)}).Groups; len(got) != 1 || got[0].Kept != 3 {
		t.Errorf("of one address since its second refusal: %+v", got)
	}
}

// Beyond 50 a second refusals are only counted, by cause and second.
func TestAFloodIsCounted(t *testing.T) {
	s := open(t, t.TempDir(), newClock())
	begin := s.clock.Now()
	const flood = 10 * refusals.RowsPerSecond
	asked := 0
	for second := range 2 {
		for i := range flood {
			s.Record(s.clock.Now(), address(second*flood+i), noHTTPS, func() refusals.Details { asked++; return refusals.Details{} })
		}
		s.refuse(address(0), tooFull, "")
		s.clock.pass(time.Second)
	}
	s.refuse(address(0), tooFull, "after the flood")
	groups := s.summary(refusals.Query{}).Groups
	if len(groups) != 2 {
		t.Fatalf("got %+v", groups)
	}
	flooded, beside := groups[0], groups[1]
	if flooded.Kept != 2*refusals.RowsPerSecond || flooded.Counted != 2*(flood-refusals.RowsPerSecond) || !flooded.First.Equal(begin) {
		t.Errorf("of the flood: %+v", flooded)
	}
	if beside.Kept != 1 || beside.Counted != 2 || beside.Last != s.clock.Now() {
		t.Errorf("of others: %+v", beside)
	}
	if asked != flooded.Kept {
		t.Errorf("%d requests were looked into, %d are kept", asked, flooded.Kept)
	}
	if rows, counts := s.count(`SELECT count(*) FROM refusals`), s.count(`SELECT count(*) FROM counts`); rows != 2*refusals.RowsPerSecond+1 || counts != 4 {
		t.Errorf("the file has %d refusals and %d counts", rows, counts)
	}
	// What was counted has no address, and times of its own.
	if got := s.summary(refusals.Query{IP: address(0)}).Groups; len(got) != 2 || got[0].Counted != 0 || got[1].Counted != 0 {
		t.Errorf("of one address: %+v", got)
	}
	if got := s.summary(refusals.Query{Since: begin.Add(time.Second), Cause: &noHTTPS}).Groups; len(got) != 1 || got[0].Refusals() != flood {
		t.Errorf("since the second second: %+v", got)
	}
}

// A caller that does not give up is counted, too, and others are kept beside it.
func TestAPersistentCallerIsCounted(t *testing.T) {
	s := open(t, t.TempDir(), newClock())
	const hours = 2
	for range hours * 3600 {
		s.refuse("192.0.2.1", tooFull, "")
		s.clock.pass(time.Second)
		if s.clock.Now().Unix()%600 == 0 {
			s.page(refusals.Query{Limit: 1}) // which has the queue written
		}
	}
	s.refuse("192.0.2.2", tooFull, "")
	s.refuse("192.0.2.1", noHTTPS, "")
	groups := s.summary(refusals.Query{}).Groups
	if len(groups) != 2 || groups[0].Refusals() != hours*3600+1 || groups[1].Kept != 1 {
		t.Fatalf("got %+v", groups)
	}
	if kept := groups[0].Kept; kept < refusals.RowsAtOnce+hours*60-1 || kept > refusals.RowsAtOnce+hours*60+2 {
		t.Errorf("%d are kept", kept)
	}
	if s.Dropped() != 0 {
		t.Errorf("%d dropped", s.Dropped())
	}
}

func TestRefusalsGoAfterAWeek(t *testing.T) {
	s := open(t, t.TempDir(), newClock())
	s.refuse("192.0.2.1", noHTTPS, "first")
	for range 2 * refusals.RowsPerSecond {
		s.refuse("192.0.2.2", tooFull, "many")
	}
	s.clock.pass(time.Hour)
	s.refuse("192.0.2.1", noHTTPS, "second")
	s.clock.pass(refusals.Retention - time.Hour)
	if got := s.names(refusals.Query{Cause: &noHTTPS}); len(got) != 2 {
		t.Errorf("after a week there are %v", got)
	}
	s.clock.pass(time.Second) // less than after which the file is swept
	if got := s.names(refusals.Query{}); len(got) != 1 || got[0] != "second" {
		t.Errorf("after more than a week there are %v", got)
	}
	if got := s.summary(refusals.Query{}).Groups; len(got) != 1 || got[0].Refusals() != 1 {
		t.Errorf("after more than a week there are %+v", got)
	}
	s.clock.pass(2 * time.Minute)
	s.page(refusals.Query{})
	if rows, counts := s.count(`SELECT count(*) FROM refusals`), s.count(`SELECT count(*) FROM counts`); rows != 1 || counts != 0 {
		t.Errorf("the file still has %d refusals and %d counts", rows, counts)
	}
	s.close()
	if content, err := os.ReadFile(s.path()); err != nil || bytes.Contains(content, []byte("192.0.2.2")) {
		t.Errorf("an address is still in the file, %v", err)
	}
}

func TestTheOldestGoWhenThereAreTooMany(t *testing.T) {
	const most = 120
	s := open(t, t.TempDir(), newClock(), func(o *refusals.Options) { *o = o.WithMost(most) })
	for i := range 3 * most {
		s.refuse(address(i), noHTTPS, fmt.Sprint(i))
		for range refusals.RowsPerSecond {
			s.refuse(address(i), tooFull, "")
		}
		s.clock.pass(time.Minute)
		if i%10 == 0 {
			s.page(refusals.Query{Limit: 1})
		}
	}
	if rows, counts := s.count(`SELECT count(*) FROM refusals`), s.count(`SELECT count(*) FROM counts`); rows > most || counts > most+10 {
		t.Errorf("the file has %d refusals and %d counts", rows, counts)
	}
	all := s.names(refusals.Query{})
	if newest := s.names(refusals.Query{Cause: &noHTTPS}); len(all) != most || newest[0] != fmt.Sprint(3*most-1) {
		t.Errorf("%d are kept, the newest %s", len(all), newest[0])
	}
}

func TestRefusalsOutliveARestart(t *testing.T) {
	dir, at := t.TempDir(), newClock()
	s := open(t, dir, at)
	s.page(refusals.Query{}) // what comes now is written when the store is closed
	s.refuse("192.0.2.1", noHTTPS, "before")
	for range refusals.RowsPerSecond {
		s.refuse(address(1), noHTTPS, "")
	}
	s.close()
	again := open(t, dir, at)
	again.refuse("192.0.2.1", noHTTPS, "after")
	if got := again.names(refusals.Query{IP: "192.0.2.1"}); strings.Join(got, " ") != "after before" {
		t.Errorf("got %v", got)
	}
	summary := again.summary(refusals.Query{})
	if len(summary.Groups) != 1 || summary.Groups[0].Kept != refusals.RowsPerSecond+1 || summary.Groups[0].Counted != 1 || summary.Beginning.Because != "" {
		t.Errorf("got %+v", summary)
	}
}

// What the process had not written when it was killed is lost, the file is whole.
func TestDamageBeginsAnew(t *testing.T) {
	long := strings.Repeat("x", 100)
	for name, spoil := range map[string]func(*store){
		"header": func(s *store) { s.spoil(0, "this is no database") },
		"page":   func(s *store) { s.spoil(3*4096, strings.Repeat("\xff", 4096)) },
		"half":   func(s *store) { _ = os.Truncate(s.path(), 3*4096+100) },
		"form": func(s *store) {
			db, err := sql.Open("sqlite", sqlitefile.DSN(s.path(), "rw"))
			if err == nil {
				_, err = db.Exec(`PRAGMA user_version = 99`)
			}
			if err = errors.Join(err, db.Close()); err != nil {
				t.Fatal(err)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			dir, at := t.TempDir(), newClock()
			s := open(t, dir, at)
			for i := range 200 {
				s.refuse(address(i), noHTTPS, long)
				at.pass(time.Second)
			}
			s.close()
			spoil(s)
			again := open(t, dir, at)
			again.refuse("192.0.2.1", noHTTPS, "new")
			if got := again.names(refusals.Query{}); len(got) != 1 || got[0] != "new" {
				t.Errorf("%d refusals", len(got))
			}
			if b := again.summary(refusals.Query{}).Beginning; b.Because == "" || !b.At.Equal(at.Now()) {
				t.Errorf("it says that it was begun %+v", b)
			}
			if !strings.Contains(again.logs.String(), "begun anew") {
				t.Errorf("the log says %s", again.logs)
			}
		})
	}
}

// Damage that shows while the store is used.
func TestDamageThatIsFoundLater(t *testing.T) {
	dir, at := t.TempDir(), newClock()
	s := open(t, dir, at)
	for i := range 400 {
		s.refuse(address(i), noHTTPS, strings.Repeat("x", 100))
		at.pass(time.Second)
	}
	s.page(refusals.Query{Limit: 1})
	// A checkpoint puts everything into the file, of which the connections have little in memory.
	db, err := sql.Open("sqlite", sqlitefile.DSN(s.path(), "rw"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.Exec(`PRAGMA wal_checkpoint(TRUNCATE)`); err != nil {
		t.Fatal(err)
	}
	db.Close()
	content, err := os.ReadFile(s.path())
	if err != nil {
		t.Fatal(err)
	}
	for at := 4096; at < len(content); at++ {
		content[at] = 0xff
	}
	if err := os.WriteFile(s.path(), content, 0o600); err != nil {
		t.Fatal(err)
	}
	// The first connection may still have pages in memory; others have none.
	s.eventually("begun anew", func() bool {
		s.page(refusals.Query{})
		s.refuse("192.0.2.1", noHTTPS, "new")
		return s.summary(refusals.Query{}).Beginning.Because != ""
	})
	s.refuse("192.0.2.1", tooFull, "newer")
	if got := s.names(refusals.Query{Cause: &tooFull}); len(got) != 1 {
		t.Errorf("after that there are %v", got)
	}
}

// While the file cannot be written nobody waits: what is beyond the queue is dropped, and the rest written later.
func TestAFullQueueBlocksNobody(t *testing.T) {
	s := open(t, t.TempDir(), newClock())
	s.page(refusals.Query{})
	db, err := sql.Open("sqlite", sqlitefile.DSN(s.path(), "rw", "_txlock=immediate"))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	lock, err := db.Begin() // which keeps the writer waiting
	if err != nil {
		t.Fatal(err)
	}
	recorded := uint64(0)
	for ; s.Dropped() == 0; recorded++ {
		s.refuse(address(int(recorded)), noHTTPS, "")
		s.clock.pass(time.Second)
	}
	if err := lock.Rollback(); err != nil {
		t.Fatal(err)
	}
	group := s.summary(refusals.Query{Since: s.clock.Now().Add(-refusals.Retention)}).Groups[0]
	if got := uint64(group.Kept) + s.Dropped(); got != recorded || group.Kept < refusals.QueueMost {
		t.Errorf("of %d there are %d kept and %d dropped", recorded, group.Kept, s.Dropped())
	}
}

// Where the file cannot be made, nobody is kept from anything, and the log says so. Later it may be.
func TestADirectoryThatIsNotThere(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "later")
	s := open(t, dir, newClock())
	s.refuse("192.0.2.1", noHTTPS, "lost")
	if _, err := s.Page(t.Context(), refusals.Query{}); !errors.Is(err, refusals.ErrUnavailable) {
		t.Errorf("got %v", err)
	}
	if s.Dropped() != 1 || !strings.Contains(s.logs.String(), "refusals cannot be kept") {
		t.Errorf("%d dropped, the log says %s", s.Dropped(), s.logs)
	}
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	s.refuse("192.0.2.1", noHTTPS, "kept")
	if got := s.names(refusals.Query{}); len(got) != 1 || got[0] != "kept" {
		t.Errorf("got %v", got)
	}
}

func TestNoStoreKeepsNothing(t *testing.T) {
	var none *refusals.Store
	none.Record(time.Now(), "192.0.2.1", noHTTPS, nil)
	page, err := none.Page(t.Context(), refusals.Query{})
	summary, wrong := none.Summary(t.Context(), refusals.Query{})
	if err != nil || wrong != nil || len(page.Refusals) != 0 || len(summary.Groups) != 0 || none.Dropped() != 0 {
		t.Errorf("got %+v, %v, %+v, %v", page, err, summary, wrong)
	}
}

func TestNobodyWaitsForAClosedStore(t *testing.T) {
	s := open(t, t.TempDir(), newClock())
	s.close()
	if _, err := s.Page(t.Context(), refusals.Query{}); !errors.Is(err, refusals.ErrUnavailable) {
		t.Errorf("got %v", err)
	}
}
