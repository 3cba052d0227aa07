package search

import "slices"

// Claim is what people take a client for a certain piece of software by, as oauth.Claims has it.
type Claim struct {
	Value   string
	Since   uint64 // the sequence of the event since which the client claims it without a break
	Vouched bool   // somebody who is trusted says so too
}

// Precedent is a client that has a claim with more right than another one has.
type Precedent struct {
	Claim int    // the place of the claim among those of the other
	Seq   uint64 // the number of the client that has it
}

// Of a client the stakes say who it is of and what it claims: hashes with a tag in their last bits, first its domains,
// ascending, then its owner, then its claims.
const (
	ofDomain = iota
	ofImposed
	ofClaim
	ofVouched // claim

	isLater = 4 // flag of a claim: what follows is since when, which otherwise is the client's number
	tags    = 7
)

// party is who a client is of.
type party struct {
	owner   uint64   // whom an initial access token named; 0: nobody
	domains []uint64 // that it redirects to, sorted
}

// key tells one party from another; 0: it is not known who that is.
func (p party) key() (key uint64) {
	if p.owner != 0 {
		return p.owner
	}
	for _, domain := range p.domains {
		key = key*31 + domain
	}
	return key
}

// isOf reports whether another party is this one too: of the same owner, or redirecting nowhere else.
func (p party) isOf(other party) bool {
	return p.owner != 0 && p.owner == other.owner ||
		len(p.domains) > 0 && !slices.ContainsFunc(p.domains, func(d uint64) bool { return !slices.Contains(other.domains, d) })
}

// staysHere reports whether the party gets nothing that leaves a person's device.
func (p party) staysHere() bool {
	return len(p.domains) == 0 || len(p.domains) == 1 && p.domains[0] == deviceStake
}

// device is what a client redirects to that stays on a person's own device, as oauth.RedirectDomains has it.
const device = "localhost"

var deviceStake = stakeOf(ofDomain, device)

// ownerStake is that of whom an initial access token named as the owner; 0 for nobody.
func ownerStake(name string) uint64 {
	if name == "" {
		return 0
	}
	return stakeOf(ofImposed, name)
}

func stakeOf(tag byte, value string) uint64 { return sum('s'+tag&^1, value)&^tags | uint64(tag) }

// stakesOf returns the stakes of a client with an owner, which is 0 for none.
func stakesOf(seq, owner uint64, m *Metadata) []uint64 {
	stakes := make([]uint64, 0, len(m.Domains)+1+len(m.Claims))
	for _, domain := range m.Domains {
		stakes = append(stakes, stakeOf(ofDomain, domain))
	}
	slices.Sort(stakes)
	if owner != 0 {
		stakes = append(stakes, owner)
	}
	for _, c := range m.Claims {
		stake := stakeOf(ofClaim, c.Value)
		if c.Vouched {
			stake |= ofVouched
		}
		if c.Since == seq || c.Since == 0 {
			stakes = append(stakes, stake)
		} else {
			stakes = append(stakes, stake|isLater, c.Since)
		}
	}
	return stakes
}

// partyOf reads who a client is of, and returns the stakes that follow.
func partyOf(stakes []uint64) (p party, claims []uint64) {
	n := 0
	for n < len(stakes) && stakes[n]&tags == ofDomain {
		n++
	}
	p.domains = stakes[:n:n]
	if n < len(stakes) && stakes[n]&tags == ofImposed {
		p.owner = stakes[n]
		n++
	}
	return p, stakes[n:]
}

// nextClaim reads the first of the claims of a client, and returns those that follow.
func nextClaim(claims []uint64, seq uint64) (value, since uint64, vouched bool, rest []uint64) {
	value, since, rest = claims[0], seq, claims[1:]
	if value&isLater != 0 {
		since, rest = rest[0], rest[1:]
	}
	return value&^tags | ofClaim, since, value&ofVouched == ofVouched, rest
}

// A holder is a party with a claim, or a client of it.
type holder struct {
	party
	since   uint64 // the sequence of the event since which it has the claim
	vouched bool
	active  bool
	seq     uint64 // number of the client: of the first one that is active, or otherwise of any
}

// isProven reports whether it does not rest on the client's word alone who it is.
func (h *holder) isProven() bool { return h.vouched || h.owner != 0 }

// precedes reports whether the holder has more right to its claim than another one: since it is proven, or it was first.
func (h *holder) precedes(other *holder) bool {
	if h.isProven() != other.isProven() {
		return h.isProven()
	}
	return h.since < other.since
}

// join adds another client of the same party.
func (h *holder) join(other holder) {
	h.since, h.vouched = min(h.since, other.since), h.vouched || other.vouched
	if other.active && (!h.active || other.seq < h.seq) {
		h.active, h.seq = true, other.seq
	}
}

const (
	// mostParties is how many parties, at most, are told apart that have the same claim or had it.
	mostParties = 16
	// commonParties is how many parties with a claim before a client make it nobody's mark.
	commonParties = 4
)

// holders are the parties that have a claim or had it, of mostParties those that precede all others, in the order in which
// they precede each other. What a party has claimed since its first client claims its later ones as well.
type holders []holder

