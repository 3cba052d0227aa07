package readmodel_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"roster/domain"
	"roster/eventstore"
	"roster/eventstore/memory"
)

// Of a batch in which an event cannot be encoded nothing is applied, and the error names that event: not one that waits for
// it, nor the last one of the batch.
func TestNamesTheEventThatCannotBeEncoded(t *testing.T) {
	t.Parallel()
	const wrong = 70
	for _, size := range []int{wrong, 300} {
		m := open(t, t.TempDir(), memory.New())
		var batch []eventstore.Recorded
		for i := range size {
			batch = append(batch, eventstore.Recorded{Seq: uint64(i) + 1, Envelope: registered(fmt.Sprint(i)).events[0]})
		}
		batch[wrong-1].Event = unknown{domain.ClientSuspended{}}
		batch[wrong-1].Aggregate = batch[0].Aggregate
		err := m.Apply(t.Context(), batch)
		if !errors.Is(err, eventstore.ErrUnknownSchema) || !strings.Contains(err.Error(), fmt.Sprintf("apply event %d:", wrong)) {
			t.Errorf("%d events: %v, want that event %d cannot be encoded", size, err, wrong)
		}
		if err := m.Close(); err != nil {
			t.Error(err)
		}
	}
}
