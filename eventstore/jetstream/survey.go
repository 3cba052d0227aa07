package jetstream

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"roster/domain"
	"roster/eventstore"
)

// What is missing from a log is found before anything is changed. An embedded server cuts a damaged block file
// where the damage begins, with all whole records behind it, and goes on; so its files are read first, and it
// is not started on files from which acknowledged events are missing.
//
// No event that was acknowledged is missing if the sequences ascend by one from the first on, up to where
// the witness stands. A gap is no loss when
//   - it was accepted, which an event behind it says; or
//   - the witness was there and holds nothing of it: it was never acknowledged. Such gaps are of earlier
//     versions, which let the sequence jump after a loss of power; or
//   - it is at the end, beyond where the witness stands, and no whole record is behind it: a torn write.
//
// Without a witness, acknowledged events that are cut off cleanly at the end cannot be missed. And should a
// loss of power tear a block file whose successor was begun within the same unfinished sync, the gap looks
// like a loss, though nothing of it was acknowledged: that start is refused, to be on the safe side.

// survey is what a log holds.
type survey struct {
	read     func(block int) (*blockReader, error)
	events   uint64
	last     uint64
	gaps     []Span       // below last
	accepted []acceptance // from the log's own events
	ends     []mark       // the first and last event of each block file
	torn     []string     // block files with something in them that is no whole record
	ragged   bool         // nothing whole came after the last of torn
	behind   uint64       // the last sequence that must have been there behind that damage; 0: none
	because  string       // the first thing that was found wrong

	outdated bool // judge found that the witness holds events whose loss was accepted
}

// acceptance is a LossAccepted with its place.
type acceptance struct {
	Span
	seq uint64
	id  string
}

// mark is an event in a block file.
type mark struct {
	seq   uint64
	id    string
	block int
}

func markOf(r record, block int) (mark, error) {
	msg, err := r.message()
	return mark{r.seq, msg.Header.Get(jetstream.MsgIDHeader), block}, err
}

// surveyBlocks reads the block files of a stream, as the server would recover them: of a damaged one it keeps
// what is before the damage.
func surveyBlocks(dir, stream string) (*survey, error) {
	numbers, err := blockNumbers(dir)
	if err != nil {
		return nil, err
	}
	s := &survey{read: func(number int) (*blockReader, error) {
		return readBlock(filepath.Join(dir, blockName(number)), stream, number)
	}}
	for _, number := range numbers {
		block, err := s.read(number)
		if err != nil {
			return nil, err
		}
		if err := s.addBlock(number, block); err != nil {
			return nil, fmt.Errorf("block file %s: %w", blockName(number), err)
		}
		if block.damaged() {
			s.addDamage(blockName(number), block)
		}
	}
	return s, nil
}

// addDamage notes that a block file ends in what is no whole record. Of two in a row the first is no torn
// write: the server began the second when the first was complete.
func (s *survey) addDamage(name string, block *blockReader) {
	s.note("block file %s is damaged at byte %d", name, block.at)
	s.torn = append(s.torn, name)
	if s.ragged {
		s.behind = max(s.behind, s.last+1)
	}
	s.ragged = true
	s.behind = max(s.behind, block.lastBehind(s.last))
}

func (s *survey) note(format string, args ...any) {
	if s.because == "" {
		s.because = fmt.Sprintf(format, args...)
	}
}

// addBlock adds the events of one block file up to its damage.
func (s *survey) addBlock(number int, block *blockReader) error {
	var first, last record
	for r, ok := block.next(); ok; r, ok = block.next() {
		if r.seq <= s.last { // no message, or one that the server passes over
			continue
		}
		if r.seq != s.last+1 {
			s.gaps = append(s.gaps, Span{s.last + 1, r.seq - 1})
		}
		s.events, s.last = s.events+1, r.seq
		s.ragged, s.behind = false, 0
		if first.seq == 0 {
			first = r
		}
		last = r
		if r.subject == subjectOf(domain.RegistryAggregate()) {
			msg, err := r.message()
			if err != nil {
				return err
			}
			if err := s.addRegistryEvent(msg); err != nil {
				return err
			}
		}
	}
	for _, r := range []record{first, last} {
		if r.seq == 0 {
			continue
		}
		end, err := markOf(r, number)
		if err != nil {
			return err
		}
		s.ends = append(s.ends, end)
	}
	return nil
}

// addRegistryEvent notes what the log says of its own losses.
func (s *survey) addRegistryEvent(msg message) error {
	e, err := msg.decode()
	if errors.Is(err, eventstore.ErrUnknownSchema) {
		return nil // of a later version; those who read the log will say so
	}
	if err != nil {
		return err
	}
	if loss, ok := e.Event.(domain.LossAccepted); ok {
		s.accepted = append(s.accepted, acceptance{Span(loss), e.Seq, e.ID})
	}
	return nil
}

