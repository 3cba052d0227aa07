package api

import (
	"errors"
	"net/http"
	"strings"

	"github.com/labstack/echo/v4"

	"roster/domain"
	"roster/domain/access"
)

// A caller is who calls an endpoint, as far as the endpoint's role wants to know.
//
// An administrator or an authorization server has been authenticated. Another token has not been looked at: the registrar decides with the client,
// or the initial access token, whether it is accepted.
type caller struct {
	presented     access.Credential // empty: nothing, which the role allows
	token         string            // with a registration access token or an initial access token
	administrator domain.Actor      // with a password or an API token
	server        string            // name of an authorization server
}

// identify returns the caller of an endpoint with a role, or the answer to one that presents nothing by which it
// could have the role.
func (a *API) identify(c echo.Context, may access.Role) (caller, error) {
	switch may {
	case access.Anyone:
		return caller{}, nil
	case access.Registrant:
		return a.registrant(c.Request())
	case access.ClientItself:
		return clientItself(c.Request())
	case access.ClientOrAdministrator:
		return a.clientOrAdministrator(c)
	case access.AuthorizationServer:
		return a.authorizationServer(c.Request())
	default:
		return a.authenticate(c)
	}
}

// registrant returns who presents an initial access token (RFC 7591 3, RFC 6750 2.1), or nothing where
// registration is open.
func (a *API) registrant(r *http.Request) (caller, error) {
	if a.RegistrationMode == access.RegistrationClosed {
		return caller{}, errRegistrationClosed
	}
	token, err := bearerToken(r)
	switch {
	case err == errNoToken && a.RegistrationMode == access.RegistrationOpen:
		return caller{}, nil
	case err == errNoToken:
		return caller{}, errNoInitialAccessToken
	case err != nil:
		return caller{}, err
	}
	return caller{presented: access.InitialAccessToken, token: token}, nil
}

// clientItself returns who presents a registration access token (RFC 7592 2).
func clientItself(r *http.Request) (caller, error) {
	token, err := bearerToken(r)
	if err != nil {
		return caller{}, err
	}
	return caller{presented: access.RegistrationAccessToken, token: token}, nil
}

// clientOrAdministrator returns who presents a registration access token, or the administrator that is presented
// by name and password, as WSO2 Identity Server takes it there.
func (a *API) clientOrAdministrator(c echo.Context) (caller, error) {
	if scheme, _, err := authorization(c.Request()); err != nil || scheme != "basic" {
		return clientItself(c.Request())
	}
	by, err := a.authenticate(c)
	if errors.Is(err, access.ErrRefused) {
		// To this address a token is the key: no browser should ask its user for a password.
		err = errNoToken
	}
	return by, err
}

// authorizationServer returns the authorization server that presents its token.
func (a *API) authorizationServer(r *http.Request) (caller, error) {
	token, err := bearerToken(r)
	if err != nil {
		return caller{}, err
	}
	name, ok := a.Authority.Tokens.Holder(token)
	if !ok {
		return caller{}, errNoAuthorizationServer
	}
	return caller{presented: access.AuthorityToken, server: name}, nil
}

// authenticate returns the administrator or auditor that a request presents.
func (a *API) authenticate(c echo.Context) (by caller, err error) {
	r := c.Request()
	scheme, credentials, err := authorization(r)
	switch {
	case err != nil:
	case scheme == "basic":
		by.presented = access.Password
		user, password, _ := r.BasicAuth()
		by.administrator, err = a.Administrators.Password(r.Context(), c.RealIP(), user, password)
	case scheme == "bearer":
		by.presented = access.APIToken
		by.administrator, err = a.Administrators.Token(r.Context(), c.RealIP(), credentials)
	default:
		err = errNoAdministrator
	}
	if err != nil {
		return caller{}, err
	}
	return by, nil
}

// authorization returns the scheme, in lower case (RFC 9110 11.1), and the credentials that a request
// presents, both empty when there are none. Credentials anywhere but in the header are not looked at.
func authorization(r *http.Request) (scheme, credentials string, err error) {
	headers := r.Header.Values(echo.HeaderAuthorization)
	if len(headers) == 0 {
		return "", "", nil
	}
	if len(headers) > 1 {
		return "", "", invalidRequest(http.StatusBadRequest, echo.HeaderAuthorization, "there is more than one Authorization header")
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
