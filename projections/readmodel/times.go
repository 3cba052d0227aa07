package readmodel

import (
	"database/sql"
	"time"
)

// micros is how the tables hold a time; timeOf is its inverse.
func micros(t time.Time) int64 { return t.UnixMicro() }

func timeOf(micros int64) time.Time { return time.UnixMicro(micros).UTC() }

// nullable is how the tables hold a time that may be zero; optional is its inverse.
func nullable(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return micros(t)
}

func optional(micros sql.NullInt64) time.Time {
	if !micros.Valid {
		return time.Time{}
	}
	return timeOf(micros.Int64)
}

// ceilMicros is the first microsecond that is not before t.
func ceilMicros(t time.Time) int64 { return micros(t.Add(time.Microsecond - time.Nanosecond)) }

const secondsPerDay = 24 * 60 * 60

// dayOf returns the day of a time in UTC, counted from 1970.
func dayOf(t time.Time) int64 {
	day := t.Unix() / secondsPerDay
	if t.Unix()%secondsPerDay < 0 {
		day--
	}
	return day
}
