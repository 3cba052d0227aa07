package readmodel

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"roster/domain"
	"roster/eventstore"
)

// Client is a client as the read model shows it.
type Client struct {
	domain.Client
	RegisteredAt time.Time
	UpdatedAt    time.Time // time of the client's last event
}

// ClientQuery selects clients, the newest registered first.
type ClientQuery struct {
	Text   string        // part of the name, owner or id, case-insensitive, taken literally; empty: all
	Status domain.Status // empty: any
	Owner  string        // exact; empty: any
	Limit  int           // 1 to 500
	Cursor string        // NextCursor of the page before; empty: the first page
}

// ClientPage is a page of clients.
type ClientPage struct {
	Clients    []Client
	NextCursor string // empty: this is the last page
}

const clientsTable = `
-- Every client that was ever registered, numbered by the sequence of its registration, or of the first of its
-- events that the log did not lose: the order of registration is the order of the table.
CREATE TABLE clients (
    seq                       INTEGER PRIMARY KEY,
    last                      INTEGER NOT NULL, -- the sequence of the client's last event
    id                        TEXT    NOT NULL UNIQUE,
    status                    TEXT    NOT NULL,
    owner                     TEXT    NOT NULL,
    search                    TEXT    NOT NULL, -- name, owner and id as searchText makes it
    version                   INTEGER NOT NULL,
    registered_at             INTEGER NOT NULL,
    updated_at                INTEGER NOT NULL,
    issued_at                 INTEGER NOT NULL,
    registration_access_token BLOB    NOT NULL, -- its digest
    secret                    BLOB,             -- NULL, and the next two: the client has none
    secret_expires_at         INTEGER,
    secret_sealed             BLOB,
    metadata                  TEXT    NOT NULL,
    initial_access_token      TEXT    NOT NULL, -- id; empty: it was registered without
    imposed_owner             TEXT    NOT NULL, -- by that token; empty: none
    terms                     TEXT    NOT NULL  -- of that token, as eventstore.EncodeTerms writes it
) STRICT;

-- All that a query can select by, in the order of its answer: it reads this index alone, and of the table
-- only the rows that it returns.
CREATE INDEX clients_search ON clients (seq, status, owner, search);

-- How many clients an owner has that initial access tokens imposed.
CREATE INDEX clients_owner ON clients (imposed_owner, status) WHERE imposed_owner <> '';
`

const (
	clientColumns = `seq, id, status, version, registered_at, updated_at, issued_at,
	registration_access_token, secret, secret_expires_at, secret_sealed, metadata, initial_access_token, terms`

	selectClients = `SELECT ` + clientColumns + ` FROM clients`

	insertClient = `INSERT INTO clients (last, status, owner, search, version, registered_at, updated_at, issued_at,
	registration_access_token, secret, secret_expires_at, secret_sealed, metadata, initial_access_token, imposed_owner, terms, seq, id)
	VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`

	updateClient = `UPDATE clients SET last = ?, status = ?, owner = ?, search = ?, version = ?, registered_at = ?,
	updated_at = ?, issued_at = ?, registration_access_token = ?, secret = ?, secret_expires_at = ?, secret_sealed = ?, metadata = ?,
	initial_access_token = ?, imposed_owner = ?, terms = ? WHERE seq = ? AND id = ?`

	selectClient = selectClients + ` WHERE id = ?`

	// The planner knows nothing of how much a row weighs, so it is told to look through the index.
	selectClientPage = selectClients + ` INDEXED BY clients_search WHERE seq < ?1 AND (?2 = '' OR status = ?2)
	AND (?3 = '' OR owner = ?3) AND (?4 = '' OR instr(search, ?4)) ORDER BY seq DESC LIMIT ?5`
)

// clientWrites are the statements that fill the view of clients, clientReads those that read it.
type clientWrites struct{ load, insert, update *sql.Stmt }

type clientReads struct{ one, page, snapshot *sql.Stmt }

func (w *clientWrites) statements() statements {
	return statements{selectClient: &w.load, insertClient: &w.insert, updateClient: &w.update}
}

func (r *clientReads) statements() statements {
	return statements{selectClient: &r.one, selectClientPage: &r.page, selectClientSnapshot: &r.snapshot}
}

