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

// InitialAccessToken is an initial access token as the read model shows it.
type InitialAccessToken struct {
	domain.InitialAccessToken
	IssuedAt  time.Time
	IssuedBy  string    // the administrator's name
	RevokedAt time.Time // zero: it was not
	RevokedBy string    // the administrator's name
	Reason    string    // of the revocation
	Clients   int       // how many clients were registered with it
}

// InitialAccessTokenQuery selects initial access tokens, the newest first.
type InitialAccessTokenQuery struct {
	Status domain.InitialAccessTokenStatus // at the time At; empty: any
	At     time.Time
	Limit  int    // 1 to 500
	Cursor string // NextCursor of the page before; empty: the first page
}

// InitialAccessTokenPage is a page of initial access tokens.
type InitialAccessTokenPage struct {
	Tokens     []InitialAccessToken
	NextCursor string // empty: this is the last page
}

const initialAccessTokensTable = `
-- Every initial access token that was ever issued, numbered by the sequence of its issue.
CREATE TABLE initial_access_tokens (
    seq        INTEGER PRIMARY KEY,
    last       INTEGER NOT NULL, -- the sequence of the token's last event
    id         TEXT    NOT NULL UNIQUE,
    digest     BLOB    NOT NULL,
    label      TEXT    NOT NULL,
    terms      TEXT    NOT NULL, -- as eventstore.EncodeTerms writes it
    expires_at INTEGER,          -- NULL: never
    max_uses   INTEGER NOT NULL, -- 0: any number
    uses       INTEGER NOT NULL, -- counted only when their number is limited
    issued_at  INTEGER NOT NULL,
    issued_by  TEXT    NOT NULL,
    revoked_at INTEGER,          -- NULL: it was not
    revoked_by TEXT    NOT NULL,
    reason     TEXT    NOT NULL, -- of the revocation
    clients    INTEGER NOT NULL  -- how many were registered with it
) STRICT;
`

const (
	initialAccessTokenColumns = `seq, id, digest, label, terms, expires_at, max_uses, uses, issued_at, issued_by,
	revoked_at, revoked_by, reason, clients`

	selectInitialAccessTokens = `SELECT ` + initialAccessTokenColumns + ` FROM initial_access_tokens`

	insertInitialAccessToken = `INSERT INTO initial_access_tokens (last, digest, label, terms, expires_at, max_uses, uses, issued_at, issued_by,
	revoked_at, revoked_by, reason, clients, seq, id) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`

	updateInitialAccessToken = `UPDATE initial_access_tokens SET last = ?, digest = ?, label = ?, terms = ?, expires_at = ?, max_uses = ?, uses = ?,
	issued_at = ?, issued_by = ?, revoked_at = ?, revoked_by = ?, reason = ?, clients = ? WHERE seq = ? AND id = ?`

	countClientOfToken = `UPDATE initial_access_tokens SET clients = clients + 1 WHERE id = ?`

	selectInitialAccessToken     = selectInitialAccessTokens + ` WHERE id = ?`
	selectInitialAccessTokenPage = selectInitialAccessTokens + ` WHERE seq < ?1 AND (?2 = '' OR ?2 = ` + statusOfInitialAccessToken + `)
	ORDER BY seq DESC LIMIT ?4`

	// statusOfInitialAccessToken is the status at the time ?3, as domain.InitialAccessToken.StatusAt says it.
	statusOfInitialAccessToken = `CASE WHEN revoked_at IS NOT NULL THEN 'revoked' WHEN digest = zeroblob(32) THEN 'lost'
	WHEN expires_at <= ?3 THEN 'expired' WHEN max_uses > 0 AND uses >= max_uses THEN 'used_up' ELSE 'active' END`

	selectTokenPlace = `SELECT seq, clients FROM initial_access_tokens WHERE id = ?`

	ofToken              = ` c.initial_access_token = ? AND c.initial_access_token <> ''` // so that the index is used
	selectClientPlaces   = `SELECT c.seq FROM clients c WHERE` + ofToken
	selectClientsOfToken = `SELECT ` + clientColumns + fromClients + ` WHERE` + ofToken + ` AND c.seq < ? ORDER BY c.seq DESC LIMIT ?`
)

