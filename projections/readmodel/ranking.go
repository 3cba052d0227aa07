package readmodel

import (
	"context"
	"fmt"

	"roster/projections/readmodel/search"
)

// An Attribute is what clients are ranked by.
type Attribute = search.Attribute

// The attributes, as ClientQuery has them.
const (
	BySoftware = search.Software
	ByIP       = search.IP
	ByToken    = search.Token
)

// Ranked is a value of an attribute, with how many clients have it.
type Ranked struct {
	Value   string
	Clients int
}

// RankClients implements Reader.
func (m *ReadModel) RankClients(ctx context.Context, by Attribute, q ClientQuery, most int) (ranking []Ranked, err error) {
	err = m.read(ctx, func(p *pool) error {
		index := m.tables.index.Load()
		if err := index.await(ctx); err != nil {
			return err
		}
		ranked := index.Rank(by, q.search(), most)
		seqs := make([]uint64, len(ranked))
		for i, r := range ranked {
			seqs[i] = r.Seq
		}
		clients, err := p.clientsAt(ctx, seqs)
		if err != nil {
			return err
		}
		ranking = make([]Ranked, 0, len(ranked))
		for _, r := range ranked {
			// A client that has another value by now does not say what that was.
			if value := valueOf(by, clients[r.Seq].entry); r.Is(value) {
				ranking = append(ranking, Ranked{value, r.Clients})
			}
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("rank clients: %w", err)
	}
	return ranking, nil
}

// valueOf returns the value of an attribute that a client has, which may be none.
func valueOf(by Attribute, e search.Entry) string {
	switch {
	case e.Origin == nil:
		return ""
	case by == BySoftware:
		return e.Metadata.Software
	case by == ByIP:
		return e.Origin.IP
	}
	return e.Origin.Token
}
