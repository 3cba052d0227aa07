package api

import (
	"cmp"
	"fmt"
	"maps"
	"net/http"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/labstack/echo/v4"

	"roster/domain"
	"roster/domain/oauth"
	"roster/domain/registrar"
)

// clientInformation is the client information response (RFC 7591 3.2.1, RFC 7592 3).
type clientInformation struct {
	ClientID                string         `json:"client_id"`
	ClientSecret            string         `json:"client_secret,omitzero"`
	ClientSecretExpiresAt   *int64         `json:"client_secret_expires_at,omitzero"` // goes with the secret; 0: never
	ClientIDIssuedAt        int64          `json:"client_id_issued_at"`
	RegistrationAccessToken string         `json:"registration_access_token,omitzero"` // goes with the URI
	RegistrationClientURI   string         `json:"registration_client_uri,omitzero"`
	Metadata                jsontext.Value `json:",embed"`
}

// register answers OpenID Connect Dynamic Client Registration 1.0 section 3 and RFC 7591 section 3.
func (a *API) register(c echo.Context) error {
	token, presented, err := a.initialAccessToken(c.Request())
	if err != nil {
		return err
	}
	registration, err := a.registerBody(c, token, presented)
	if err != nil {
		return err
	}
	a.metrics.registrations.Inc()
	c.Response().Header().Set(echo.HeaderLocation, a.clientURI(registration.Client)) // RFC 9110 9.3.3
	setVersion(c, registration.Client.Version)
	return a.answerClient(c, http.StatusCreated, registration)
}

// registerBody registers the client that a request's body asks for. A token that was presented and is not
// accepted is a refusal in open registration too: falling back would hide that from its holder (OpenID
// Connect Dynamic Client Registration 1.0, 3.3). It is one before anything is said about the body.
func (a *API) registerBody(c echo.Context, token string, presented bool) (registrar.Registration, error) {
	ctx := c.Request().Context()
	requested, err := a.readDocument(c)
	switch {
	case err != nil && presented:
		return registrar.Registration{}, cmp.Or(a.Registrar.CheckToken(ctx, token), err)
	case err != nil:
		return registrar.Registration{}, err
	case presented:
		return a.Registrar.RegisterWith(ctx, c.RealIP(), token, requested)
	}
	return a.Registrar.Register(ctx, c.RealIP(), requested)
}

// initialAccessToken returns the initial access token that a registration presents (RFC 7591 3, RFC 6750 2.1);
// presented is false when there is none and none is needed.
func (a *API) initialAccessToken(r *http.Request) (token string, presented bool, err error) {
	if a.Registration == RegistrationClosed {
		return "", false, &problem{status: http.StatusForbidden, Code: "access_denied", Description: "registration is closed"}
	}
	token, err = bearerToken(r)
	if err == errNoToken && a.Registration == RegistrationOpen {
		return "", false, nil
	}
	return token, true, err
}

// answerClient writes the client information response to a registration, a read or an update. The token
// is left out, and the address with it, where none is at hand.
func (a *API) answerClient(c echo.Context, status int, r registrar.Registration) error {
	metadata, err := encodeMetadata(r.Client.Metadata)
	if err != nil {
		return err
	}
	information := clientInformation{
		ClientID:         r.Client.ID,
		ClientIDIssuedAt: r.Client.IssuedAt.Unix(),
		Metadata:         metadata,
	}
	if r.ClientSecret != "" {
		information.ClientSecret = r.ClientSecret
		information.ClientSecretExpiresAt = secretExpiry(r.Client.Secret)
	}
	if r.RegistrationAccessToken != "" {
		information.RegistrationAccessToken = r.RegistrationAccessToken
		information.RegistrationClientURI = a.clientURI(r.Client)
	}
	return answer(c, status, information)
}

// clientURI is a client's registration_client_uri. It is made of the public URL alone: the headers of a
// request say what its sender likes.
func (a *API) clientURI(client domain.Client) string {
	return a.PublicURL + "/identity/register/" + client.ID
}

// secretExpiry is client_secret_expires_at: nil without a secret, 0 for one that never expires.
func secretExpiry(secret *domain.Secret) *int64 {
	if secret == nil {
		return nil
	}
	var at int64
	if !secret.ExpiresAt.IsZero() {
		at = secret.ExpiresAt.Unix()
	}
	return &at
}

// encodeMetadata encodes metadata with redirect_uris always present: common clients fail without.
func encodeMetadata(m oauth.Metadata) (jsontext.Value, error) {
	if _, ok := m["redirect_uris"]; !ok {
		m = maps.Clone(m)
		if m == nil {
			m = oauth.Metadata{}
		}
		m["redirect_uris"] = oauth.List{}
	}
	encoded, err := json.Marshal(m)
	if err != nil {
		return nil, fmt.Errorf("encode metadata: %w", err)
	}
	return encoded, nil
}
