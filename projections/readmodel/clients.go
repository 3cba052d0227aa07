package readmodel

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"roster/domain"
	"roster/eventstore"
	"roster/projections/readmodel/search"
)

// Client is a client as the read model shows it.
type Client struct {
	domain.Client
	RegisteredAt time.Time
	UpdatedAt    time.Time // time of the client's last event
	// Likenesses are what Reader.Client, Clients and ExportClients find out beside the client's own events, as of now and not
	// before the index is loaded.
	Likenesses []Likeness
}

const clientsTable = `
-- Every client that was ever registered, numbered by the sequence of its registration, or of the first of its
-- events that the log did not lose: the order of registration is the order of the table. Its metadata is that of the
-- event that last set it, which alone holds it.
CREATE TABLE clients (
    seq                       INTEGER PRIMARY KEY,
    last                      INTEGER NOT NULL, -- the sequence of the client's last event
    described                 INTEGER,          -- the sequence of the event that last set its metadata; NULL: it was lost
    status                    TEXT    NOT NULL,
    version                   INTEGER NOT NULL,
    registered_at             INTEGER NOT NULL,
    updated_at                INTEGER NOT NULL,
    issued_at                 INTEGER NOT NULL,
    registration_access_token BLOB    NOT NULL, -- its digest
    secret                    BLOB,             -- NULL, and the next two: the client has none
    secret_expires_at         INTEGER,
    secret_sealed             BLOB,
    initial_access_token      ANY     NOT NULL, -- id, as compactID has it; empty: it was registered without
    imposed_owner             TEXT    NOT NULL, -- by that token; empty: none
    terms                     TEXT    NOT NULL, -- of that token, as eventstore.EncodeTerms writes it
    id                        ANY     NOT NULL UNIQUE -- as compactID has it
) STRICT;

-- How many clients an owner has that initial access tokens imposed.
CREATE INDEX clients_owner ON clients (imposed_owner, status) WHERE imposed_owner <> '';

-- The clients of an initial access token.
CREATE INDEX clients_token ON clients (initial_access_token) WHERE initial_access_token <> '';
`

const (
	// A client is read with its metadata, of the event that it has it from. The joins leave no row out, so that what is
	// missing is found to be missing.
	clientColumns = `c.seq, c.id, c.status, c.version, c.registered_at, c.updated_at, c.issued_at,
	c.registration_access_token, c.secret, c.secret_expires_at, c.secret_sealed, c.initial_access_token, c.terms, c.described, d.metadata`

	fromClients = ` FROM clients c LEFT JOIN events d ON d.seq = c.described`

	selectClient = `SELECT c.last, s.ip, s.metadata, ` + clientColumns + fromClients + ` LEFT JOIN client_search s ON s.seq = c.seq WHERE c.id = ?`

	selectClientIDs = `SELECT seq, id FROM clients WHERE seq IN (SELECT value FROM json_each(?))`

	// What an event of the client is applied to. No event changes metadata without replacing it.
	selectClientToChange = `SELECT c.seq, c.id, c.status, c.version, c.registered_at, c.updated_at, c.issued_at,
	c.registration_access_token, c.secret, c.secret_expires_at, c.secret_sealed, c.initial_access_token, c.terms, c.described, NULL
	FROM clients c WHERE c.id = ?`

	updateClient = `UPDATE clients SET last = ?, described = ?, status = ?, version = ?, registered_at = ?, updated_at = ?, issued_at = ?,
	registration_access_token = ?, secret = ?, secret_expires_at = ?, secret_sealed = ?, initial_access_token = ?, imposed_owner = ?,
	terms = ? WHERE seq = ? AND id = ?`
)

var clientInserts = inserts{table: "clients", columns: []string{
	"last", "described", "status", "version", "registered_at", "updated_at", "issued_at",
	"registration_access_token", "secret", "secret_expires_at", "secret_sealed", "initial_access_token", "imposed_owner",
	"terms", "seq", "id",
}}

// clientWrites are the statements that fill the view of clients, clientReads those that read it.
type clientWrites struct {
	load, update *sql.Stmt
	insert       inserter
	row          []any // memory for the next one
}

type clientReads struct {
	one, ids, newest, listed, snapshot, changed, within, history, standing, histories, touched *sql.Stmt
}

