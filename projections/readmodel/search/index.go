// Package search finds clients among a million of them in milliseconds: by words of their name, owner, software,
// redirect hosts and id, also where letters only look alike, by what they are, where they came from and how they stand.
//
// It keeps in memory what they are found by, about 185 bytes a client, and reads through all of it: no query is slower
// than another for what it asks, and every count is exact. A table that is read for the same answers costs a disk more
// than that. An index of trigrams costs each registration more than the rest of the read model, and some searches of it,
// as some intersections of frequent values, take seconds.
package search

import (
	"cmp"
	"hash/maphash"
	"math"
	"net/netip"
	"slices"
	"sync/atomic"

	"github.com/google/uuid"
)

// Index holds an entry for each client. Its zero value is empty. It may be searched concurrently, also while one
// goroutine calls Put.
type Index struct {
	now   atomic.Pointer[state]
	known map[profileKey]uint32 // the place of each profile among them; for Put alone
}

// state is an index at one moment. It is never changed.
type state struct {
	at       uint64
	blocks   []*block
	profiles []profile
}

// blockSize is how many clients a block has at most, unless some come late in the order. It is small since a block is
// copied when one of its entries changes.
const blockSize = 1024

// block holds entries by ascending number. It is never changed once it can be found, but its slices grow behind their
// ends in blocks that come after it.
type block struct {
	rows   []row
	values []uint64  // of each entry, as hashOf makes them
	text   []byte    // of each entry
	stakes []uint64  // of each entry, as stakesOf makes them
	claims *claimSet // of all entries; nil while the block grows
}

// row is an entry less what is of any length.
type row struct {
	seq                          uint64
	id                           uuid.UUID // zero: it is none
	ip                           [16]byte  // as netip.Addr.As16 returns it; zero: unknown
	registered, changed, expires uint32    // in seconds; 0: never
	profile                      uint32    // its place among the profiles
	values, text, stakes         uint32    // where they end in the block
	last, described              uint32    // events, as eventOf returns them
}

// eventOf is how an index holds the sequence of an event: those that are too high are as if they came after all others.
func eventOf(seq uint64) uint32 { return uint32(min(seq, math.MaxUint32)) }

// profile is what a client has of what there are few values of.
type profile struct {
	status, kind, auth string
	grants, cautions   []string
}

// A hash stands for a value of one of these attributes, which its last bits tell. Those of the origin come last.
const (
	ofOwner = iota
	ofSoftware
	ofHost
	ofContact
	ofIP
	ofToken

	ofAttribute = 7 // the bits that tell
)

// hashOf returns the hash of a value. Of a million clients, another one has it with a likelihood of less than one in a
// trillion, and nobody can tell which values share one.
func hashOf(attribute byte, value string) uint64 {
	return sum(attribute, value)&^ofAttribute | uint64(attribute)
}

func sum(attribute byte, value string) uint64 {
	var h maphash.Hash
	h.SetSeed(seed)
	_ = h.WriteByte(attribute)
	_, _ = h.WriteString(clean(value))
	return h.Sum64()
}

func isOfOrigin(hash uint64) bool   { return hash&ofAttribute >= ofIP }
func isOfMetadata(hash uint64) bool { return hash&ofAttribute < ofIP }

var seed = maphash.MakeSeed()

// Put adds entries, or replaces those of the same number, as they are after the event with a sequence. One without an
// origin that has none to replace is passed over. They are found all at once. At most one goroutine may call it at a
// time.
func (x *Index) Put(at uint64, entries ...Entry) {
	next := state{at: at}
	if now := x.now.Load(); now != nil {
		next.blocks, next.profiles = slices.Clone(now.blocks), now.profiles
	}
	own := make(map[*block]bool) // those that nobody can find yet
	for _, e := range entries {
		x.put(&next, own, e)
	}
	x.now.Store(&next)
}

