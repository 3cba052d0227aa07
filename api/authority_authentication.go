package api

import (
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/labstack/echo/v4"

	"roster/domain/access"
	"roster/domain/oauth/clientauth"
	"roster/domain/registrar"
)

// authenticationEndpoints authenticate clients for authorization servers.
func (a *API) authenticationEndpoints() []endpoint {
	return []endpoint{{
		method: http.MethodPost, path: "/as/v1/authenticate", may: access.AuthorizationServer, handle: a.authenticateClient,
		operation: operation{
			id: "authenticateClient", summary: "Authenticate the client of a request to an authorization server (RFC 6749 section 2.3, RFC 7523 section 3)",
			body: "ClientAuthentication", form: true, status: http.StatusOK, content: jsonContent("AuthenticatedClient"),
			schemas: object{
				"ClientAuthentication": properties(object{
					formAuthorization: described(object{"type": "string"}, "the Authorization header of the client's request, as it came"),
					formClientID:      described(object{"type": "string"}, "parameters of the client's request"),
					formSecret:        object{"type": "string"},
					formAssertionType: object{"type": "string"},
					formAssertion:     object{"type": "string"},
					formAudience: object{"type": "array", "items": text, "maxItems": audienceMost,
						"description": "needed with client_assertion: each name by which an assertion may address the authorization server, such as its issuer"},
				}),
				"AuthenticatedClient": object{"oneOf": []object{
					closed(properties(object{
						"active":                     object{"const": true},
						"client_id":                  text,
						"token_endpoint_auth_method": described(object{"type": "string", "minLength": 1}, "none: the client said who it is and proved nothing"),
					}, "active", "client_id", "token_endpoint_auth_method"), nil),
					closed(properties(object{"active": object{"const": false}}, "active"), nil),
				}},
			},
		},
	}}
}

// The fields of the form. The names of the client's parameters are those of its request (RFC 6749 2.3.1, RFC 7521 4.2).
const (
	formAuthorization = "authorization"
	formClientID      = "client_id"
	formSecret        = "client_secret"
	formAssertionType = "client_assertion_type"
	formAssertion     = "client_assertion"
	formAudience      = "audience"

	audienceMost = 10
)

// authentication says whether a client is who it says, as RFC 7662 2.2 says whether a token is good.
type authentication struct {
	Active   bool   `json:"active"`
	ClientID string `json:"client_id,omitzero"`
	Method   string `json:"token_endpoint_auth_method,omitzero"`
}

// authenticateClient answers whether a request proves who its client is. Why it does not, the log tells alone.
func (a *API) authenticateClient(c echo.Context, by caller) error {
	form, err := a.readForm(c)
	if err != nil {
		return err
	}
	request := clientauth.Request{
		Authorization: form.Get(formAuthorization),
		ClientID:      form.Get(formClientID),
		ClientSecret:  form.Get(formSecret),
		AssertionType: form.Get(formAssertionType),
		Assertion:     form.Get(formAssertion),
	}
	if request.Assertion != "" && !form.Has(formAudience) {
		return invalidRequest(http.StatusBadRequest, formAudience, "audience must be given with client_assertion")
	}
	ctx := c.Request().Context()
	client, err := a.Authority.Authenticator.Authenticate(ctx, request, form[formAudience])
	if reason := clientauth.Reason(""); errors.As(err, &reason) {
		a.metrics.authentications.WithLabelValues(string(reason)).Inc()
		attributes := []any{"authorization_server", by.server, "reason", string(reason)}
		if registrar.IsID(client.ClientID) { // anything else may be what somebody took for a client_id, such as a secret
			attributes = append(attributes, "client_id", client.ClientID)
		}
		a.Logger.InfoContext(ctx, "client not authenticated", attributes...)
		return answer(c, http.StatusOK, authentication{})
	}
	if err != nil {
		return err
	}
	a.metrics.authentications.WithLabelValues("authenticated").Inc()
	a.LastUse.Record(client.ClientID, client.At)
	return answer(c, http.StatusOK, authentication{Active: true, ClientID: client.ClientID, Method: client.Method})
}

// readForm reads the form of an authentication: the fields that there are, each once but for audience, and no other. A
// whole token request is refused: its parameter audience (RFC 8693 2.1) is the client's word, and not the server's, and
// codes and passwords of others are not for a registry.
func (a *API) readForm(c echo.Context) (url.Values, error) {
	body, err := a.readBodyOf(c, echo.MIMEApplicationForm)
	if err != nil {
		return nil, err
	}
	form, err := url.ParseQuery(string(body))
	if err != nil {
		return nil, invalidRequest(http.StatusBadRequest, "", "the body is not a well-formed form")
	}
	fields := []string{formAuthorization, formClientID, formSecret, formAssertionType, formAssertion, formAudience}
	for name, values := range form {
		most := 1
		if name == formAudience {
			most = audienceMost
		}
		switch {
		case !slices.Contains(fields, name):
			return nil, invalidRequest(http.StatusBadRequest, "", "there is a field that is none of: "+strings.Join(fields, ", "))
		case len(values) > most:
			return nil, invalidRequest(http.StatusBadRequest, name, name+" must be given "+strconv.Itoa(most)+" times at most")
		case slices.ContainsFunc(values, func(value string) bool { return !utf8.ValidString(value) }):
			return nil, invalidRequest(http.StatusBadRequest, name, name+" is not valid UTF-8")
		}
	}
	return form, nil
}
