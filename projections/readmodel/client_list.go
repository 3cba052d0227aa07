package readmodel

import (
	"context"
	"encoding/json"
	"fmt"

	"roster/domain"
	"roster/domain/oauth"
	"roster/projections/readmodel/search"
)

// ClientQuery selects clients. The zero value of a field does not restrict.
type ClientQuery struct {
	Text string // words, each a part of the name, owner, software, a redirect host or the id, as package search finds them

	Status     domain.Status
	Kind       string // application_type
	AuthMethod string // token_endpoint_auth_method
	Grant      string // among grant_types
	Caution    oauth.CautionLevel
	Owner      string // ext_param_owner
	Software   string // software_id
	Host       string // of a redirect URI, as oauth.Metadata.RedirectHosts returns it
	Contact    string // among contacts
	IP         string // address that the client was registered from
	Token      string // id of the initial access token that it was registered with

	Registered    Period
	Changed       Period
	NeverChanged  bool   // since it was registered
	SecretExpires Period // a secret that never expires is in none

	Order  ClientOrder
	Limit  int    // 1 to 500
	Cursor string // NextCursor of the page before, of the same order; empty: the first page
	Count  bool   // Total is wanted, which is not for nothing
}

// Period is the time from one whole second, with it, to another, without it. Zero: without beginning or end.
type Period = search.Period

// ClientOrder is the order of a list of clients.
type ClientOrder = search.Order

// The orders of lists of clients. Those that are alike in it are in the order of NewestFirst.
const (
	NewestFirst  = search.NewestFirst  // the last registered
	ChangedFirst = search.ChangedFirst // the last changed, or registered
	ByName       = search.ByName       // by name without regard to case, those without one last
)

// ClientPage is a page of clients.
type ClientPage struct {
	Clients    []ListedClient
	NextCursor string // empty: this is the last page
	Total      int    // how many clients the query selects, on whatever page; MaxTotal or more: MaxTotal
}

// ListedClient is a client with what a list shows of its registration.
type ListedClient struct {
	Client
	RegisteredFrom string // address; empty: unknown
}

const (
	// MaxTotal is how far the clients that a query selects are counted.
	MaxTotal = 10_001
	// maxClients is the most that a page holds.
	maxClients = 500
)

// search returns what the query asks of an index.
func (q ClientQuery) search() search.Query {
	return search.Query{
		Text: q.Text, Status: string(q.Status), Kind: q.Kind, Auth: q.AuthMethod, Grant: q.Grant, Caution: string(q.Caution),
		Owner: q.Owner, Software: q.Software, Host: q.Host, Contact: q.Contact, IP: q.IP, Token: q.Token,
		Registered: q.Registered, Changed: q.Changed, NeverChanged: q.NeverChanged, SecretExpires: q.SecretExpires, Order: q.Order,
	}
}

// Clients implements Reader. A page is full while enough clients match. Whoever reads page by page gets each
// client that matches, and keeps its place in the order, all the while exactly once, whatever is registered meanwhile.
func (m *ReadModel) Clients(ctx context.Context, q ClientQuery) (ClientPage, error) {
	asked := q.search()
	var err error
	if asked.After, err = parsePlace(q.Order, q.Cursor); err != nil {
		return ClientPage{}, err
	}
	if q.Count {
		asked.Count = MaxTotal
	}
	limit := min(max(q.Limit, 1), maxClients)
	var page ClientPage
	err = m.read(ctx, func(p *pool) error {
		page, err = p.listClients(ctx, m.tables.index.Load(), asked, limit)
		return err
	})
	if err != nil {
		return ClientPage{}, fmt.Errorf("read clients: %w", err)
	}
	return page, nil
}

// listClients returns a page of clients. What the index finds is asked of the table once more, which may be of another
// moment.
func (p *pool) listClients(ctx context.Context, x *index, q search.Query, limit int) (page ClientPage, err error) {
	for {
		q.Limit = limit - len(page.Clients) + 1
		found, err := p.findClients(ctx, x, q)
		if err != nil {
			return page, err
		}
		page.Total = max(page.Total, found.Count)
		more := len(found.Clients) == q.Limit
		if more {
			found.Clients = found.Clients[:q.Limit-1]
		}
		listed, err := p.clientsAt(ctx, found.Seqs())
		if err != nil {
			return page, err
		}
		for _, place := range found.Clients {
			q.After = place
			if c := listed[place.Seq]; q.Selects(c.entry) {
				page.Clients = append(page.Clients, c.ListedClient)
			}
		}
		switch {
		case !more:
			return page, nil
		case len(page.Clients) == limit:
			page.NextCursor = placeCursor(q.Order, q.After)
			return page, nil
		}
		q.Count = 0
	}
}

// listedRow is a client of a list with what it is found by, at the same moment.
type listedRow struct {
	ListedClient
	entry search.Entry
	last  uint64 // the sequence of its last event
}

// selectListed reads clients by their sequences.
const selectListed = `SELECT c.last, s.ip, s.metadata, ` + clientColumns + ` FROM json_each(?) j LEFT JOIN client_search s ON s.seq = j.value
	LEFT JOIN clients c ON c.seq = j.value LEFT JOIN events d ON d.seq = c.described`

// clientsAt returns the clients with these sequences.
func (p *pool) clientsAt(ctx context.Context, seqs []uint64) (map[uint64]listedRow, error) {
	if len(seqs) == 0 {
		return nil, nil
	}
	list, err := json.Marshal(seqs)
	if err != nil {
		return nil, fmt.Errorf("list clients: %w", err)
	}
	rows, err := p.clients.listed.QueryContext(ctx, string(list))
	if err != nil {
		return nil, err
	}
	all, err := scanAll(rows, scanListed)
	listed := make(map[uint64]listedRow, len(all))
	for _, c := range all {
		listed[c.entry.Seq] = c
	}
	return listed, err
}

// scanListed reads a row of selectListed.
func scanListed(row interface{ Scan(...any) error }) (listed listedRow, err error) {
	var ip, foundBy string
	c, metadata, err := scanUndescribed(row, &listed.last, &ip, &foundBy)
	if err == nil && c.described != 0 {
		err = c.describe(metadata)
	}
	if err != nil {
		return listed, err
	}
	listed.ListedClient, listed.entry = ListedClient{c.Client, ip}, entryOf(c.seq, c.Client, ip, foundBy)
	return listed, nil
}
