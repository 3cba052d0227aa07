package readmodel_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"roster/domain"
	"roster/eventstore"
	"roster/eventstore/memory"
	"roster/projections/readmodel"
)

var update = flag.Bool("update", false, "write the golden dump of the read model")

const goldenDump = "testdata/views.golden"

// The views are filled from a fixed log as the golden dump says: every row of every table. Programs that find a
// file with their own schema number go on with what it holds, so whoever fills a view differently must raise
// that number.
func TestViewsAreFilledAsBefore(t *testing.T) {
	t.Parallel()
	log := goldenLog(t)
	dir := t.TempDir()
	m := run(t, dir, log)
	m.caughtUp()
	m.close()
	got := fmt.Sprintf("schema number: %d\nlog: %x\n%s", readmodel.SchemaNumber, log.digest(), dump(t, filepath.Join(dir, "readmodel.db")))
	before, err := os.ReadFile(goldenDump)
	if err != nil && !*update {
		t.Fatal(err)
	}
	want := string(before)
	if got == want {
		return
	}
	number := func(dump string) string { first, _, _ := strings.Cut(dump, "\n"); return first }
	logOf := func(dump string) string { return strings.SplitN(dump+"\n\n", "\n", 3)[1] }
	sameLog := logOf(got) == logOf(want)
	switch {
	case number(got) == number(want) && sameLog:
		t.Errorf("the same events fill the views differently: raise schemaNumber in schema.go, so that files that exist are built again, "+
			"then run this test with -update (-want +got)\n%s", cmp.Diff(want, got))
	case !*update:
		t.Errorf("the golden dump is not current; where the log of this test has new events, run this test with -update. If an event that was "+
			"there before fills a row differently, or in doubt, raise schemaNumber in schema.go first, which costs a rebuild (-want +got)\n%s", cmp.Diff(want, got))
	default:
		if err := os.WriteFile(goldenDump, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// fixedLog is a log of events that are given, gaps between them included.
type fixedLog struct {
	*memory.Log // for the identity
	events      []eventstore.Recorded
}

func (l fixedLog) Identity() eventstore.Identity {
	return eventstore.Identity{Name: "golden", Created: start}
}

func (l fixedLog) Last(context.Context) (uint64, error) { return l.events[len(l.events)-1].Seq, nil }

func (l fixedLog) At(_ context.Context, seq uint64) (eventstore.Recorded, error) {
	for _, e := range l.events {
		if e.Seq == seq {
			return e, nil
		}
	}
	return eventstore.Recorded{}, eventstore.ErrNoEvent
}

func (l fixedLog) Subscribe(_ context.Context, after uint64) (eventstore.Subscription, error) {
	return &fixedSubscription{l, after}, nil
}

func (l fixedLog) digest() []byte {
	hash := sha256.New()
	for _, e := range l.events {
		version, data, err := eventstore.EventData(e.Event)
		if err != nil {
			panic(err)
		}
		fmt.Fprintln(hash, e.Seq, e.ID, e.Time, e.Aggregate, e.Actor, e.Event.Type(), version, string(data))
	}
	return hash.Sum(nil)[:8]
}

type fixedSubscription struct {
	log   fixedLog
	after uint64
}

func (s *fixedSubscription) Next(ctx context.Context, max int) ([]eventstore.Recorded, error) {
	var events []eventstore.Recorded
	for _, e := range s.log.events {
		if e.Seq > s.after && len(events) < min(max, 7) {
			events = append(events, e)
		}
	}
	if len(events) == 0 {
		<-ctx.Done()
		return nil, ctx.Err()
	}
	s.after = events[len(events)-1].Seq
	return events, nil
}

func (*fixedSubscription) Close() {}

// goldenLog is made of the golden events of all types in all versions there ever were. Each aggregate begins
// with an event of a version that begins one; each other event follows alone upon such a beginning, and one
// aggregate of each kind has them all, in the order of their names. Before the last of its aggregates the log
// lost events.
func goldenLog(t *testing.T) fixedLog {
	t.Helper()
	var beginnings, others []goldenEvent
	for _, e := range goldenEvents(t) {
		switch e.Event.(type) {
		case domain.ClientRegistered, domain.InitialAccessTokenIssued:
			beginnings = append(beginnings, e)
		default:
			others = append(others, e)
		}
	}
	log := fixedLog{Log: memory.New()}
	seq := uint64(0)
	add := func(id string, golden goldenEvent) {
		e := golden.Envelope
		seq++
		at := start.Add(time.Duration(seq) * 5 * time.Hour)
		if seq%7 == 0 {
			at = at.Add(-8 * time.Hour) // by a clock that is behind
		}
		if id != "" {
			e.Aggregate.ID = id
		}
		e.ID, e.Time = fmt.Sprintf("event-%d", seq), at
		log.events = append(log.events, eventstore.Recorded{Seq: seq, Envelope: e})
	}
	newest := map[string]goldenEvent{} // beginnings, by the kind of their aggregates
	for _, beginning := range beginnings {
		add(beginning.name, beginning)
		newest[beginning.Aggregate.Kind] = beginning
	}
	for kind := range newest {
		if i := slices.IndexFunc(others, func(e goldenEvent) bool { return e.Aggregate.Kind == kind }); i < 0 {
			t.Fatalf("nothing happens to a %s", kind)
		}
	}
	for _, e := range others {
		beginning, ofAggregate := newest[e.Aggregate.Kind]
		if !ofAggregate {
			add("", e)
			continue
		}
		add("begun-"+e.name, beginning)
		add("begun-"+e.name, e)
	}
	for _, kind := range []string{"client", "initial-access-token"} {
		add(kind+"-all", newest[kind])
		for _, e := range others {
			if e.Aggregate.Kind == kind {
				add(kind+"-all", e)
			}
		}
	}
	// A client registered with a token whose clients are counted.
	with := newest["client"]
	registered := with.Event.(domain.ClientRegistered)
	registered.InitialAccessToken = "initial-access-token-all"
	with.Event = registered
	add("client-with-token", with)
	seq += 10 // lost
	for _, e := range others {
		if _, ofAggregate := newest[e.Aggregate.Kind]; ofAggregate {
			add("lost-"+e.name, e)
		}
	}
	return log
}

// goldenEvent is an event with the name of its file, its type and version, as an id may have it.
type goldenEvent struct {
	name string
	domain.Envelope
}

// goldenEvents are the events in the golden files of the log's encoding, in the order of their types and versions.
func goldenEvents(t *testing.T) (events []goldenEvent) {
	t.Helper()
	files, err := filepath.Glob("../../eventstore/testdata/*.json")
	if err != nil || len(files) == 0 {
		t.Fatalf("no golden events: %v", err)
	}
	for _, file := range files {
		content, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		beside, body, _ := bytes.Cut(content, []byte("\n"))
		var r eventstore.Encoded
		if err := json.Unmarshal(beside, &r); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		r.Body = bytes.TrimSpace(body)
		e, err := eventstore.Decode(r)
		if err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		switch {
		case strings.HasPrefix(r.Type, "InitialAccessToken"): // not all of them are about one there
			e.Aggregate = domain.InitialAccessTokenAggregate(e.Aggregate.ID)
		case strings.HasPrefix(r.Type, "Client"):
			e.Aggregate = domain.ClientAggregate(e.Aggregate.ID)
		}
		events = append(events, goldenEvent{fmt.Sprintf("%s-%d", r.Type, r.Version), e})
	}
	return events
}

// dump writes every row of every table of a database that nobody has open, one value a line.
func dump(t *testing.T, path string) string {
	t.Helper()
	db, err := sql.Open("sqlite", "file:"+path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	tables, err := db.Query(`SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name`)
	if err != nil {
		t.Fatal(err)
	}
	defer tables.Close()
	var out strings.Builder
	for tables.Next() {
		var table string
		if err := tables.Scan(&table); err != nil {
			t.Fatal(err)
		}
		dumpTable(t, db, table, &out)
	}
	if err := tables.Err(); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

func dumpTable(t *testing.T, db *sql.DB, table string, out *strings.Builder) {
	t.Helper()
	rows, err := db.Query(`SELECT * FROM ` + table + ` ORDER BY 1`)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	columns, err := rows.Columns()
	if err != nil {
		t.Fatal(err)
	}
	for n := 1; rows.Next(); n++ {
		values, into := make([]any, len(columns)), make([]any, len(columns))
		for i := range values {
			into[i] = &values[i]
		}
		if err := rows.Scan(into...); err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(out, "\n%s %d\n", table, n)
		for i, value := range values {
			if columns[i] == "schema" || columns[i] == "boot" {
				continue // the number is in the first line, and comments don't count here; a boot is not the next one
			}
			switch value := value.(type) {
			case []byte:
				if table == "events" && (columns[i] == "metadata" || columns[i] == "data") {
					fmt.Fprintf(out, "  %s: %q\n", columns[i], unpacked(t, value))
					continue
				}
				fmt.Fprintf(out, "  %s: x'%x'\n", columns[i], value)
			case string:
				fmt.Fprintf(out, "  %s: %q\n", columns[i], value)
			default:
				fmt.Fprintf(out, "  %s: %v\n", columns[i], value)
			}
		}
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
}
