package search

import (
	"bytes"
	"cmp"
	"encoding/hex"
	"iter"
	"slices"

	"github.com/google/uuid"
)

// Find returns the first clients that a query selects, as they stood when it was called, and how many it selects.
func (x *Index) Find(q Query) (found Found) {
	first := best{order: q.Order, limit: q.Limit}
	behind := q.After != Place{}
	for b, i := range x.selected(q) {
		found.Count = min(found.Count+1, q.Count)
		place := b.place(i, q.Order)
		if (!behind || q.Order.compare(place, q.After) > 0) && first.admits(place) {
			first.add(place)
		}
		if q.Order == NewestFirst && found.Count == q.Count && len(first.places) >= q.Limit {
			break
		}
	}
	first.cut()
	found.Clients = first.places
	return found
}

// All returns the numbers of all clients below one that a query selects, the highest first, as they stood after an event, and
// the sequence of that. Order, place and limit of the query mean nothing.
func (x *Index) All(q Query, before uint64) (clients iter.Seq[uint64], at uint64) {
	now := x.now.Load()
	if now == nil {
		return func(func(uint64) bool) {}, 0
	}
	return func(yield func(uint64) bool) {
		m := now.matcher(q)
		for _, b := range slices.Backward(now.blocksBelow(before)) {
			for _, i := range slices.Backward(m.rows(b)) {
				if seq := b.rows[i].seq; seq < before && !yield(seq) {
					return
				}
			}
		}
	}, now.at
}

func (x *Index) selected(q Query) iter.Seq2[*block, int] {
	now := x.now.Load()
	if now == nil {
		now = new(state)
	}
	return now.selected(q)
}

// selected returns the entries that a query selects, those with the highest numbers first.
func (s *state) selected(q Query) iter.Seq2[*block, int] {
	m := s.matcher(q)
	return func(yield func(*block, int) bool) {
		for _, b := range slices.Backward(s.blocks) {
			for _, i := range slices.Backward(m.rows(b)) {
				if !yield(b, i) {
					return
				}
			}
		}
	}
}

// blocksBelow returns the blocks that have entries below a number.
func (s *state) blocksBelow(before uint64) []*block {
	if before == 0 {
		return nil
	}
	return s.blocks[:holding(s.blocks, before-1)+1]
}

// place returns where an entry stands in an order.
func (b *block) place(i int, order Order) Place {
	p := Place{Seq: b.rows[i].seq}
	switch order {
	case ChangedFirst:
		p.Changed = cmp.Or(b.rows[i].changed, b.rows[i].registered)
	case ByName:
		name, _, _ := bytes.Cut(b.entry(i).text, []byte(separator))
		p.Name = string(name[:min(len(name), NamePlace)])
	}
	return p
}

// matcher tells which entries a query selects.
type matcher struct {
	among                        func(*row) bool // nil: all of them are looked at
	fits                         []bool          // by the place of a profile; nil: all of them do
	cautioned                    []bool          // by the place of a profile; nil: it is not asked
	contested                    claimed         // in which clients that are not cautioned may be preceded; nil: it is not asked
	network                      network
	registered, changed, expires *span // nil: any
	neverChanged                 bool
	values                       []uint64 // all of which an entry must have
	words                        []word

	selected []int  // memory for the next block
	ids      []byte // memory for the ids of the next block
}

func (s *state) matcher(q Query) *matcher {
	m := &matcher{neverChanged: q.NeverChanged, words: wordsOf(q.Text)}
	m.network = networkOf(q.Network)
	if q.Status != "" || q.Kind != "" || q.Auth != "" || q.Grant != "" {
		m.fits = make([]bool, len(s.profiles))
		for i, p := range s.profiles {
			m.fits[i] = p.fits(q)
		}
	}
	if q.Caution != "" {
		m.cautioned = make([]bool, len(s.profiles))
		for i, p := range s.profiles {
			m.cautioned[i] = slices.Contains(p.cautions, q.Caution)
		}
		if q.Alike {
			m.contested = s.contested()
		}
	}
	for into, period := range map[**span]Period{&m.registered: q.Registered, &m.changed: q.Changed, &m.expires: q.SecretExpires} {
		if !period.isOpen() {
			s := period.span()
			*into = &s
		}
	}
	for attribute, value := range map[byte]string{
		ofOwner: q.Owner, ofSoftware: q.Software, ofHost: q.Host, ofContact: q.Contact, ofToken: q.Token,
	} {
		m.values = appendHashes(m.values, attribute, value)
	}
	return m
}