// initialAccessTokenWrites are the statements that fill the view of initial access tokens,
// initialAccessTokenReads those that read it.
type initialAccessTokenWrites struct{ load, insert, update, countClient *sql.Stmt }

type initialAccessTokenReads struct{ one, page, snapshot, place, clients, clientPlaces *sql.Stmt }

func (w *initialAccessTokenWrites) statements() statements {
	return statements{
		selectInitialAccessToken: &w.load, insertInitialAccessToken: &w.insert, updateInitialAccessToken: &w.update,
		countClientOfToken: &w.countClient,
	}
}

func (r *initialAccessTokenReads) statements() statements {
	return statements{
		selectInitialAccessToken: &r.one, selectInitialAccessTokenPage: &r.page,
		selectInitialAccessTokenSnapshot: &r.snapshot, selectTokenPlace: &r.place,
		selectClientsOfToken: &r.clients, selectClientPlaces: &r.clientPlaces,
	}
}

// initialAccessTokenRow is an initial access token with the sequence of its issue.
type initialAccessTokenRow struct {
	seq uint64
	InitialAccessToken
}

// changeInitialAccessToken changes the view of initial access tokens by one event of a token, and returns the sequence
// of the token's issue.
func (w *writer) changeInitialAccessToken(ctx context.Context, e eventstore.Recorded) (issued uint64, err error) {
	row, write := initialAccessTokenRow{seq: e.Seq}, w.tokens.insert
	if _, first := e.Event.(domain.InitialAccessTokenIssued); !first {
		found, err := scanInitialAccessToken(w.tokens.load.QueryRowContext(ctx, e.Aggregate.ID))
		switch {
		case err == nil:
			row, write = found, w.tokens.update
		case !errors.Is(err, sql.ErrNoRows):
			return 0, fmt.Errorf("load initial access token: %w", err)
		default:
			if err := w.checkBeginning(ctx, fmt.Errorf("initial access token %s was never issued", e.Aggregate.ID)); err != nil {
				return 0, err
			}
		}
	}
	row.InitialAccessToken = evolveInitialAccessToken(row.InitialAccessToken, e.Envelope)
	values, err := row.values(e.Seq)
	if err != nil {
		return 0, err
	}
	if _, err := write.ExecContext(ctx, values...); err != nil {
		return 0, fmt.Errorf("save initial access token: %w", err)
	}
	return row.seq, nil
}

// evolveInitialAccessToken returns the token after one more event.
func evolveInitialAccessToken(t InitialAccessToken, e domain.Envelope) InitialAccessToken {
	t.InitialAccessToken = domain.InitialAccessTokens.Evolve(t.InitialAccessToken, e.Aggregate, e.Event)
	switch event := e.Event.(type) {
	case domain.InitialAccessTokenIssued:
		t.IssuedAt, t.IssuedBy = e.Time, e.Actor.ID
	case domain.InitialAccessTokenRevoked:
		t.RevokedAt, t.RevokedBy, t.Reason = e.Time, e.Actor.ID, event.Reason
	}
	return t
}

// countClient counts a client with the token that it was registered with.
func (w *writer) countClient(ctx context.Context, e domain.ClientRegistered) error {
	if e.InitialAccessToken == "" {
		return nil
	}
	if _, err := w.tokens.countClient.ExecContext(ctx, e.InitialAccessToken); err != nil {
		return fmt.Errorf("count client of an initial access token: %w", err)
	}
	return nil
}

// values returns the parameters of insertInitialAccessToken and updateInitialAccessToken.
func (t initialAccessTokenRow) values(last uint64) ([]any, error) {
	terms, err := eventstore.EncodeTerms(t.Terms)
	if err != nil {
		return nil, err
	}
	return []any{
		last, t.Digest[:], t.Label, string(terms), nullable(t.ExpiresAt), t.MaxUses, t.Uses, micros(t.IssuedAt), t.IssuedBy,
		nullable(t.RevokedAt), t.RevokedBy, t.Reason, t.Clients, t.seq, t.ID,
	}, nil
}