// judge returns a *LossError if events are missing that were acknowledged.
func (s *survey) judge(ctx context.Context, w Witness) error {
	var lost []Span
	suspects := s.gaps
	if end := max(w.Last(), s.behind); end > s.last {
		suspects = append(slices.Clip(suspects), Span{s.last + 1, end})
	}
	for _, span := range suspects {
		loss, err := s.isLoss(ctx, span, w)
		if err != nil {
			return err
		}
		if loss {
			lost = append(lost, span)
			if span.To < s.last {
				s.note("event %d is followed by %d", span.From-1, span.To+1)
			}
		}
	}
	strange, err := s.strangers(ctx, w)
	if err != nil {
		return err
	}
	lost = merge(append(lost, strange...))
	if len(lost) == 0 {
		return nil
	}
	s.note("the read model holds all up to %d, the log ends at %d", w.Last(), s.last)
	return &LossError{Lost: lost, Because: s.because}
}

// merge sorts ranges and joins those that meet.
func merge(spans []Span) (merged []Span) {
	slices.SortFunc(spans, func(a, b Span) int { return cmp.Compare(a.From, b.From) })
	for _, span := range spans {
		if n := len(merged); n > 0 && span.From <= merged[n-1].To+1 {
			merged[n-1].To = max(merged[n-1].To, span.To)
		} else {
			merged = append(merged, span)
		}
	}
	return merged
}

// isLoss reports whether events that are missing had been acknowledged, and their loss was not accepted.
func (s *survey) isLoss(ctx context.Context, missing Span, w Witness) (bool, error) {
	held, err := w.Count(ctx, missing.From, missing.To)
	if err != nil {
		return false, err
	}
	for _, a := range s.accepted {
		if a.From > missing.From || missing.To > a.To {
			continue
		}
		earlier, err := a.unknownTo(ctx, w)
		if err != nil {
			return false, err
		}
		if missing.To < a.seq || earlier {
			s.outdated = s.outdated || held > 0
			return false, nil
		}
	}
	return held > 0 || missing.To > w.Last(), nil
}

// unknownTo reports whether a witness has not come to the acceptance: what it holds is from before the loss.
func (a acceptance) unknownTo(ctx context.Context, w Witness) (bool, error) {
	id, err := w.EventID(ctx, a.seq)
	return id != a.id, err
}

// strangers returns the ranges in which the log has other events than the witness: files of another log, or
// another history. It compares the ends of block files, and looks closer where they differ.
func (s *survey) strangers(ctx context.Context, w Witness) ([]Span, error) {
	var strange []Span
	for i, m := range s.ends {
		known, err := s.isKnown(ctx, m, w)
		if err != nil {
			return nil, err
		}
		if known {
			continue
		}
		s.note("event %d is another than in the read model", m.seq)
		from := m.seq
		if i > 0 && s.ends[i-1].block == m.block {
			if from, err = s.firstStranger(ctx, m, s.ends[i-1].seq, w); err != nil {
				return nil, err
			}
		}
		strange = append(strange, Span{from, m.seq})
	}
	return strange, nil
}

// isKnown reports whether an event is the one that the witness holds there, or it holds none, or its loss was
// accepted.
func (s *survey) isKnown(ctx context.Context, m mark, w Witness) (bool, error) {
	if m.seq > w.Last() {
		return true, nil
	}
	id, err := w.EventID(ctx, m.seq)
	if err != nil || id == m.id {
		return true, err
	}
	loss, err := s.isLoss(ctx, Span{m.seq, m.seq}, w)
	return !loss, err
}

// firstStranger returns the sequence of the first event of a block file that is not known, up to its last one,
// which is not.
func (s *survey) firstStranger(ctx context.Context, last mark, after uint64, w Witness) (uint64, error) {
	block, err := s.read(last.block)
	if err != nil {
		return 0, err
	}
	for r, ok := block.next(); ok && r.seq < last.seq; r, ok = block.next() {
		if r.seq < after {
			continue
		}
		m, err := markOf(r, last.block)
		if err != nil {
			return 0, err
		}
		if known, err := s.isKnown(ctx, m, w); !known || err != nil {
			return r.seq, err
		}
	}
	return last.seq, nil
}

// setAside copies the block files that the server will cut, so that what is behind the damage can be looked at.
func (s *survey) setAside(blocks, to string) error {
	if len(s.torn) == 0 {
		return nil
	}
	dir := filepath.Join(to, "damaged-"+time.Now().UTC().Format("20060102T150405Z"))
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	for _, name := range s.torn {
		content, err := os.ReadFile(filepath.Join(blocks, name))
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o600); err != nil {
			return err
		}
	}
	return nil
}

// dropIndex removes the server's index, which the server makes anew from the block files, when it must not be
// believed: it knows of more than they hold, and the server would leave a gap in the sequence for events that
// were never acknowledged; or a loss was accepted, and with the index the server might go on without a look at
// the files, to cut them at another start.
func (s *survey) dropIndex(blocks string, accepted bool) error {
	last, err := lastOfIndex(blocks)
	if err != nil || last <= s.last && !accepted {
		return err
	}
	if err := os.Remove(filepath.Join(blocks, indexFile)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}
