package api

import (
	"cmp"
	"net/http"

	"github.com/labstack/echo/v4"

	"roster/api/refusals"
	"roster/domain"
	"roster/domain/access"
	"roster/domain/registrar"
)

// managementEndpoints are those of a client's registration_client_uri (RFC 7592), at the two paths where clients
// register.
func (a *API) managementEndpoints() (found []endpoint) {
	for _, at := range registrationPaths {
		client := at.path + "/:client_id"
		found = append(found,
			endpoint{
				method: http.MethodGet, path: client, may: access.ClientOrAdministrator, handle: a.readClient,
				operation: operation{
					id: "readClient" + at.suffix, summary: "Read a client (RFC 7592 section 2.1)", parameters: versionParameters,
					status: http.StatusOK, content: jsonContent("ClientInformation"), headers: object{"ETag": versionHeader},
					others:   map[int]object{http.StatusNotModified: answered("The client is at the version that If-None-Match names.", nil)},
					refusals: []int{http.StatusBadRequest, http.StatusForbidden, http.StatusPreconditionFailed},
				},
			},
			endpoint{
				method: http.MethodPut, path: client, may: access.ClientItself, limit: a.changes, refuses: refusals.Change, handle: a.updateClient,
				operation: operation{
					id: "updateClient" + at.suffix, summary: "Replace a client's metadata (RFC 7592 section 2.2)", parameters: versionParameters,
					body: "ClientUpdate", status: http.StatusOK, content: jsonContent("ClientInformation"),
					refusals: []int{http.StatusForbidden, http.StatusConflict, http.StatusPreconditionFailed},
					schemas:  object{"ClientUpdate": extended("ClientMetadata", object{"client_id": text, "client_secret": text}, "client_id")},
				},
			},
			endpoint{
				method: http.MethodDelete, path: client, may: access.ClientOrAdministrator, limit: a.changes, handle: a.deleteClient,
				operation: operation{
					id: "deleteClient" + at.suffix, summary: "Delete a client (RFC 7592 section 2.3)", parameters: versionParameters,
					status:   http.StatusNoContent,
					refusals: []int{http.StatusBadRequest, http.StatusForbidden, http.StatusConflict, http.StatusPreconditionFailed},
				},
			})
	}
	return found
}

// versionParameters are the headers by which a request is about a version of a client.
var versionParameters = []object{
	{"name": "If-Match", "in": "header", "description": "only at one of these versions (RFC 9110 13.1.1)", "schema": object{"type": "string"}},
	{"name": "If-None-Match", "in": "header", "description": "only at none of these versions (RFC 9110 13.1.2)", "schema": object{"type": "string"}},
}

// versionHeader is the ETag of an answer.
var versionHeader = object{
	"required": true, "description": "the client's version", "schema": object{"type": "string", "pattern": `^"[0-9]+"$`},
}

// readClient answers RFC 7592 section 2.1, and an administrator's read without registration access token and
// address. Not even an administrator gets a 404 here (OpenID Connect Dynamic Client Registration 1.0, 4.4).
func (a *API) readClient(c echo.Context, by caller) error {
	ctx, id := c.Request().Context(), c.Param("client_id")
	read := func() (domain.Client, error) { return a.Registrar.Client(ctx, id, by.token) }
	if by.presented != access.RegistrationAccessToken {
		read = func() (domain.Client, error) { return a.Registrar.ClientAs(ctx, domain.CanonicalID(id)) }
	}
	client, err := read()
	if err != nil {
		return err
	}
	return a.answerRead(c, registrar.Registration{Client: client, RegistrationAccessToken: by.token})
}

// answerRead answers a read, unless the reader has that version already or wants another.
func (a *API) answerRead(c echo.Context, r registrar.Registration) error {
	p, err := preconditionsOf(c.Request())
	if err != nil {
		return err
	}
	switch {
	case !p.ifMatch(r.Client.Version):
		return domain.ErrPreconditionFailed
	case !p.ifNoneMatch(r.Client.Version):
		setVersion(c, r.Client.Version)
		return c.NoContent(http.StatusNotModified)
	}
	setVersion(c, r.Client.Version)
	return a.answerClient(c, http.StatusOK, r)
}

// updateClient answers RFC 7592 section 2.2. The answer names no version: what is stored is not the very
// document that was put (RFC 9110 9.3.4).
func (a *API) updateClient(c echo.Context, by caller) error {
	p, malformed := preconditionsOf(c.Request())
	requested, err := a.readDocument(c)
	if err = cmp.Or(malformed, err); err != nil {
		return a.refuse(c, by.token, err)
	}
	registration, err := a.Registrar.Update(c.Request().Context(), c.RealIP(), c.Param("client_id"), by.token, requested, p.ifMatch, p.ifNoneMatch)
	if err != nil {
		return err
	}
	return a.answerClient(c, http.StatusOK, registration)
}

// refuse returns what the client itself has wrong in a request. Others are told of their registration access token
// alone.
func (a *API) refuse(c echo.Context, registrationAccessToken string, wrong error) error {
	_, err := a.Registrar.Client(c.Request().Context(), c.Param("client_id"), registrationAccessToken)
	return cmp.Or(err, wrong)
}

// deleteClient answers RFC 7592 section 2.3, and an administrator's deletion.
func (a *API) deleteClient(c echo.Context, by caller) error {
	ctx, id := c.Request().Context(), c.Param("client_id")
	p, malformed := preconditionsOf(c.Request())
	switch {
	case by.presented == access.RegistrationAccessToken && malformed != nil:
		return a.refuse(c, by.token, malformed)
	case by.presented == access.RegistrationAccessToken:
		return noContent(c, a.Registrar.Delete(ctx, c.RealIP(), id, by.token, p.ifMatch, p.ifNoneMatch))
	case malformed != nil:
		return malformed
	}
	return noContent(c, a.Registrar.DeleteAs(ctx, by.administrator, domain.CanonicalID(id), p.ifMatch, p.ifNoneMatch))
}

func noContent(c echo.Context, err error) error {
	if err != nil {
		return err
	}
	return c.NoContent(http.StatusNoContent)
}
