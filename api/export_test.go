package api

// Routes returns the routes as "GET /path/:name".
func (a *API) Routes() []string {
	var routes []string
	for _, route := range a.echo.Routes() {
		routes = append(routes, route.Method+" "+route.Path)
	}
	return routes
}
