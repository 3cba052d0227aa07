package api

import (
	"maps"
	"net/http"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/labstack/echo/v4"

	"roster/domain/access"
)

// object is a JSON object of the OpenAPI document.
type object map[string]any

// openAPI returns the OpenAPI 3.1 document of endpoints.
func openAPI(publicURL string, endpoints []endpoint) []byte {
	paths, schemas := object{}, errorSchemas()
	for _, e := range endpoints {
		path, _ := e.template()
		operations, _ := paths[path].(object)
		if operations == nil {
			operations = object{}
			paths[path] = operations
		}
		operations[strings.ToLower(e.method)] = e.document()
		maps.Copy(schemas, e.schemas)
	}
	return encodeObject(object{
		"openapi": "3.1.0",
		"info": object{
			"title":       "Roster",
			"version":     "1",
			"description": "A registry of OAuth 2.0 and OpenID Connect clients.",
		},
		"servers": []object{{"url": publicURL}},
		"paths":   paths,
		"components": object{
			"schemas":   schemas,
			"responses": responses(),
			"securitySchemes": object{
				schemes[access.InitialAccessToken]:      object{"type": "http", "scheme": "bearer", "description": "RFC 7591 3"},
				schemes[access.RegistrationAccessToken]: object{"type": "http", "scheme": "bearer", "description": "RFC 7592 2"},
				schemes[access.Password]:                object{"type": "http", "scheme": "basic"},
				schemes[access.APIToken]:                object{"type": "http", "scheme": "bearer", "description": "of an administrator or auditor"},
				schemes[access.AuthorityToken]:          object{"type": "http", "scheme": "bearer", "description": "of an authorization server"},
			},
		},
	})
}

// schemes are the names of the security schemes by the credentials that they are.
var schemes = map[access.Credential]string{
	access.InitialAccessToken:      "initialAccessToken",
	access.RegistrationAccessToken: "registrationAccessToken",
	access.Password:                "administrator",
	access.APIToken:                "apiToken",
	access.AuthorityToken:          "authorityToken",
}

// encodeObject encodes an object that is made of nothing but strings, numbers, lists and objects.
func encodeObject(o object) []byte {
	encoded, err := json.Marshal(o, json.Deterministic(true))
	if err != nil {
		panic(err)
	}
	return encoded
}

// An operation is what the OpenAPI document says of an endpoint beside its path and role.
type operation struct {
	id, summary string
	parameters  []object // beside those in the path
	body        string   // the schema of what a request has; empty: it has none
	form        bool     // the body is a form, and no JSON
	// bodyOptional says that a request may leave its body out.
	bodyOptional bool
	status       int            // of the answer to what succeeds
	content      object         // of that answer; nil: it has none
	headers      object         // of that answer
	others       map[int]object // other answers that are no refusals, or are of another form
	refusals     []int          // the statuses of refusals, beside those of the role, of a body and of every endpoint
	schemas      object         // what the document describes for this endpoint, by name; others may refer to it
}

// document describes an endpoint.
func (e endpoint) document() object {
	_, names := e.template()
	var parameters []object
	for _, name := range names {
		parameters = append(parameters, object{"name": name, "in": "path", "required": true, "schema": object{"type": "string"}})
	}
	parameters = append(parameters, e.parameters...)
	o := object{"operationId": e.id, "summary": e.summary, "responses": e.answers()}
	if parameters != nil {
		o["parameters"] = parameters
	}
	if security := securityOf(e.may); security != nil {
		o["security"] = security
	}
	if e.body != "" {
		content := jsonContent(e.body)
		if e.form {
			content = object{echo.MIMEApplicationForm: object{"schema": reference("schemas", e.body)}}
		}
		o["requestBody"] = object{"required": !e.bodyOptional, "content": content}
	}
	return o
}

