package api

import (
	"context"
	"errors"
	"net/http"
	"net/netip"
	"time"

	"github.com/labstack/echo/v4"

	"roster/api/refusals"
	"roster/domain/access"
	"roster/domain/registrar"
)

// keepRefusals keeps why an action is refused, whatever refuses it.
func (a *API) keepRefusals(action refusals.Action, next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		err := next(c)
		if err != nil && !errors.Is(err, context.Canceled) { // whose caller has gone
			p := problemOf(err)
			cause := refusals.Cause{Action: action, Code: p.Code, Member: p.member, Setting: p.setting}
			a.Refusals.Record(a.Now(), c.RealIP(), cause, func() refusals.Details { return refusedDetails(c, action) })
		}
		return err
	}
}

// refusedDetails returns what is kept of a request that was refused: ids, where they have the form that the registry
// gives them, and of the document the name and the hosts.
func refusedDetails(c echo.Context, action refusals.Action) refusals.Details {
	document := documentOf(c)
	details := refusals.Details{Hosts: document.RedirectHosts(refusals.HostsMost)}
	details.Name, _ = document.Text("client_name")
	switch action {
	case refusals.Registration:
		token, _ := bearerToken(c.Request())
		details.InitialAccessToken = registrar.InitialAccessTokenID(token)
	case refusals.Change:
		if id := c.Param("client_id"); registrar.IsID(id) {
			details.ClientID = id
		}
	}
	return details
}

// refusalEndpoints are what administrators and auditors read of refusals.
func (a *API) refusalEndpoints() []endpoint {
	return []endpoint{{
		method: http.MethodGet, path: "/api/v1/refusals", may: access.Administrator, handle: a.listRefusals,
		operation: operation{
			id: "listRefusals", summary: "List the registrations and changes that this server refused in the last 7 days, the newest first",
			parameters: []object{
				parameter("since", "only refusals at or after this time", dateTime),
				parameter("until", "only refusals at or before this time", dateTime),
				parameter("code", "only refusals with this error", object{"type": "string", "maxLength": parameterLimit}),
				parameter("ip", "only refusals of the caller at this address", object{"type": "string", "maxLength": parameterLimit}),
				parameter("limit", "refusals a page", object{"type": "integer", "minimum": 1, "maximum": pageMost, "default": pageDefault}),
				parameter("cursor", "next_cursor of the page before", object{"type": "string"}),
			},
			status: http.StatusOK, content: jsonContent("RefusalPage"), refusals: []int{http.StatusBadRequest},
			schemas: refusalSchemas(),
		},
	}}
}

// causeView is a cause as administrators see it.
type causeView struct {
	Action  refusals.Action `json:"action"`
	Code    string          `json:"code"`
	Member  string          `json:"member,omitzero"`
	Setting string          `json:"setting,omitzero"`
}

// refusalView is a refusal as administrators see it.
type refusalView struct {
	Time               time.Time `json:"time"`
	IP                 string    `json:"ip"`
	Cause              causeView `json:",embed"`
	InitialAccessToken string    `json:"initial_access_token,omitzero"`
	ClientID           string    `json:"client_id,omitzero"`
	ClientName         string    `json:"client_name,omitzero"`
	RedirectHosts      []string  `json:"redirect_hosts,omitzero"`
}

// groupView is the refusals of one cause.
type groupView struct {
	Cause   causeView `json:",embed"`
	Kept    int       `json:"kept"`
	Counted int       `json:"counted"`
	First   time.Time `json:"first"`
	Last    time.Time `json:"last"`
}

// refusalPage is a page of refusals. Causes and what was begun anew are told on the first page.
type refusalPage struct {
	Refusals   []refusalView  `json:"refusals"`
	NextCursor string         `json:"next_cursor,omitzero"` // absent on the last page
	Causes     []groupView    `json:"causes,omitzero"`
	BegunAnew  *beginningView `json:"begun_anew,omitzero"`
}

