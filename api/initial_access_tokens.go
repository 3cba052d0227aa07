package api

import (
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/labstack/echo/v4"

	"roster/domain"
	"roster/domain/access"
	"roster/domain/oauth"
	"roster/projections/readmodel"
)

// initialAccessTokenEndpoints are what administrators and auditors see and do of initial access tokens.
func (a *API) initialAccessTokenEndpoints() []endpoint {
	const path = "/api/v1/initial-access-tokens"
	return []endpoint{
		{
			method: http.MethodGet, path: path, may: access.Administrator, handle: a.listInitialAccessTokens,
			operation: operation{
				id: "listInitialAccessTokens", summary: "List the initial access tokens, the newest first",
				parameters: []object{
					parameter("limit", "tokens a page", object{"type": "integer", "minimum": 1, "maximum": pageMost, "default": pageDefault}),
					parameter("cursor", "next_cursor of the page before", object{"type": "string"}),
				},
				status: http.StatusOK, content: jsonContent("InitialAccessTokenPage"), refusals: []int{http.StatusBadRequest},
				schemas: initialAccessTokenSchemas(),
			},
		},
		{
			method: http.MethodPost, path: path, may: access.Administrator, handle: a.issueInitialAccessToken,
			operation: operation{
				id: "issueInitialAccessToken", summary: "Issue an initial access token, which is told this once",
				body: "InitialAccessTokenRequest", status: http.StatusCreated, content: jsonContent("IssuedInitialAccessToken"),
			},
		},
		{
			method: http.MethodGet, path: path + "/:id", may: access.Administrator, handle: a.showInitialAccessToken,
			operation: operation{
				id: "showInitialAccessToken", summary: "Show an initial access token, whatever its status",
				status: http.StatusOK, content: jsonContent("InitialAccessToken"), refusals: []int{http.StatusBadRequest, http.StatusNotFound},
			},
		},
		{
			method: http.MethodDelete, path: path + "/:id", may: access.Administrator, handle: a.revokeInitialAccessToken,
			operation: operation{
				id: "revokeInitialAccessToken", summary: "Revoke an initial access token; the clients registered with it stay",
				parameters: []object{reasonParameter},
				status:     http.StatusNoContent, refusals: []int{http.StatusBadRequest, http.StatusNotFound, http.StatusConflict},
			},
		},
	}
}

// initialAccessTokenRequest asks for an initial access token. What is left out sets no limit.
type initialAccessTokenRequest struct {
	Label            string     `json:"label"`
	Owner            string     `json:"owner"`
	ExpiresIn        *uint64    `json:"expires_in"` // seconds from now; instead of expires_at
	ExpiresAt        *time.Time `json:"expires_at"`
	Uses             *uint64    `json:"uses"`
	GrantTypes       []string   `json:"grant_types"`
	Scopes           []string   `json:"scopes"`
	RedirectHosts    []string   `json:"redirect_hosts"`
	ApplicationTypes []string   `json:"application_types"`
}

const (
	initialAccessTokenRequestShape = "the body must be one JSON object with no other members than label and owner (strings), expires_in (seconds) " +
		"or expires_at (a time as RFC 3339 writes it), uses (a whole number), grant_types, scopes, redirect_hosts and application_types (arrays of strings)"
	expiresInMost = 100 * 365 * 24 * 60 * 60 // seconds
)

