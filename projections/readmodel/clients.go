package readmodel

import (
	"context"
	"database/sql"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"math"

	"roster/domain"
	"roster/eventstore"
)

const (
	clientColumns = `seq, id, status, version, registered_at, updated_at, issued_at,
	token, secret, secret_expires_at, secret_sealed, metadata, initial_access_token, terms`

	selectClients = `SELECT ` + clientColumns + ` FROM clients`

	insertClient = `INSERT INTO clients (status, owner, search, version, registered_at, updated_at, issued_at,
	token, secret, secret_expires_at, secret_sealed, metadata, initial_access_token, imposed_owner, terms, seq, id)
	VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`

	updateClient = `UPDATE clients SET status = ?, owner = ?, search = ?, version = ?, registered_at = ?,
	updated_at = ?, issued_at = ?, token = ?, secret = ?, secret_expires_at = ?, secret_sealed = ?, metadata = ?,
	initial_access_token = ?, imposed_owner = ?, terms = ? WHERE seq = ? AND id = ?`

	selectClient = selectClients + ` WHERE id = ?`

	// The planner knows nothing of how much a row weighs, so it is told to look through the index.
	selectClientPage = selectClients + ` INDEXED BY clients_search WHERE seq < ?1 AND (?2 = '' OR status = ?2)
	AND (?3 = '' OR owner = ?3) AND (?4 = '' OR instr(search, ?4)) ORDER BY seq DESC LIMIT ?5`
)

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
	c.Client = domain.Evolve(c.Client, e.Aggregate, e.Event)
	c.UpdatedAt = e.Time
	return c
}

// clientChange is what one event did to its client.
type clientChange struct {
	seq           uint64 // of the registration
	before, after domain.Status
}

func (w *writer) changeClient(ctx context.Context, e eventstore.Recorded) (clientChange, error) {
	before, write := clientRow{seq: e.Seq}, w.insertClient
	if registered, first := e.Event.(domain.ClientRegistered); first {
		if err := w.countClient(ctx, registered); err != nil {
			return clientChange{}, err
		}
	} else {
		found, err := scanClient(w.loadClient.QueryRowContext(ctx, e.Aggregate.ID))
		switch {
		case err == nil:
			before, write = found, w.saveClient
		case !errors.Is(err, sql.ErrNoRows):
			return clientChange{}, fmt.Errorf("load client: %w", err)
		default:
			if err := w.checkBeginning(ctx, e.Seq, fmt.Errorf("client %s was never registered", e.Aggregate.ID)); err != nil {
				return clientChange{}, err
			}
		}
	}
	after := clientRow{before.seq, evolve(before.Client, e.Envelope)}
	values, err := after.values()
	if err != nil {
		return clientChange{}, err
	}
	if _, err := write.ExecContext(ctx, values...); err != nil {
		return clientChange{}, fmt.Errorf("save client: %w", err)
	}
	return clientChange{seq: before.seq, before: before.Status, after: after.Status}, nil
}

// values returns the parameters of insertClient and updateClient.
func (c clientRow) values() ([]any, error) {
	metadata, err := c.Metadata.MarshalJSON()
	if err != nil {
		return nil, fmt.Errorf("encode metadata: %w", err)
	}
	terms, err := encodeTerms(c.Terms)
	if err != nil {
		return nil, err
	}
	var secret, expires, sealed any
	if s := c.Secret; s != nil {
		secret, expires, sealed = s.Digest[:], micros(s.ExpiresAt), s.Sealed
	}
	owner := c.Metadata.Owner()
	return []any{
		string(c.Status), owner, searchText(c.Metadata.Name(), owner, c.ID), c.Version,
		micros(c.RegisteredAt), micros(c.UpdatedAt), micros(c.IssuedAt),
		c.RegistrationAccessToken[:], secret, expires, sealed, string(metadata),
		c.InitialAccessToken, c.Terms.Owner, terms, c.seq, c.ID,
	}, nil
}

// scanClient reads a row of clientColumns.
func scanClient(row interface{ Scan(...any) error }) (clientRow, error) {
	var (
		c                           clientRow
		registered, updated, issued int64
		token, secret, sealed       []byte
		expires                     sql.NullInt64
		metadata                    []byte
		terms                       string
	)
	if err := row.Scan(&c.seq, &c.ID, &c.Status, &c.Version, &registered, &updated, &issued,
		&token, &secret, &expires, &sealed, &metadata, &c.InitialAccessToken, &terms); err != nil {
		return clientRow{}, err
	}
	c.RegisteredAt, c.UpdatedAt, c.IssuedAt = moment(registered), moment(updated), moment(issued)
	copy(c.RegistrationAccessToken[:], token)
	if expires.Valid {
		c.Secret = &domain.Secret{ExpiresAt: moment(expires.Int64), Sealed: sealed}
		copy(c.Secret.Digest[:], secret)
	}
	if err := c.Metadata.UnmarshalJSON(metadata); err != nil {
		return clientRow{}, fmt.Errorf("%w: metadata of client %s: %w", errBadRow, c.ID, err)
	}
	var err error
	if c.Terms, err = parseTerms(terms); err != nil {
		return clientRow{}, fmt.Errorf("%w: terms of client %s: %w", errBadRow, c.ID, err)
	}
	return c, nil
}

// Client implements Reader.
func (m *ReadModel) Client(ctx context.Context, id string) (Client, error) {
	var c clientRow
	err := m.lookUp(ctx, func(p *pool) (err error) {
		c, err = scanClient(p.client.QueryRowContext(ctx, id))
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

// Clients implements Reader. A page is full while enough clients match. Paging comes upon each client
// that matches all the while exactly once, whatever is registered meanwhile. Case is that of strings.EqualFold.
func (m *ReadModel) Clients(ctx context.Context, q ClientQuery) (ClientPage, error) {
	before, err := parseCursor(q.Cursor)
	if err != nil {
		return ClientPage{}, err
	}
	limit := min(max(q.Limit, 1), maxClients)
	var found []clientRow
	err = m.read(ctx, func(p *pool) error {
		rows, err := p.clientPage.QueryContext(ctx, before, string(q.Status), q.Owner, fold(q.Text), limit+1)
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
	for i, c := range found {
		if i == limit {
			page.NextCursor = cursor(found[i-1].seq)
			break
		}
		page.Clients = append(page.Clients, c.Client)
	}
	return page, nil
}

// cursor names the last client of a page by its sequence. Its form is nobody else's business.
func cursor(seq uint64) string {
	return base64.RawURLEncoding.EncodeToString(binary.BigEndian.AppendUint64(nil, seq))
}

// parseCursor returns the sequence below which the next page begins.
func parseCursor(s string) (int64, error) {
	if s == "" {
		return math.MaxInt64, nil
	}
	b, err := base64.RawURLEncoding.Strict().DecodeString(s)
	if err != nil || len(b) != 8 {
		return 0, ErrBadCursor
	}
	seq := binary.BigEndian.Uint64(b)
	if seq == 0 || seq > math.MaxInt64 {
		return 0, ErrBadCursor
	}
	return int64(seq), nil
}
