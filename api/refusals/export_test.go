package refusals

// WithMost changes how many refusals are kept.
func (o Options) WithMost(n int) Options {
	o.most = n
	return o
}

// What of a flood is kept, and how much waits to be written.
const (
	RowsPerSecond = rowsPerSecond
	RowsAtOnce    = rowsAtOnce
	QueueMost     = queueMost
)
