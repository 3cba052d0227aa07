package api

import (
	"bytes"
	"net/http"
	"strconv"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/labstack/echo/v4"

	"roster/api/document"
	"roster/api/front"
	"roster/domain/access"
	"roster/domain/oauth"
	"roster/projections/readmodel"
)

// timeTravelEndpoints are what auditors read of the past.
func (a *API) timeTravelEndpoints() []endpoint {
	return []endpoint{{
		method: http.MethodGet, path: "/api/v1/registry", may: access.Administrator, stream: true, handle: a.registryAt,
		operation: operation{
			id: "readRegistry", summary: "Read the registry as it stood",
			parameters: []object{required(momentParameter("at", "the sequence of an event, or a time (RFC 3339) that has passed"))},
			status:     http.StatusOK, content: object{front.Lines: object{"schema": reference("schemas", "Client")}}, refusals: []int{http.StatusBadRequest},
		},
	}}
}

// registryAt answers with the registry as it stood at a moment of its history, one client a line.
func (a *API) registryAt(c echo.Context, _ caller) error {
	q := queryOf(c, "at")
	at := q.moment("at")
	if q.err != nil {
		return q.err
	}
	ctx := c.Request().Context()
	position, err := a.pin(ctx, "at", at)
	if err != nil {
		return err
	}
	s := front.NewStream(c, front.Lines)
	if c.Request().Method == http.MethodHead {
		return s.Send()
	}
	var line []byte
	err = a.Reader.RegistryAt(ctx, readmodel.Moment{Seq: position.Seq}, func(client readmodel.StoredClient) (err error) {
		if line, err = a.appendView(line[:0], client); err != nil {
			return err
		}
		return s.Encoded(line)
	})
	if err != nil {
		return err
	}
	return s.Send()
}

// appendView appends the document.Client of a client in JSON. Its metadata, where there is nothing in it to be found out, is
// taken over as it is: to decode and encode it would be most of the work of a long answer.
func (a *API) appendView(b []byte, stored readmodel.StoredClient) ([]byte, error) {
	if !oauth.IsPlain(stored.Metadata) || !bytes.Contains(stored.Metadata, []byte(`"redirect_uris":`)) {
		client, err := stored.Client()
		if err != nil {
			return b, err
		}
		view, err := json.Marshal(document.OfClient(client, a.trusts()))
		return append(b, view...), err
	}
	// Ids, statuses and times have no character that JSON escapes.
	client := stored.Undescribed
	b = append(append(b, `{"client_id":"`...), client.ID...)
	b = append(append(b, `","status":"`...), client.Status...)
	b = client.RegisteredAt.UTC().AppendFormat(append(b, `","registered_at":"`...), time.RFC3339Nano)
	b = client.UpdatedAt.UTC().AppendFormat(append(b, `","updated_at":"`...), time.RFC3339Nano)
	b = strconv.AppendUint(append(b, `","version":`...), client.Version, 10)
	b = strconv.AppendInt(append(b, `,"client_id_issued_at":`...), client.IssuedAt.Unix(), 10)
	if expiry := document.SecretExpiry(client.Secret); expiry != nil {
		b = strconv.AppendInt(append(b, `,"client_secret_expires_at":`...), *expiry, 10)
	}
	if token := client.InitialAccessToken; token != "" {
		b = append(append(append(b, `,"initial_access_token":"`...), token...), '"')
	}
	b = append(b, ',')
	return append(b, stored.Metadata[len("{"):]...), nil
}
