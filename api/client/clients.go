package client

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

// A Client is a client as administrators and auditors see it, without its secrets.
type Client struct {
	ID                    string
	Status                string // such as "active"
	RegisteredAt          time.Time
	UpdatedAt             time.Time
	Version               uint64
	ClientIDIssuedAt      int64  // seconds since 1970
	ClientSecretExpiresAt *int64 // seconds since 1970, 0: never; nil: the client has no secret
	InitialAccessToken    string // id of the one that it was registered with; empty: none
	AttestedBy            string // issuer of its software statement; empty: none
	IssuerTrusted         bool   // that issuer is trusted at present
	Cautions              []Caution
	LastUsedAt            *time.Time // when it was authenticated last for an authorization server; nil: not known
	AsOf                  *Position  // the event up to which this is the client; nil: now
	Metadata              Metadata
	Raw                   json.RawMessage // the client as the server sent it
}

// A Caution is a member that is not to be believed without a second look.
type Caution struct {
	Level  string `json:"level"` // "impersonation" or "note"
	Member string `json:"member"`
	Detail string `json:"detail"`
}

// clientView are the members of a Client that are not metadata.
type clientView struct {
	ID                    string     `json:"client_id"`
	Status                string     `json:"status"`
	RegisteredAt          time.Time  `json:"registered_at"`
	UpdatedAt             time.Time  `json:"updated_at"`
	Version               uint64     `json:"version"`
	ClientIDIssuedAt      int64      `json:"client_id_issued_at"`
	ClientSecretExpiresAt *int64     `json:"client_secret_expires_at"`
	InitialAccessToken    string     `json:"initial_access_token"`
	AttestedBy            string     `json:"attested_by"`
	IssuerTrusted         bool       `json:"issuer_trusted"`
	Cautions              []Caution  `json:"cautions"`
	LastUsedAt            *time.Time `json:"last_used_at"`
	AsOf                  *Position  `json:"as_of"`
}

var clientViewMembers = []string{
	"client_id", "status", "registered_at", "updated_at", "version", "client_id_issued_at", "client_secret_expires_at",
	"initial_access_token", "attested_by", "issuer_trusted", "cautions", "last_used_at", "as_of",
}

// UnmarshalJSON reads a client.
func (c *Client) UnmarshalJSON(encoded []byte) error {
	var known clientView
	if err := json.Unmarshal(encoded, &known); err != nil {
		return err
	}
	metadata, err := metadataOf(encoded, clientViewMembers)
	*c = Client{
		ID: known.ID, Status: known.Status, RegisteredAt: known.RegisteredAt, UpdatedAt: known.UpdatedAt, Version: known.Version,
		ClientIDIssuedAt: known.ClientIDIssuedAt, ClientSecretExpiresAt: known.ClientSecretExpiresAt,
		InitialAccessToken: known.InitialAccessToken, AttestedBy: known.AttestedBy, IssuerTrusted: known.IssuerTrusted, Cautions: known.Cautions,
		LastUsedAt: known.LastUsedAt, AsOf: known.AsOf,
		Metadata: metadata, Raw: append(json.RawMessage(nil), encoded...),
	}
	return err
}

// A ClientQuery selects clients. The zero value of a field does not restrict.
type ClientQuery struct {
	Text string // words, each a part of the name, owner, software or redirect host, or 6 digits or more of the id

	Status   string
	Kind     string // application_type
	Auth     string // token_endpoint_auth_method
	Grant    string // among grant_types
	Software string // software_id
	Owner    string // ext_param_owner
	Contact  string // among contacts
	Host     string // of a redirect URI
	Token    string // id of the initial access token that it was registered with
	IP       string // that it was registered from

	Registered string // a day or time, or a period of them: "2026-11-24..", "..2026-11-30"
	Changed    string // likewise, or "never"
	Secret     string // "expired", or the days within which it expires: "14d"
	Caution    string // "impersonation" or "note"

	Sort   string  // "registered", "changed" or "name"; empty: by registration, the newest first, the only order of the past
	Limit  int     // clients a page, 500 at most; 0: 50
	Cursor string  // NextCursor of the page before
	At     *Moment // as the registry stood then; nil: now
}