// beginningView is when, and why, what was refused before was lost.
type beginningView struct {
	At      time.Time `json:"at"`
	Because string    `json:"because"`
}

func (a *API) listRefusals(c echo.Context, _ caller) error {
	q := queryOf(c, "since", "until", "code", "ip", "limit", "cursor")
	selected := refusals.Query{
		Since:  q.instant("since"),
		Until:  q.instant("until"),
		Code:   q.text("code"),
		IP:     q.text("ip"),
		Limit:  int(q.number("limit", 1, pageMost, pageDefault)),
		Cursor: q.text("cursor"),
	}
	if _, err := netip.ParseAddr(selected.IP); err != nil && selected.IP != "" {
		q.refuse("ip", "query parameter ip must be an IPv4 or IPv6 address")
	}
	if q.err != nil {
		return q.err
	}
	ctx := c.Request().Context()
	found, err := a.Refusals.Page(ctx, selected)
	if err != nil {
		return err
	}
	page := refusalPage{Refusals: make([]refusalView, len(found.Refusals)), NextCursor: found.NextCursor}
	for i, r := range found.Refusals {
		page.Refusals[i] = refusalView{r.Time, r.IP, causeView(r.Cause), r.InitialAccessToken, r.ClientID, r.Name, r.Hosts}
	}
	if selected.Cursor == "" {
		summary, err := a.Refusals.Summary(ctx, selected)
		if err != nil {
			return err
		}
		for _, g := range summary.Groups {
			page.Causes = append(page.Causes, groupView{causeView(g.Cause), g.Kept, g.Counted, g.First, g.Last})
		}
		if b := summary.Beginning; b.Because != "" {
			page.BegunAnew = &beginningView{b.At, b.Because}
		}
	}
	return answer(c, http.StatusOK, page)
}

// refusalSchemas describe the answers about refusals.
func refusalSchemas() object {
	cause := func(more object) object {
		more["action"] = object{"type": "string", "enum": []refusals.Action{refusals.Registration, refusals.Change}}
		more["code"] = object{"type": "string", "minLength": 1, "description": "error of the answer"}
		more["member"] = object{"type": "string", "minLength": 1, "description": "member, parameter or header that was refused"}
		more["setting"] = object{"type": "string", "minLength": 1, "description": "setting that refused"}
		return more
	}
	return object{
		"Refusal": closed(properties(cause(object{
			"time":                 dateTime,
			"ip":                   object{"type": "string", "description": "address of the caller"},
			"initial_access_token": object{"type": "string", "minLength": 1, "description": "id of the token that was presented"},
			"client_id":            object{"type": "string", "minLength": 1, "description": "of the client that was to be changed"},
			"client_name":          object{"type": "string", "minLength": 1, "description": "the name that was asked for"},
			"redirect_hosts":       object{"type": "array", "items": text, "minItems": 1, "description": "hosts of the redirect URIs that were asked for"},
		}), "time", "ip", "action", "code"), nil),
		"RefusalCause": closed(properties(cause(object{
			"kept":    object{"type": "integer", "minimum": 0, "description": "refusals that are listed"},
			"counted": object{"type": "integer", "minimum": 0, "description": "further refusals, in floods, of which nothing else is known"},
			"first":   dateTime, "last": dateTime,
		}), "action", "code", "kept", "counted", "first", "last"), nil),
		"RefusalPage": closed(properties(object{
			"refusals":    object{"type": "array", "items": reference("schemas", "Refusal")},
			"next_cursor": text,
			"causes":      object{"type": "array", "items": reference("schemas", "RefusalCause"), "minItems": 1, "description": "on the first page: those of all pages"},
			"begun_anew": closed(properties(object{"at": dateTime, "because": text}, "at", "because"), object{
				"description": "on the first page: that what was refused before is lost, and why"}),
		}, "refusals"), nil),
	}
}
