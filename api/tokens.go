package api

import (
	"net/http"
	"slices"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/labstack/echo/v4"

	"roster/domain"
	"roster/domain/oauth"
	"roster/projections/readmodel"
)

// tokenRequest asks for an initial access token. What is left out sets no limit.
type tokenRequest struct {
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
	tokenRequestShape = "the body must be one JSON object with no other members than label and owner (strings), expires_in (seconds) " +
		"or expires_at (a time as RFC 3339 writes it), uses (a whole number), grant_types, scopes, redirect_hosts and application_types (arrays of strings)"
	expiresInMost = 100 * 365 * 24 * 60 * 60 // seconds
)

// command returns what is asked for, with the times that now gives.
func (r tokenRequest) command(now time.Time) (domain.IssueToken, error) {
	command := domain.IssueToken{
		Label: r.Label,
		Terms: oauth.Terms{
			Owner: r.Owner, GrantTypes: r.GrantTypes, Scopes: r.Scopes,
			RedirectHosts: r.RedirectHosts, ApplicationTypes: r.ApplicationTypes,
		},
	}
	if r.Uses != nil {
		if *r.Uses == 0 {
			return command, invalidRequest(http.StatusBadRequest, "uses: must be 1 or more; left out, it sets no limit")
		}
		command.MaxUses = int(min(*r.Uses, 1<<31-1))
	}
	switch {
	case r.ExpiresIn != nil && r.ExpiresAt != nil:
		return command, invalidRequest(http.StatusBadRequest, "expires_in: must not be given together with expires_at")
	case r.ExpiresIn != nil && (*r.ExpiresIn == 0 || *r.ExpiresIn > expiresInMost):
		return command, invalidRequest(http.StatusBadRequest, "expires_in: must be from 1 to %d seconds", expiresInMost)
	case r.ExpiresIn != nil:
		command.ExpiresAt = now.Add(time.Duration(*r.ExpiresIn) * time.Second)
	case r.ExpiresAt != nil:
		command.ExpiresAt = r.ExpiresAt.UTC()
	}
	return command, nil
}

// tokenView is an initial access token as administrators see it: without the token and its digest, but for
// the answer to its issue.
type tokenView struct {
	ID               string             `json:"id"`
	Token            string             `json:"token,omitzero"` // told once
	Status           domain.TokenStatus `json:"status"`
	Label            string             `json:"label,omitzero"`
	Owner            string             `json:"owner,omitzero"`
	IssuedAt         time.Time          `json:"issued_at"`
	IssuedBy         string             `json:"issued_by"`
	ExpiresAt        time.Time          `json:"expires_at,omitzero"` // absent: never
	Uses             int                `json:"uses,omitzero"`       // absent, and the next: any number
	UsesLeft         *int               `json:"uses_left,omitzero"`
	Clients          int                `json:"clients"`
	GrantTypes       []string           `json:"grant_types,omitzero"`
	Scopes           []string           `json:"scopes,omitzero"`
	RedirectHosts    []string           `json:"redirect_hosts,omitzero"`
	ApplicationTypes []string           `json:"application_types,omitzero"`
	RevokedAt        time.Time          `json:"revoked_at,omitzero"` // of a revoked one alone, and the next two
	RevokedBy        string             `json:"revoked_by,omitzero"`
	Reason           string             `json:"reason,omitzero"`
}

