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
	c.imposed_owner, c.last, c.described
	FROM client_search s LEFT JOIN clients c ON c.seq = s.seq WHERE s.seq > ? AND s.seq <= ? ORDER BY s.seq`

	selectSearchEnd = `SELECT coalesce(max(seq), 0) FROM client_search`

	selectFoundBy = `SELECT metadata FROM client_search WHERE seq = ?`

	updateSearch = `UPDATE client_search SET metadata = ? WHERE seq = ?`
)

var searchInserts = inserts{table: "client_search", columns: []string{"seq", "ip", "metadata"}}

// searchWrites are the statements that fill the view of what clients are found by.
type searchWrites struct {
	load, update *sql.Stmt
	insert       inserter
}

func (w *searchWrites) statements() statements {
	return statements{selectFoundBy: &w.load, updateSearch: &w.update}
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
	if !c.new && c.definitions == nil {
		return nil
	}
	found, err := w.definedSearch(ctx, c, ready)
	if err != nil {
		return err
	}
	c.foundBy.Metadata = &found.metadata
	if c.new {
		return w.search.insert.add(ctx, c.seq, sequence(c.seq), c.from, found.encoded)
	}
	_, err = w.search.update.ExecContext(ctx, found.encoded, sequence(c.seq))
	return err
}

// definedSearch returns what a client is found by once it is redefined, nothing where its metadata was lost. What it claimed
// before it has claimed since then.
func (w *writer) definedSearch(ctx context.Context, c *clientChange, ready *preparation) (*preparedSearch, error) {
	var former []search.Claim
	if !c.new {
		var encoded string
		if err := scan(w.search.load.QueryRowContext(ctx, sequence(c.seq)), &encoded); err != nil {
			return nil, err
		}
		former = search.ParseMetadata(encoded).Claims
	}
	found := &preparedSearch{}
	for _, d := range c.definitions {
		e, err := ready.at(d.place)
		if err != nil {
			return nil, err
		}
		if found = &e.foundBy; d.seq != c.seq {
			found.metadata.Claims = claimsAfter(former, found.metadata.Claims, d.seq)
			found.encoded = found.metadata.Encode()
		}
		former = found.metadata.Claims
	}
	return found, nil
}

// claimsAfter returns what a client claims after an event, with since when.
func claimsAfter(former, claims []search.Claim, seq uint64) []search.Claim {
	claims = slices.Clone(claims)
	for i, claim := range claims {
		claims[i].Since = seq
		if before := slices.IndexFunc(former, func(c search.Claim) bool { return c.Value == claim.Value }); before >= 0 {
			claims[i].Since = former[before].Since
		}
	}
	return claims
}

func originOf(c Client, ip string) *search.Origin {
	return &search.Origin{ID: c.ID, Registered: c.RegisteredAt, IP: ip, Token: c.InitialAccessToken, ImposedOwner: c.Terms.Owner}
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

// foundBy is what a client is found by of its metadata, with its claims as if they had been made since it is there. There can
// be neither cautions nor a software statement in plain metadata, by oauth.IsPlain.
func foundBy(m oauth.Metadata, plain bool) search.Metadata {
	found := search.Metadata{
		Name: m.Name(), Owner: m.Owner(), Software: m.Text("software_id"), Version: m.Text("software_version"),
		Kind: m.Text("application_type"), Auth: m.Text("token_endpoint_auth_method"), Grants: m.List("grant_types"),
		Hosts: m.RedirectHosts(), Contacts: m.List("contacts"),
	}
	found.Domains = oauth.RedirectDomains(found.Hosts, found.Grants)
	var attested []string
	if !plain {
		found.Cautions = cautionLevelsOf(m, func(string) bool { return false })
		if found.Issuer, attested = oauth.Attested(m); found.Issuer != "" {
			found.Believed = cautionLevelsOf(m, func(string) bool { return true })
		}
	}
	for _, claim := range oauth.Claims(m) {
		found.Claims = append(found.Claims, search.Claim{Value: claim.Value, Vouched: slices.Contains(attested, claim.Member)})
	}
	return found
}

// cautionLevelsOf returns the levels of the cautions about metadata, each once.
func cautionLevelsOf(m oauth.Metadata, trusts func(string) bool) (levels []string) {
	for _, caution := range oauth.Cautions(m, trusts) {
		if level := string(caution.Level); !slices.Contains(levels, level) {
			levels = append(levels, level)
		}
	}
	return levels
}

// believing returns metadata as somebody finds clients by it who believes the issuers of software statements that are
// trusted, and nobody else.
func believing(m search.Metadata, trusts func(string) bool) search.Metadata {
	switch {
	case m.Issuer == "":
	case trusts(m.Issuer):
		m.Cautions = m.Believed
	default:
		m.Claims = slices.Clone(m.Claims)
		for i := range m.Claims {
			m.Claims[i].Vouched = false
		}
	}
	return m
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
		(*compactID)(&c.InitialAccessToken), &c.Terms.Owner, &last, &described); err != nil {
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
	parsed.Domains = oauth.RedirectDomains(parsed.Hosts, parsed.Grants)
	return search.Entry{Seq: seq, Origin: originOf(c, ip), Metadata: &parsed, Standing: standingOf(c)}
}

// pastEntryOf returns all that a client of the past would be found by.
func pastEntryOf(seq uint64, c Client, ip string) search.Entry {
	metadata := foundBy(c.Metadata, false)
	metadata.Claims = nil // of others then the index knows nothing
	return search.Entry{Seq: seq, Origin: originOf(c, ip), Metadata: &metadata, Standing: standingOf(c)}
}
