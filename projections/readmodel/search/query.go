package search

import (
	"cmp"
	"math"
	"net/netip"
	"slices"
	"strings"
	"time"
)

// Query selects clients. The zero value of a field does not restrict.
type Query struct {
	Text string // words, each of which must be part of the name, owner, software, a redirect host or the id

	// What a client must have exactly: as its only value, or among them.
	Status, Kind, Auth, Grant, Caution    string
	Owner, Software, Host, Contact, Token string
	Network                               netip.Prefix // of the address that it was registered from
	Alike                                 bool         // beside those with Caution, those with a claim that another one precedes them in
	Registered, Changed, SecretExpires    Period
	NeverChanged                          bool

	Order Order
	After Place // only clients behind this one in the order; zero: from the first
	Limit int   // how many clients to find
	Count int   // how far to count all that are selected, whatever place they have; 0: they are not counted
}

// Selects reports whether the query selects an entry that has all its parts, whatever place it has.
func (q Query) Selects(e Entry) bool {
	var x Index
	x.Put(0, e)
	q.Limit, q.Count = 0, 1
	return x.Find(q).Count == 1
}

// Period is the time from one whole second, with it, to another, without it. Zero: without beginning or end.
type Period struct{ From, Until time.Time }

// Order is in what order clients are found.
type Order int

// The orders of clients. Those that are alike in it are found in the order of NewestFirst.
const (
	NewestFirst  Order = iota // the last registered
	ChangedFirst              // the last changed, or registered
	ByName                    // by name without regard to case; those without one last
)

// Place is where a client stands in an order.
type Place struct {
	Seq     uint64
	Changed uint32 // of ChangedFirst: seconds since 1970
	Name    string // of ByName: the beginning of the name, as Fold makes it
}

// NamePlace is how many bytes of a name, at most, tell its place.
const NamePlace = 64

// compare tells the order of two places.
func (o Order) compare(a, b Place) int {
	first := 0
	switch o {
	case ChangedFirst:
		first = cmp.Compare(b.Changed, a.Changed)
	case ByName:
		switch {
		case (a.Name == "") != (b.Name == ""):
			first = -strings.Compare(a.Name, b.Name)
		default:
			first = strings.Compare(a.Name, b.Name)
		}
	}
	return cmp.Or(first, cmp.Compare(b.Seq, a.Seq))
}

// Found is what a query found.
type Found struct {
	Clients []Place // in the query's order
	Count   int     // how many clients the query selects, or its Count if there are that many
}

// Seqs returns the numbers of the clients.
func (f Found) Seqs() []uint64 {
	seqs := make([]uint64, len(f.Clients))
	for i, place := range f.Clients {
		seqs[i] = place.Seq
	}
	return seqs
}

// best keeps the first of many places in an order.
type best struct {
	order  Order
	limit  int
	places []Place
	full   bool // places has the limit of them, sorted, and more may follow
}

// admits reports whether a place may be among the first.
func (b *best) admits(p Place) bool {
	return b.limit > 0 && (!b.full || b.order.compare(p, b.places[b.limit-1]) < 0)
}

func (b *best) add(p Place) {
	if b.places = append(b.places, p); len(b.places) >= 2*b.limit {
		b.cut()
		b.full = true
	}
}

func (b *best) cut() {
	slices.SortFunc(b.places, b.order.compare)
	b.places = b.places[:min(b.limit, len(b.places))]
}

// seconds is how an index holds a time; 0: there is none.
func seconds(t time.Time) uint32 {
	if t.IsZero() {
		return 0
	}
	return uint32(min(max(t.Unix(), 1), math.MaxUint32))
}

// span is a period as an index holds times.
type span struct{ from, until uint32 }

func (p Period) span() span {
	s := span{1, math.MaxUint32}
	if !p.From.IsZero() {
		s.from = seconds(p.From)
	}
	if !p.Until.IsZero() {
		s.until = seconds(p.Until) - 1
	}
	return s
}

// isOpen reports whether the period does not restrict.
func (p Period) isOpen() bool { return p.From.IsZero() && p.Until.IsZero() }

func (s span) has(at uint32) bool { return s.from <= at && at <= s.until }
