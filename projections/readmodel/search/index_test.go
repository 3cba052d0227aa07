package search_test

import (
	"cmp"
	"flag"
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	"roster/projections/readmodel/search"
)

// Each check fills an index with thousands of entries: fewer than rapid's 100 do. The command line wins.
func init() { _ = flag.Set("rapid.checks", "30") }

// client is what the last entries put of one client say.
type client struct {
	seq uint64
	search.Origin
	search.Metadata
	search.Standing
}

// selects is search.Query.Selects by the simplest means, for words of lower-case ASCII.
func (c client) selects(q search.Query) bool {
	written := []string{c.Name, c.Owner, c.Software, c.Version}
	for _, word := range strings.Fields(q.Text) {
		has := func(part string) bool { return strings.Contains(part, word) }
		id, digits := strings.ReplaceAll(c.ID, "-", ""), strings.ReplaceAll(word, "-", "")
		inID := len(word) >= 6 && strings.Contains(id, digits) ||
			len(word) >= 4 && (strings.HasPrefix(id, digits) || strings.HasSuffix(id, digits))
		if !slices.ContainsFunc(append(slices.Clone(written), c.Hosts...), has) && !inID {
			return false
		}
	}
	is := func(wanted string, has ...string) bool { return wanted == "" || slices.Contains(has, wanted) }
	within := func(p search.Period, at time.Time) bool {
		return p == search.Period{} || !at.IsZero() && (p.From.IsZero() || !at.Before(p.From)) && (p.Until.IsZero() || at.Before(p.Until))
	}
	return is(q.Status, c.Status) && is(q.Kind, c.Kind) && is(q.Auth, c.Auth) && is(q.Grant, c.Grants...) &&
		is(q.Owner, c.Owner) && is(q.Software, c.Software) && is(q.Host, c.Hosts...) && is(q.Contact, c.Contacts...) &&
		(!q.Network.IsValid() || c.IP != "" && q.Network.Contains(netip.MustParseAddr(c.IP))) && is(q.Token, c.Token) &&
		within(q.Registered, c.Registered) && within(q.Changed, c.Changed) && within(q.SecretExpires, c.SecretExpires) &&
		(!q.NeverChanged || c.Changed.IsZero())
}

// cautioned reports whether there is a caution about a client of all of them that a query asks for.
func (c client) cautioned(q search.Query, all map[string][]claimant) bool {
	return q.Caution == "" || slices.Contains(c.Cautions, q.Caution) || q.Alike && len(c.precedents(all)) > 0
}

// claimant is a party with one of its claims, or one client of it.
type claimant struct {
	client
	search.Claim
	active bool
}

func (c claimant) party() string {
	if c.ImposedOwner != "" {
		return "owner " + c.ImposedOwner
	}
	return strings.Join(slices.Sorted(slices.Values(c.Domains)), " ")
}

func (c claimant) compare(other claimant) int {
	unproven := func(c claimant) int {
		if c.Vouched || c.ImposedOwner != "" {
			return 0
		}
		return 1
	}
	return cmp.Or(unproven(c)-unproven(other), cmp.Compare(c.Since, other.Since))
}

// claimants returns what all clients claim, in the order of their numbers.
func claimants(all map[uint64]client) (claims []claimant) {
	for _, seq := range slices.Sorted(maps.Keys(all)) {
		for _, claim := range all[seq].Claims {
			claim.Since = cmp.Or(claim.Since, seq)
			claims = append(claims, claimant{all[seq], claim, all[seq].Status == "active"})
		}
	}
	return claims
}

// partiesOf returns the parties with each claim, in the order in which they precede each other.
func partiesOf(all map[uint64]client) map[string][]claimant {
	parties := map[string][]claimant{}
	for _, c := range claimants(all) {
		if c.party() == "" && !c.Vouched {
			continue
		}
		same := parties[c.Value]
		i := slices.IndexFunc(same, func(p claimant) bool { return p.party() == c.party() })
		if i < 0 {
			parties[c.Value] = append(same, c)
			continue
		}
		same[i].Since, same[i].Vouched = min(same[i].Since, c.Since), same[i].Vouched || c.Vouched
		if c.active && !same[i].active {
			same[i].active, same[i].seq = true, c.seq
		}
	}
	for _, same := range parties {
		slices.SortFunc(same, claimant.compare)
	}
	return parties
}

