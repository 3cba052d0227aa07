package search

// Len returns the number of entries.
func (x *Index) Len() (n int) {
	if now := x.now.Load(); now != nil {
		for _, b := range now.blocks {
			n += len(b.rows)
		}
	}
	return n
}
