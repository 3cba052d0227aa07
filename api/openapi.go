package api

import (
	"maps"
	"net/http"
	"slices"
	"strconv"

	"github.com/go-json-experiment/json"
	"github.com/labstack/echo/v4"

	"roster/api/front"
	"roster/domain"
	"roster/domain/oauth"
)

// object is a JSON object of the OpenAPI document.
type object map[string]any

// serveDocument answers with the OpenAPI document.
func (a *API) serveDocument(c echo.Context) error {
	return c.Blob(http.StatusOK, echo.MIMEApplicationJSON, a.document)
}

// openAPI returns the OpenAPI 3.1 document of everything that the API answers.
func openAPI(publicURL string, policy oauth.Policy) []byte {
	return encodeObject(object{
		"openapi": "3.1.0",
		"info": object{
			"title":       "Roster",
			"version":     "1",
			"description": "A registry of OAuth 2.0 and OpenID Connect clients.",
		},
		"servers": []object{{"url": publicURL}},
		"paths":   paths(),
		"components": object{
			"schemas":   schemas(policy),
			"responses": responses(),
			"securitySchemes": object{
				"initialAccessToken":      object{"type": "http", "scheme": "bearer", "description": "RFC 7591 3"},
				"registrationAccessToken": object{"type": "http", "scheme": "bearer", "description": "RFC 7592 2"},
				"administrator":           object{"type": "http", "scheme": "basic"},
				"apiToken":                object{"type": "http", "scheme": "bearer", "description": "of an administrator or auditor"},
			},
		},
	})
}

// encodeObject encodes an object that is made of nothing but strings, numbers, lists and objects.
func encodeObject(o object) []byte {
	encoded, err := json.Marshal(o, json.Deterministic(true))
	if err != nil {
		panic(err)
	}
	return encoded
}

func paths() object {
	found := object{
		"/api/v1/clients": object{"get": operation("listClients", "List the clients, the newest first", auditors, []object{
			parameter("q", "part of the name, owner or id", object{"type": "string", "maxLength": parameterLimit}),
			parameter("status", "only clients of this status", statusSchema),
			parameter("owner", "only clients of this ext_param_owner", object{"type": "string", "maxLength": parameterLimit}),
			parameter("limit", "clients a page", object{"type": "integer", "minimum": 1, "maximum": pageMost, "default": pageDefault}),
			parameter("cursor", "next_cursor of the page before", object{"type": "string"}),
		}, http.StatusOK, jsonContent("ClientPage"), 400, 401, 429)},
		"/api/v1/clients/{client_id}": object{
			"get": operation("showClient", "Show a client, whatever its status, without its secrets", auditors,
				[]object{clientID}, http.StatusOK, jsonContent("Client"), 400, 401, 404, 429),
			"delete": operation("revokeClient", "Revoke a client", auditors, []object{
				clientID,
				parameter("reason", "kept in the log", object{"type": "string", "maxLength": parameterLimit}),
			}, http.StatusNoContent, nil, 400, 401, 404, 409, 429),
		},
		"/api/v1/clients/{client_id}/events": object{"get": operation("listClientEvents", "Read or follow the history of a client", auditors,
			append([]object{clientID}, feedParameters...), http.StatusOK, feedContent, 400, 401, 404, 429)},
		"/api/v1/events": object{"get": operation("listEvents", "Read or follow the log", auditors,
			append([]object{parameter("client_id", "only events of this client", object{"type": "string"})}, feedParameters...),
			http.StatusOK, feedContent, 400, 401, 429)},
		"/api/v1/registry": object{"get": operation("readRegistry", "Read the registry as it stood", auditors, []object{
			required(parameter("at", "the sequence of an event, or a time (RFC 3339); one to come is the present",
				object{"type": "string", "examples": []string{"42", "2026-01-02T15:04:05Z"}})),
		}, http.StatusOK, linesOf("Client"), 400, 401, 429)},

		openIDConfigurationPath: object{"get": discovery("openidConfiguration",
			"Discover where to register and what can be registered (OpenID Connect Discovery 1.0 section 4)")},
		serverMetadataPath: object{"get": discovery("serverMetadata",
			"Discover where to register and what can be registered (RFC 8414 section 3)")},

		"/healthz": object{"get": operation("healthz", "Tell whether the process is alive", nil, nil, http.StatusOK, jsonContent("Condition"))},
		"/readyz": object{"get": with(
			operation("readyz", "Tell whether the service has caught up with the log and can write it", nil, nil, http.StatusOK, jsonContent("Condition")),
			http.StatusServiceUnavailable, answered("not ready, and why", jsonContent("Condition")))},
		"/metrics":      object{"get": operation("metrics", "Read the metrics of Prometheus", nil, nil, http.StatusOK, object{"text/plain": object{"schema": object{"type": "string"}}})},
		"/openapi.json": object{"get": operation("openapi", "Read this document", nil, nil, http.StatusOK, object{echo.MIMEApplicationJSON: object{"schema": object{"type": "object"}}})},
	}
	maps.Copy(found, tokenPaths())
	for path, suffix := range map[string]string{"/identity/register": "", "/identity/connect/register": "Connect"} {
		found[path] = object{"post": accepting("ClientMetadata", located(versioned(operation("register"+suffix,
			"Register a client (OpenID Connect Dynamic Client Registration 1.0 section 3, RFC 7591 section 3)",
			[]object{{}, {"initialAccessToken": []string{}}}, nil,
			http.StatusCreated, jsonContent("ClientInformation"), 400, 401, 403, 408, 409, 413, 415, 429), http.StatusCreated)))}
		found[path+"/{client_id}"] = object{
			"get": with(versioned(operation("readClient"+suffix, "Read a client (RFC 7592 section 2.1)", clientsOrAdministrators,
				clientAtVersion, http.StatusOK, jsonContent("ClientInformation"), 400, 401, 412, 429), http.StatusOK),
				http.StatusNotModified, answered("The client is at the version that If-None-Match names.", nil)),
			"put": accepting("ClientUpdate", operation("updateClient"+suffix, "Replace a client's metadata (RFC 7592 section 2.2)",
				[]object{{"registrationAccessToken": []string{}}},
				clientAtVersion, http.StatusOK, jsonContent("ClientInformation"), 400, 401, 403, 408, 409, 412, 413, 415, 429)),
			"delete": operation("deleteClient"+suffix, "Delete a client (RFC 7592 section 2.3)", clientsOrAdministrators,
				clientAtVersion, http.StatusNoContent, nil, 400, 401, 409, 412, 429),
		}
	}
	return found
}

