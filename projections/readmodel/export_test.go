package readmodel

import (
	"context"
	"errors"
	"time"

	"roster/eventstore"
)

// WithPatience changes how long a query waits.
func (o Options) WithPatience(d time.Duration) Options {
	o.patience = d
	return o
}

// WithStep has a function called before each step in which a new file replaces the old one. The step does
// not happen if it returns an error.
func (o Options) WithStep(step func(name string) error) Options {
	o.step = step
	return o
}

// WithPace changes how often the log says how far a rebuild is.
func (o Options) WithPace(d time.Duration) Options {
	o.pace = d
	return o
}

// SchemaNumber is schemaNumber.
const SchemaNumber = schemaNumber

// HasIndex reports whether clients are searched in memory.
func (m *ReadModel) HasIndex() bool { return m.tables.index.Load().isComplete() }

// Apply applies events as Run does, which must not run.
func (m *ReadModel) Apply(ctx context.Context, events []eventstore.Recorded) error {
	return m.tables.Apply(ctx, events)
}

// ApplyUnnoticed applies events as Apply does when their commit is reported as failed, although the file has them.
func (m *ReadModel) ApplyUnnoticed(ctx context.Context, events []eventstore.Recorded) error {
	if _, err := m.tables.writer.apply(ctx, events); err != nil {
		return err
	}
	_, err := m.tables.Resume(ctx, errors.New("commit: input/output error"))
	return err
}

// Packed is JSON as the table of events holds it; Unpack is the inverse.
func Packed(text string) []byte { return new(packer).pack([]byte(text)) }

func Unpack(block []byte) (string, error) {
	var text packedJSON
	err := text.Scan(block)
	return string(text), err
}

// LimitSearch has FindEvents look at so many events a page at most, and EachEvent at so many at a time. Nobody may use it
// meanwhile.
func (m *ReadModel) LimitSearch(window int64) { m.eventSearch = searchLimits{window: window} }

// LimitPastSearch has a query about many clients of the past look at so many candidates at once, and at no more.
// Nobody may use it meanwhile.
func (m *ReadModel) LimitPastSearch(window int64) { m.pastSearch = searchLimits{window: window} }

// ForgetIndex leaves the read model as it is at a start, while what clients are found by has yet to be loaded, which the
// function does that it returns.
func (m *ReadModel) ForgetIndex() (load func() error) {
	x := newIndex(func(string) bool { return false })
	x.start(m.Applied())
	m.tables.index.Store(x)
	return func() error {
		x.load(context.Background(), m.tables.shown.Load().db)
		return x.err
	}
}

// LoadIndex has what clients are found by loaded again from the table.
func (m *ReadModel) LoadIndex() error { return m.ForgetIndex()() }
