package readmodel

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"roster/eventstore"
)

const checkpointTable = `
-- One row: where in which log the read model stands.
CREATE TABLE checkpoint (
    schema      TEXT    NOT NULL, -- schemaHash
    log_name    TEXT    NOT NULL,
    log_created TEXT    NOT NULL, -- RFC 3339
    seq         INTEGER NOT NULL, -- the last event applied; 0: none
    event_id    TEXT    NOT NULL,
    latest      INTEGER NOT NULL, -- the latest time of any event applied
    lag         INTEGER NOT NULL  -- how much earlier, at most, an event is than the latest one before it
) STRICT;
`

const (
	insertCheckpoint = `INSERT INTO checkpoint VALUES (?, ?, ?, 0, '', 0, 0)`
	selectCheckpoint = `SELECT schema, log_name, log_created, seq, event_id, latest, lag FROM checkpoint`
	selectStand      = `SELECT seq, lag FROM checkpoint`
	updateCheckpoint = `UPDATE checkpoint SET seq = ?, event_id = ?, latest = ?, lag = ?`
)

// checkpoint is where in which log a read model stands. It is committed together with the rows.
type checkpoint struct {
	schema      string
	logName     string
	logCreated  string
	seq         uint64
	eventID     string
	latest, lag int64
}

// after returns the checkpoint after one more event.
func (c checkpoint) after(e eventstore.Recorded) checkpoint {
	at := micros(e.Time)
	if c.seq == 0 {
		c.latest = at
	}
	c.seq, c.eventID = e.Seq, e.ID
	c.latest = max(c.latest, at)
	c.lag = max(c.lag, c.latest-at)
	return c
}

// continues returns a *staleError unless the log goes on where the checkpoint stands, or the log's error.
// That the log holds this very event is asked because it may have lost it, which was accepted then: a log that
// misses events without a word is not opened.
func (c checkpoint) continues(ctx context.Context, log Log) error {
	if c.schema != schemaHash {
		return stale(slog.LevelInfo, "its schema is another")
	}
	if id := log.Identity(); c.logName != id.Name || c.logCreated != createdText(id) {
		return stale(slog.LevelWarn, "it belongs to the log %q of %s, this one is %q of %s",
			c.logName, c.logCreated, id.Name, createdText(id))
	}
	if c.seq == 0 {
		return nil
	}
	e, err := log.At(ctx, c.seq)
	switch {
	case errors.Is(err, eventstore.ErrNoEvent):
		return stale(slog.LevelWarn, "it stands at event %d, which the log does not hold", c.seq)
	case err != nil:
		return fmt.Errorf("look up event %d in the log: %w", c.seq, err)
	case e.ID != c.eventID:
		return stale(slog.LevelWarn, "event %d is %s there and %s in the log", c.seq, c.eventID, e.ID)
	}
	return nil
}

func createdText(log eventstore.Identity) string { return log.Created.UTC().Format(time.RFC3339Nano) }
