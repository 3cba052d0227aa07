package api

import (
	"context"
	"errors"
	"net/http"
	"slices"

	"github.com/labstack/echo/v4"

	"roster/api/document"
	"roster/domain"
	"roster/domain/access"
	"roster/domain/oauth"
	"roster/projections/readmodel"
)

const (
	pageDefault = 50
	pageMost    = 500
)

// clientEndpoints are what administrators and auditors see and do of clients.
func (a *API) clientEndpoints() []endpoint {
	return []endpoint{
		{
			method: http.MethodGet, path: "/api/v1/clients", may: access.Administrator, handle: a.listClients,
			operation: operation{
				id: "listClients", summary: "List the clients, the newest first unless they are sorted otherwise",
				parameters: slices.Concat([]object{
					parameter("q", "words, each of which is part of the name, owner, software or redirect host of a client, or 6 digits or more of its id, or 4 or 5 that it begins or ends with", object{"type": "string", "maxLength": parameterLimit}),
					parameter("limit", "clients a page", object{"type": "integer", "minimum": 1, "maximum": pageMost, "default": pageDefault}),
					parameter("cursor", "next_cursor of the page before; of a time in the past, with as_of.seq as at", object{"type": "string"}),
					pastParameter,
				}, filterParameters()),
				status: http.StatusOK, content: jsonContent("ClientPage"), refusals: []int{http.StatusBadRequest},
				schemas: object{"ClientPage": closed(properties(object{
					"clients":     object{"type": "array", "items": reference("schemas", "Client")},
					"next_cursor": text,
					"as_of":       reference("schemas", "Position"),
					"searched_back_to": described(reference("schemas", "Position"), "the page is not full because this took long: clients that were "+
						"registered up to this event are still to be searched, with next_cursor"),
				}, "clients"), nil)},
			},
		},
		{
			method: http.MethodGet, path: "/api/v1/clients/:client_id", may: access.Administrator, handle: a.showClient,
			operation: operation{
				id: "showClient", summary: "Show a client, whatever its status, without its secrets",
				parameters: []object{pastParameter},
				status:     http.StatusOK, content: jsonContent("Client"), refusals: []int{http.StatusBadRequest, http.StatusNotFound},
				schemas: object{"Client": clientSchema},
			},
		},
		{
			method: http.MethodDelete, path: "/api/v1/clients/:client_id", may: access.Administrator, handle: a.revokeClient,
			operation: operation{
				id: "revokeClient", summary: "Revoke a client",
				parameters: []object{reasonParameter},
				status:     http.StatusNoContent, refusals: []int{http.StatusBadRequest, http.StatusNotFound, http.StatusConflict},
			},
		},
	}
}

// filterParameters describe the filters of a list of clients.
func filterParameters() (parameters []object) {
	for _, filter := range readmodel.ClientFilters {
		schema := object{"type": "string", "maxLength": parameterLimit}
		if filter.Values != nil {
			schema = object{"type": "string", "enum": filter.Values}
		}
		parameters = append(parameters, parameter(filter.Name, filter.Label+": "+filter.Form, schema))
	}
	return parameters
}

func filterNames() (names []string) {
	for _, filter := range readmodel.ClientFilters {
		names = append(names, filter.Name)
	}
	return names
}

// reasonParameter is why an administrator ends something.
var reasonParameter = parameter("reason", "kept in the log", object{"type": "string", "maxLength": parameterLimit})

