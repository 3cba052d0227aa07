package api

import (
	"encoding/base64"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"

	"github.com/labstack/echo/v4"

	"roster/api/document"
	"roster/domain"
	"roster/domain/access"
	"roster/domain/authenticator"
	"roster/domain/oauth"
)

// AuthorityOptions are what the part for authorization servers is made of. The zero AuthorityOptions let nobody in.
type AuthorityOptions struct {
	Tokens        access.Tokens // of the authorization servers
	Authenticator *authenticator.Authenticator
	Consumers     Consumers
	CacheLifetime time.Duration // how long they may go on with a client that they looked up; 0: they ask each time
}

// authorityEndpoints are those that authorization servers live on.
func (a *API) authorityEndpoints() []endpoint {
	lookUp := endpoint{
		method: http.MethodGet, path: "/as/v1/clients/:client_id", may: access.AuthorizationServer, handle: a.lookUpClient,
		operation: operation{
			id: "lookUpClient", summary: "Look up a client that may be served, as the event log has it now",
			parameters: []object{versionParameters[1]},
			status:     http.StatusOK, content: jsonContent("ServedClient"),
			headers: object{"ETag": versionHeader, echo.HeaderCacheControl: object{
				"required": true, "description": "how long the answer may serve; no-cache: ask each time", "schema": object{"type": "string"},
			}},
			others:   map[int]object{http.StatusNotModified: answered("The client is at the version that If-None-Match names.", nil)},
			refusals: []int{http.StatusBadRequest, http.StatusNotFound},
			schemas:  object{"ServedClient": servedClientSchema},
		},
	}
	return slices.Concat([]endpoint{lookUp}, a.authenticationEndpoints(), a.changesEndpoints(), a.consumerEndpoints())
}

// errNotServed is the one answer to a client_id that is unknown and to a client that is suspended or has ended: the three
// cannot be told apart.
var errNotServed = errors.New("no client that may be served")

// lookUpClient answers with a client that may be served.
func (a *API) lookUpClient(c echo.Context, _ caller) error {
	q := queryOf(c)
	p, malformed := preconditionsOf(c.Request())
	if err := errors.Join(q.err, malformed); err != nil {
		return err
	}
	client, err := a.Registrar.Current(c.Request().Context(), pathParameter(c, "client_id"))
	if errors.Is(err, domain.ErrNotFound) || err == nil && !client.MayBeServed() {
		return errNotServed
	}
	if err != nil {
		return err
	}
	header := c.Response().Header()
	header.Set(echo.HeaderCacheControl, cacheControl(a.Authority.CacheLifetime))
	header.Del("Pragma")
	setVersion(c, client.Version)
	if !p.ifNoneMatch(client.Version) {
		return c.NoContent(http.StatusNotModified)
	}
	return c.Blob(http.StatusOK, echo.MIMEApplicationJSON, appendServed(nil, client))
}

// cacheControl lets an answer serve for a time, whole seconds, at the one who asked for it.
func cacheControl(lifetime time.Duration) string {
	if lifetime < time.Second {
		return "private, no-cache"
	}
	return "private, max-age=" + strconv.Itoa(int(lifetime/time.Second))
}

// pathParameter returns a parameter of the path, decoded. Echo decodes it only where the path needs no encoding.
func pathParameter(c echo.Context, name string) string {
	raw := c.Param(name)
	if c.Request().URL.RawPath == "" {
		return raw
	}
	decoded, err := url.PathUnescape(raw)
	if err != nil {
		return raw // net/url has parsed the path, so it is well-formed
	}
	return decoded
}

// appendServed appends a client as authorization servers see it: without the members that hold personal data, the
// registration access token and the secret itself, of which it has the hash.
func appendServed(b []byte, client domain.Client) []byte {
	b = appendText(b, `{"client_id":`, client.ID)
	b = appendNumber(b, `,"client_id_issued_at":`, client.IssuedAt.Unix())
	if secret := client.Secret; secret != nil {
		b = appendNumber(b, `,"client_secret_expires_at":`, *document.SecretExpiry(secret))
		b = appendText(b, `,"client_secret_sha256":[`, base64.StdEncoding.EncodeToString(secret.Digest[:]))
		b = append(b, ']')
	}
	metadata := len(b)
	b = document.WithRedirectURIs(impersonal(client.Metadata)).AppendJSON(b)
	b[metadata] = ',' // instead of its brace: there is at least one member
	return b
}

// impersonal returns metadata without the members that hold personal data.
func impersonal(m oauth.Metadata) oauth.Metadata {
	kept := make(oauth.Metadata, len(m)+1)
	for name, value := range m {
		if member, _, _ := oauth.LookupMember(name); !member.Personal {
			kept[name] = value
		}
	}
	return kept
}

// servedClientSchema describes what appendServed appends.
var servedClientSchema = closed(extended("RegisteredMetadata", object{
	"client_id":                text,
	"client_id_issued_at":      seconds,
	"client_secret_expires_at": described(object{"type": "integer", "minimum": 0}, "0: never; the client has a secret"),
	"client_secret_sha256": object{"type": "array", "minItems": 1, "items": object{"type": "string", "pattern": "^[A-Za-z0-9+/]{43}=$"},
		"description": "SHA-256, in base64, of each secret that is accepted; several while one replaces another"},
}, "client_id", "client_id_issued_at", "redirect_uris"), object{"dependentRequired": object{
	"client_secret_sha256":     []string{"client_secret_expires_at"},
	"client_secret_expires_at": []string{"client_secret_sha256"},
}})
