package readmodel_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"testing"

	"roster/eventstore/memory"
	"roster/projections"
	"roster/projections/readmodel"
)

// While a read model is built the log says how far it is, and of how many events.
func TestLogSaysHowFarBuildingIs(t *testing.T) {
	t.Parallel()
	const clients = 6000
	log := memory.New()
	for i := range clients {
		appendTo(t, log, registered(fmt.Sprint(i)))
	}
	var lines bytes.Buffer
	logger := slog.New(slog.NewJSONHandler(&lines, nil))
	m, err := readmodel.Open(t.Context(), readmodel.Options{Dir: t.TempDir(), Log: log, Logger: logger}.WithPace(1))
	if err != nil {
		t.Fatal(err)
	}
	followers := projections.Start(logger, m.Follower)
	if err := m.Wait(t.Context(), clients); err != nil {
		t.Error(err)
	}
	if err := errors.Join(followers.Stop(), m.Close()); err != nil {
		t.Error(err)
	}
	before, said := uint64(0), 0
	for decoder := json.NewDecoder(&lines); decoder.More(); {
		var line struct {
			Applied uint64 `json:"applied"`
			Events  uint64 `json:"events"`
			Rate    int    `json:"events_per_second"`
		}
		if err := decoder.Decode(&line); err != nil {
			t.Fatal(err)
		}
		if line.Rate == 0 {
			continue
		}
		said++
		if line.Applied <= before || line.Applied >= clients || line.Events != clients {
			t.Errorf("%d of %d after %d", line.Applied, line.Events, before)
		}
		before = line.Applied
	}
	if said < 2 {
		t.Errorf("%d lines say how far building is, want at least 2", said)
	}
}
