package api

import (
	"github.com/go-json-experiment/json"

	"roster/api/document"
	"roster/domain/access"
	"roster/domain/registrar"
	"roster/projections/readmodel"
)

// Endpoint is a row of the table of endpoints.
type Endpoint struct {
	Method, Path string
	May          access.Role
}

// Endpoints returns the table of endpoints.
func (a *API) Endpoints() []Endpoint {
	var rows []Endpoint
	for _, e := range a.endpoints() {
		rows = append(rows, Endpoint{e.method, e.path, e.may})
	}
	return rows
}

// Routes returns the routes as "GET /path/:name".
func (a *API) Routes() []string {
	var routes []string
	for _, route := range a.echo.Routes() {
		routes = append(routes, route.Method+" "+route.Path)
	}
	return routes
}

// AppendView appends the line of a client in the registry as it stood.
var AppendView = (&API{Options: Options{Registrar: new(registrar.Registrar)}}).appendView

// View returns a client as it is shown by itself.
func View(client readmodel.Client) ([]byte, error) {
	return json.Marshal(document.OfClient(client, registrar.Issuers{}.Trust))
}