// command returns what is asked for, with the times that now gives.
func (r initialAccessTokenRequest) command(now time.Time) (domain.IssueInitialAccessToken, error) {
	command := domain.IssueInitialAccessToken{
		Label: r.Label,
		Terms: oauth.Terms{
			Owner: r.Owner, GrantTypes: r.GrantTypes, Scopes: r.Scopes,
			RedirectHosts: r.RedirectHosts, ApplicationTypes: r.ApplicationTypes,
		},
	}
	if r.Uses != nil {
		if *r.Uses == 0 {
			return command, invalidRequest(http.StatusBadRequest, "uses", "uses: must be 1 or more; left out, it sets no limit")
		}
		command.MaxUses = int(min(*r.Uses, 1<<31-1))
	}
	switch {
	case r.ExpiresIn != nil && r.ExpiresAt != nil:
		return command, invalidRequest(http.StatusBadRequest, "expires_in", "expires_in: must not be given together with expires_at")
	case r.ExpiresIn != nil && (*r.ExpiresIn == 0 || *r.ExpiresIn > expiresInMost):
		return command, invalidRequest(http.StatusBadRequest, "expires_in", fmt.Sprintf("expires_in: must be from 1 to %d seconds", expiresInMost))
	case r.ExpiresIn != nil:
		command.ExpiresAt = now.Add(time.Duration(*r.ExpiresIn) * time.Second)
	case r.ExpiresAt != nil:
		command.ExpiresAt = r.ExpiresAt.UTC()
	}
	return command, nil
}

// initialAccessTokenView is an initial access token as administrators see it: without the token and its digest, but for
// the answer to its issue.
type initialAccessTokenView struct {
	ID               string                          `json:"id"`
	Token            string                          `json:"token,omitzero"` // told once
	Status           domain.InitialAccessTokenStatus `json:"status"`
	Label            string                          `json:"label,omitzero"`
	Owner            string                          `json:"owner,omitzero"`
	IssuedAt         time.Time                       `json:"issued_at"`
	IssuedBy         string                          `json:"issued_by"`
	ExpiresAt        time.Time                       `json:"expires_at,omitzero"` // absent: never
	Uses             int                             `json:"uses,omitzero"`       // absent, and the next: any number
	UsesLeft         *int                            `json:"uses_left,omitzero"`
	Clients          int                             `json:"clients"`
	GrantTypes       []string                        `json:"grant_types,omitzero"`
	Scopes           []string                        `json:"scopes,omitzero"`
	RedirectHosts    []string                        `json:"redirect_hosts,omitzero"`
	ApplicationTypes []string                        `json:"application_types,omitzero"`
	RevokedAt        time.Time                       `json:"revoked_at,omitzero"` // of a revoked one alone, and the next two
	RevokedBy        string                          `json:"revoked_by,omitzero"`
	Reason           string                          `json:"reason,omitzero"`
}

func initialAccessTokenViewOf(t readmodel.InitialAccessToken, now time.Time) initialAccessTokenView {
	view := initialAccessTokenView{
		ID: t.ID, Status: t.StatusAt(now), Label: t.Label, Owner: t.Terms.Owner,
		IssuedAt: t.IssuedAt.UTC(), IssuedBy: t.IssuedBy, ExpiresAt: t.ExpiresAt.UTC(), Uses: t.MaxUses, Clients: t.Clients,
		GrantTypes: t.Terms.GrantTypes, Scopes: t.Terms.Scopes,
		RedirectHosts: t.Terms.RedirectHosts, ApplicationTypes: t.Terms.ApplicationTypes,
		RevokedAt: t.RevokedAt.UTC(), RevokedBy: t.RevokedBy, Reason: t.Reason,
	}
	if t.MaxUses > 0 {
		left := max(t.MaxUses-t.Uses, 0)
		view.UsesLeft = &left
	}
	return view
}

func (a *API) issueInitialAccessToken(c echo.Context, by caller) error {
	body, err := a.readBody(c)
	if err != nil {
		return err
	}
	var requested initialAccessTokenRequest
	// A body of null would count as an empty object.
	if jsontext.Value(body).Kind() != '{' || json.Unmarshal(body, &requested, json.RejectUnknownMembers(true)) != nil {
		return invalidRequest(http.StatusBadRequest, "", initialAccessTokenRequestShape)
	}
	now := a.Now()
	command, err := requested.command(now)
	if err != nil {
		return err
	}
	issued, err := a.Registrar.IssueInitialAccessToken(c.Request().Context(), by.administrator, command)
	if err != nil {
		return err
	}
	view := initialAccessTokenViewOf(readmodel.InitialAccessToken{
		InitialAccessToken: issued.InitialAccessToken, IssuedAt: issued.IssuedAt, IssuedBy: by.administrator.ID,
	}, now)
	view.Token = issued.Token
	return answer(c, http.StatusCreated, view)
}