// clientRow is a client with the sequence of its registration.
type clientRow struct {
	seq uint64
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

// clientChange is what one event did to its client.
type clientChange struct {
	seq           uint64 // of the registration
	before, after domain.Status
}

// changeClient changes the view of clients by one event of a client.
func (w *writer) changeClient(ctx context.Context, e eventstore.Recorded) (clientChange, error) {
	before, write := clientRow{seq: e.Seq}, w.clients.insert
	if registered, first := e.Event.(domain.ClientRegistered); first {
		if err := w.countClient(ctx, registered); err != nil {
			return clientChange{}, err
		}
	} else {
		found, err := scanClient(w.clients.load.QueryRowContext(ctx, e.Aggregate.ID))
		switch {
		case err == nil:
			before, write = found, w.clients.update
		case !errors.Is(err, sql.ErrNoRows):
			return clientChange{}, fmt.Errorf("load client: %w", err)
		default:
			if err := w.checkBeginning(ctx, e.Seq, fmt.Errorf("client %s was never registered", e.Aggregate.ID)); err != nil {
				return clientChange{}, err
			}
		}
	}
	after := clientRow{before.seq, evolve(before.Client, e.Envelope)}
	values, err := after.values(e.Seq)
	if err != nil {
		return clientChange{}, err
	}
	if _, err := write.ExecContext(ctx, values...); err != nil {
		return clientChange{}, fmt.Errorf("save client: %w", err)
	}
	return clientChange{seq: before.seq, before: before.Status, after: after.Status}, nil
}

// values returns the parameters of insertClient and updateClient, with the sequence of the client's last event.
func (c clientRow) values(last uint64) ([]any, error) {
	metadata, err := c.Metadata.MarshalJSON()
	if err != nil {
		return nil, fmt.Errorf("encode metadata: %w", err)
	}
	terms, err := eventstore.EncodeTerms(c.Terms)
	if err != nil {
		return nil, err
	}
	var secret, expires, sealed any
	if s := c.Secret; s != nil {
		secret, expires, sealed = s.Digest[:], micros(s.ExpiresAt), s.Sealed
	}
	owner := c.Metadata.Owner()
	return []any{
		last, string(c.Status), owner, searchText(c.Metadata.Name(), owner, c.ID), c.Version,
		micros(c.RegisteredAt), micros(c.UpdatedAt), micros(c.IssuedAt),
		c.RegistrationAccessToken[:], secret, expires, sealed, string(metadata),
		c.InitialAccessToken, c.Terms.Owner, string(terms), c.seq, c.ID,
	}, nil
}

// scanClient reads a row of clientColumns.
func scanClient(row interface{ Scan(...any) error }) (clientRow, error) {
	var (
		c                           clientRow
		registered, updated, issued int64
		token, secret, sealed       []byte
		expires                     sql.NullInt64
		metadata, terms             []byte
	)
	if err := scan(row, &c.seq, &c.ID, &c.Status, &c.Version, &registered, &updated, &issued,
		&token, &secret, &expires, &sealed, &metadata, &c.InitialAccessToken, &terms); err != nil {
		return clientRow{}, err
	}
	c.RegisteredAt, c.UpdatedAt, c.IssuedAt = timeOf(registered), timeOf(updated), timeOf(issued)
	copy(c.RegistrationAccessToken[:], token)
	if expires.Valid {
		c.Secret = &domain.Secret{ExpiresAt: timeOf(expires.Int64), Sealed: sealed}
		copy(c.Secret.Digest[:], secret)
	}
	if err := c.Metadata.UnmarshalJSON(metadata); err != nil {
		return clientRow{}, fmt.Errorf("%w: metadata of client %s: %w", errBadRow, c.ID, err)
	}
	var err error
	if c.Terms, err = eventstore.ParseTerms(terms); err != nil {
		return clientRow{}, fmt.Errorf("%w: terms of client %s: %w", errBadRow, c.ID, err)
	}
	return c, nil
}

// Client implements Reader.
func (m *ReadModel) Client(ctx context.Context, id string) (Client, error) {
	var c clientRow
	err := m.lookUp(ctx, func(p *pool) (err error) {
		c, err = scanClient(p.clients.one.QueryRowContext(ctx, id))
		return err
	})
	if errors.Is(err, sql.ErrNoRows) {
		return Client{}, domain.ErrNotFound
	}
	if err != nil {
		return Client{}, fmt.Errorf("read client: %w", err)
	}
	return c.Client, nil
}

// maxClients is the most that a page holds.
const maxClients = 500

// Clients implements Reader. A page is full while enough clients match. Whoever reads page by page gets each
// client that matches all the while exactly once, whatever is registered meanwhile. Case is that of
// strings.EqualFold.
func (m *ReadModel) Clients(ctx context.Context, q ClientQuery) (ClientPage, error) {
	before, err := parseCursor(q.Cursor)
	if err != nil {
		return ClientPage{}, err
	}
	limit := min(max(q.Limit, 1), maxClients)
	var found []clientRow
	err = m.read(ctx, func(p *pool) error {
		rows, err := p.clients.page.QueryContext(ctx, before, string(q.Status), q.Owner, fold(q.Text), limit+1)
		if err != nil {
			return err
		}
		found, err = scanAll(rows, scanClient)
		return err
	})
	if err != nil {
		return ClientPage{}, fmt.Errorf("read clients: %w", err)
	}
	var page ClientPage
	found, page.NextCursor = cutPage(found, limit, func(c clientRow) uint64 { return c.seq })
	for _, c := range found {
		page.Clients = append(page.Clients, c.Client)
	}
	return page, nil
}