func (x *Index) put(s *state, own map[*block]bool, e Entry) {
	at := holding(s.blocks, e.Seq)
	if at < 0 || at == len(s.blocks)-1 && s.blocks[at].isFullBefore(e.Seq) {
		if e.Origin == nil {
			return
		}
		if at >= 0 {
			s.blocks[at] = s.blocks[at].clipped()
		}
		at++
		s.blocks = slices.Insert(s.blocks, at, new(block))
		own[s.blocks[at]] = true
	}
	b := s.blocks[at]
	i, found := b.find(e.Seq)
	switch {
	case !found && e.Origin == nil:
		return
	case !found && i == len(b.rows):
		if !own[b] {
			next := *b
			b = &next
		}
		b.append(x.made(s, e, nothing))
		if b.claims != nil {
			b.claims = b.claimSet()
		}
	case found && e.Origin == nil && e.Metadata == nil:
		next := *b
		next.rows = slices.Clone(b.rows)
		b = &next
		b.rows[i] = x.standing(s, e, b.rows[i], s.profiles[b.rows[i].profile])
	default:
		former := nothing
		if found {
			former = b.entry(i)
		}
		b = b.with(i, found, x.made(s, e, former))
	}
	own[b] = true
	s.blocks[at] = b
}

// holding returns the index of the block that an entry belongs to; -1: it comes before all of them.
func holding(blocks []*block, seq uint64) int {
	i, found := slices.BinarySearchFunc(blocks, seq, func(b *block, seq uint64) int { return cmp.Compare(b.rows[0].seq, seq) })
	if found {
		return i
	}
	return i - 1
}

// entry is an entry as a block holds it. The ends in its row mean nothing.
type entry struct {
	row
	values []uint64
	text   []byte
	stakes []uint64
}

// nothing is what there was before an entry that is new.
var nothing entry

// made returns what a block holds of an entry, in place of the former one.
func (x *Index) made(s *state, e Entry, former entry) entry {
	next := entry{row: former.row, text: former.text, stakes: former.stakes}
	next.seq = e.Seq
	of, _ := partyOf(former.stakes)
	owner := of.owner
	if o := e.Origin; o != nil {
		next.values = make([]uint64, 0, usualValues)
		next.id, _ = uuid.Parse(o.ID)
		next.registered = seconds(o.Registered)
		next.ip = [16]byte{}
		if ip, err := netip.ParseAddr(o.IP); err == nil {
			next.ip = ip.As16()
		}
		if owner = ownerStake(o.ImposedOwner); owner != 0 && len(former.stakes) == 0 {
			next.stakes = []uint64{owner}
		}
		next.values = appendHashes(next.values, ofIP, o.IP)
		next.values = appendHashes(next.values, ofToken, o.Token)
	} else {
		next.values = former.hashes(isOfOrigin)
	}
	var p profile
	if m := e.Metadata; m != nil {
		p = profile{kind: m.Kind, auth: m.Auth, grants: m.Grants, cautions: m.Cautions}
		next.text = []byte(m.text())
		next.stakes = stakesOf(e.Seq, owner, m)
		next.values = appendHashes(next.values, ofOwner, m.Owner)
		next.values = appendHashes(next.values, ofSoftware, m.Software)
		next.values = appendHashes(next.values, ofHost, m.Hosts...)
		next.values = appendHashes(next.values, ofContact, m.Contacts...)
	} else if former.seq != 0 {
		p = s.profiles[former.profile]
		next.values = append(next.values, former.hashes(isOfMetadata)...)
	}
	next.row = x.standing(s, e, next.row, p)
	return next
}

// hashes returns a copy of those hashes of an entry's values that are of a kind.
func (e entry) hashes(are func(uint64) bool) []uint64 {
	return slices.DeleteFunc(slices.Clone(e.values), func(hash uint64) bool { return !are(hash) })
}

// usualValues is how many values most clients have.
const usualValues = 6

// appendHashes appends the hashes of the values that are not empty.
func appendHashes(hashes []uint64, attribute byte, values ...string) []uint64 {
	for _, value := range values {
		if value != "" {
			hashes = append(hashes, hashOf(attribute, value))
		}
	}
	return hashes
}