func (a *API) listClients(c echo.Context, _ caller) error {
	q := queryOf(c, append(filterNames(), "q", "limit", "cursor", "at")...)
	selected := readmodel.ClientQuery{
		Text:   q.text("q"),
		Limit:  int(q.number("limit", 1, pageMost, pageDefault)),
		Cursor: q.text("cursor"),
	}
	at, now := q.optionalMoment("at"), a.Now()
	var position readmodel.Position
	if at != nil && q.err == nil {
		var err error
		if position, err = a.pin(c.Request().Context(), "at", *at); err != nil {
			return err
		}
		now = position.Time
	}
	if wrong := (*readmodel.FilterError)(nil); errors.As(selected.Restrict(q.text, now), &wrong) {
		q.refuse(wrong.Filter.Name, "query parameter "+wrong.Error())
	}
	if at != nil && selected.Order != readmodel.NewestFirst {
		q.refuse("sort", "query parameter sort must be registered for a time in the past")
	}
	if q.err != nil {
		return q.err
	}
	if at != nil {
		return a.listPastClients(c, position, selected)
	}
	page, err := a.Reader.Clients(c.Request().Context(), selected)
	if err != nil {
		return err
	}
	view := a.clientPageOf(page.Clients, page.NextCursor)
	a.addLastUses(c.Request().Context(), view.Clients)
	return answer(c, http.StatusOK, view)
}

func (a *API) showClient(c echo.Context, _ caller) error {
	q := queryOf(c, "at")
	at := q.optionalMoment("at")
	if q.err != nil {
		return q.err
	}
	if at != nil {
		return a.showPastClient(c, *at)
	}
	client, err := a.Reader.Client(c.Request().Context(), domain.CanonicalID(c.Param("client_id")))
	if err != nil {
		return err
	}
	views := []document.Client{document.OfClient(client, a.trusts())}
	a.addLastUses(c.Request().Context(), views)
	return answer(c, http.StatusOK, views[0])
}

// trusts tells which issuers of software statements are trusted at present, for document.OfClient. An API that only reads does
// not know it.
func (a *API) trusts() func(issuer string) bool {
	if a.Registrar == nil {
		return nil
	}
	return a.Registrar.Issuers.Trust
}

// addLastUses adds to clients when they were used last. It leaves that out when it cannot be read now: the clients
// themselves are what is asked for.
func (a *API) addLastUses(ctx context.Context, clients []document.Client) {
	ids := make([]string, len(clients))
	for i, client := range clients {
		ids[i] = client.ClientID
	}
	used, err := a.LastUse.Of(ctx, ids...)
	if err != nil {
		return // the log says why
	}
	for i := range clients {
		if at, known := used[clients[i].ClientID]; known {
			clients[i].LastUsedAt = &at
		}
	}
}

func (a *API) revokeClient(c echo.Context, by caller) error {
	q := queryOf(c, "reason")
	if q.err != nil {
		return q.err
	}
	return noContent(c, a.Registrar.Revoke(c.Request().Context(), by.administrator, domain.CanonicalID(c.Param("client_id")), q.text("reason")))
}

var (
	statusSchema       = object{"type": "string", "enum": domain.StatusNames()}
	cautionLevelSchema = object{"type": "string", "enum": oauth.CautionLevels, "description": "impersonation: the client may be taken for another one; note: usual, and worth a look"}
)

// clientSchema describes a document.Client.
var clientSchema = closed(extended("RegisteredMetadata", object{
	"client_id":                text,
	"status":                   statusSchema,
	"registered_at":            dateTime,
	"updated_at":               dateTime,
	"version":                  object{"type": "integer", "minimum": 1},
	"client_id_issued_at":      seconds,
	"client_secret_expires_at": seconds,
	"initial_access_token":     object{"type": "string", "minLength": 1, "description": "id of the token that the client was registered with"},
	"last_used_at":             object{"type": "string", "format": "date-time", "description": "when the client was authenticated last for an authorization server, as far as this process knows"},
	"as_of":                    described(reference("schemas", "Position"), "the event up to which this is the client; absent: now"),
	"attested_by":              object{"type": "string", "minLength": 1, "description": "issuer of the client's software statement"},
	"issuer_trusted":           object{"type": "boolean", "description": "whether that issuer is trusted at present; one that no longer is vouches for nothing"},
	"cautions": object{"type": "array", "minItems": 1, "description": "members not to be believed without a second look",
		"items": closed(properties(object{"level": cautionLevelSchema, "member": text, "detail": text}, "level", "member", "detail"), nil)},
}, "client_id", "status", "registered_at", "updated_at", "version", "client_id_issued_at", "redirect_uris"), nil)