// precedents says by the simplest means who precedes a client.
func (c client) precedents(parties map[string][]claimant) (found []search.Precedent) {
	for n, claim := range c.Claims {
		claim.Since = cmp.Or(claim.Since, c.seq)
		self := claimant{client: c, Claim: claim}
		if claim.Vouched || len(c.Domains) == 0 || slices.Equal(c.Domains, []string{"localhost"}) {
			continue
		}
		var before []claimant
		for _, p := range parties[claim.Value] {
			if p.party() == self.party() || self.compare(p) < 0 {
				break
			}
			if p.active {
				before = append(before, p)
			}
		}
		if len(before) == 0 || c.ImposedOwner != "" && c.ImposedOwner == before[0].ImposedOwner {
			continue
		}
		elsewhere := slices.ContainsFunc(c.Domains, func(d string) bool { return !slices.Contains(before[0].Domains, d) })
		if elsewhere && (before[0].Vouched || before[0].ImposedOwner != "" || len(before) < 4) {
			found = append(found, search.Precedent{Claim: n, Seq: before[0].seq})
		}
	}
	return found
}

// before tells the order of two clients.
func before(order search.Order) func(a, b client) int {
	return func(a, b client) int {
		first := 0
		switch order {
		case search.ChangedFirst:
			changed := func(c client) time.Time {
				if c.Changed.IsZero() {
					return c.Registered
				}
				return c.Changed
			}
			first = changed(b).Compare(changed(a))
		case search.ByName:
			last := func(name string) string { return cmp.Or(name, "\uffff") }
			first = strings.Compare(last(a.Name), last(b.Name))
		}
		return cmp.Or(first, cmp.Compare(b.seq, a.seq))
	}
}

