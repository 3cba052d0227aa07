package api

import (
	"cmp"
	"net/http"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/labstack/echo/v4"

	"roster/domain"
	"roster/domain/access"
)

// suspensionEndpoints suspend clients and resume them.
func (a *API) suspensionEndpoints() []endpoint {
	const path = "/api/v1/clients/:client_id/suspension"
	refusals := []int{http.StatusBadRequest, http.StatusNotFound, http.StatusConflict}
	return []endpoint{
		{
			method: http.MethodPost, path: path, may: access.Administrator, handle: a.suspendClient,
			operation: operation{
				id: "suspendClient", summary: "Suspend a client: it keeps its registration, and its registration access token is refused with 403",
				parameters: []object{reasonParameter}, body: "Suspension", bodyOptional: true,
				status: http.StatusNoContent, refusals: refusals,
				schemas: object{"Suspension": closed(properties(object{"reason": object{"type": "string", "maxLength": parameterLimit}}), nil)},
			},
		},
		{
			method: http.MethodDelete, path: path, may: access.Administrator, handle: a.resumeClient,
			operation: operation{
				id: "resumeClient", summary: "End the suspension of a client", status: http.StatusNoContent, refusals: refusals,
			},
		},
	}
}

// suspendClient takes the reason from the query, as a revocation does, or from a body, which may be left out. Two
// reasons that differ are refused.
func (a *API) suspendClient(c echo.Context, by caller) error {
	q := queryOf(c, "reason")
	if q.err != nil {
		return q.err
	}
	reason := q.text("reason")
	if c.Request().ContentLength != 0 {
		body, err := a.readBody(c)
		if err != nil {
			return err
		}
		inBody, err := reasonOf(body)
		if err != nil {
			return err
		}
		if reason != "" && inBody != "" && reason != inBody {
			return invalidRequest(http.StatusBadRequest, "reason", "reason: the query and the body have different ones")
		}
		reason = cmp.Or(reason, inBody)
	}
	return noContent(c, a.Registrar.Suspend(c.Request().Context(), by.administrator, domain.CanonicalID(c.Param("client_id")), reason))
}

// reasonOf reads the body of a suspension.
func reasonOf(body []byte) (string, error) {
	var s struct {
		Reason string `json:"reason"`
	}
	// A body of null would count as an empty object.
	if jsontext.Value(body).Kind() != '{' || json.Unmarshal(body, &s, json.RejectUnknownMembers(true)) != nil {
		return "", invalidRequest(http.StatusBadRequest, "", "the body must be one JSON object with no other member than reason (a string)")
	}
	if len(s.Reason) > parameterLimit {
		return "", invalidRequest(http.StatusBadRequest, "reason", "reason must have at most 500 bytes")
	}
	return s.Reason, nil
}

func (a *API) resumeClient(c echo.Context, by caller) error {
	if q := queryOf(c); q.err != nil {
		return q.err
	}
	return noContent(c, a.Registrar.Resume(c.Request().Context(), by.administrator, domain.CanonicalID(c.Param("client_id"))))
}
