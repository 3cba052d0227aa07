package api

import (
	"errors"
	"net/http"
	"strings"

	"github.com/labstack/echo/v4"

	"roster/domain"
	"roster/domain/access"
)

// errNoToken answers a request that presents no bearer token: no error code in the challenge (RFC 6750 3.1).
var errNoToken = &problem{status: http.StatusUnauthorized, Code: "invalid_token", Description: "a bearer token is needed in the Authorization header", challenge: tokenChallenge}

// authorization returns the scheme, in lower case (RFC 9110 11.1), and the credentials that a request
// presents, both empty when there are none. Credentials anywhere but in the header are not looked at.
func authorization(r *http.Request) (scheme, credentials string, err error) {
	headers := r.Header.Values(echo.HeaderAuthorization)
	if len(headers) == 0 {
		return "", "", nil
	}
	if len(headers) > 1 {
		return "", "", invalidRequest(http.StatusBadRequest, "there is more than one Authorization header")
	}
	scheme, credentials, _ = strings.Cut(headers[0], " ")
	return strings.ToLower(scheme), strings.TrimSpace(credentials), nil
}

// bearerToken returns the token that a request presents, or errNoToken.
func bearerToken(r *http.Request) (string, error) {
	scheme, token, err := authorization(r)
	if err != nil {
		return "", err
	}
	if scheme != "bearer" {
		return "", errNoToken
	}
	return token, nil
}

// administrator lets only administrators and holders of API tokens through to a handler.
func (a *API) administrator(handle func(c echo.Context, admin domain.Actor) error) echo.HandlerFunc {
	return func(c echo.Context) error {
		admin, err := a.authenticate(c)
		if err != nil {
			return err
		}
		return handle(c, admin)
	}
}

func (a *API) authenticate(c echo.Context) (domain.Actor, error) {
	r := c.Request()
	scheme, token, err := authorization(r)
	switch {
	case err != nil:
		return domain.Actor{}, err
	case scheme == "basic":
		user, password, _ := r.BasicAuth()
		return a.Administrators.Password(r.Context(), c.RealIP(), user, password)
	case scheme == "bearer":
		return a.Administrators.Token(r.Context(), c.RealIP(), token)
	default:
		return domain.Actor{}, &problem{status: http.StatusUnauthorized, Code: "unauthorized", Description: "credentials of an administrator are needed", challenge: administratorChallenge}
	}
}

// administratorAtClient returns the administrator that a request to a registration_client_uri presents
// by name and password, as WSO2 Identity Server takes it there; false when it presents something else.
func (a *API) administratorAtClient(c echo.Context) (admin domain.Actor, presented bool, err error) {
	if scheme, _, err := authorization(c.Request()); err != nil || scheme != "basic" {
		return domain.Actor{}, false, nil
	}
	admin, err = a.authenticate(c)
	if errors.Is(err, access.ErrRefused) {
		// To this address a token is the key: no browser should ask its user for a password.
		err = errNoToken
	}
	return admin, true, err
}
