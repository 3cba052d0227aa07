package readmodel

import (
	"context"
	"encoding/json"
	"fmt"
	"net/netip"
	"slices"

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
	Owner      string       // ext_param_owner
	Software   string       // software_id
	Host       string       // of a redirect URI, as oauth.Metadata.RedirectHosts returns it
	Contact    string       // among contacts
	Network    netip.Prefix // of the address that the client was registered from
	Token      string       // id of the initial access token that it was registered with

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
		Text: q.Text, Status: string(q.Status), Kind: q.Kind, Auth: q.AuthMethod, Grant: q.Grant,
		Caution: string(q.Caution), Alike: q.Caution == oauth.PossibleImpersonation,
		Owner: q.Owner, Software: q.Software, Host: q.Host, Contact: q.Contact, Network: q.Network, Token: q.Token,
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
		listed, err := p.clientsNow(ctx, x, found.Seqs())
		if err != nil {
			return page, err
		}
		for _, place := range found.Clients {
			q.After = place
			if c := listed[place.Seq]; q.Selects(c.standingOut()) {
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

// clientsNow returns the clients with these sequences, with their likenesses.
func (p *pool) clientsNow(ctx context.Context, x *index, seqs []uint64) (map[uint64]listedRow, error) {
	read, err := p.clientsAt(ctx, seqs)
	if err != nil {
		return nil, err
	}
	for seq, c := range read {
		c.entry = x.believed(c.entry)
		read[seq] = c
	}
	return read, p.addLikenesses(ctx, x, read)
}

// listedRow is a client of a list with what it is found by, at the same moment.
type listedRow struct {
	ListedClient
	entry search.Entry
	last  uint64 // the sequence of its last event
}

// standingOut returns what the client is found by, on its own: its likenesses are among its cautions.
func (c listedRow) standingOut() search.Entry {
	e := c.entry
	if len(c.Likenesses) > 0 {
		m := *e.Metadata
		m.Cautions = append(slices.Clone(m.Cautions), string(oauth.PossibleImpersonation))
		e.Metadata = &m
	}
	return e
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

// clientIDs returns the ids of the clients with these sequences.
func (p *pool) clientIDs(ctx context.Context, seqs []uint64) (map[uint64]string, error) {
	list, err := json.Marshal(seqs)
	if err != nil {
		return nil, fmt.Errorf("list clients: %w", err)
	}
	rows, err := p.clients.ids.QueryContext(ctx, string(list))
	if err != nil {
		return nil, err
	}
	type named struct {
		seq uint64
		id  compactID
	}
	all, err := scanAll(rows, func(row interface{ Scan(...any) error }) (n named, err error) {
		return n, scan(row, &n.seq, &n.id)
	})
	ids := make(map[uint64]string, len(all))
	for _, n := range all {
		ids[n.seq] = string(n.id)
	}
	return ids, err
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
