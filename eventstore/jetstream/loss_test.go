package jetstream_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"roster/domain"
	"roster/eventstore"
	"roster/eventstore/jetstream"
	"roster/eventstore/storetest"
)

// remembered is a witness that holds what was read from a log.
type remembered struct {
	identity eventstore.Identity
	ids      map[uint64]string
	last     uint64
}

func remember(log *jetstream.Log, events []eventstore.Recorded) *remembered {
	w := &remembered{identity: log.Identity(), ids: map[uint64]string{}}
	for _, e := range events {
		w.ids[e.Seq], w.last = e.ID, e.Seq
	}
	return w
}

func (w *remembered) Identity() eventstore.Identity { return w.identity }
func (w *remembered) Last() uint64                  { return w.last }

func (w *remembered) EventID(_ context.Context, seq uint64) (string, error) { return w.ids[seq], nil }

func (w *remembered) Count(_ context.Context, from, to uint64) (n uint64, _ error) {
	for seq := range w.ids {
		if from <= seq && seq <= to {
			n++
		}
	}
	return n, nil
}

// until is the witness as it was at a sequence.
func (w *remembered) until(last uint64) *remembered {
	earlier := &remembered{identity: w.identity, ids: map[uint64]string{}, last: last}
	for seq, id := range w.ids {
		if seq <= last {
			earlier.ids[seq] = id
		}
	}
	return earlier
}

func openWith(t *testing.T, dir string, w jetstream.Witness, accept bool) (*jetstream.Log, error) {
	t.Helper()
	log, err := jetstream.Open(t.Context(), jetstream.Options{
		Dir: dir, Witness: w, AcceptLoss: accept, Logger: slog.New(slog.DiscardHandler),
	})
	if err == nil {
		t.Cleanup(func() { log.Close() })
	}
	return log, err
}

// large is an event of which a block file holds some 130.
func large() domain.Change {
	e := storetest.Revoked(newClient())
	e.Event = domain.ClientRevoked{Reason: strings.Repeat("x", 60_000)}
	return domain.Change{Events: []domain.Envelope{e}}
}

func appendLarge(t *testing.T, log *jetstream.Log, n int) {
	t.Helper()
	for range n {
		if _, err := log.Append(t.Context(), large()); err != nil {
			t.Fatal(err)
		}
	}
}

// copyDir copies a data directory.
func copyDir(t *testing.T, from string) string {
	t.Helper()
	to := t.TempDir()
	if err := os.CopyFS(to, os.DirFS(from)); err != nil {
		t.Fatal(err)
	}
	return to
}

