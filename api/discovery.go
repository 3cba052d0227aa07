package api

import (
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"roster/domain/access"
	"roster/domain/oauth"
)

// registrationPath is the one of the two registration endpoints that discovery names.
const registrationPath = "/identity/connect/register"

// The two documents that clients look for (OpenID Connect Discovery 1.0, 4; RFC 8414 3). They are one here.
const (
	openIDConfigurationPath = "/.well-known/openid-configuration"
	serverMetadataPath      = "/.well-known/oauth-authorization-server"
)

// discoveryEndpoints are where both documents are found.
func (a *API) discoveryEndpoints() []endpoint {
	discovery := operation{
		parameters: []object{{
			"name": "If-None-Match", "in": "header", "description": "only if they have changed (RFC 9110 13.1.2)", "schema": object{"type": "string"},
		}},
		status: http.StatusOK, content: jsonContent("ServerMetadata"),
		schemas: object{"ServerMetadata": properties(object{
			"issuer":                object{"type": "string", "format": "uri"},
			"registration_endpoint": object{"type": "string", "format": "uri", "description": "left out when registration is closed"},
		}, "issuer")},
		others: map[int]object{http.StatusNotModified: answered("The caller has the metadata already.", nil)},
	}
	openID, server := discovery, discovery
	openID.id, openID.summary = "openidConfiguration", "Discover where to register and what can be registered (OpenID Connect Discovery 1.0 section 4)"
	server.id, server.summary = "serverMetadata", "Discover where to register and what can be registered (RFC 8414 section 3)"
	return []endpoint{
		{method: http.MethodGet, path: openIDConfigurationPath, may: access.Anyone, handle: a.discover, operation: openID},
		{method: http.MethodGet, path: serverMetadataPath, may: access.Anyone, handle: a.discover, operation: server},
	}
}

// metadata are what discovery answers.
type metadata struct {
	document   []byte
	entityTag  string
	issuerPath string   // the path of the issuer, without a slash at its end
	elsewhere  []string // endpoints of another origin than the issuer's
}

// newMetadata returns a document as the metadata of an issuer with a path.
func newMetadata(document []byte, issuerPath string) *metadata {
	digest := sha256.Sum256(document)
	return &metadata{
		document:   document,
		entityTag:  `"` + base64.RawURLEncoding.EncodeToString(digest[:]) + `"`,
		issuerPath: strings.TrimRight(issuerPath, "/"),
	}
}

// registrationEndpoint is where clients register, empty when nobody may.
func (a *API) registrationEndpoint() string {
	if a.RegistrationMode == access.RegistrationClosed {
		return ""
	}
	return a.PublicURL + registrationPath
}

// metadataLifetime is how long the metadata may be cached.
const metadataLifetime = 5 * time.Minute

// offered are the lists of the metadata by the members of clients that they are about, beside those that have
// the names of choices (OpenID Connect Relying Party Metadata Choices 1.0, 2).
var offered = map[string]string{
	"response_types_supported":                      "response_types", // RFC 8414 2
	"response_modes_supported":                      "response_modes",
	"grant_types_supported":                         "grant_types",
	"scopes_supported":                              "scope",
	"introspection_endpoint_auth_methods_supported": "introspection_endpoint_auth_method",
	"revocation_endpoint_auth_methods_supported":    "revocation_endpoint_auth_method",
	"backchannel_token_delivery_modes_supported":    "backchannel_token_delivery_mode", // CIBA Core 1.0, 4
	// Clients sign with the same algorithm everywhere.
	"introspection_endpoint_auth_signing_alg_values_supported": "token_endpoint_auth_signing_alg",
	"revocation_endpoint_auth_signing_alg_values_supported":    "token_endpoint_auth_signing_alg",
}

// serverMetadata returns what a registry can say of its authorization server (RFC 8414 2; OpenID Connect
// Discovery 1.0, 3): where to register, unless it is nowhere, and what can be registered. The endpoints of an
// authorization server are not its to name.
func serverMetadata(p oauth.Policy, issuer, registrationEndpoint string) []byte {
	offer, document := p.Offer(), object{"issuer": issuer}
	list := func(name, member string) {
		if values := offer.Values(member); len(values) > 0 { // RFC 8414 3.2 has no empty lists
			document[name] = values
		}
	}
	for name, member := range offered {
		list(name, member)
	}
	for _, member := range oauth.Members {
		if member.ChoiceOf != "" {
			list(member.Name, member.ChoiceOf)
		}
	}
	if registrationEndpoint != "" {
		document["registration_endpoint"] = registrationEndpoint
	}
	return encodeObject(document)
}

// atIssuer returns a request for the metadata of an issuer with a path as one for those of an issuer without.
// RFC 8414 3.1 puts that path behind the well-known one, OpenID Connect Discovery 1.0, 4 before it, and clients
// try both ways for both documents. Other requests are returned as they are.
func (a *API) atIssuer(r *http.Request) *http.Request {
	issuer := a.metadata.Load().issuerPath
	for _, known := range []string{openIDConfigurationPath, serverMetadataPath} {
		if issuer != "" && (r.URL.Path == known+issuer || r.URL.Path == issuer+known) {
			copied, address := *r, *r.URL
			address.Path, address.RawPath = known, ""
			copied.URL = &address
			return &copied
		}
	}
	return r
}

// discover answers RFC 8414 3 and OpenID Connect Discovery 1.0, 4.
func (a *API) discover(c echo.Context, _ caller) error {
	header := c.Response().Header()
	header.Set(echo.HeaderCacheControl, "public, max-age="+strconv.Itoa(int(metadataLifetime.Seconds())))
	header.Del("Pragma")
	current := a.metadata.Load()
	header.Set("ETag", current.entityTag)
	// Conditions that are malformed are none: who asks gets the document.
	if p, err := preconditionsOf(c.Request()); err == nil && p.known(current.entityTag) {
		return c.NoContent(http.StatusNotModified)
	}
	return c.Blob(http.StatusOK, echo.MIMEApplicationJSON, current.document)
}
