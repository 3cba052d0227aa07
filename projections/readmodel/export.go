package readmodel

import (
	"context"
	"fmt"
	"iter"
	"math"
)

// exportAtOnce is how many clients an export reads at a time.
const exportAtOnce = 500

// ExportClients implements Reader. The clients are those that the index held at one moment, which blocks that are never
// changed keep for as long as it takes; the rows are read while yield is called, and a client that was changed
// since is built from its events. No connection is held while yield is called.
func (m *ReadModel) ExportClients(ctx context.Context, q ClientQuery, start func(at uint64) error, yield func(ListedClient) error) error {
	var clients iter.Seq[uint64]
	var at uint64
	var x *index
	err := m.read(ctx, func(*pool) error {
		x = m.tables.index.Load()
		if err := x.await(ctx); err != nil {
			return err
		}
		clients, at = x.All(q.search(), math.MaxUint64)
		return nil
	})
	if err != nil {
		return fmt.Errorf("export clients: %w", err)
	}
	if err := start(at); err != nil {
		return err
	}
	for some := range chunks(clients, exportAtOnce) {
		if err := ctx.Err(); err != nil {
			return err
		}
		var found []ListedClient
		err := m.ask(func(p *pool) (err error) {
			listed, err := p.clientsNow(ctx, x, some)
			if err == nil {
				found, err = p.clientsAsOf(ctx, listed, some, at)
			}
			return err
		})
		if err != nil {
			return fmt.Errorf("export clients: %w", err)
		}
		for _, c := range found {
			if err := yield(c); err != nil {
				return err
			}
		}
	}
	return nil
}

// chunks gathers values, so many at a time. A chunk is overwritten by the next one.
func chunks[T any](values iter.Seq[T], size int) iter.Seq[[]T] {
	return func(yield func([]T) bool) {
		chunk := make([]T, 0, size)
		for value := range values {
			if chunk = append(chunk, value); len(chunk) == size {
				if !yield(chunk) {
					return
				}
				chunk = chunk[:0]
			}
		}
		if len(chunk) > 0 {
			yield(chunk)
		}
	}
}

// clientsAsOf returns the clients with these sequences, in their order, as they stood after an event. listed has them as they
// are; what they have of others is taken from there.
func (p *pool) clientsAsOf(ctx context.Context, listed map[uint64]listedRow, seqs []uint64, at uint64) ([]ListedClient, error) {
	clients := make([]ListedClient, 0, len(seqs))
	for _, seq := range seqs {
		c := listed[seq]
		if c.last > at {
			likenesses := c.Likenesses
			then, err := p.storedAt(ctx, sequence(seq), sequence(at))
			if err == nil {
				c.Client, err = then.Client()
				c.Likenesses = likenesses
			}
			if err != nil {
				return nil, fmt.Errorf("history of client %s: %w", c.ID, err)
			}
		}
		clients = append(clients, c.ListedClient)
	}
	return clients, nil
}
