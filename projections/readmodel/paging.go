package readmodel

import (
	"encoding/base64"
	"encoding/binary"
	"errors"
	"math"
)

// ErrBadCursor says that a cursor is not one that a query returned.
var ErrBadCursor = errors.New("cursor is not one that was returned")

// cutPage returns the first of the rows that were found, up to a limit, and the cursor of the page behind them;
// empty: there is none. One row more than the limit is to be looked for.
func cutPage[Row any](found []Row, limit int, seq func(Row) uint64) (page []Row, next string) {
	if len(found) <= limit {
		return found, ""
	}
	return found[:limit], cursor(seq(found[limit-1]))
}

// cursor names the last row of a page by its sequence. The format is opaque to callers.
func cursor(seq uint64) string {
	return base64.RawURLEncoding.EncodeToString(binary.BigEndian.AppendUint64(nil, seq))
}

// parseCursor returns the sequence below which the next page begins.
func parseCursor(s string) (int64, error) {
	if s == "" {
		return math.MaxInt64, nil
	}
	b, err := base64.RawURLEncoding.Strict().DecodeString(s)
	if err != nil || len(b) != 8 {
		return 0, ErrBadCursor
	}
	seq := binary.BigEndian.Uint64(b)
	if seq == 0 || seq > math.MaxInt64 {
		return 0, ErrBadCursor
	}
	return int64(seq), nil
}