func (w *clientWrites) statements() statements {
	return statements{selectClientToChange: &w.load, updateClient: &w.update}
}

func (r *clientReads) statements() statements {
	return statements{
		selectClient: &r.one, selectClientIDs: &r.ids, selectNewest: &r.newest, selectListed: &r.listed, selectClientSnapshot: &r.snapshot,
		selectChanged: &r.changed, selectRange: &r.within, selectHistory: &r.history,
		selectStanding: &r.standing, selectHistories: &r.histories, selectTouched: &r.touched,
	}
}

// clientRow is a client with the sequences of its registration and of the event that last set its metadata, 0 for none.
type clientRow struct {
	seq, described uint64
	Client
}

// evolve returns the client after one more event.
func evolve(c Client, e domain.Envelope) Client {
	if !c.Exists() {
		c.RegisteredAt = e.Time
	}
	c.Client = domain.Clients.Evolve(c.Client, e.Aggregate, e.Event)
	c.UpdatedAt = e.Time
	return c
}

// clientChange is what the events of a batch do to one client.
type clientChange struct {
	clientRow
	last        uint64        // the sequence of its last event
	new         bool          // the table does not have it yet
	before      domain.Status // in the table
	from        string        // address that a new one was registered from; empty: unknown
	definitions []definition  // the events that set its metadata, in order
	foundBy     search.Entry  // what it is found by, once it is saved
}

// definition is an event that sets a client's metadata.
type definition struct {
	place int // in the batch
	seq   uint64
}

// apply applies one more event of the client, which has a place in the batch.
func (c *clientChange) apply(e eventstore.Recorded, place int) {
	c.Client = evolve(c.Client, e.Envelope)
	c.last = e.Seq
	switch e.Event.(type) {
	case domain.ClientRegistered, domain.ClientUpdated:
		c.described, c.definitions = e.Seq, append(c.definitions, definition{place, e.Seq})
	}
}

// clientToChange returns the client that an event is about, as the events before it have it, among the changes of a
// batch.
func (w *writer) clientToChange(ctx context.Context, e eventstore.Recorded, changes *clientChanges) (*clientChange, error) {
	change, changed := changes.byID[e.Aggregate.ID]
	if registered, first := e.Event.(domain.ClientRegistered); first {
		if changed {
			return nil, fmt.Errorf("client %s is registered already", e.Aggregate.ID)
		}
		if err := w.countClient(ctx, registered); err != nil {
			return nil, err
		}
		return changes.add(e.Aggregate.ID, clientChange{clientRow: clientRow{seq: e.Seq}, new: true, from: e.Actor.IP}), nil
	}
	if changed {
		return change, nil
	}
	found, _, err := scanUndescribed(w.clients.load.QueryRowContext(ctx, compactID(e.Aggregate.ID)))
	switch {
	case err == nil:
		return changes.add(e.Aggregate.ID, clientChange{clientRow: found, before: found.Status}), nil
	case !errors.Is(err, sql.ErrNoRows):
		return nil, fmt.Errorf("load client: %w", err)
	}
	if err := w.checkBeginning(ctx, fmt.Errorf("client %s was never registered", e.Aggregate.ID)); err != nil {
		return nil, err
	}
	return changes.add(e.Aggregate.ID, clientChange{clientRow: clientRow{seq: e.Seq}, new: true}), nil
}

// clientChanges are the clients that a batch changes, in the order of their first events in it.
type clientChanges struct {
	byID map[string]*clientChange
	all  []*clientChange
}

func (c *clientChanges) add(id string, change clientChange) *clientChange {
	c.byID[id] = &change
	c.all = append(c.all, &change)
	return &change
}

// saveClients writes the clients that a batch changed.
func (w *writer) saveClients(ctx context.Context, changes clientChanges) error {
	for _, c := range changes.all {
		if err := w.saveClient(ctx, c); err != nil {
			return fmt.Errorf("save client: %w", err)
		}
	}
	if err := w.clients.insert.flush(ctx); err != nil {
		return fmt.Errorf("save client: %w", err)
	}
	return nil
}

func (w *writer) saveClient(ctx context.Context, c *clientChange) error {
	values, err := c.values(c.last, w.clients.row[:0])
	if err != nil {
		return err
	}
	w.clients.row = values
	if c.new {
		return w.clients.insert.add(ctx, c.seq, values...)
	}
	_, err = w.clients.update.ExecContext(ctx, values...)
	return err
}