// rows returns the indices of the entries of a block that the query selects, ascending. They are overwritten by the
// next call.
func (m *matcher) rows(b *block) []int {
	selected := m.selected[:0]
	for i := range b.rows {
		if m.stands(&b.rows[i]) && m.has(b, i) && m.isCautioned(b, i) {
			selected = append(selected, i)
		}
	}
	for _, w := range m.words {
		if len(selected) == 0 {
			break
		}
		selected = m.withWord(b, w, selected)
	}
	m.selected = selected
	return selected
}

func (m *matcher) stands(r *row) bool {
	return (m.among == nil || m.among(r)) && (m.fits == nil || m.fits[r.profile]) &&
		(m.registered == nil || m.registered.has(r.registered)) &&
		(m.changed == nil || m.changed.has(r.changed)) &&
		(m.expires == nil || m.expires.has(r.expires)) &&
		(!m.neverChanged || r.changed == 0) &&
		m.network.has(r.ip)
}

// isCautioned reports whether there is such a caution about an entry as is wanted.
func (m *matcher) isCautioned(b *block, i int) bool {
	if m.cautioned == nil || m.cautioned[b.rows[i].profile] {
		return true
	}
	preceded := false
	m.contested.precedents(b.stakesOf(i), b.rows[i].seq, func(Precedent) bool {
		preceded = true
		return false
	})
	return preceded
}

// has reports whether an entry has all values that are wanted.
func (m *matcher) has(b *block, i int) bool {
	if len(m.values) == 0 {
		return true
	}
	from, _, _ := b.starts(i)
	of := b.values[from:b.rows[i].values]
	for _, wanted := range m.values {
		if !slices.Contains(of, wanted) {
			return false
		}
	}
	return true
}

// fewOfBlock is the part of a block's entries below which they are looked at one by one.
const fewOfBlock = 16

// withWord keeps the entries that have a word.
func (m *matcher) withWord(b *block, w word, entries []int) []int {
	if len(entries) < len(b.rows)/fewOfBlock {
		return slices.DeleteFunc(entries, func(i int) bool { return !w.isIn(b.entry(i)) })
	}
	has := make([]bool, len(b.rows))
	for _, form := range w.forms {
		b.mark(has, form)
	}
	if w.id != nil {
		m.ids = m.ids[:0]
		for i := range b.rows {
			m.ids = hex.AppendEncode(m.ids, b.rows[i].id[:])
		}
		w.markIDs(has, m.ids)
	}
	return slices.DeleteFunc(entries, func(i int) bool { return !has[i] })
}

// mark marks the entries whose text has a part.
func (b *block) mark(has []bool, part []byte) {
	for i, from := 0, 0; ; {
		at := bytes.Index(b.text[from:], part)
		if at < 0 {
			return
		}
		from += at
		for int(b.rows[i].text) <= from {
			i++
		}
		if from+len(part) <= int(b.rows[i].text) {
			has[i] = true
			from = int(b.rows[i].text)
		} else {
			from++ // it reaches into the next entry's text
		}
	}
}

// digitsOfID is how many hexadecimal digits an id has.
const digitsOfID = 2 * len(uuid.UUID{})

// markIDs marks the entries whose ids, which follow on each other in hexadecimal digits, have the word.
func (w word) markIDs(has []bool, ids []byte) {
	for from := 0; ; {
		at := bytes.Index(ids[from:], w.id)
		if at < 0 {
			return
		}
		from += at
		if place := from % digitsOfID; place+len(w.id) <= digitsOfID && w.isInID(place) {
			has[from/digitsOfID] = true
		}
		from++
	}
}

// isIn reports whether an entry has the word.
func (w word) isIn(e entry) bool {
	for _, form := range w.forms {
		if bytes.Contains(e.text, form) {
			return true
		}
	}
	if w.id == nil {
		return false
	}
	has := []bool{false}
	w.markIDs(has, hex.AppendEncode(nil, e.id[:]))
	return has[0]
}
