package search

import (
	"cmp"
	"iter"
	"math"
	"slices"
)

// AsOf returns the numbers of the clients below one that a query may have selected as they stood after an event, the highest
// first, and with each whether it did, which is not certain of some that had more events since. It returns false where the
// index does not hold all events up to that one. Order, place and limit of the query mean nothing. lasting says that a client
// never loses the status that the query asks for.
//
// Only what may have changed since is left open: the origin of a client never changes, and its metadata are still those that
// it had unless they were set since.
func (x *Index) AsOf(q Query, event, before uint64, lasting bool) (clients iter.Seq2[uint64, bool], ok bool) {
	now := x.now.Load()
	if now == nil || now.at < event {
		return nil, false
	}
	at := uint32(min(event, math.MaxUint32-1)) // those that are held as the highest one may have come later
	parts := []pastPart{
		now.pastPart(q, true, func(r *row) bool { return r.last <= at }),
		now.pastPart(q.withoutStanding(lasting), q == q.withoutStanding(false), func(r *row) bool { return r.last > at && r.described <= at }),
		now.pastPart(q.withoutMetadata(lasting), q == q.withoutMetadata(false), func(r *row) bool { return r.described > at }),
	}
	return func(yield func(uint64, bool) bool) {
		var found []pastRow // of a block
		for _, b := range slices.Backward(now.blocksBelow(before)) {
			found = found[:0]
			for _, p := range parts {
				for _, i := range p.rows(b) {
					found = append(found, pastRow{b.rows[i].seq, p.certain})
				}
			}
			slices.SortFunc(found, func(a, b pastRow) int { return -cmp.Compare(a.seq, b.seq) })
			for _, r := range found {
				if r.seq < before && !yield(r.seq, r.certain) {
					return
				}
			}
		}
	}, true
}

// pastPart finds those of a part of the entries that a query may select, or certainly does.
type pastPart struct {
	*matcher
	certain bool
}

type pastRow struct {
	seq     uint64
	certain bool
}

func (s *state) pastPart(q Query, certain bool, among func(*row) bool) pastPart {
	m := s.matcher(q)
	m.among = among
	return pastPart{m, certain}
}

// withoutStanding returns the query without what it asks of how clients stand, but for the status if that is lasting.
func (q Query) withoutStanding(lasting bool) Query {
	if !lasting {
		q.Status = ""
	}
	q.Changed, q.SecretExpires, q.NeverChanged = Period{}, Period{}, false
	return q
}

// withoutMetadata returns what is left of withoutStanding without what the query asks of metadata.
func (q Query) withoutMetadata(lasting bool) Query {
	q = q.withoutStanding(lasting)
	q.Text, q.Kind, q.Auth, q.Grant, q.Caution = "", "", "", "", ""
	q.Owner, q.Software, q.Host, q.Contact = "", "", "", ""
	return q
}
