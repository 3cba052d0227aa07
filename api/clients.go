package api

import (
	"net/http"
	"strings"
	"time"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/labstack/echo/v4"

	"roster/domain"
	"roster/domain/oauth"
	"roster/projections/readmodel"
)

const (
	pageDefault = 50
	pageMost    = 500
)

// clientView is a client as administrators and auditors see it: with its history in short, without
// any secret, token or digest.
type clientView struct {
	ClientID              string          `json:"client_id"`
	Status                domain.Status   `json:"status"`
	RegisteredAt          time.Time       `json:"registered_at"`
	UpdatedAt             time.Time       `json:"updated_at"`
	Version               uint64          `json:"version"`
	ClientIDIssuedAt      int64           `json:"client_id_issued_at"`
	ClientSecretExpiresAt *int64          `json:"client_secret_expires_at,omitzero"` // only of a client with a secret; 0: never
	InitialAccessToken    string          `json:"initial_access_token,omitzero"`     // id of the one it was registered with
	AttestedBy            string          `json:"attested_by,omitzero"`              // issuer of its software statement
	Cautions              []oauth.Caution `json:"cautions,omitzero"`
	Metadata              jsontext.Value  `json:",embed"`
}

func viewOf(client readmodel.Client) (clientView, error) {
	metadata, err := encodeMetadata(client.Metadata)
	issuer, _ := oauth.Attested(client.Metadata)
	return clientView{
		ClientID:              client.ID,
		Status:                client.Status,
		RegisteredAt:          client.RegisteredAt.UTC(),
		UpdatedAt:             client.UpdatedAt.UTC(),
		Version:               client.Version,
		ClientIDIssuedAt:      client.IssuedAt.Unix(),
		ClientSecretExpiresAt: secretExpiry(client.Secret),
		InitialAccessToken:    client.InitialAccessToken,
		AttestedBy:            issuer,
		Cautions:              oauth.Cautions(client.Metadata),
		Metadata:              metadata,
	}, err
}

func (a *API) listClients(c echo.Context, _ domain.Actor) error {
	q := queryOf(c, "q", "status", "owner", "limit", "cursor")
	selected := readmodel.ClientQuery{
		Text:   q.text("q"),
		Status: domain.Status(q.text("status")),
		Owner:  q.text("owner"),
		Limit:  int(q.number("limit", 1, pageMost, pageDefault)),
		Cursor: q.text("cursor"),
	}
	if selected.Status != "" && !selected.Status.Known() {
		q.refuse("query parameter status must be one of: " + strings.Join(domain.StatusNames(), ", "))
	}
	if q.err != nil {
		return q.err
	}
	page, err := a.Reader.Clients(c.Request().Context(), selected)
	if err != nil {
		return err
	}
	list := struct {
		Clients    []clientView `json:"clients"`
		NextCursor string       `json:"next_cursor,omitzero"` // absent on the last page
	}{Clients: make([]clientView, len(page.Clients)), NextCursor: page.NextCursor}
	for i, client := range page.Clients {
		if list.Clients[i], err = viewOf(client); err != nil {
			return err
		}
	}
	return answer(c, http.StatusOK, list)
}

func (a *API) showClient(c echo.Context, _ domain.Actor) error {
	if q := queryOf(c); q.err != nil {
		return q.err
	}
	client, err := a.Reader.Client(c.Request().Context(), domain.CanonicalID(c.Param("client_id")))
	if err != nil {
		return err
	}
	view, err := viewOf(client)
	if err != nil {
		return err
	}
	return answer(c, http.StatusOK, view)
}

func (a *API) revokeClient(c echo.Context, admin domain.Actor) error {
	q := queryOf(c, "reason")
	if q.err != nil {
		return q.err
	}
	return noContent(c, a.Registrar.Revoke(c.Request().Context(), admin, domain.CanonicalID(c.Param("client_id")), q.text("reason")))
}
