package readmodel

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"roster/domain"
	"roster/domain/oauth"
)

const (
	// formerMetadata is the metadata of a client before one of its events, e.
	formerMetadata = `(SELECT p.metadata FROM events p WHERE p.aggregate = e.aggregate AND p.seq < e.seq AND p.metadata IS NOT NULL
	ORDER BY p.seq DESC LIMIT 1)`

	selectFormerMetadata = `SELECT ` + formerMetadata + ` FROM events e WHERE e.seq = ?`

	// selectChanges reads what selectEvents reads, and behind it the metadata before.
	selectChanges = `SELECT ` + eventIdentity + `, ` + eventColumns + `, ` + formerMetadata + fromEvents
)

// MetadataBefore implements Reader.
func (m *ReadModel) MetadataBefore(ctx context.Context, events ...uint64) (map[uint64]oauth.Metadata, error) {
	former := make(map[uint64]oauth.Metadata, len(events))
	err := m.read(ctx, func(p *pool) error {
		for _, seq := range events {
			var stored packedJSON
			err := scan(p.events.former.QueryRowContext(ctx, sequence(seq)), &stored)
			if errors.Is(err, sql.ErrNoRows) || err == nil && stored == nil {
				continue
			}
			if err == nil {
				former[seq], err = parseMetadata(seq, stored)
			}
			if err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read former metadata: %w", err)
	}
	return former, nil
}

// parseMetadata decodes the metadata before an event; nil: there was none.
func parseMetadata(seq uint64, stored packedJSON) (m oauth.Metadata, err error) {
	if stored == nil {
		return nil, nil
	}
	if err := m.UnmarshalJSON(stored); err != nil {
		return nil, fmt.Errorf("%w: metadata before event %d: %w", errBadRow, seq, err)
	}
	return m, nil
}

// scanChanges reads rows of selectChanges until so many of them changed a member, and closes the rows.
func scanChanges(rows *sql.Rows, member string, limit int) (found []eventRow, err error) {
	defer rows.Close()
	for len(found) < limit && rows.Next() {
		var stored packedJSON
		e, err := scanEvent(changeRow{rows, &stored})
		if err != nil {
			return nil, err
		}
		former, err := parseMetadata(e.Seq, stored)
		if err != nil {
			return nil, err
		}
		updated, ok := e.Envelope.Event.(domain.ClientUpdated)
		if ok && !only(member, former).Equal(only(member, updated.Metadata)) {
			found = append(found, e)
		}
	}
	return found, rows.Err()
}

// only returns one member of metadata, or none.
func only(member string, m oauth.Metadata) oauth.Metadata {
	if value, ok := m[member]; ok {
		return oauth.Metadata{member: value}
	}
	return nil
}

// changeRow is a row of selectChanges.
type changeRow struct {
	row    interface{ Scan(...any) error }
	former *packedJSON
}

// Scan scans what comes before the former metadata.
func (r changeRow) Scan(dest ...any) error { return r.row.Scan(append(dest, r.former)...) }