// scanInitialAccessToken reads a row of initialAccessTokenColumns.
func scanInitialAccessToken(row interface{ Scan(...any) error }) (initialAccessTokenRow, error) {
	var (
		t                initialAccessTokenRow
		digest, terms    []byte
		issued           int64
		expires, revoked sql.NullInt64
	)
	if err := scan(row, &t.seq, &t.ID, &digest, &t.Label, &terms, &expires, &t.MaxUses, &t.Uses, &issued, &t.IssuedBy,
		&revoked, &t.RevokedBy, &t.Reason, &t.Clients); err != nil {
		return initialAccessTokenRow{}, err
	}
	copy(t.Digest[:], digest)
	t.IssuedAt, t.ExpiresAt, t.RevokedAt = timeOf(issued), optional(expires), optional(revoked)
	t.Revoked = revoked.Valid
	var err error
	if t.Terms, err = eventstore.ParseTerms(terms); err != nil {
		return initialAccessTokenRow{}, fmt.Errorf("%w: terms of initial access token %s: %w", errBadRow, t.ID, err)
	}
	return t, nil
}

// InitialAccessToken implements Reader.
func (m *ReadModel) InitialAccessToken(ctx context.Context, id string) (InitialAccessToken, error) {
	var t initialAccessTokenRow
	err := m.lookUp(ctx, func(p *pool) (err error) {
		t, err = scanInitialAccessToken(p.tokens.one.QueryRowContext(ctx, id))
		return err
	})
	if errors.Is(err, sql.ErrNoRows) {
		return InitialAccessToken{}, domain.ErrNoSuchInitialAccessToken
	}
	if err != nil {
		return InitialAccessToken{}, fmt.Errorf("read initial access token: %w", err)
	}
	return t.InitialAccessToken, nil
}

// maxInitialAccessTokens is the most that a page holds.
const maxInitialAccessTokens = 500

// InitialAccessTokens implements Reader. Whoever reads page by page gets each token exactly once, whatever is
// issued meanwhile.
func (m *ReadModel) InitialAccessTokens(ctx context.Context, q InitialAccessTokenQuery) (InitialAccessTokenPage, error) {
	before, err := parseCursor(q.Cursor)
	if err != nil {
		return InitialAccessTokenPage{}, err
	}
	limit := min(max(q.Limit, 1), maxInitialAccessTokens)
	var found []initialAccessTokenRow
	err = m.read(ctx, func(p *pool) error {
		rows, err := p.tokens.page.QueryContext(ctx, before, string(q.Status), micros(q.At), limit+1)
		if err != nil {
			return err
		}
		found, err = scanAll(rows, scanInitialAccessToken)
		return err
	})
	if err != nil {
		return InitialAccessTokenPage{}, fmt.Errorf("read initial access tokens: %w", err)
	}
	var page InitialAccessTokenPage
	found, page.NextCursor = cutPage(found, limit, func(t initialAccessTokenRow) uint64 { return t.seq })
	for _, t := range found {
		page.Tokens = append(page.Tokens, t.InitialAccessToken)
	}
	return page, nil
}

// ClientsOfInitialAccessToken implements Reader.
func (m *ReadModel) ClientsOfInitialAccessToken(ctx context.Context, id string, limit int, cursor string) (ClientPage, error) {
	before, err := parseCursor(cursor)
	if err != nil {
		return ClientPage{}, err
	}
	limit = min(max(limit, 1), maxClients)
	var found []clientRow
	err = m.read(ctx, func(p *pool) error {
		rows, err := p.tokens.clients.QueryContext(ctx, compactID(id), before, limit+1)
		if err != nil {
			return err
		}
		found, err = scanAll(rows, scanClient)
		return err
	})
	if err != nil {
		return ClientPage{}, fmt.Errorf("read clients of an initial access token: %w", err)
	}
	return clientPageOf(found, limit), nil
}