func tokenViewOf(t readmodel.InitialAccessToken, now time.Time) tokenView {
	view := tokenView{
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

func (a *API) issueToken(c echo.Context, admin domain.Actor) error {
	body, err := a.readBody(c)
	if err != nil {
		return err
	}
	var requested tokenRequest
	// A body of null would count as an empty object.
	if jsontext.Value(body).Kind() != '{' || json.Unmarshal(body, &requested, json.RejectUnknownMembers(true)) != nil {
		return invalidRequest(http.StatusBadRequest, tokenRequestShape)
	}
	now := a.Now()
	command, err := requested.command(now)
	if err != nil {
		return err
	}
	issued, err := a.Registrar.IssueToken(c.Request().Context(), admin, command)
	if err != nil {
		return err
	}
	view := tokenViewOf(readmodel.InitialAccessToken{
		InitialAccessToken: issued.InitialAccessToken, IssuedAt: issued.IssuedAt, IssuedBy: admin.ID,
	}, now)
	view.Token = issued.Token
	return answer(c, http.StatusCreated, view)
}

func (a *API) listTokens(c echo.Context, _ domain.Actor) error {
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
		Tokens     []tokenView `json:"initial_access_tokens"`
		NextCursor string      `json:"next_cursor,omitzero"` // absent on the last page
	}{Tokens: make([]tokenView, len(page.Tokens)), NextCursor: page.NextCursor}
	now := a.Now()
	for i, token := range page.Tokens {
		list.Tokens[i] = tokenViewOf(token, now)
	}
	return answer(c, http.StatusOK, list)
}

func (a *API) showToken(c echo.Context, _ domain.Actor) error {
	if q := queryOf(c); q.err != nil {
		return q.err
	}
	token, err := a.Reader.InitialAccessToken(c.Request().Context(), domain.CanonicalID(c.Param("id")))
	if err != nil {
		return err
	}
	return answer(c, http.StatusOK, tokenViewOf(token, a.Now()))
}

func (a *API) revokeToken(c echo.Context, admin domain.Actor) error {
	q := queryOf(c, "reason")
	if q.err != nil {
		return q.err
	}
	return noContent(c, a.Registrar.RevokeToken(c.Request().Context(), admin, domain.CanonicalID(c.Param("id")), q.text("reason")))
}

// tokenSchemas describe the bodies of requests and answers about initial access tokens.
func tokenSchemas() object {
	text := object{"type": "string", "minLength": 1}
	texts := object{"type": "array", "items": text, "minItems": 1}
	asked := object{
		"label":             object{"type": "string", "description": "what administrators know the token by"},
		"owner":             object{"type": "string", "description": "ext_param_owner of every client that is registered with it"},
		"expires_at":        dateTime,
		"uses":              object{"type": "integer", "minimum": 1, "maximum": domain.MaxTokenUses, "description": "how many clients can be registered with it; left out: any number"},
		"grant_types":       texts,
		"scopes":            texts,
		"redirect_hosts":    object{"type": "array", "items": text, "minItems": 1, "examples": []any{[]string{"client.example.org", ".example.org"}}},
		"application_types": object{"type": "array", "items": object{"enum": []string{"web", "native"}}, "minItems": 1},
	}
	shown := object{
		"id":         text,
		"status":     object{"enum": []domain.TokenStatus{domain.TokenActive, domain.TokenUsedUp, domain.TokenExpired, domain.TokenRevoked, domain.TokenLost}},
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

// tokenPaths are the operations on initial access tokens.
func tokenPaths() object {
	id := object{"name": "id", "in": "path", "required": true, "schema": object{"type": "string"}}
	return object{
		"/api/v1/initial-access-tokens": object{
			"get": operation("listInitialAccessTokens", "List the initial access tokens, the newest first", auditors, []object{
				parameter("limit", "tokens a page", object{"type": "integer", "minimum": 1, "maximum": pageMost, "default": pageDefault}),
				parameter("cursor", "next_cursor of the page before", object{"type": "string"}),
			}, http.StatusOK, jsonContent("InitialAccessTokenPage"), 400, 401, 429),
			"post": accepting("InitialAccessTokenRequest", operation("issueInitialAccessToken",
				"Issue an initial access token, which is told this once", auditors, nil,
				http.StatusCreated, jsonContent("IssuedInitialAccessToken"), 400, 401, 408, 413, 415, 429)),
		},
		"/api/v1/initial-access-tokens/{id}": object{
			"get": operation("showInitialAccessToken", "Show an initial access token, whatever its status", auditors,
				[]object{id}, http.StatusOK, jsonContent("InitialAccessToken"), 400, 401, 404, 429),
			"delete": operation("revokeInitialAccessToken", "Revoke an initial access token; the clients registered with it stay", auditors, []object{
				id, parameter("reason", "kept in the log", object{"type": "string", "maxLength": parameterLimit}),
			}, http.StatusNoContent, nil, 400, 401, 404, 409, 429),
		},
	}
}
