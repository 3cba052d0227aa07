package readmodel

import (
	"encoding/base64"
	"encoding/binary"
	"errors"
	"math"

	"roster/projections/readmodel/search"
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
func cursor(seq uint64) string { return encodeCursor(binary.BigEndian.AppendUint64(nil, seq)) }

// parseCursor returns the sequence below which the next page begins.
func parseCursor(s string) (int64, error) {
	if s == "" {
		return math.MaxInt64, nil
	}
	b, err := decodeCursor(s)
	if err != nil || len(b) != 8 {
		return 0, ErrBadCursor
	}
	return checkSequence(binary.BigEndian.Uint64(b))
}

func encodeCursor(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

func decodeCursor(s string) ([]byte, error) { return base64.RawURLEncoding.Strict().DecodeString(s) }

func checkSequence(seq uint64) (int64, error) {
	if seq == 0 || seq > math.MaxInt64 {
		return 0, ErrBadCursor
	}
	return int64(seq), nil
}

// placeCursor names the last client of a page by its place: by the sequence alone as cursor does, otherwise with the
// order in front and behind it what decides in that.
func placeCursor(order ClientOrder, p search.Place) string {
	if order == NewestFirst {
		return cursor(p.Seq)
	}
	b := binary.BigEndian.AppendUint64([]byte{byte(order)}, p.Seq)
	if order == ChangedFirst {
		return encodeCursor(binary.BigEndian.AppendUint32(b, p.Changed))
	}
	return encodeCursor(append(b, p.Name...))
}

// parsePlace returns the place behind which the next page of an order begins.
func parsePlace(order ClientOrder, s string) (p search.Place, err error) {
	if s == "" {
		return p, nil
	}
	b, err := decodeCursor(s)
	if err == nil && order != NewestFirst && len(b) > 0 && b[0] == byte(order) {
		b = b[1:]
	} else if err != nil || order != NewestFirst {
		return p, ErrBadCursor
	}
	if len(b) < 8 {
		return p, ErrBadCursor
	}
	p.Seq = binary.BigEndian.Uint64(b)
	rest := b[8:]
	switch {
	case order == ChangedFirst && len(rest) == 4:
		p.Changed = binary.BigEndian.Uint32(rest)
	case order == ByName && len(rest) <= search.NamePlace:
		p.Name = string(rest)
	case order != NewestFirst || len(rest) > 0:
		return p, ErrBadCursor
	}
	_, err = checkSequence(p.Seq)
	return p, err
}