var (
	auditors                = []object{{"administrator": []string{}}, {"apiToken": []string{}}}
	clientsOrAdministrators = []object{{"registrationAccessToken": []string{}}, {"administrator": []string{}}}

	statusSchema = object{"type": "string", "enum": domain.StatusNames(), "description": domain.DescribeStatuses()}
	seconds      = object{"type": "integer", "minimum": 0}
	dateTime     = object{"type": "string", "format": "date-time"}

	clientID        = object{"name": "client_id", "in": "path", "required": true, "schema": object{"type": "string"}}
	clientAtVersion = []object{
		clientID,
		{"name": "If-Match", "in": "header", "description": "only at one of these versions (RFC 9110 13.1.1)", "schema": object{"type": "string"}},
		{"name": "If-None-Match", "in": "header", "description": "only at none of these versions (RFC 9110 13.1.2)", "schema": object{"type": "string"}},
	}
	feedParameters = []object{
		parameter("after", "only events beyond this sequence", seconds),
		parameter("limit", "at most as many events; else all", object{"type": "integer", "minimum": 1}),
		parameter("type", "only events of this type", object{"type": "string"}),
		parameter("since", "only events at or after this time", dateTime),
		parameter("until", "only events at or before this time; not with a live stream", dateTime),
		{"name": "Last-Event-ID", "in": "header", "description": "with a live stream, in place of after", "schema": seconds},
	}
	feedContent = object{
		front.Lines: object{"schema": reference("schemas", "Event")},
		front.ServerEvents: object{"schema": object{"type": "string", "description": "server-sent events, those to come included: " +
			"the sequence as id, an Event as data"}},
	}
)

