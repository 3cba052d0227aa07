package refusals

import (
	"context"
	"database/sql"
	"time"
)

// A Trend is how many refusals there were in the last 24 hours, and before.
type Trend struct {
	Recent int
	Before int
	Since  time.Time // from when on all of those before are known
}

// recently is how far back the refusals of a Trend are recent.
const recently = 24 * time.Hour

// Days is how many days there were before the last 24 hours of which all refusals are known.
func (t Trend) Days(now time.Time) float64 {
	return max(now.Add(-recently).Sub(t.Since).Hours()/24, 0)
}

// Trend counts the refusals that were kept or counted. It returns ErrUnavailable.
func (s *Store) Trend(ctx context.Context) (t Trend, err error) {
	err = s.read(ctx, func(f *file) (err error) {
		t, err = f.trend(ctx, s.Now(), s.most)
		return err
	})
	return t, err
}

// trend counts the refusals of a file that keeps so many of each kind at most.
func (f *file) trend(ctx context.Context, now time.Time, most int) (t Trend, err error) {
	var begun int64
	if err := f.db.QueryRowContext(ctx, `SELECT at FROM beginning`).Scan(&begun); err != nil {
		return t, err
	}
	t.Since = later(now.Add(-Retention), time.UnixMicro(begun).UTC())
	for _, of := range []struct {
		query  string
		timeOf func(int64) time.Time
		unit   func(time.Time) int64
	}{
		{`SELECT count(*), count(*) FILTER (WHERE time >= ?2), count(*), min(time) FROM refusals WHERE time >= ?1`, time.UnixMicro, time.Time.UnixMicro},
		{`SELECT sum(refusals), sum(refusals) FILTER (WHERE second >= ?2), count(*), min(second) FROM counts WHERE second >= ?1`,
			func(seconds int64) time.Time { return time.Unix(seconds, 0) }, time.Time.Unix},
	} {
		var all, recent, rows, first sql.NullInt64
		row := f.db.QueryRowContext(ctx, of.query, of.unit(now.Add(-Retention)), of.unit(now.Add(-recently)))
		if err := row.Scan(&all, &recent, &rows, &first); err != nil {
			return t, err
		}
		t.Recent += int(recent.Int64)
		t.Before += int(all.Int64 - recent.Int64)
		if rows.Int64 >= int64(most) { // older ones were removed
			t.Since = later(t.Since, of.timeOf(first.Int64).UTC())
		}
	}
	return t, nil
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