// answers describes what an endpoint answers, by status.
func (e endpoint) answers() object {
	success := answered(http.StatusText(e.status), e.content)
	if e.headers != nil {
		success["headers"] = e.headers
	}
	refusals := append([]int{http.StatusInternalServerError, http.StatusServiceUnavailable}, e.refusals...)
	if e.may != access.Anyone {
		refusals = append(refusals, http.StatusUnauthorized, http.StatusTooManyRequests)
	}
	if e.body != "" {
		refusals = append(refusals, http.StatusBadRequest, http.StatusRequestTimeout, http.StatusRequestEntityTooLarge, http.StatusUnsupportedMediaType)
	}
	found := object{strconv.Itoa(e.status): success}
	for _, status := range refusals {
		found[strconv.Itoa(status)] = reference("responses", strconv.Itoa(status))
	}
	for status, answer := range e.others {
		found[strconv.Itoa(status)] = answer
	}
	return found
}

// securityOf says which credentials a role takes, each of which is enough.
func securityOf(may access.Role) (security []object) {
	if may == access.Registrant { // where registration is open
		security = append(security, object{})
	}
	for _, credential := range may.Accepts() {
		security = append(security, object{schemes[credential]: []string{}})
	}
	return security
}

func answered(description string, content object) object {
	if content == nil {
		return object{"description": description}
	}
	return object{"description": description, "content": content}
}

func parameter(name, description string, schema object) object {
	return object{"name": name, "in": "query", "description": description, "schema": schema}
}

// described adds a description to a reference.
func described(reference object, description string) object {
	reference["description"] = description
	return reference
}

func required(parameter object) object {
	parameter["required"] = true
	return parameter
}

func jsonContent(schema string) object {
	return object{echo.MIMEApplicationJSON: object{"schema": reference("schemas", schema)}}
}

func reference(kind, name string) object {
	return object{"$ref": "#/components/" + kind + "/" + name}
}

// Schemas that several groups of endpoints share.
var (
	text     = object{"type": "string", "minLength": 1}
	seconds  = object{"type": "integer", "minimum": 0}
	dateTime = object{"type": "string", "format": "date-time"}
)

// responses are the answers to what went wrong, by status.
func responses() object {
	described := map[int]string{
		400: "The request is refused; nothing was changed.",
		401: "Credentials are needed or not accepted. Unknown clients, ended ones and wrong tokens cannot be told apart.",
		403: "Registration is closed, or there are as many clients as the policy allows.",
		404: "There is no such client, token or consumer.",
		408: "The body took too long to arrive.",
		409: "Other requests came first at the same time, or what is asked for does not go with what there is; nothing was stored.",
		412: "If-Match or If-None-Match does not accept the client's version; nothing was changed.",
		413: "The body is too large.",
		415: "The body is not of the type that it must be, or is encoded.",
		429: "Too many requests or failed attempts.",
		500: "The server failed.",
		503: "The server cannot answer now. The description says when the outcome is unknown.",
	}
	header := func(name string) object {
		return object{name: object{"required": true, "schema": object{"type": "string"}}}
	}
	found := object{}
	for status, description := range described {
		response := answered(description, jsonContent("Error"))
		switch status {
		case http.StatusUnauthorized:
			response["headers"] = header(echo.HeaderWWWAuthenticate)
		case http.StatusTooManyRequests, http.StatusServiceUnavailable:
			response["headers"] = header(echo.HeaderRetryAfter)
		}
		found[strconv.Itoa(status)] = response
	}
	return found
}

func properties(members object, required ...string) object {
	return object{"type": "object", "properties": members, "required": required}
}

func extended(base string, members object, required ...string) object {
	schema := properties(members, required...)
	schema["allOf"] = []object{reference("schemas", base)}
	return schema
}

// closed lets a schema describe an answer: it holds what is described and nothing else.
func closed(schema, further object) object {
	schema["unevaluatedProperties"] = false
	for key, value := range further {
		schema[key] = value
	}
	return schema
}