// operation is an operation with its success, by its status and content, and the errors that it may answer
// with beside those that any may.
func operation(id, summary string, security, parameters []object, status int, content object, errors ...int) object {
	o := object{"operationId": id, "summary": summary, "responses": object{}}
	if security != nil {
		o["security"] = security
	}
	if parameters != nil {
		o["parameters"] = parameters
	}
	with(o, status, answered(http.StatusText(status), content))
	for _, status := range append(errors, http.StatusInternalServerError, http.StatusServiceUnavailable) {
		with(o, status, reference("responses", strconv.Itoa(status)))
	}
	return o
}

// discovery is an operation that answers with the metadata, unless the caller has them already.
func discovery(id, summary string) object {
	return with(operation(id, summary, nil, []object{
		{"name": "If-None-Match", "in": "header", "description": "only if they have changed (RFC 9110 13.1.2)", "schema": object{"type": "string"}},
	}, http.StatusOK, jsonContent("ServerMetadata")), http.StatusNotModified, answered("The caller has the metadata already.", nil))
}

// with adds an answer to an operation, in place of any other of its status.
func with(operation object, status int, response object) object {
	operation["responses"].(object)[strconv.Itoa(status)] = response
	return operation
}

// versioned adds the header that names a client's version to an answer of a status.
func versioned(operation object, status int) object {
	return withHeader(operation, status, "ETag", object{
		"required": true, "description": "the client's version", "schema": object{"type": "string", "pattern": `^"[0-9]+"$`},
	})
}

// located adds the header that names the client to the answer to a registration.
func located(operation object) object {
	return withHeader(operation, http.StatusCreated, echo.HeaderLocation, object{
		"required": true, "description": "the registration_client_uri", "schema": object{"type": "string", "format": "uri"},
	})
}

func withHeader(operation object, status int, name string, header object) object {
	response := operation["responses"].(object)[strconv.Itoa(status)].(object)
	headers, _ := response["headers"].(object)
	if headers == nil {
		headers = object{}
		response["headers"] = headers
	}
	headers[name] = header
	return operation
}

