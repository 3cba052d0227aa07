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

	"roster/domain"
	"roster/eventstore"
)

// What is missing from a log is found before anything is changed. An embedded server cuts a damaged block file where
// the damage begins, drops the whole records behind it too, and goes on. So its files are read before it is started,
// and it is not started if acknowledged events are missing from them.
//
// No acknowledged event is missing if the sequences ascend by one from 1 to the last of the witness. A gap is not a
// loss if
//   - it was accepted, as an event behind it says; or
//   - the witness has read beyond it and holds no event in it: then none was acknowledged. Earlier versions of
//     Roster left such gaps, because they let the sequence jump after a loss of power; or
//   - it is at the end, beyond the last of the witness, and no whole record is behind it: a torn write.
//
// Known limits: without a witness, it cannot be noticed that acknowledged events were cut off cleanly at the end.
// And if a loss of power tears a block file while one sync has to cover it and its successor, the gap looks like a
// loss although nothing in it was acknowledged. The start is then refused, to be on the safe side.

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
	return mark{r.seq, idOf(msg.Header), block}, err
}

// surveyBlocks reads the block files of a stream as the server would recover them: of a damaged file, only what is
// before the damage.
func surveyBlocks(dir, stream string) (*survey, error) {
	numbers, err := blockNumbers(dir)
	if err != nil {
		return nil, err
	}
	s := &survey{read: func(number int) (*blockReader, error) {
		return readBlock(filepath.Join(dir, blockName(number)), stream, number)
	}}
	err = scanBlocks(dir, stream, numbers, func(file *scan) error {
		if err := s.addRecords(file.number, file.records); err != nil {
			return fmt.Errorf("block file %s: %w", blockName(file.number), err)
		}
		if file.block.damaged() {
			s.addDamage(blockName(file.number), file.block)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return s, nil
}

// addDamage records that a block file ends in something other than a whole record. If the file before it does, too,
// that one is not a torn write: the server began this file when that one was complete.
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

// addRecords adds the events of one block file up to its damage.
func (s *survey) addRecords(number int, records []record) error {
	registry := subjectOf(domain.RegistryAggregate())
	var first, last record
	for _, r := range records {
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
		if string(r.subject) == registry {
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

// addRegistryEvent records a loss that was accepted earlier, if the event is a domain.LossAccepted.
func (s *survey) addRegistryEvent(msg message) error {
	e, err := msg.decode()
	if errors.Is(err, eventstore.ErrUnknownSchema) {
		return nil // a newer program wrote it; whoever reads the log will get the error
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

// isLoss reports whether missing events were acknowledged and their loss was not accepted.
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

// unknownTo reports whether a witness has not read the acceptance: it then holds what the log held before the loss.
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

// isKnown reports whether the witness holds this event or none at its sequence, or the loss of the one that it holds
// was accepted.
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

// firstStranger returns the sequence of the first event of a block file, from one on, that is not known. The last
// event of the file must be such a one.
func (s *survey) firstStranger(ctx context.Context, last mark, from uint64, w Witness) (uint64, error) {
	block, err := s.read(last.block)
	if err != nil {
		return 0, err
	}
	for r, ok := block.next(); ok && r.seq < last.seq; r, ok = block.next() {
		if r.seq < from {
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

// setAside copies the block files that the server will cut, so that what is behind the damage can be examined.
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

// dropIndex removes the server's index, which the server then makes again from the block files, if it is of no use or
// not to be trusted. That is when the index ends before the files do, as after a crash: the server would read it only to
// find that out. It is when the index goes beyond what the files hold: the server would leave a gap in the sequence for
// events that were never acknowledged. And it is when a loss was accepted: with the index, the server might not read
// the files now and cut them only at a later start.
func (s *survey) dropIndex(blocks string, accepted bool) error {
	last, err := lastOfIndex(blocks)
	if err != nil || last == s.last && !accepted {
		return err
	}
	if err := os.Remove(filepath.Join(blocks, indexFile)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}
