package refusals

import (
	"log/slog"
	"testing"
	"time"
)

// A trend counts what was kept and what was only counted, and says from when on all of it is known.
func TestTrend(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)
	clock := now.AddDate(0, 0, -3) // when the file is begun
	s := Open(Options{Dir: t.TempDir(), Logger: slog.New(slog.DiscardHandler), Now: func() time.Time { return clock }, most: 100})
	defer s.Close()
	cause := Cause{Action: Registration, Code: "invalid_redirect_uri"}
	record := func(at time.Time, n int) {
		t.Helper()
		for range n {
			s.Record(at, "192.0.2.7", cause, func() Details { return Details{} })
		}
		if _, err := s.Trend(t.Context()); err != nil { // once they are written
			t.Fatal(err)
		}
	}
	record(now.AddDate(0, 0, -2), 3)
	clock = now
	record(now.Add(-time.Hour), 70) // of which some are only counted
	trend, err := s.Trend(t.Context())
	if err != nil || trend.Recent != 70 || trend.Before != 3 || trend.Days(now) != 2 {
		t.Errorf("%+v, %v days, %v", trend, trend.Days(now), err)
	}
	if fresh := (Trend{Since: now.Add(-time.Hour)}); fresh.Days(now) != 0 {
		t.Errorf("of a file that was begun an hour ago %v days are known before", fresh.Days(now))
	}

	// Once older ones make room for newer ones, no more is known than what is left.
	for second := range 30 {
		record(now.Add(-time.Hour+time.Duration(second)*time.Second), 10)
	}
	if trend, err = s.Trend(t.Context()); err != nil || trend.Before != 0 || trend.Since.Before(now.Add(-time.Hour)) || trend.Days(now) != 0 {
		t.Errorf("a full file: %+v, %v", trend, err)
	}
	if none, err := (*Store)(nil).Trend(t.Context()); err != nil || none != (Trend{}) {
		t.Errorf("no store: %+v, %v", none, err)
	}
}
