package readmodel_test

import (
	"log/slog"
	"testing"

	"roster/eventstore"
	"roster/projections/followertest"
	"roster/projections/readmodel"
)

// The read model keeps what every follower of the log promises.
func TestFollower(t *testing.T) {
	t.Parallel()
	followertest.Run(t, func(tb testing.TB, dir string, log eventstore.Log) followertest.Opened {
		m, err := readmodel.Open(tb.Context(), readmodel.Options{Dir: dir, Log: log, Logger: slog.New(slog.DiscardHandler)})
		if err != nil {
			tb.Fatal(err)
		}
		return followertest.Opened{
			Follower: m.Follower,
			Holds: func(tb testing.TB) (sequences []uint64) {
				events, err := m.Events(tb.Context(), readmodel.EventQuery{Limit: 1000})
				if err != nil {
					tb.Fatal(err)
				}
				for _, e := range events {
					sequences = append(sequences, e.Seq)
				}
				return sequences
			},
			Close: func(tb testing.TB) {
				if err := m.Close(); err != nil {
					tb.Error(err)
				}
			},
		}
	})
}