// standing returns a row with the standing of an entry that has a profile but for its status.
func (x *Index) standing(s *state, e Entry, r row, p profile) row {
	p.status = e.Status
	r.profile = x.profile(s, p)
	r.changed, r.expires = seconds(e.Changed), seconds(e.SecretExpires)
	r.last, r.described = eventOf(e.Last), eventOf(e.Described)
	return r
}

// find returns the index of the row with a number, or where it would be.
func (b *block) find(seq uint64) (i int, found bool) {
	return slices.BinarySearchFunc(b.rows, seq, func(r row, seq uint64) int { return cmp.Compare(r.seq, seq) })
}

// isFullBefore reports whether the block has no room for an entry that comes after those that it has.
func (b *block) isFullBefore(seq uint64) bool {
	return len(b.rows) >= blockSize && b.rows[len(b.rows)-1].seq < seq
}

// entry returns the entry at an index.
func (b *block) entry(i int) entry {
	r := b.rows[i]
	values, text, stakes := b.starts(i)
	return entry{r, b.values[values:r.values], b.text[text:r.text], b.stakes[stakes:r.stakes]}
}

// stakesOf returns the stakes of the entry at an index.
func (b *block) stakesOf(i int) []uint64 {
	_, _, from := b.starts(i)
	return b.stakes[from:b.rows[i].stakes]
}

// starts is where values, text and stakes of an entry begin.
func (b *block) starts(i int) (values, text, stakes uint32) {
	if i == 0 {
		return 0, 0, 0
	}
	return b.rows[i-1].values, b.rows[i-1].text, b.rows[i-1].stakes
}

// append adds an entry that comes after all others.
func (b *block) append(e entry) {
	b.values = append(b.values, e.values...)
	b.text = append(b.text, e.text...)
	b.stakes = append(b.stakes, e.stakes...)
	e.row.values, e.row.text, e.row.stakes = uint32(len(b.values)), uint32(len(b.text)), uint32(len(b.stakes))
	b.rows = append(b.rows, e.row)
}

// with returns a copy of the block with an entry at an index, in place of the one that is there or before it.
func (b *block) with(i int, replace bool, e entry) *block {
	next := &block{
		rows:   make([]row, 0, len(b.rows)+1),
		values: make([]uint64, 0, len(b.values)+len(e.values)),
		text:   make([]byte, 0, len(b.text)+len(e.text)),
		stakes: make([]uint64, 0, len(b.stakes)+len(e.stakes)),
	}
	next.appendOf(b, 0, i)
	next.append(e)
	if replace {
		i++
	}
	next.appendOf(b, i, len(b.rows))
	if b.claims != nil {
		next.claims = next.claimSet()
	}
	return next
}

// appendOf appends the entries of another block from one index up to another.
func (b *block) appendOf(other *block, from, to int) {
	values, text, stakes := other.starts(from)
	valuesEnd, textEnd, stakesEnd := other.starts(to)
	moreValues, moreText, moreStakes := uint32(len(b.values))-values, uint32(len(b.text))-text, uint32(len(b.stakes))-stakes
	b.values = append(b.values, other.values[values:valuesEnd]...)
	b.text = append(b.text, other.text[text:textEnd]...)
	b.stakes = append(b.stakes, other.stakes[stakes:stakesEnd]...)
	for _, r := range other.rows[from:to] {
		r.values += moreValues
		r.text += moreText
		r.stakes += moreStakes
		b.rows = append(b.rows, r)
	}
}

// clipped returns a copy of the block without room to grow.
func (b *block) clipped() *block {
	return &block{slices.Clone(b.rows), slices.Clone(b.values), slices.Clone(b.text), slices.Clone(b.stakes), b.claimSet()}
}

// claimSet returns the claims of all entries.
func (b *block) claimSet() *claimSet {
	set := newClaimSet(len(b.stakes))
	for i, r := range b.rows {
		for _, rest := partyOf(b.stakesOf(i)); len(rest) > 0; {
			var value uint64
			value, _, _, rest = nextClaim(rest, r.seq)
			set.add(value)
		}
	}
	return set
}