// contents is every file below a directory, but for the lock.
func contents(t *testing.T, dir string) map[string]string {
	t.Helper()
	all := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || d.Name() == "lock" {
			return err
		}
		content, err := os.ReadFile(path)
		all[path] = string(content)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func flip(t *testing.T, path string, at int64) {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if at < 0 {
		at += int64(len(content))
	}
	content[at] ^= 1
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
}

// TestLoss damages a log of several block files in every way and holds it against a read model that has seen
// all of it, a part, or nothing. A loss is refused before any file is changed, and names what is missing;
// accepted, the log opens, says what was lost, and is not asked again once that is an event.
func TestLoss(t *testing.T) {
	const events = 330
	dir := t.TempDir()
	log := openLog(t, dir)
	appendLarge(t, log, events)
	all := readTo(t, log, events)
	witness := remember(log, all)
	if err := log.Close(); err != nil {
		t.Fatal(err)
	}
	const blocks = "log/jetstream/$G/streams/" + jetstream.StreamName + "/msgs"
	other := t.TempDir()
	foreign := openLog(t, other)
	appendLarge(t, foreign, events)
	if err := foreign.Close(); err != nil {
		t.Fatal(err)
	}
	perBlock := func() uint64 { // the records are of one size
		info, err := os.Stat(filepath.Join(dir, blocks, "1.blk"))
		if err != nil {
			t.Fatal(err)
		}
		last, err := os.Stat(filepath.Join(dir, blocks, "3.blk"))
		if err != nil {
			t.Fatal(err)
		}
		return events * uint64(info.Size()) / uint64(2*info.Size()+last.Size())
	}()
	const atSeq11 = 10*60_500 + 1000 // within one of the first events of a file, about the tenth
	remove := func(t *testing.T, path string) {
		if err := os.RemoveAll(path); err != nil {
			t.Fatal(err)
		}
	}
	for i, test := range []struct {
		name    string
		damage  func(t *testing.T, dir, blocks string)
		witness *remembered // nil: none
		from    uint64      // 0: no loss; the start of the first range, give or take 3
		to      uint64
	}{
		{"untouched", func(*testing.T, string, string) {}, witness, 0, 0},
		{"untouched, nobody remembers", func(*testing.T, string, string) {}, nil, 0, 0},
		{"a byte of an old block", func(t *testing.T, _, b string) { flip(t, b+"/1.blk", atSeq11) }, witness, 11, perBlock},
		{"the same, nobody remembers", func(t *testing.T, _, b string) { flip(t, b+"/1.blk", atSeq11) }, nil, 11, perBlock},
		{"the same, a read model that is behind", func(t *testing.T, _, b string) { flip(t, b+"/1.blk", atSeq11) }, witness.until(5), 11, perBlock},
		{"a byte of a length", func(t *testing.T, _, b string) { flip(t, b+"/2.blk", 1) }, witness, perBlock + 1, 2 * perBlock},
		{"a byte of the last block", func(t *testing.T, _, b string) { flip(t, b+"/3.blk", atSeq11) }, witness, 2*perBlock + 11, events},
		{"the same, nobody remembers", func(t *testing.T, _, b string) { flip(t, b+"/3.blk", atSeq11) }, nil, 2*perBlock + 11, events},
		{"a byte of the last record", func(t *testing.T, _, b string) { flip(t, b+"/3.blk", -9) }, witness, events, events},
		{"two blocks swapped", func(t *testing.T, dir, b string) {
			for _, r := range [][2]string{{b + "/1.blk", dir + "/x"}, {b + "/2.blk", b + "/1.blk"}, {dir + "/x", b + "/2.blk"}} {
				if err := os.Rename(r[0], r[1]); err != nil {
					t.Fatal(err)
				}
			}
		}, witness, 1, 2 * perBlock},
		{"the first block missing", func(t *testing.T, _, b string) { remove(t, b+"/1.blk") }, witness, 1, perBlock},
		{"a block in the middle missing", func(t *testing.T, _, b string) { remove(t, b+"/2.blk") }, witness, perBlock + 1, 2 * perBlock},
		{"the last block missing", func(t *testing.T, _, b string) { remove(t, b+"/3.blk") }, witness, 2*perBlock + 1, events},
		{"a block cut off", func(t *testing.T, _, b string) {
			if err := os.Truncate(b+"/2.blk", atSeq11); err != nil {
				t.Fatal(err)
			}
		}, witness, perBlock + 11, 2 * perBlock},
		{"a block emptied", func(t *testing.T, _, b string) {
			if err := os.Truncate(b+"/2.blk", 0); err != nil {
				t.Fatal(err)
			}
		}, witness, perBlock + 1, 2 * perBlock},
		{"a block of zeros", func(t *testing.T, _, b string) {
			if err := os.WriteFile(b+"/2.blk", make([]byte, 1<<20), 0o600); err != nil {
				t.Fatal(err)
			}
		}, witness, perBlock + 1, 2 * perBlock},
		{"the stream's files missing", func(t *testing.T, _, b string) { remove(t, b) }, witness, 1, events},
		{"the log missing", func(t *testing.T, dir, _ string) { remove(t, dir+"/log") }, witness, 1, events},
		{"another log in its place", func(t *testing.T, dir, _ string) {
			remove(t, dir+"/log")
			if err := os.CopyFS(dir+"/log", os.DirFS(other+"/log")); err != nil {
				t.Fatal(err)
			}
		}, witness, 1, events},
		{"a block of another log", func(t *testing.T, dir, b string) {
			content, err := os.ReadFile(filepath.Join(other, blocks, "2.blk"))
			if err == nil {
				err = os.WriteFile(b+"/2.blk", content, 0o600)
			}
			if err != nil {
				t.Fatal(err)
			}
		}, witness, perBlock + 1, 2 * perBlock},
		// What was never acknowledged is at the end, and nobody remembers it.
		{"a torn record at the end", func(t *testing.T, _, b string) {
			content, err := os.ReadFile(b + "/3.blk")
			if err == nil {
				err = os.WriteFile(b+"/3.blk", append(content, content[:30_000]...), 0o600)
			}
			if err != nil {
				t.Fatal(err)
			}
		}, witness, 0, 0},
		{"the last record torn", func(t *testing.T, _, b string) { flip(t, b+"/3.blk", -9) }, witness.until(events - 1), 0, 0},
		{"the last records gone", func(t *testing.T, _, b string) {
			if err := os.Truncate(b+"/3.blk", atSeq11); err != nil {
				t.Fatal(err)
			}
		}, witness.until(2 * perBlock), 0, 0},
	} {
		for _, index := range []bool{i%2 == 0} { // both say the same; half of each will do
			t.Run(fmt.Sprintf("%s, index %t", test.name, index), func(t *testing.T) {
				t.Parallel()
				dir := copyDir(t, dir)
				if !index {
					remove(t, filepath.Join(dir, blocks, "index.db"))
				}
				test.damage(t, dir, filepath.Join(dir, blocks))
				var w jetstream.Witness
				if test.witness != nil {
					w = test.witness
				}
				before := contents(t, dir)
				log, err := openWith(t, dir, w, false)
				loss := (*jetstream.LossError)(nil)
				if test.from == 0 {
					if err != nil {
						t.Fatalf("refused: %v", err)
					}
					goesOn(t, log)
					return
				}
				if !errors.As(err, &loss) {
					t.Fatalf("Open = %v, want a *LossError", err)
				}
				if first, last := loss.Lost[0].From, loss.Lost[len(loss.Lost)-1].To; max(first, test.from)-min(first, test.from) > 3 || max(last, test.to)-min(last, test.to) > 3 {
					t.Errorf("%v, want from about %d to about %d", err, test.from, test.to)
				}
				if text := err.Error(); strings.Contains(text, "\n") || !strings.Contains(text, loss.Lost[0].String()) || !strings.Contains(text, "--accept-loss") {
					t.Errorf("the error is %q", text)
				}
				if test.name != "another log in its place" { // which is whole: its server has nothing to cut
					for path, content := range contents(t, dir) {
						if before[path] != content {
							t.Errorf("%s was changed before the loss was accepted", path)
						}
					}
				}

				log, err = openWith(t, dir, w, true)
				if err != nil {
					t.Fatal(err)
				}
				if !slices.Equal(log.Lost(), loss.Lost) || !log.Disowned() {
					t.Errorf("accepted %v, want %v", log.Lost(), loss.Lost)
				}
				recordLoss(t, log)
				goesOn(t, log)
				last, err := log.Last(t.Context())
				if err != nil {
					t.Fatal(err)
				}
				seen := remember(log, readTo(t, log, last))
				if err := log.Close(); err != nil {
					t.Fatal(err)
				}
				// The old read model is outdated, one that was built since is not, and neither is in the way.
				for _, again := range []jetstream.Witness{w, seen} {
					log, err := openWith(t, dir, again, false)
					if err != nil {
						t.Fatalf("opened again: %v", err)
					}
					if outdated := again != seen && test.witness != nil && test.witness.last >= test.from; log.Disowned() != outdated {
						t.Errorf("Disowned = %t, want %t", log.Disowned(), outdated)
					}
					if err := log.Close(); err != nil {
						t.Fatal(err)
					}
				}
				// What is lost after that is another loss.
				flip(t, filepath.Join(dir, blocks, lastBlock(t, filepath.Join(dir, blocks))), 100)
				if _, err := openWith(t, dir, seen, false); !errors.As(err, &loss) {
					t.Errorf("opened after another loss: %v", err)
				}
			})
		}
	}
}

// TestOlderLog puts a back-up of the log beside a read model that has seen more, before and after the log went
// on in another way than the read model knows.
func TestOlderLog(t *testing.T) {
	dir := t.TempDir()
	log := openLog(t, dir)
	appendSmall := func(log *jetstream.Log, n int) {
		for range n {
			if _, err := log.Append(t.Context(), registration()); err != nil {
				t.Fatal(err)
			}
		}
	}
	appendSmall(log, 20)
	if err := log.Close(); err != nil {
		t.Fatal(err)
	}
	backup := copyDir(t, dir)
	log = openLog(t, dir)
	appendSmall(log, 10)
	witness := remember(log, readTo(t, log, 30))
	if err := log.Close(); err != nil {
		t.Fatal(err)
	}
	for _, more := range []int{0, 5, 15} {
		t.Run(fmt.Sprintf("gone on by %d", more), func(t *testing.T) {
			dir := copyDir(t, backup)
			log := openLog(t, dir)
			appendSmall(log, more)
			if err := log.Close(); err != nil {
				t.Fatal(err)
			}
			_, err := openWith(t, dir, witness, false)
			loss := (*jetstream.LossError)(nil)
			if !errors.As(err, &loss) || loss.Lost[len(loss.Lost)-1].To != 30 && more < 10 {
				t.Fatalf("Open = %v, want the loss up to event 30", err)
			}
			if more == 0 && loss.Lost[0].From != 21 || more > 0 && loss.Lost[0].From != 21 {
				t.Errorf("%v, want from event 21", err)
			}
			log, err = openWith(t, dir, witness, true)
			if err != nil {
				t.Fatal(err)
			}
			recordLoss(t, log)
			goesOn(t, log)
			if err := log.Close(); err != nil {
				t.Fatal(err)
			}
			log, err = openWith(t, dir, witness, false)
			if err != nil || !log.Disowned() {
				t.Errorf("opened again: %v, want it to open and the read model to be outdated", err)
			}
		})
	}
}

// TestDescriptionMissing takes the stream's description away: block files that hold events are not built over.
func TestDescriptionMissing(t *testing.T) {
	for _, name := range []string{"meta.inf", "meta.sum"} {
		dir := t.TempDir()
		log := openLog(t, dir)
		if _, err := log.Append(t.Context(), registration()); err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(filepath.Dir(log.Blocks()), name)
		if err := log.Close(); err != nil {
			t.Fatal(err)
		}
		kept, err := os.ReadFile(path)
		if err == nil {
			err = os.Remove(path)
		}
		if err != nil {
			t.Fatal(err)
		}
		if _, err := openWith(t, dir, nil, false); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("without %s: %v", name, err)
		}
		if err := os.WriteFile(path, kept, 0o600); err != nil {
			t.Fatal(err)
		}
		log, err = openWith(t, dir, nil, false)
		if err != nil {
			t.Fatal(err)
		}
		if last, err := log.Last(t.Context()); err != nil || last != 1 {
			t.Errorf("restored: Last = %d, %v", last, err)
		}
	}
}

func lastBlock(t *testing.T, dir string) (name string) {
	t.Helper()
	for n := 1; n < 10; n++ {
		if info, err := os.Stat(filepath.Join(dir, fmt.Sprint(n, ".blk"))); err == nil && info.Size() > 200 {
			name = fmt.Sprint(n, ".blk")
		}
	}
	return name
}

// recordLoss has the log say what was lost, as the program does.
func recordLoss(t *testing.T, log *jetstream.Log) {
	t.Helper()
	var events []domain.Envelope
	for _, span := range log.Lost() {
		e := storetest.Revoked(domain.RegistryAggregate())
		e.Event = domain.LossAccepted(span)
		events = append(events, e)
	}
	if _, err := log.Append(t.Context(), domain.Change{Events: events}); err != nil {
		t.Fatal(err)
	}
}

// goesOn appends to a log and reads all of it.
func goesOn(t *testing.T, log *jetstream.Log) {
	t.Helper()
	change := registration()
	seq, err := log.Append(t.Context(), change)
	if err != nil {
		t.Fatal(err)
	}
	events := readTo(t, log, seq)
	if last := events[len(events)-1]; last.ID != change.Events[0].ID {
		t.Errorf("the last event is %s", last.ID)
	}
}