// TestIndex puts random entries, most of them in order, and finds what a walk over all of them finds, page by page.
func TestIndex(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		var index search.Index
		all := make(map[uint64]client)
		last := uint64(0)
		// There are too many entries for a draw of each of their values.
		random := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 0))
		chance := func(in int) bool { return random.IntN(in) == 0 }
		pick := func(values ...string) string { return values[random.IntN(len(values))] }
		some := func(values ...string) []string { return values[random.IntN(len(values)+1):] }
		at := func() time.Time {
			if n := random.Int64N(10); n > 0 {
				return time.Unix(1_800_000_000+n, 0)
			}
			return time.Time{}
		}
		for batch := range rapid.IntRange(0, 20).Draw(t, "batches") {
			var entries []search.Entry
			for range rapid.SampledFrom([]int{1, 3, 700}).Draw(t, "entries") {
				e := search.Entry{
					Seq:      last + 1 + random.Uint64N(3),
					Standing: search.Standing{Status: pick("active", "revoked"), Changed: at(), SecretExpires: at()},
				}
				if chance(10) {
					e.Seq = 1 + random.Uint64N(last+1)
				}
				c, known := all[e.Seq]
				if !known || chance(10) {
					e.Origin = &search.Origin{
						ID: fmt.Sprintf("0197f2c0-aaaa-7bbb-8ccc-%012x", e.Seq%700), Registered: time.Unix(1_800_000_000+int64(e.Seq%10), 0),
						IP: pick("", "192.0.2.1", "192.0.2.2", "2001:db8::1"), Token: pick("", "", "one"),
						ImposedOwner: []string{"", "", "", "", "", "x", "y"}[e.Seq%7],
					}
					c.Origin = *e.Origin
				}
				if chance(2) {
					e.Metadata = &search.Metadata{
						Name: pick("", "a", "ab", "b a", "aabaab"), Owner: pick("", "b", "c"), Software: pick("", "", "com.a"), Version: pick("", "1"),
						Kind: pick("web", "native"), Auth: pick("none", "basic"), Grants: some("code", "refresh"), Hosts: some("a.example", "b.example"),
						Contacts: some("x@example", "y@example"), Cautions: some("note", "impersonation"),
						Domains: slices.Compact(slices.Sorted(slices.Values([]string{pick("a", "b", "c"), pick("a", "b", "localhost")}))),
					}
					if chance(3) {
						e.Metadata.Domains = []string{pick("localhost", "a", "b", "c")}
					}
					if chance(20) {
						e.Metadata.Domains = nil
					}
					for _, value := range some("name a", "name b", fmt.Sprint("name ", random.IntN(300)), fmt.Sprint("name ", random.IntN(30))) {
						claim := search.Claim{Value: value, Vouched: chance(400)}
						if chance(4) {
							claim.Since = random.Uint64() >> 1 // not that of another one
						}
						if !slices.ContainsFunc(e.Metadata.Claims, func(c search.Claim) bool { return c.Value == value }) {
							e.Metadata.Claims = append(e.Metadata.Claims, claim)
						}
					}
					c.Metadata = *e.Metadata
				}
				c.seq, c.Standing = e.Seq, e.Standing
				all[e.Seq] = c
				last = max(last, e.Seq)
				entries = append(entries, e)
			}
			index.Put(uint64(batch+1), entries...)
		}
		if index.Len() != len(all) {
			t.Fatalf("%d entries, want %d", index.Len(), len(all))
		}
		parties := partiesOf(all)
		for _, seq := range slices.Sorted(maps.Keys(all))[:min(len(all), 20)] {
			c := all[seq]
			e := search.Entry{Seq: seq, Origin: &c.Origin, Metadata: &c.Metadata, Standing: c.Standing}
			if got, want := index.Precedents(e)[seq], c.precedents(parties); !slices.Equal(got, want) {
				t.Fatalf("client %d with %+v of %v is preceded by %v, want %v", seq, c.Claims, c.Domains, got, want)
			}
		}
		maybe := func(values ...string) string { return pick(append([]string{"", "", "", "", ""}, values...)...) }
		period := func() (p search.Period) {
			if chance(6) {
				p = search.Period{From: at(), Until: at()}
			}
			return p
		}
		for range 10 {
			q := search.Query{
				Text:   maybe("a", "ab", "ba", "a b", "b a", "com.a 1", "example", "none", "0000000000", "8ccc00", "01", "0197", "0001", "0197f2c0-aaaa ab"),
				Status: maybe("active", "other"), Kind: maybe("web"), Auth: maybe("none"), Grant: maybe("code"), Caution: maybe("note", "impersonation"),
				Owner: maybe("b", "x"), Software: maybe("com.a"), Host: maybe("a.example"), Contact: maybe("x@example"),
				Token: maybe("one"), Registered: period(), Changed: period(), SecretExpires: period(),
				NeverChanged: chance(6), Alike: chance(2),
				Order: search.Order(random.IntN(3)),
				Limit: []int{0, 1, 7, 1000}[random.IntN(4)], Count: []int{0, 10, 100000}[random.IntN(3)],
			}
			if q.Alike && q.Limit == 1 {
				q.Limit = 100 // each page looks for what is claimed twice
			}
			if chance(4) {
				q.Network = netip.MustParsePrefix(pick("192.0.2.1/32", "192.0.2.0/24", "192.0.2.2/31", "0.0.0.0/0", "2001:db8::/33", "::/0", "2001:db8::1/128"))
			}
			var want []client
			for _, c := range all {
				if c.selects(q) && c.cautioned(q, parties) {
					want = append(want, c)
				}
			}
			slices.SortFunc(want, before(q.Order))
			clients, atEvent := index.All(q, math.MaxUint64)
			if got := slices.Sorted(clients); !slices.Equal(got, seqs(want, true)) || len(all) > 0 && atEvent == 0 {
				t.Fatalf("%+v: all are %v at %d, want %v", q, got, atEvent, seqs(want, true))
			}
			checkRank(t, &index, q, want)
			var got []uint64
			for {
				found := index.Find(q)
				if wanted := min(len(want), q.Count); found.Count != wanted {
					t.Fatalf("%+v: %d clients, want %d", q, found.Count, wanted)
				}
				got = append(got, found.Seqs()...)
				if len(found.Clients) == 0 || len(found.Clients) < q.Limit {
					break
				}
				q.After = found.Clients[len(found.Clients)-1]
			}
			if q.Limit > 0 && !slices.Equal(got, seqs(want, false)) {
				t.Fatalf("%+v: found %v, want %v", q, got, seqs(want, false))
			}
		}
	})
}

