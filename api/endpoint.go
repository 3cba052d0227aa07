package api

import (
	"strings"

	"github.com/labstack/echo/v4"

	"roster/api/front"
	"roster/api/refusals"
	"roster/domain/access"
)

// An endpoint is what the API does for one method at one path: who may, how often, and what the OpenAPI document
// says of it. Routes and document are made of the endpoints.
type endpoint struct {
	method  string // GET answers HEAD as well
	path    string // as Echo writes it, such as "/api/v1/clients/:client_id"
	may     access.Role
	limit   echo.MiddlewareFunc // how often a caller may; nil: as often as it likes
	refuses refusals.Action     // what is refused here, which is kept; empty: nothing that is
	stream  bool                // the answer has any length, so that nothing bounds how long it takes
	handle  func(c echo.Context, by caller) error
	operation
}

// endpoints are all that the API answers, one group a file.
func (a *API) endpoints() []endpoint {
	var all []endpoint
	for _, group := range [][]endpoint{
		a.registrationEndpoints(), a.managementEndpoints(), a.clientEndpoints(), a.suspensionEndpoints(), a.eventEndpoints(), a.timeTravelEndpoints(), a.diffEndpoints(),
		a.initialAccessTokenEndpoints(), a.refusalEndpoints(), a.authorityEndpoints(), a.discoveryEndpoints(), a.operationsEndpoints(),
	} {
		all = append(all, group...)
	}
	return all
}

// route adds an endpoint to the routes. What is around its handler is put there once: Echo would do so for every
// request.
func (a *API) route(e endpoint) {
	var handle echo.HandlerFunc = func(c echo.Context) error {
		by, err := a.identify(c, e.may)
		if err != nil {
			return err
		}
		return e.handle(c, by)
	}
	if e.limit != nil {
		handle = e.limit(handle)
	}
	if !e.stream {
		handle = front.Brief(handle)
	}
	if e.refuses != "" {
		handle = a.keepRefusals(e.refuses, handle)
	}
	a.echo.Add(e.method, e.path, handle)
	if e.method == echo.GET {
		a.echo.HEAD(e.path, handle)
	}
}

// template returns the path as OpenAPI writes it, and its parameters.
func (e endpoint) template() (path string, parameters []string) {
	parts := strings.Split(e.path, "/")
	for i, part := range parts {
		if name, ok := strings.CutPrefix(part, ":"); ok {
			parts[i] = "{" + name + "}"
			parameters = append(parameters, name)
		}
	}
	return strings.Join(parts, "/"), parameters
}
