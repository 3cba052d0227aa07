package readmodel

import (
	"context"
	"database/sql"
	"fmt"
	"slices"

	"roster/domain"
	"roster/domain/oauth"
	"roster/projections/readmodel/search"
)

const clientSearchTable = `
-- What clients are found by, beside what their rows say. It is narrow, since all of it is read into memory.
CREATE TABLE client_search (
    seq      INTEGER PRIMARY KEY, -- clients.seq
    ip       TEXT NOT NULL,       -- address that the client was registered from; empty: unknown
    metadata TEXT NOT NULL        -- as search.Metadata.Encode writes it
) STRICT;
`

const (
	selectSearch = `SELECT s.seq, s.ip, s.metadata, c.id, c.status, c.version, c.registered_at, c.updated_at, c.secret_expires_at, c.initial_access_token,
	c.last, c.described
	FROM client_search s LEFT JOIN clients c ON c.seq = s.seq WHERE s.seq > ? AND s.seq <= ? ORDER BY s.seq`

	selectSearchEnd = `SELECT coalesce(max(seq), 0) FROM client_search`

	updateSearch = `UPDATE client_search SET metadata = ? WHERE seq = ?`
)

var searchInserts = inserts{table: "client_search", columns: []string{"seq", "ip", "metadata"}}

// searchWrites are the statements that fill the view of what clients are found by.
type searchWrites struct {
	update *sql.Stmt
	insert inserter
}

func (w *searchWrites) statements() statements {
	return statements{updateSearch: &w.update}
}

// saveSearches writes what the clients that a batch changed are found by.
func (w *writer) saveSearches(ctx context.Context, changes clientChanges, ready *preparation) error {
	for _, c := range changes.all {
		if err := w.saveSearch(ctx, c, ready); err != nil {
			return fmt.Errorf("save what a client is found by: %w", err)
		}
	}
	if err := w.search.insert.flush(ctx); err != nil {
		return fmt.Errorf("save what a client is found by: %w", err)
	}
	return nil
}

// saveSearch writes what the client of a change is found by.
func (w *writer) saveSearch(ctx context.Context, c *clientChange, ready *preparation) (err error) {
	c.foundBy = search.Entry{Seq: c.seq, Standing: standingOf(c.Client), Last: c.last, Described: c.described}
	if c.new {
		c.foundBy.Origin = originOf(c.Client, c.from)
	}
	if !c.new && !c.redefined {
		return nil
	}
	found := &preparedSearch{} // nothing for a client whose metadata was lost
	if c.redefined {
		e, err := ready.at(c.redefinedAt)
		if err != nil {
			return err
		}
		found = &e.foundBy
	}
	c.foundBy.Metadata = &found.metadata
	if c.new {
		return w.search.insert.add(ctx, c.seq, sequence(c.seq), c.from, found.encoded)
	}
	_, err = w.search.update.ExecContext(ctx, found.encoded, sequence(c.seq))
	return err
}

func originOf(c Client, ip string) *search.Origin {
	return &search.Origin{ID: c.ID, Registered: c.RegisteredAt, IP: ip, Token: c.InitialAccessToken}
}

func standingOf(c Client) search.Standing {
	s := search.Standing{Status: string(c.Status)}
	if c.Version > 1 {
		s.Changed = c.UpdatedAt
	}
	if c.Secret != nil {
		s.SecretExpires = c.Secret.ExpiresAt
	}
	return s
}

// foundBy is what a client is found by of its metadata. There can be no cautions in plain metadata, by oauth.IsPlain.
func foundBy(m oauth.Metadata, plain bool) search.Metadata {
	found := search.Metadata{
		Name: m.Name(), Owner: m.Owner(), Software: m.Text("software_id"), Version: m.Text("software_version"),
		Kind: m.Text("application_type"), Auth: m.Text("token_endpoint_auth_method"), Grants: m.List("grant_types"),
		Hosts: m.RedirectHosts(), Contacts: m.List("contacts"),
	}
	if plain {
		return found
	}
	for _, caution := range oauth.Cautions(m) {
		if level := string(caution.Level); !slices.Contains(found.Cautions, level) {
			found.Cautions = append(found.Cautions, level)
		}
	}
	return found
}

// scanEntry reads a row of selectSearch.
func scanEntry(row interface{ Scan(...any) error }) (e search.Entry, err error) {
	var (
		c                   Client
		ip, metadata        string
		registered, updated int64
		expires, described  sql.NullInt64
		last                uint64
	)
	if err := scan(row, &e.Seq, &ip, &metadata, (*compactID)(&c.ID), &c.Status, &c.Version, &registered, &updated, &expires,
		(*compactID)(&c.InitialAccessToken), &last, &described); err != nil {
		return e, err
	}
	c.RegisteredAt, c.UpdatedAt = timeOf(registered), timeOf(updated)
	c.Secret = &domain.Secret{ExpiresAt: optional(expires)}
	e = entryOf(e.Seq, c, ip, metadata)
	e.Last, e.Described = last, uint64(described.Int64)
	return e, nil
}

// entryOf returns all that a client is found by, of what is known of it beside its metadata and of that encoded.
func entryOf(seq uint64, c Client, ip, metadata string) search.Entry {
	parsed := search.ParseMetadata(metadata)
	return search.Entry{Seq: seq, Origin: originOf(c, ip), Metadata: &parsed, Standing: standingOf(c)}
}