// checkRank ranks the addresses and the software of clients, which are all that a query selects.
func checkRank(t *rapid.T, index *search.Index, q search.Query, clients []client) {
	for attribute, of := range map[search.Attribute]func(client) string{
		search.IP:       func(c client) string { return c.IP },
		search.Software: func(c client) string { return c.Software },
	} {
		values := make(map[string]int)
		for _, c := range clients {
			if value := of(c); value != "" {
				values[value]++
			}
		}
		counts := slices.SortedFunc(maps.Values(values), func(a, b int) int { return b - a })
		ranked := index.Rank(attribute, q, 1)
		if len(ranked) != min(len(values), 1) {
			t.Fatalf("%+v: %d values are ranked of %d", q, len(ranked), len(values))
		}
		for i, r := range index.Rank(attribute, q, 10) {
			newest := clients[slices.IndexFunc(clients, func(c client) bool { return c.seq == r.Seq })]
			if r.Clients != counts[i] || values[of(newest)] != r.Clients || !r.Is(of(newest)) || r.Is("another") {
				t.Fatalf("%+v: place %d has %d clients and %q, want %d", q, i, r.Clients, of(newest), counts[i])
			}
		}
	}
}

func seqs(clients []client, sorted bool) (all []uint64) {
	for _, c := range clients {
		all = append(all, c.seq)
	}
	if sorted {
		slices.Sort(all)
	}
	return all
}

// TestMetadataIsReadAsWritten encodes metadata of any text.
func TestMetadataIsReadAsWritten(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		text := func() string { return rapid.StringMatching(`[a-z\x1d\x20é]{0,3}`).Draw(t, "text") }
		list := func() []string { return rapid.SliceOfN(rapid.StringMatching(`[a-zé]{1,3}`), 0, 3).Draw(t, "list") }
		m := search.Metadata{
			Name: text(), Owner: text(), Software: text(), Version: text(), Kind: text(), Auth: text(),
			Grants: list(), Hosts: list(), Contacts: list(), Cautions: list(), Issuer: text(), Believed: list(),
		}
		for _, value := range list() {
			m.Claims = append(m.Claims, search.Claim{
				Value: value, Since: rapid.SampledFrom([]uint64{0, 1, 1 << 60}).Draw(t, "since"), Vouched: rapid.Bool().Draw(t, "vouched"),
			})
		}
		if got := search.ParseMetadata(m.Encode()); fmt.Sprint(got) != fmt.Sprint(m) {
			t.Fatalf("%+v is read as %+v", m, got)
		}
	})
	odd := search.ParseMetadata(search.Metadata{Name: "a\x1fb", Contacts: []string{"c\x1ed"}, Owner: "e"}.Encode())
	if odd.Name != "a\ufffdb" || odd.Owner != "e" || len(odd.Contacts) != 1 || odd.Contacts[0] != "c\ufffdd" {
		t.Errorf("control characters are read as %+v", odd)
	}
}

// TestFindWhilePutting reads an index all the while it is filled: each reader finds a beginning of it, in order.
func TestFindWhilePutting(t *testing.T) {
	t.Parallel()
	var index search.Index
	const entries = 5000
	done := make(chan struct{})
	var readers sync.WaitGroup
	for range 4 {
		readers.Go(func() {
			for {
				found := index.Find(search.Query{Text: "NAME", Status: "active", Limit: entries, Count: entries})
				for i, seq := range found.Seqs() {
					if seq != uint64(len(found.Clients)-i) || found.Count != len(found.Clients) {
						t.Errorf("at %d of %d: entry %d", i, found.Count, seq)
						return
					}
				}
				select {
				case <-done:
					if found.Count == entries {
						return
					}
				default:
				}
			}
		})
	}
	for seq := uint64(1); seq <= entries; seq++ {
		e := search.Entry{Seq: seq, Origin: &search.Origin{IP: "192.0.2.1"}, Metadata: &search.Metadata{Name: "name"}, Standing: search.Standing{Status: "active"}}
		index.Put(seq, e)
		e.Seq, e.Origin, e.Metadata = (seq+1)/2, nil, &search.Metadata{Name: "another name"}
		index.Put(seq, e)
		e.Metadata = nil
		index.Put(seq, e)
	}
	close(done)
	readers.Wait()
}
