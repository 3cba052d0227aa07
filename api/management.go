package api

import (
	"cmp"
	"errors"
	"net/http"

	"github.com/labstack/echo/v4"

	"roster/domain"
	"roster/domain/registrar"
	"roster/projections/readmodel"
)

// readClient answers RFC 7592 section 2.1, and an administrator's read without token and address.
func (a *API) readClient(c echo.Context) error {
	if _, presented, err := a.administratorAtClient(c); presented {
		if err != nil {
			return err
		}
		return a.readClientAsAdministrator(c)
	}
	token, err := bearerToken(c.Request())
	if err != nil {
		return err
	}
	client, err := a.admitted(c, token)
	if err != nil {
		return err
	}
	return a.answerRead(c, registrar.Registration{Client: client.Client, RegistrationAccessToken: token})
}

func (a *API) readClientAsAdministrator(c echo.Context) error {
	client, err := a.addressed(c, domain.CanonicalID(c.Param("client_id")))
	if err != nil {
		return err
	}
	// Not even an administrator gets a 404 here (OpenID Connect Dynamic Client Registration 1.0, 4.4).
	if err := client.AuthorizeAdministrator(); err != nil {
		return err
	}
	return a.answerRead(c, registrar.Registration{Client: client.Client})
}

// admitted returns the client of the request's address when a token admits to it, else domain.ErrUnauthorized.
func (a *API) admitted(c echo.Context, token string) (readmodel.Client, error) {
	client, err := a.addressed(c, c.Param("client_id"))
	if err == nil {
		err = client.Authorize(token)
	}
	return client, err
}

// addressed returns the client with the id of the request's address. Unknown ids have the zero client, which admits
// nobody, after the same work.
func (a *API) addressed(c echo.Context, id string) (readmodel.Client, error) {
	client, err := a.Reader.Client(c.Request().Context(), id)
	if errors.Is(err, domain.ErrNotFound) {
		return readmodel.Client{}, nil
	}
	return client, err
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
func (a *API) updateClient(c echo.Context) error {
	token, err := bearerToken(c.Request())
	if err != nil {
		return err
	}
	p, malformed := preconditionsOf(c.Request())
	requested, err := a.readDocument(c)
	if err = cmp.Or(malformed, err); err != nil {
		return a.refuse(c, token, err)
	}
	registration, err := a.Registrar.Update(c.Request().Context(), c.RealIP(), c.Param("client_id"), token, requested, p.ifMatch, p.ifNoneMatch)
	if err != nil {
		return err
	}
	return a.answerClient(c, http.StatusOK, registration)
}

// refuse refuses a request to a client for what it has wrong, when the token admits to the client: others are
// told of the token alone.
func (a *API) refuse(c echo.Context, token string, wrong error) error {
	_, err := a.admitted(c, token)
	return cmp.Or(err, wrong)
}

// deleteClient answers RFC 7592 section 2.3, and an administrator's deletion.
func (a *API) deleteClient(c echo.Context) error {
	ctx, id := c.Request().Context(), c.Param("client_id")
	p, malformed := preconditionsOf(c.Request())
	if admin, presented, err := a.administratorAtClient(c); presented {
		if err = cmp.Or(err, malformed); err == nil {
			err = a.Registrar.DeleteAs(ctx, admin, domain.CanonicalID(id), p.ifMatch, p.ifNoneMatch)
		}
		return noContent(c, err)
	}
	token, err := bearerToken(c.Request())
	switch {
	case err != nil:
		return err
	case malformed != nil:
		return a.refuse(c, token, malformed)
	}
	return noContent(c, a.Registrar.Delete(ctx, c.RealIP(), id, token, p.ifMatch, p.ifNoneMatch))
}

func noContent(c echo.Context, err error) error {
	if err != nil {
		return err
	}
	return c.NoContent(http.StatusNoContent)
}
