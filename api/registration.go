package api

import (
	"cmp"
	"net/http"
	"strconv"
	"sync"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/labstack/echo/v4"

	"roster/api/document"
	"roster/api/refusals"
	"roster/domain"
	"roster/domain/access"
	"roster/domain/oauth"
	"roster/domain/registrar"
)

// registrationEndpoints are those where clients register: one at two paths.
func (a *API) registrationEndpoints() (found []endpoint) {
	schemas := registrationSchemas(a.Policy)
	for _, at := range registrationPaths {
		found = append(found, endpoint{
			method: http.MethodPost, path: at.path, may: access.Registrant, limit: a.registrations, refuses: refusals.Registration, handle: a.register,
			operation: operation{
				id: "register" + at.suffix, summary: "Register a client (OpenID Connect Dynamic Client Registration 1.0 section 3, RFC 7591 section 3)",
				body: "ClientMetadata", status: http.StatusCreated, content: jsonContent("ClientInformation"),
				headers: object{"ETag": versionHeader, echo.HeaderLocation: object{
					"required": true, "description": "the registration_client_uri", "schema": object{"type": "string", "format": "uri"},
				}},
				refusals: []int{http.StatusForbidden, http.StatusConflict}, schemas: schemas,
			},
		})
	}
	return found
}

// registrationPaths are where clients register and, below, manage themselves, with what tells the ids of their
// operations apart.
var registrationPaths = []struct{ path, suffix string }{
	{"/identity/register", ""},
	{"/identity/connect/register", "Connect"},
}

// register answers OpenID Connect Dynamic Client Registration 1.0 section 3 and RFC 7591 section 3.
func (a *API) register(c echo.Context, by caller) error {
	registration, err := a.registerBody(c, by)
	if err != nil {
		return err
	}
	a.metrics.registrations.Inc()
	c.Response().Header().Set(echo.HeaderLocation, a.clientURI(registration.Client)) // RFC 9110 9.3.3
	setVersion(c, registration.Client.Version)
	return a.answerClient(c, http.StatusCreated, registration)
}

// registerBody registers the client that a request's body asks for. An initial access token that was presented and
// is not accepted is a refusal in open registration too: falling back would hide that from its holder (OpenID
// Connect Dynamic Client Registration 1.0, 3.3). It is one before anything is said about the body.
func (a *API) registerBody(c echo.Context, by caller) (registrar.Registration, error) {
	ctx := c.Request().Context()
	requested, err := a.readDocument(c)
	presented := by.presented == access.InitialAccessToken
	switch {
	case err != nil && presented:
		return registrar.Registration{}, cmp.Or(a.Registrar.CheckInitialAccessToken(ctx, by.token), err)
	case err != nil:
		return registrar.Registration{}, err
	case presented:
		return a.Registrar.RegisterWith(ctx, c.RealIP(), by.token, requested)
	}
	return a.Registrar.Register(ctx, c.RealIP(), requested)
}

// answerClient writes the client information response to a registration, a read or an update (RFC 7591 3.2.1,
// RFC 7592 3).
func (a *API) answerClient(c echo.Context, status int, r registrar.Registration) error {
	buffer := answers.Get().(*[]byte)
	defer answers.Put(buffer)
	*buffer = a.appendInformation((*buffer)[:0], r)
	return c.Blob(status, echo.MIMEApplicationJSON, *buffer)
}

// answers are buffers for client information responses, which are most of what the server answers.
var answers = sync.Pool{New: func() any { return new([]byte) }}

// appendInformation appends what the server says of a client, and the client's metadata behind it. The registration
// access token is left out, and the address with it, where it is not at hand.
//
// The members are put together by hand: to have them encoded costs several times as much.
func (a *API) appendInformation(b []byte, r registrar.Registration) []byte {
	b = appendText(b, `{"client_id":`, r.Client.ID)
	if r.ClientSecret != "" {
		b = appendText(b, `,"client_secret":`, r.ClientSecret)
		b = appendNumber(b, `,"client_secret_expires_at":`, *document.SecretExpiry(r.Client.Secret))
	}
	b = appendNumber(b, `,"client_id_issued_at":`, r.Client.IssuedAt.Unix())
	if r.RegistrationAccessToken != "" {
		b = appendText(b, `,"registration_access_token":`, r.RegistrationAccessToken)
		b = appendText(b, `,"registration_client_uri":`, a.clientURI(r.Client))
	}
	metadata := len(b)
	b = document.WithRedirectURIs(r.Client.Metadata).AppendJSON(b)
	b[metadata] = ',' // instead of its brace: there is at least one member
	return b
}

// appendText appends a member that is a string, which must be valid UTF-8.
func appendText(b []byte, name, text string) []byte {
	b, _ = jsontext.AppendQuote(append(b, name...), text)
	return b
}

func appendNumber(b []byte, name string, n int64) []byte {
	return strconv.AppendInt(append(b, name...), n, 10)
}

// clientURI is a client's registration_client_uri. It is made of the public URL alone: the headers of a
// request say what its sender likes.
func (a *API) clientURI(client domain.Client) string {
	return a.PublicURL + "/identity/register/" + client.ID
}

// registrationSchemas describe the bodies of registrations, and the client information response.
func registrationSchemas(policy oauth.Policy) object {
	return object{
		"ClientMetadata": metadataSchema(oauth.Members, requestPattern, func(m oauth.Member) []string { return m.Values(policy) }),
		// What was registered under another policy is answered as it is.
		"RegisteredMetadata": metadataSchema(registered(), oauth.Member.Pattern, func(oauth.Member) []string { return nil }),
		"ClientInformation": closed(extended("RegisteredMetadata", object{
			"client_id":                 text,
			"client_secret":             text,
			"client_secret_expires_at":  seconds,
			"client_id_issued_at":       seconds,
			"registration_access_token": text,
			"registration_client_uri":   object{"type": "string", "format": "uri"},
		}, "client_id", "client_id_issued_at", "redirect_uris"), object{"dependentRequired": object{
			"client_secret":             []string{"client_secret_expires_at"},
			"client_secret_expires_at":  []string{"client_secret"},
			"registration_access_token": []string{"registration_client_uri"},
			"registration_client_uri":   []string{"registration_access_token"},
		}}),
	}
}
