package client

import (
	"context"
	"net/http"
	"time"
)

// A RefusalCause is why the server refused something.
type RefusalCause struct {
	Action  string `json:"action"`  // "registration" or "change"
	Code    string `json:"code"`    // such as "invalid_redirect_uri"
	Member  string `json:"member"`  // the member, parameter or header that was refused; empty: the request as a whole
	Setting string `json:"setting"` // the server's setting that refused; empty: none did
}

// A Refusal is a registration, or a change of a client, that the server refused. Name and hosts are in the words of
// the caller.
type Refusal struct {
	RefusalCause
	Time               time.Time `json:"time"`
	IP                 string    `json:"ip"`                   // address of the caller
	InitialAccessToken string    `json:"initial_access_token"` // id of the one that was presented; empty: none, or unknown
	ClientID           string    `json:"client_id"`            // of the client that was to be changed; empty: none, or unknown
	ClientName         string    `json:"client_name"`          // that was asked for
	RedirectHosts      []string  `json:"redirect_hosts"`       // that were asked for
}

// A RefusalGroup is the refusals of one cause.
type RefusalGroup struct {
	RefusalCause
	Kept    int       `json:"kept"`    // that are listed
	Counted int       `json:"counted"` // further ones, in floods, of which nothing else is known
	First   time.Time `json:"first"`
	Last    time.Time `json:"last"`
}

// A Beginning is when, and why, the server lost what it had refused before.
type Beginning struct {
	At      time.Time `json:"at"`
	Because string    `json:"because"`
}

// A RefusalQuery selects refusals, the newest first. The zero value of a field does not restrict.
type RefusalQuery struct {
	Since  time.Time // at or after
	Until  time.Time // at or before
	Code   string
	IP     string // address of the caller
	Limit  int    // refusals a page, 500 at most; 0: 50
	Cursor string // NextCursor of the page before
}

// A RefusalPage is a page of refusals.
type RefusalPage struct {
	Refusals   []Refusal      `json:"refusals"`
	NextCursor string         `json:"next_cursor"` // empty: this is the last page
	Causes     []RefusalGroup `json:"causes"`      // of all pages, on the first one
	BegunAnew  *Beginning     `json:"begun_anew"`  // on the first page; nil: nothing was lost
}

// Refusals returns a page of what the server refused in the last 7 days. It needs the credentials of an administrator
// or auditor.
func (r *Registry) Refusals(ctx context.Context, q RefusalQuery) (page RefusalPage, err error) {
	query := parameters("since", instant(q.Since), "until", instant(q.Until), "code", q.Code, "ip", q.IP,
		"limit", number(uint64(q.Limit)), "cursor", q.Cursor)
	_, err = r.ask(ctx, call{method: http.MethodGet, path: "/api/v1/refusals", query: query}, &page)
	return page, err
}
