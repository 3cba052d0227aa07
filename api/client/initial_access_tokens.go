package client

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// An InitialAccessTokenRequest asks for an initial access token. What is left out sets no limit.
type InitialAccessTokenRequest struct {
	Label            string   `json:"label,omitempty"`      // what administrators know the token by
	Owner            string   `json:"owner,omitempty"`      // ext_param_owner of every client that is registered with it
	ExpiresIn        int64    `json:"expires_in,omitempty"` // seconds from now
	Uses             uint     `json:"uses,omitempty"`       // how many clients can be registered with it
	GrantTypes       []string `json:"grant_types,omitempty"`
	Scopes           []string `json:"scopes,omitempty"`
	RedirectHosts    []string `json:"redirect_hosts,omitempty"` // such as "client.example.org", or ".example.org" for all below it
	ApplicationTypes []string `json:"application_types,omitempty"`
}

// An InitialAccessToken is an initial access token as administrators see it.
type InitialAccessToken struct {
	ID               string          `json:"id"`
	Token            string          `json:"token"` // told in the answer to its issue alone
	Status           string          `json:"status"`
	Label            string          `json:"label"`
	Owner            string          `json:"owner"`
	IssuedAt         time.Time       `json:"issued_at"`
	IssuedBy         string          `json:"issued_by"`
	ExpiresAt        time.Time       `json:"expires_at"` // zero: never
	Uses             int             `json:"uses"`       // 0: any number
	UsesLeft         *int            `json:"uses_left"`  // nil: any number
	Clients          int             `json:"clients"`    // how many were registered with it
	GrantTypes       []string        `json:"grant_types"`
	Scopes           []string        `json:"scopes"`
	RedirectHosts    []string        `json:"redirect_hosts"`
	ApplicationTypes []string        `json:"application_types"`
	RevokedAt        time.Time       `json:"revoked_at"` // zero: it was not
	RevokedBy        string          `json:"revoked_by"`
	Reason           string          `json:"reason"`
	Raw              json.RawMessage `json:"-"` // the token as the server sent it
}

// UnmarshalJSON reads an initial access token.
func (t *InitialAccessToken) UnmarshalJSON(encoded []byte) error {
	type plain InitialAccessToken // without this method
	if err := json.Unmarshal(encoded, (*plain)(t)); err != nil {
		return err
	}
	t.Raw = append(json.RawMessage(nil), encoded...)
	return nil
}

// An InitialAccessTokenPage is a page of initial access tokens, the newest first.
type InitialAccessTokenPage struct {
	InitialAccessTokens []InitialAccessToken `json:"initial_access_tokens"`
	NextCursor          string               `json:"next_cursor"` // empty: this is the last page
}

const initialAccessTokensPath = "/api/v1/initial-access-tokens"

// IssueInitialAccessToken issues an initial access token. It needs the credentials of an administrator.
func (r *Registry) IssueInitialAccessToken(ctx context.Context, request InitialAccessTokenRequest) (t InitialAccessToken, err error) {
	_, err = r.ask(ctx, call{method: http.MethodPost, path: initialAccessTokensPath, body: request}, &t)
	return t, err
}

// InitialAccessTokens returns a page of up to limit initial access tokens, 500 at most; 0: 50. cursor is the
// NextCursor of the page before, empty for the first. It needs the credentials of an administrator or auditor.
func (r *Registry) InitialAccessTokens(ctx context.Context, limit int, cursor string) (page InitialAccessTokenPage, err error) {
	query := parameters("limit", number(uint64(limit)), "cursor", cursor)
	_, err = r.ask(ctx, call{method: http.MethodGet, path: initialAccessTokensPath, query: query}, &page)
	return page, err
}

// InitialAccessToken returns the initial access token with an id, whatever its status. It needs the credentials of
// an administrator or auditor.
func (r *Registry) InitialAccessToken(ctx context.Context, id string) (t InitialAccessToken, err error) {
	_, err = r.ask(ctx, call{method: http.MethodGet, path: initialAccessTokenPath(id)}, &t)
	return t, err
}

// RevokeInitialAccessToken ends the initial access token with an id for a reason, which is kept in the log and may
// be empty. The clients registered with it stay. It needs the credentials of an administrator.
func (r *Registry) RevokeInitialAccessToken(ctx context.Context, id, reason string) error {
	_, err := r.ask(ctx, call{method: http.MethodDelete, path: initialAccessTokenPath(id), query: parameters("reason", reason)}, nil)
	return err
}

// initialAccessTokenPath returns where an initial access token is. It takes the token itself for its id, too: what
// follows the id, which is the secret, has no place in an address.
func initialAccessTokenPath(id string) string {
	id, _, _ = strings.Cut(id, ".")
	return initialAccessTokensPath + "/" + url.PathEscape(id)
}
