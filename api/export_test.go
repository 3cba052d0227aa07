package api

import "roster/domain/access"

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