// values returns the parameters of clientInserts and updateClient, with the sequence of the client's last event. It appends
// them to row.
func (c clientRow) values(last uint64, row []any) ([]any, error) {
	terms, err := eventstore.EncodeTerms(c.Terms)
	if err != nil {
		return nil, err
	}
	var described, secret, expires, sealed any
	if c.described != 0 {
		described = sequence(c.described)
	}
	if s := c.Secret; s != nil {
		secret, expires, sealed = s.Digest[:], micros(s.ExpiresAt), s.Sealed
	}
	return append(row,
		sequence(last), described, string(c.Status), sequence(c.Version),
		micros(c.RegisteredAt), micros(c.UpdatedAt), micros(c.IssuedAt),
		c.RegistrationAccessToken[:], secret, expires, sealed,
		compactID(c.InitialAccessToken).value(), c.Terms.Owner, string(terms), sequence(c.seq), compactID(c.ID).value(),
	), nil
}

// scanClient reads a row of clientColumns.
func scanClient(row interface{ Scan(...any) error }) (clientRow, error) {
	c, metadata, err := scanUndescribed(row)
	if err == nil && c.described != 0 {
		err = c.describe(metadata)
	}
	if err != nil {
		return clientRow{}, err
	}
	return c, nil
}

// scanUndescribed reads a row of clientColumns, behind columns that before is for, with the metadata still in JSON.
func scanUndescribed(row interface{ Scan(...any) error }, before ...any) (c clientRow, metadata packedJSON, err error) {
	var (
		registered, updated, issued int64
		token, secret, sealed       []byte
		expires, described          sql.NullInt64
		terms                       []byte
	)
	if err := scan(row, append(before, &c.seq, (*compactID)(&c.ID), &c.Status, &c.Version, &registered, &updated, &issued,
		&token, &secret, &expires, &sealed, (*compactID)(&c.InitialAccessToken), &terms, &described, &metadata)...); err != nil {
		return clientRow{}, nil, err
	}
	c.RegisteredAt, c.UpdatedAt, c.IssuedAt = timeOf(registered), timeOf(updated), timeOf(issued)
	copy(c.RegistrationAccessToken[:], token)
	if expires.Valid {
		c.Secret = &domain.Secret{ExpiresAt: timeOf(expires.Int64), Sealed: sealed}
		copy(c.Secret.Digest[:], secret)
	}
	c.described = uint64(described.Int64)
	if c.Terms, err = eventstore.ParseTerms(terms); err != nil {
		return clientRow{}, nil, fmt.Errorf("%w: terms of client %s: %w", errBadRow, c.ID, err)
	}
	return c, metadata, nil
}

// describe decodes stored metadata of the client.
func (c *clientRow) describe(metadata []byte) error {
	if err := c.Metadata.UnmarshalJSON(metadata); err != nil {
		return fmt.Errorf("%w: metadata of client %s: %w", errBadRow, c.ID, err)
	}
	return nil
}

// Client implements Reader.
func (m *ReadModel) Client(ctx context.Context, id string) (Client, error) {
	var c Client
	err := m.lookUp(ctx, func(p *pool) error {
		x := m.tables.index.Load()
		row, err := scanListed(p.clients.one.QueryRowContext(ctx, compactID(id)))
		if err != nil {
			return err
		}
		row.entry = x.believed(row.entry)
		read := map[uint64]listedRow{row.entry.Seq: row}
		err = p.addLikenesses(ctx, x, read)
		c = read[row.entry.Seq].Client
		return err
	})
	if errors.Is(err, sql.ErrNoRows) {
		return Client{}, domain.ErrNotFound
	}
	if err != nil {
		return Client{}, fmt.Errorf("read client: %w", err)
	}
	return c, nil
}

// clientPageOf returns a page of the clients that were found, of which one more than its limit was looked for. It does not
// say where they were registered from.
func clientPageOf(found []clientRow, limit int) (page ClientPage) {
	found, page.NextCursor = cutPage(found, limit, func(c clientRow) uint64 { return c.seq })
	for _, c := range found {
		page.Clients = append(page.Clients, ListedClient{Client: c.Client})
	}
	return page
}
