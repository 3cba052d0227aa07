package search

// claimSet tells of most claims that are not in it that they are not (a Bloom filter).
type claimSet struct {
	bits []uint64
	mask uint64
}

// newClaimSet returns an empty set with room for so many claims: it is wrong about one in some hundred.
func newClaimSet(room int) *claimSet {
	words := uint64(1)
	for words*64 < uint64(room)*16 {
		words *= 2
	}
	return &claimSet{make([]uint64, words), words*64 - 1}
}

func (s *claimSet) add(claim uint64) {
	a, b := s.places(claim)
	s.bits[a/64] |= 1 << (a % 64)
	s.bits[b/64] |= 1 << (b % 64)
}

func (s *claimSet) mayHave(claim uint64) bool {
	a, b := s.places(claim)
	return s.bits[a/64]&(1<<(a%64)) != 0 && s.bits[b/64]&(1<<(b%64)) != 0
}

// places are those of the bits of a claim, which is a hash.
func (s *claimSet) places(claim uint64) (a, b uint64) {
	return claim >> 3 & s.mask, claim >> 34 & s.mask
}
