package readmodel

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/go-json-experiment/json"

	"roster/domain"
	"roster/domain/oauth"
	"roster/eventstore"
)

const (
	tokenColumns = `seq, id, digest, label, terms, expires_at, max_uses, uses, issued_at, issued_by,
	revoked_at, revoked_by, reason, clients`

	selectTokens = `SELECT ` + tokenColumns + ` FROM tokens`

	insertToken = `INSERT INTO tokens (digest, label, terms, expires_at, max_uses, uses, issued_at, issued_by,
	revoked_at, revoked_by, reason, clients, seq, id) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`

	updateToken = `UPDATE tokens SET digest = ?, label = ?, terms = ?, expires_at = ?, max_uses = ?, uses = ?,
	issued_at = ?, issued_by = ?, revoked_at = ?, revoked_by = ?, reason = ?, clients = ? WHERE seq = ? AND id = ?`

	countTokenClient = `UPDATE tokens SET clients = clients + 1 WHERE id = ?`

	selectToken     = selectTokens + ` WHERE id = ?`
	selectTokenPage = selectTokens + ` WHERE seq < ? ORDER BY seq DESC LIMIT ?`
)

// tokenRow is an initial access token with the sequence of its issue.
type tokenRow struct {
	seq uint64
	InitialAccessToken
}

// changeToken changes the view of initial access tokens by one event of a token, and returns the sequence
// of the token's issue.
func (w *writer) changeToken(ctx context.Context, e eventstore.Recorded) (issued uint64, err error) {
	row, write := tokenRow{seq: e.Seq}, w.insertToken
	if _, first := e.Event.(domain.InitialAccessTokenIssued); !first {
		found, err := scanToken(w.loadToken.QueryRowContext(ctx, e.Aggregate.ID))
		switch {
		case err == nil:
			row, write = found, w.saveToken
		case !errors.Is(err, sql.ErrNoRows):
			return 0, fmt.Errorf("load initial access token: %w", err)
		default:
			if err := w.checkBeginning(ctx, e.Seq, fmt.Errorf("initial access token %s was never issued", e.Aggregate.ID)); err != nil {
				return 0, err
			}
		}
	}
	row.InitialAccessToken = evolveToken(row.InitialAccessToken, e.Envelope)
	values, err := row.values()
	if err != nil {
		return 0, err
	}
	if _, err := write.ExecContext(ctx, values...); err != nil {
		return 0, fmt.Errorf("save initial access token: %w", err)
	}
	return row.seq, nil
}

// evolveToken returns the token after one more event.
func evolveToken(t InitialAccessToken, e domain.Envelope) InitialAccessToken {
	t.InitialAccessToken = domain.EvolveToken(t.InitialAccessToken, e.Aggregate, e.Event)
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
	if _, err := w.countTokenClient.ExecContext(ctx, e.InitialAccessToken); err != nil {
		return fmt.Errorf("count client of an initial access token: %w", err)
	}
	return nil
}

// values returns the parameters of insertToken and updateToken.
func (t tokenRow) values() ([]any, error) {
	terms, err := encodeTerms(t.Terms)
	if err != nil {
		return nil, err
	}
	return []any{
		t.Digest[:], t.Label, terms, nullable(t.ExpiresAt), t.MaxUses, t.Uses, micros(t.IssuedAt), t.IssuedBy,
		nullable(t.RevokedAt), t.RevokedBy, t.Reason, t.Clients, t.seq, t.ID,
	}, nil
}

// scanToken reads a row of tokenColumns.
func scanToken(row interface{ Scan(...any) error }) (tokenRow, error) {
	var (
		t                tokenRow
		digest           []byte
		terms            string
		issued           int64
		expires, revoked sql.NullInt64
	)
	if err := row.Scan(&t.seq, &t.ID, &digest, &t.Label, &terms, &expires, &t.MaxUses, &t.Uses, &issued, &t.IssuedBy,
		&revoked, &t.RevokedBy, &t.Reason, &t.Clients); err != nil {
		return tokenRow{}, err
	}
	copy(t.Digest[:], digest)
	t.IssuedAt, t.ExpiresAt, t.RevokedAt = moment(issued), optional(expires), optional(revoked)
	t.Revoked = revoked.Valid
	var err error
	if t.Terms, err = parseTerms(terms); err != nil {
		return tokenRow{}, fmt.Errorf("initial access token %s: %w", t.ID, err)
	}
	return t, nil
}

// encodeTerms encodes terms; none are the empty string. A list that sets no limit is null.
func encodeTerms(t oauth.Terms) (string, error) {
	if t.Unlimited() {
		return "", nil
	}
	encoded, err := json.Marshal(t, json.FormatNilSliceAsNull(true))
	if err != nil {
		return "", fmt.Errorf("encode terms: %w", err)
	}
	return string(encoded), nil
}

// parseTerms is the inverse of encodeTerms.
func parseTerms(encoded string) (t oauth.Terms, err error) {
	if encoded == "" {
		return t, nil
	}
	if err := json.Unmarshal([]byte(encoded), &t); err != nil {
		return t, fmt.Errorf("decode terms: %w", err)
	}
	return t, nil
}

// nullable is how the tables hold a time that need not be; optional is its inverse.
func nullable(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return micros(t)
}

func optional(micros sql.NullInt64) time.Time {
	if !micros.Valid {
		return time.Time{}
	}
	return moment(micros.Int64)
}

// InitialAccessToken implements Reader.
func (m *ReadModel) InitialAccessToken(ctx context.Context, id string) (InitialAccessToken, error) {
	var t tokenRow
	err := m.lookUp(ctx, func(p *pool) (err error) {
		t, err = scanToken(p.token.QueryRowContext(ctx, id))
		return err
	})
	if errors.Is(err, sql.ErrNoRows) {
		return InitialAccessToken{}, domain.ErrNoSuchToken
	}
	if err != nil {
		return InitialAccessToken{}, fmt.Errorf("read initial access token: %w", err)
	}
	return t.InitialAccessToken, nil
}

// maxTokens is the most that a page holds.
const maxTokens = 500

// InitialAccessTokens implements Reader. Paging comes upon each token exactly once, whatever is issued
// meanwhile.
func (m *ReadModel) InitialAccessTokens(ctx context.Context, q TokenQuery) (TokenPage, error) {
	before, err := parseCursor(q.Cursor)
	if err != nil {
		return TokenPage{}, err
	}
	limit := min(max(q.Limit, 1), maxTokens)
	var found []tokenRow
	err = m.read(ctx, func(p *pool) error {
		rows, err := p.tokenPage.QueryContext(ctx, before, limit+1)
		if err != nil {
			return err
		}
		found, err = scanAll(rows, scanToken)
		return err
	})
	if err != nil {
		return TokenPage{}, fmt.Errorf("read initial access tokens: %w", err)
	}
	var page TokenPage
	for i, t := range found {
		if i == limit {
			page.NextCursor = cursor(found[i-1].seq)
			break
		}
		page.Tokens = append(page.Tokens, t.InitialAccessToken)
	}
	return page, nil
}
