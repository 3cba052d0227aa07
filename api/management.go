package api

import (
	"cmp"
	"errors"
	"net/http"

	"github.com/labstack/echo/v4"

	"roster/domain"
	"roster/domain/registrar"
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
	client, err := a.Reader.Client(c.Request().Context(), c.Param("client_id"))
	if err != nil && !errors.Is(err, domain.ErrNotFound) {
		return err
	}
	// The zero client of an unknown id admits nobody, after the same work.
	if !client.Admits(token) {
		return domain.ErrUnauthorized
	}
	return a.answerRead(c, registrar.Registration{Client: client.Client, Version: client.Version, RegistrationAccessToken: token})
}

func (a *API) readClientAsAdministrator(c echo.Context) error {
	client, err := a.Reader.Client(c.Request().Context(), c.Param("client_id"))
	if err != nil {
		return err
	}
	if client.Status != domain.Active {
		return domain.ErrNotFound
	}
	return a.answerRead(c, registrar.Registration{Client: client.Client, Version: client.Version})
}

// answerRead answers a read, unless the reader has that version already or wants another.
func (a *API) answerRead(c echo.Context, r registrar.Registration) error {
	p, err := preconditionsOf(c.Request())
	if err != nil {
		return err
	}
	switch {
	case !p.ifMatch(r.Version):
		return domain.ErrPreconditionFailed
	case !p.ifNoneMatch(r.Version):
		setVersion(c, r.Version)
		return c.NoContent(http.StatusNotModified)
	}
	return a.answerVersion(c, r)
}

// answerVersion answers with a client at a version that a later request can be made conditional on.
func (a *API) answerVersion(c echo.Context, r registrar.Registration) error {
	setVersion(c, r.Version)
	return a.answerClient(c, http.StatusOK, r)
}

// updateClient answers RFC 7592 section 2.2.
func (a *API) updateClient(c echo.Context) error {
	token, err := bearerToken(c.Request())
	if err != nil {
		return err
	}
	p, err := preconditionsOf(c.Request())
	if err != nil {
		return err
	}
	requested, err := a.readDocument(c)
	if err != nil {
		return err
	}
	registration, err := a.Registrar.Update(c.Request().Context(), c.RealIP(), c.Param("client_id"), token, requested, p.ifMatch, p.ifNoneMatch)
	if err != nil {
		return err
	}
	return a.answerVersion(c, registration)
}

// deleteClient answers RFC 7592 section 2.3, and an administrator's deletion.
func (a *API) deleteClient(c echo.Context) error {
	ctx, id := c.Request().Context(), c.Param("client_id")
	p, malformed := preconditionsOf(c.Request())
	if admin, presented, err := a.administratorAtClient(c); presented {
		if err = cmp.Or(err, malformed); err == nil {
			err = a.Registrar.DeleteAs(ctx, admin, id, p.ifMatch, p.ifNoneMatch)
		}
		return noContent(c, err)
	}
	token, err := bearerToken(c.Request())
	if err = cmp.Or(err, malformed); err == nil {
		err = a.Registrar.Delete(ctx, c.RealIP(), id, token, p.ifMatch, p.ifNoneMatch)
	}
	return noContent(c, err)
}

func noContent(c echo.Context, err error) error {
	if err != nil {
		return err
	}
	return c.NoContent(http.StatusNoContent)
}