// A ClientPage is a page of clients.
type ClientPage struct {
	Clients    []Client `json:"clients"`
	NextCursor string   `json:"next_cursor"` // empty: this is the last page
	// AsOf is the event that a page of the past is pinned to; nil: now. Further pages are to be asked for with its Seq as At.
	AsOf *Position `json:"as_of"`
	// SearchedBackTo is set when a page of the past is not full because the search took long: clients that were
	// registered up to this event are still to be searched, from NextCursor on.
	SearchedBackTo *Position `json:"searched_back_to"`
}

// Clients returns a page of clients. It needs the credentials of an administrator or auditor.
func (r *Registry) Clients(ctx context.Context, q ClientQuery) (page ClientPage, err error) {
	query := parameters("q", q.Text, "status", q.Status, "kind", q.Kind, "auth", q.Auth, "grant", q.Grant, "software", q.Software,
		"owner", q.Owner, "contact", q.Contact, "host", q.Host, "token", q.Token, "ip", q.IP, "registered", q.Registered,
		"changed", q.Changed, "secret", q.Secret, "caution", q.Caution, "sort", q.Sort, "limit", number(uint64(q.Limit)), "cursor", q.Cursor, "at", momentOrNow(q.At))
	_, err = r.ask(ctx, call{method: http.MethodGet, path: "/api/v1/clients", query: query}, &page)
	return page, err
}

// Client returns a client, whatever its status; one that was never registered is an *Error with status 404. It
// needs the credentials of an administrator or auditor.
func (r *Registry) Client(ctx context.Context, clientID string) (c Client, err error) {
	_, err = r.ask(ctx, call{method: http.MethodGet, path: clientPath(clientID)}, &c)
	return c, err
}

// Revoke ends a client for a reason, which is kept in the log and may be empty. Revoking a client that has ended
// changes nothing. It needs the credentials of an administrator.
func (r *Registry) Revoke(ctx context.Context, clientID, reason string) error {
	_, err := r.ask(ctx, call{method: http.MethodDelete, path: clientPath(clientID), query: parameters("reason", reason)}, nil)
	return err
}

// Suspend bars a client from its registration until it is resumed, for a reason, which is kept in the log and may be
// empty. Suspending a client that is suspended changes nothing; one that has ended is an *Error with status 409. It
// needs the credentials of an administrator.
func (r *Registry) Suspend(ctx context.Context, clientID, reason string) error {
	var suspension struct {
		Reason string `json:"reason,omitempty"`
	}
	suspension.Reason = reason
	_, err := r.ask(ctx, call{method: http.MethodPost, path: clientPath(clientID) + "/suspension", body: suspension}, nil)
	return err
}

// Resume ends the suspension of a client. Resuming a client that is not suspended changes nothing; one that has ended
// is an *Error with status 409. It needs the credentials of an administrator.
func (r *Registry) Resume(ctx context.Context, clientID string) error {
	_, err := r.ask(ctx, call{method: http.MethodDelete, path: clientPath(clientID) + "/suspension"}, nil)
	return err
}

func clientPath(clientID string) string { return "/api/v1/clients/" + url.PathEscape(clientID) }

// parameters returns a query, given as names and values, without what is empty.
func parameters(given ...string) url.Values {
	query := url.Values{}
	for i := 0; i+1 < len(given); i += 2 {
		if given[i+1] != "" {
			query.Set(given[i], given[i+1])
		}
	}
	return query
}

// number writes a number, 0 as nothing.
func number(n uint64) string {
	if n == 0 {
		return ""
	}
	return strconv.FormatUint(n, 10)
}

// instant writes a time, the zero one as nothing.
func instant(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.Format(time.RFC3339Nano)
}