// add adds a client with the claim.
func (all *holders) add(h holder) {
	key := h.key()
	if key == 0 && !h.vouched {
		return
	}
	if i := slices.IndexFunc(*all, func(other holder) bool { return other.key() == key }); i >= 0 {
		joined := (*all)[i]
		joined.join(h)
		*all = slices.Delete(*all, i, i+1)
		h = joined
	}
	i := slices.IndexFunc(*all, func(other holder) bool { return h.precedes(&other) })
	if i < 0 {
		i = len(*all)
	}
	if i < mostParties {
		*all = slices.Insert(*all, i, h)
		*all = (*all)[:min(len(*all), mostParties)]
	}
}

// precedent returns the holder that a client may be taken for. That is the one of those with active clients that precedes
// all others, where the client is not of the same party, is proven to be less, and people are sent somewhere by it. What
// more than a few parties claimed before is nobody's mark, unless it is proven whose it is.
func (all holders) precedent(h holder) (first holder, found bool) {
	if h.vouched || h.staysHere() {
		return first, false
	}
	before := 0
	for _, other := range all {
		if other.key() == h.key() || h.precedes(&other) {
			break
		}
		if other.active {
			if before == 0 {
				first = other
			}
			before++
		}
	}
	return first, before > 0 && !h.isOf(first.party) && (first.isProven() || before < commonParties)
}

// claimed are the holders of claims.
type claimed map[uint64]*holders

// gather adds the clients of a state that have the claims.
func (c claimed) gather(s *state) {
	active := make([]bool, len(s.profiles))
	for i, p := range s.profiles {
		active[i] = p.status == activeStatus
	}
	for _, b := range s.blocks {
		if !c.mayBeIn(b) {
			continue
		}
		for i, r := range b.rows {
			c.hold(b.stakesOf(i), r.seq, active[r.profile])
		}
	}
}

// activeStatus is that of clients that can be taken for others.
const activeStatus = "active"

func (c claimed) mayBeIn(b *block) bool {
	if b.claims == nil {
		return true
	}
	for value := range c {
		if b.claims.mayHave(value) {
			return true
		}
	}
	return false
}

// hold adds a client with stakes to the holders of its claims.
func (c claimed) hold(stakes []uint64, seq uint64, active bool) {
	p, rest := partyOf(stakes)
	for len(rest) > 0 {
		var h holder
		var value uint64
		h.party, h.seq, h.active = p, seq, active
		value, h.since, h.vouched, rest = nextClaim(rest, seq)
		if all := c[value]; all != nil {
			all.add(h)
		}
	}
}

// precedents calls yield for each claim of a client that another one precedes it in, until yield returns false.
func (c claimed) precedents(stakes []uint64, seq uint64, yield func(Precedent) bool) {
	p, rest := partyOf(stakes)
	for n := 0; len(rest) > 0; n++ {
		var value uint64
		h := holder{party: p, seq: seq}
		value, h.since, h.vouched, rest = nextClaim(rest, seq)
		if all := c[value]; all != nil {
			if first, found := all.precedent(h); found && !yield(Precedent{n, first.seq}) {
				return
			}
		}
	}
}

// Precedents returns, by the numbers of clients, who has claims of theirs with more right than they have, as the index
// stands. The entries must have all their parts.
func (x *Index) Precedents(entries ...Entry) map[uint64][]Precedent {
	now := x.now.Load()
	if now == nil {
		return nil
	}
	stakes, asked := make([][]uint64, len(entries)), claimed{}
	for i, e := range entries {
		stakes[i] = stakesOf(e.Seq, ownerStake(e.Origin.ImposedOwner), e.Metadata)
		for _, rest := partyOf(stakes[i]); len(rest) > 0; {
			var value uint64
			value, _, _, rest = nextClaim(rest, e.Seq)
			asked[value] = new(holders)
		}
	}
	asked.gather(now)
	found := map[uint64][]Precedent{}
	for i, e := range entries {
		asked.precedents(stakes[i], e.Seq, func(p Precedent) bool {
			found[e.Seq] = append(found[e.Seq], p)
			return true
		})
	}
	return found
}

// contested returns the holders of all claims that more than one client has, and of some more.
func (s *state) contested() claimed {
	claims := 0
	for _, b := range s.blocks {
		claims += len(b.stakes)
	}
	once, twice := newClaimSet(claims), newClaimSet(claims)
	contested := claimed{}
	for _, b := range s.blocks {
		for i, r := range b.rows {
			for _, rest := partyOf(b.stakesOf(i)); len(rest) > 0; {
				var value uint64
				value, _, _, rest = nextClaim(rest, r.seq)
				if once.mayHave(value) {
					twice.add(value)
				}
				once.add(value)
			}
		}
	}
	for _, b := range s.blocks {
		for i, r := range b.rows {
			for _, rest := partyOf(b.stakesOf(i)); len(rest) > 0; {
				var value uint64
				value, _, _, rest = nextClaim(rest, r.seq)
				if twice.mayHave(value) && contested[value] == nil {
					contested[value] = new(holders)
				}
			}
		}
	}
	contested.gather(s)
	return contested
}
