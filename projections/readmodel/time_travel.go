package readmodel

import (
	"context"
	"fmt"
	"runtime"
	"sync"
	"time"

	"github.com/go-json-experiment/json/jsontext"
)

// Moment is a point in the log's history: a sequence, or a time when Seq is 0. The registry as of a
// time is what the longest beginning of the log says that holds no event after it.
type Moment struct {
	Seq  uint64
	Time time.Time
}

// A StoredClient is a client with its metadata still in JSON.
type StoredClient struct {
	Undescribed Client         // without its metadata
	Metadata    jsontext.Value // as oauth.Metadata.AppendJSON writes it; nil: what it was is lost
}

// Client returns the client with its metadata.
func (s StoredClient) Client() (Client, error) {
	c := clientRow{Client: s.Undescribed}
	if s.Metadata == nil {
		return c.Client, nil
	}
	err := c.describe(s.Metadata)
	return c.Client, err
}

const (
	// selectRange reads the clients behind the sequence ?1 up to ?2, as they stand now.
	selectRange = `SELECT c.last, ` + clientColumns + fromClients + ` WHERE c.seq > ? AND c.seq <= ? ORDER BY c.seq`

	// selectHistory reads the events of a client up to a sequence.
	selectHistory = `SELECT e.seq, e.aggregate, c.id, NULL, ` + eventColumns + `
	FROM events e INDEXED BY events_aggregate JOIN clients c ON c.seq = e.aggregate
	WHERE e.aggregate = ? AND e.seq <= ? ORDER BY e.seq`
)

// rangeSize is how many sequences RegistryAt reads the clients of at a time.
const rangeSize = 1024

// RegistryAt implements Reader.
//
// A client whose last event came by then stands as its row says. Only of those that changed later the events are
// applied anew. The rows of a range are read at once, and the ranges beside one another, a few ahead of yield. No
// connection is held while yield is called, so that a slow one does not delay others. The answer is consistent all the
// same: recorded events never change, and a row that changes while others are read has a later event from then on.
func (m *ReadModel) RegistryAt(ctx context.Context, at Moment, yield func(StoredClient) error) error {
	var last int64
	err := m.read(ctx, func(p *pool) (err error) {
		last, err = p.lastUntil(ctx, at)
		return err
	})
	if err != nil {
		return fmt.Errorf("find the last event of a time: %w", err)
	}
	ctx, stop := context.WithCancel(ctx)
	var reading sync.WaitGroup
	defer reading.Wait()
	defer stop()
	// Reader i reads every range whose number is i modulo their number.
	ranges := make([]chan clientRange, min(max(last/rangeSize+1, 1), int64(runtime.GOMAXPROCS(0))))
	for i := range ranges {
		ranges[i] = make(chan clientRange)
		reading.Go(func() {
			for after := int64(i) * rangeSize; after < last; after += int64(len(ranges)) * rangeSize {
				select {
				case ranges[i] <- m.clientRange(ctx, after, min(after+rangeSize, last), last):
				case <-ctx.Done():
					return
				}
			}
		})
	}
	for i, after := 0, int64(0); after < last; i, after = (i+1)%len(ranges), after+rangeSize {
		var found clientRange
		select {
		case found = <-ranges[i]:
		case <-ctx.Done():
			return ctx.Err()
		}
		if found.err != nil {
			return fmt.Errorf("read clients: %w", found.err)
		}
		for _, c := range found.clients {
			if err := yield(c); err != nil {
				return err
			}
		}
	}
	return nil
}

// clientRange are the clients of a range of sequences that were registered at a moment, or why they cannot be read.
type clientRange struct {
	clients []StoredClient
	err     error
}

// clientRange reads the clients behind one sequence up to another, as they stood at the event last.
func (m *ReadModel) clientRange(ctx context.Context, after, to, last int64) (found clientRange) {
	found.err = m.ask(func(p *pool) error {
		rows, err := p.clients.within.QueryContext(ctx, after, to)
		if err != nil {
			return err
		}
		stands, err := scanAll(rows, scanStanding)
		if err != nil {
			return err
		}
		found.clients = make([]StoredClient, 0, len(stands))
		for _, s := range stands {
			if s.last > last {
				if s.StoredClient, err = p.storedAt(ctx, s.seq, last); err != nil {
					return fmt.Errorf("history of client %s: %w", s.Undescribed.ID, err)
				}
			}
			if s.Undescribed.IsRegistered() {
				found.clients = append(found.clients, s.StoredClient)
			}
		}
		return nil
	})
	return found
}

// standing is a client as its row has it.
type standing struct {
	StoredClient
	seq, last int64
}

// scanStanding reads a row of selectRange.
func scanStanding(row interface{ Scan(...any) error }) (s standing, err error) {
	c, metadata, err := scanUndescribed(row, &s.last)
	s.seq, s.Undescribed = sequence(c.seq), c.Client
	if err == nil && c.described != 0 {
		if s.Metadata = jsontext.Value(metadata); !s.Metadata.IsValid() {
			err = fmt.Errorf("%w: metadata of client %s", errBadRow, c.ID)
		}
	}
	return s, err
}

// storedAt applies the events of a client up to one sequence.
func (p *pool) storedAt(ctx context.Context, seq, last int64) (s StoredClient, err error) {
	rows, err := p.clients.history.QueryContext(ctx, seq, last)
	if err != nil {
		return s, err
	}
	defer rows.Close()
	var c Client
	for rows.Next() {
		e, err := scanEvent(rows)
		if err != nil {
			return s, err
		}
		c = evolve(c, e.Envelope)
	}
	if c.Metadata != nil {
		s.Metadata = c.Metadata.AppendJSON(nil)
	}
	c.Metadata = nil
	s.Undescribed = c
	return s, rows.Err()
}

// lastUntil returns the sequence of the last event that counts at a point in time.
func (p *pool) lastUntil(ctx context.Context, at Moment) (int64, error) {
	var last, lag int64
	if err := p.stand.QueryRowContext(ctx).Scan(&last, &lag); err != nil {
		return 0, err
	}
	if at.Seq != 0 {
		return min(sequence(at.Seq), last), nil
	}
	later, err := p.firstSince(ctx, micros(at.Time)+1, last)
	return min(later-1, last), err
}
