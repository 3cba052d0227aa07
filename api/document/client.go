// Package document is how a client and its place in the log are written as JSON for administrators and auditors. The API
// answers with these documents and the dashboard shows them, so that both say the same.
//
// Its functions may be used concurrently.
package document

import (
	"maps"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"roster/domain"
	"roster/domain/oauth"
	"roster/projections/readmodel"
)

// Client is a client with its history in short, without any secret, token or digest.
type Client struct {
	ClientID              string          `json:"client_id"`
	Status                domain.Status   `json:"status"`
	RegisteredAt          time.Time       `json:"registered_at"`
	UpdatedAt             time.Time       `json:"updated_at"`
	Version               uint64          `json:"version"`
	ClientIDIssuedAt      int64           `json:"client_id_issued_at"`
	ClientSecretExpiresAt *int64          `json:"client_secret_expires_at,omitzero"` // only of a client with a secret; 0: never
	InitialAccessToken    string          `json:"initial_access_token,omitzero"`     // id of the one it was registered with
	AttestedBy            string          `json:"attested_by,omitzero"`              // issuer of its software statement
	IssuerTrusted         *bool           `json:"issuer_trusted,omitzero"`           // that issuer still is; absent without one, or when it is not known
	Cautions              []oauth.Caution `json:"cautions,omitzero"`
	LastUsedAt            *time.Time      `json:"last_used_at,omitzero"` // when it was authenticated last; absent: not known
	AsOf                  *Position       `json:"as_of,omitzero"`        // where it is of the past
	Metadata              jsontext.Value  `json:",embed"`
}

// OfClient returns the document of a client. trusts tells which issuers of software statements are trusted at present: others
// vouch for nothing. nil: that is not known, and what was believed when it was registered is believed.
func OfClient(client readmodel.Client, trusts func(issuer string) bool) Client {
	var trusted *bool
	issuer, _ := oauth.Attested(client.Metadata)
	switch {
	case trusts == nil:
		trusts = func(string) bool { return true }
	case issuer != "":
		trusted = new(trusts(issuer))
	}
	return Client{
		ClientID:              client.ID,
		Status:                client.Status,
		RegisteredAt:          client.RegisteredAt.UTC(),
		UpdatedAt:             client.UpdatedAt.UTC(),
		Version:               client.Version,
		ClientIDIssuedAt:      client.IssuedAt.Unix(),
		ClientSecretExpiresAt: SecretExpiry(client.Secret),
		InitialAccessToken:    client.InitialAccessToken,
		AttestedBy:            issuer,
		IssuerTrusted:         trusted,
		Cautions:              client.Cautions(trusts),
		Metadata:              WithRedirectURIs(client.Metadata).AppendJSON(nil),
	}
}

// At returns the document of a client as it stood at a position.
func (c Client) At(at readmodel.Position) Client {
	position := OfPosition(at)
	c.AsOf = &position
	return c
}

// SecretExpiry is client_secret_expires_at (RFC 7591 3.2.1): nil without a secret, 0 for one that never expires.
func SecretExpiry(secret *domain.Secret) *int64 {
	if secret == nil {
		return nil
	}
	var at int64
	if !secret.ExpiresAt.IsZero() {
		at = secret.ExpiresAt.Unix()
	}
	return &at
}

// WithRedirectURIs returns metadata with redirect_uris always present: common clients fail without.
func WithRedirectURIs(m oauth.Metadata) oauth.Metadata {
	if _, ok := m["redirect_uris"]; ok {
		return m
	}
	m = maps.Clone(m)
	if m == nil {
		m = oauth.Metadata{}
	}
	m["redirect_uris"] = oauth.List{}
	return m
}

// Position is an event of the log, to which an answer about the past is pinned.
type Position struct {
	Seq  uint64    `json:"seq"`           // 0: before the first event
	Time time.Time `json:"time,omitzero"` // of the event
}

// OfPosition returns the document of a position.
func OfPosition(p readmodel.Position) Position {
	if p.Seq == 0 {
		return Position{}
	}
	return Position{p.Seq, p.Time.UTC()}
}