// accepting adds a JSON body to an operation.
func accepting(schema string, operation object) object {
	operation["requestBody"] = object{"required": true, "content": jsonContent(schema)}
	return operation
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

func required(parameter object) object {
	parameter["required"] = true
	return parameter
}

func jsonContent(schema string) object {
	return object{echo.MIMEApplicationJSON: object{"schema": reference("schemas", schema)}}
}

// linesOf describes each line of an answer that has as many as there are.
func linesOf(schema string) object {
	return object{front.Lines: object{"schema": reference("schemas", schema)}}
}

func reference(kind, name string) object {
	return object{"$ref": "#/components/" + kind + "/" + name}
}

// responses are the answers to what went wrong, by status.
func responses() object {
	described := map[int]string{
		400: "The request is refused; nothing was changed.",
		401: "Credentials are needed or not accepted. Unknown clients, ended ones and wrong tokens cannot be told apart.",
		403: "Registration is closed, or there are as many clients as the policy allows.",
		404: "There is no such client or token.",
		408: "The body took too long to arrive.",
		409: "Other requests came first at the same time; nothing was stored.",
		412: "If-Match or If-None-Match does not accept the client's version; nothing was changed.",
		413: "The body is too large.",
		415: "The body is not plain application/json.",
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

func schemas(policy oauth.Policy) object {
	text := object{"type": "string", "minLength": 1}
	list := func(schema string) object { return object{"type": "array", "items": reference("schemas", schema)} }
	codes := make([]string, len(ErrorCodes))
	for i, e := range ErrorCodes {
		codes[i] = e.Code
	}
	found := object{
		"ClientMetadata": metadataSchema(oauth.Members, requestPattern, func(m oauth.Member) []string { return m.Values(policy) }),
		// What was registered under another policy is answered as it is.
		"RegisteredMetadata": metadataSchema(registered(), oauth.Member.Pattern, func(oauth.Member) []string { return nil }),
		"ClientUpdate": extended("ClientMetadata", object{"client_id": text, "client_secret": text},
			"client_id"),
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
		"Client": closed(extended("RegisteredMetadata", object{
			"client_id":                text,
			"status":                   statusSchema,
			"registered_at":            dateTime,
			"updated_at":               dateTime,
			"version":                  object{"type": "integer", "minimum": 1},
			"client_id_issued_at":      seconds,
			"client_secret_expires_at": seconds,
			"initial_access_token":     object{"type": "string", "minLength": 1, "description": "id of the token that the client was registered with"},
			"attested_by":              object{"type": "string", "minLength": 1, "description": "issuer of the client's software statement"},
			"cautions": object{"type": "array", "minItems": 1, "description": "members not to be believed without a second look",
				"items": closed(properties(object{"member": text, "detail": text}, "member", "detail"), nil)},
		}, "client_id", "status", "registered_at", "updated_at", "version", "client_id_issued_at", "redirect_uris"), nil),
		"ClientPage": closed(properties(object{"clients": list("Client"), "next_cursor": text}, "clients"), nil),
		"Event": closed(properties(object{
			"seq":       object{"type": "integer", "minimum": 1},
			"time":      dateTime,
			"id":        text,
			"type":      text,
			"client_id": object{"type": "string", "minLength": 1, "description": "of the client that the event is about"},
			"initial_access_token": object{"type": "string", "minLength": 1,
				"description": "id of the initial access token that the event is about, instead of a client; with neither it is about the registry itself"},
			"actor": properties(object{
				"kind": object{"type": "string", "enum": []domain.ActorKind{domain.ActorClient, domain.ActorAdmin, domain.ActorSystem}},
				"id":   object{"type": "string"},
				"ip":   object{"type": "string"},
			}, "kind", "id"),
			"data": object{"type": "object"},
		}, "seq", "time", "id", "type", "actor", "data"), object{"oneOf": []object{
			{"required": []string{"client_id"}}, {"required": []string{"initial_access_token"}},
			{"not": object{"anyOf": []object{{"required": []string{"client_id"}}, {"required": []string{"initial_access_token"}}}}},
		}}),
		"ServerMetadata": properties(object{
			"issuer":                object{"type": "string", "format": "uri"},
			"registration_endpoint": object{"type": "string", "format": "uri", "description": "left out when registration is closed"},
		}, "issuer"),
		"Condition": closed(properties(object{
			"status":  object{"type": "string", "enum": []string{"ok", "ready", "unavailable"}},
			"reasons": object{"type": "array", "items": text},
		}, "status"), nil),
		"Error": closed(properties(object{
			"error":             object{"type": "string", "enum": codes},
			"error_description": object{"type": "string", "pattern": `^[\x20-\x21\x23-\x5B\x5D-\x7E]*$`},
		}, "error", "error_description"), nil),
	}
	maps.Copy(found, tokenSchemas())
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

// registered are the members that answers may have.
func registered() []oauth.Member {
	return slices.DeleteFunc(slices.Clone(oauth.Members), func(m oauth.Member) bool { return m.ChoiceOf != "" })
}

// requestPattern is the pattern of a member in requests, which may have an empty string to leave it out.
func requestPattern(member oauth.Member) string {
	if member.EmptyIsNothing() {
		return "^$|" + member.Pattern()
	}
	return member.Pattern()
}

// metadataSchema describes members: each word of a member has the pattern, and words are all that a member may
// hold, nil: any.
func metadataSchema(described []oauth.Member, pattern func(oauth.Member) string, words func(oauth.Member) []string) object {
	members, localized := object{}, object{}
	for _, member := range described {
		schema := memberSchema(member, pattern(member), words(member))
		members[member.Name] = schema
		if member.Localized {
			localized["^"+member.Name+"#[A-Za-z]{1,8}(-[A-Za-z0-9]{1,8})*$"] = schema
		}
	}
	return object{"type": "object", "properties": members, "patternProperties": localized}
}

func memberSchema(member oauth.Member, pattern string, words []string) object {
	word := object{"type": "string", "pattern": pattern}
	if member.HoldsURIs() {
		word["format"] = "uri"
	}
	if words != nil {
		word["enum"] = words
	}
	schema := word
	switch member.Kind {
	case oauth.KindList:
		schema = object{"type": "array", "items": word}
	case oauth.KindFlag:
		schema = object{"type": "boolean"}
	case oauth.KindNumber:
		schema = object{"type": "integer", "minimum": 0}
	case oauth.KindObject:
		schema = object{"type": "object"}
	}
	schema["title"] = member.Label
	schema["description"] = member.Source
	if rule := member.Rule(); rule != "" {
		schema["description"] = rule + " (" + member.Source + ")"
	}
	if member.Default != nil {
		schema["default"] = member.Default
	}
	return schema
}
