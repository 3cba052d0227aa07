package search

import (
	"cmp"
	"slices"
)

// An Attribute is one whose values clients are ranked by.
type Attribute byte

// The attributes. Most clients share the values of theirs with others.
const (
	Software = Attribute(ofSoftware)
	IP       = Attribute(ofIP)
	Token    = Attribute(ofToken)
)

// Ranked is a value of an attribute, of which the index knows only who has it.
type Ranked struct {
	hash    uint64
	Seq     uint64 // the number of the newest client that has it
	Clients int    // how many clients have it
}

// Is reports whether it is this value.
func (r Ranked) Is(value string) bool { return r.hash == hashOf(byte(r.hash&ofAttribute), value) }

// valuesRanked is how many different values are counted: a client's value that is first met behind so many others is
// passed over. What most clients have is met early.
const valuesRanked = 1 << 16

// Rank returns the values of an attribute that most of the clients have which a query selects, the most frequent first,
// at most so many. Order, place, limit and count of the query mean nothing.
func (x *Index) Rank(a Attribute, q Query, most int) []Ranked {
	counted := make(map[uint64]*Ranked)
	for b, i := range x.selected(q) {
		from, _, _ := b.starts(i)
		for _, hash := range b.values[from:b.rows[i].values] {
			if byte(hash&ofAttribute) != byte(a) {
				continue
			}
			r := counted[hash]
			if r == nil {
				if len(counted) == valuesRanked {
					continue
				}
				r = &Ranked{hash: hash, Seq: b.rows[i].seq}
				counted[hash] = r
			}
			r.Clients++
		}
	}
	ranked := make([]Ranked, 0, len(counted))
	for _, r := range counted {
		ranked = append(ranked, *r)
	}
	slices.SortFunc(ranked, func(a, b Ranked) int {
		return cmp.Or(cmp.Compare(b.Clients, a.Clients), cmp.Compare(b.Seq, a.Seq))
	})
	return ranked[:min(most, len(ranked))]
}