func (a *API) listInitialAccessTokens(c echo.Context, _ caller) error {
	q := queryOf(c, "limit", "cursor")
	selected := readmodel.InitialAccessTokenQuery{Limit: int(q.number("limit", 1, pageMost, pageDefault)), Cursor: q.text("cursor")}
	if q.err != nil {
		return q.err
	}
	page, err := a.Reader.InitialAccessTokens(c.Request().Context(), selected)
	if err != nil {
		return err
	}
	list := struct {
		Tokens     []initialAccessTokenView `json:"initial_access_tokens"`
		NextCursor string                   `json:"next_cursor,omitzero"` // absent on the last page
	}{Tokens: make([]initialAccessTokenView, len(page.Tokens)), NextCursor: page.NextCursor}
	now := a.Now()
	for i, token := range page.Tokens {
		list.Tokens[i] = initialAccessTokenViewOf(token, now)
	}
	return answer(c, http.StatusOK, list)
}

func (a *API) showInitialAccessToken(c echo.Context, _ caller) error {
	if q := queryOf(c); q.err != nil {
		return q.err
	}
	token, err := a.Reader.InitialAccessToken(c.Request().Context(), domain.CanonicalID(c.Param("id")))
	if err != nil {
		return err
	}
	return answer(c, http.StatusOK, initialAccessTokenViewOf(token, a.Now()))
}

func (a *API) revokeInitialAccessToken(c echo.Context, by caller) error {
	q := queryOf(c, "reason")
	if q.err != nil {
		return q.err
	}
	return noContent(c, a.Registrar.RevokeInitialAccessToken(c.Request().Context(), by.administrator, domain.CanonicalID(c.Param("id")), q.text("reason")))
}

// initialAccessTokenSchemas describe the bodies of requests and answers about initial access tokens.
func initialAccessTokenSchemas() object {
	texts := object{"type": "array", "items": text, "minItems": 1}
	asked := object{
		"label":             object{"type": "string", "description": "what administrators know the token by"},
		"owner":             object{"type": "string", "description": "ext_param_owner of every client that is registered with it"},
		"expires_at":        dateTime,
		"uses":              object{"type": "integer", "minimum": 1, "maximum": domain.MaxInitialAccessTokenUses, "description": "how many clients can be registered with it; left out: any number"},
		"grant_types":       texts,
		"scopes":            texts,
		"redirect_hosts":    object{"type": "array", "items": text, "minItems": 1, "examples": []any{[]string{"client.example.org", ".example.org"}}},
		"application_types": object{"type": "array", "items": object{"enum": []string{"web", "native"}}, "minItems": 1},
	}
	shown := object{
		"id":         text,
		"status":     object{"enum": domain.InitialAccessTokenStatuses},
		"issued_at":  dateTime,
		"issued_by":  text,
		"uses_left":  object{"type": "integer", "minimum": 0},
		"clients":    object{"type": "integer", "minimum": 0, "description": "how many were registered with it"},
		"revoked_at": dateTime,
		"revoked_by": text,
		"reason":     text,
	}
	for name, schema := range asked {
		shown[name] = schema
	}
	needed := []string{"id", "status", "issued_at", "issued_by", "clients"}
	asked["expires_in"] = object{"type": "integer", "minimum": 1, "maximum": expiresInMost, "description": "seconds; instead of expires_at"}
	return object{
		"InitialAccessTokenRequest": closed(properties(asked), nil),
		"InitialAccessToken":        closed(properties(shown, needed...), nil),
		"IssuedInitialAccessToken": closed(object{
			"allOf":      []object{properties(shown, slices.Concat(needed, []string{"token"})...)},
			"properties": object{"token": object{"type": "string", "minLength": 1, "description": "shown this once"}},
		}, nil),
		"InitialAccessTokenPage": closed(properties(object{
			"initial_access_tokens": object{"type": "array", "items": reference("schemas", "InitialAccessToken")},
			"next_cursor":           text,
		}, "initial_access_tokens"), nil),
	}
}
