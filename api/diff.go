package api

import (
	"net/http"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/labstack/echo/v4"

	"roster/api/document"
	"roster/api/front"
	"roster/domain"
	"roster/domain/access"
	"roster/domain/oauth"
	"roster/projections/readmodel"
)

// differencesAtOnce is how many differences are read, and held in memory, at a time.
const differencesAtOnce = 200

// diffEndpoints are how auditors compare two moments of the past.
func (a *API) diffEndpoints() []endpoint {
	return []endpoint{{
		method: http.MethodGet, path: "/api/v1/diff", may: access.Administrator, stream: true, handle: a.diff,
		operation: operation{
			id: "compareRegistry", summary: "Tell what became of clients between two moments",
			parameters: []object{
				required(momentParameter("from", "the earlier moment: the sequence of an event, 0 for before the first, or a time (RFC 3339)")),
				momentParameter("to", "the later moment; else now"),
				parameter("change", "only clients that this became of", changeSchema),
			},
			status: http.StatusOK, refusals: []int{http.StatusBadRequest},
			content: object{front.Lines: object{"schema": object{"oneOf": []object{reference("schemas", "Span"), reference("schemas", "Difference")}}}},
			schemas: object{"Position": positionSchema, "Span": spanSchema, "Difference": differenceSchema},
		},
	}}
}

// spanView is the first line of an answer about differences: the events that it is pinned to.
type spanView struct {
	From document.Position `json:"from"`
	To   document.Position `json:"to"`
}

// differenceView is what became of one client.
type differenceView struct {
	Change             readmodel.Outcome `json:"change"`
	Events             int               `json:"events"`
	StatusBefore       domain.Status     `json:"status_before,omitzero"`       // absent: it was not registered then
	MetadataBefore     jsontext.Value    `json:"metadata_before,omitzero"`     // the members that differ, as they were
	MetadataAfter      jsontext.Value    `json:"metadata_after,omitzero"`      // the members that differ, as they are
	CredentialsChanged []string          `json:"credentials_changed,omitzero"` // issued, replaced or ended
	Client             document.Client   `json:"client"`                       // as it stood at the later moment
}

func (a *API) differenceViewOf(d readmodel.Difference) differenceView {
	v := differenceView{Change: d.Outcome(), Events: d.Events, Client: document.OfClient(d.After, a.trusts())}
	if !d.Before.Exists() {
		return v
	}
	v.StatusBefore = d.Before.Status
	if changes := oauth.Diff(d.Before.Metadata, d.After.Metadata); len(changes) > 0 {
		before, after := oauth.Metadata{}, oauth.Metadata{}
		for _, c := range changes {
			if c.Before != nil {
				before[c.Name] = c.Before
			}
			if c.After != nil {
				after[c.Name] = c.After
			}
		}
		v.MetadataBefore, v.MetadataAfter = before.AppendJSON(nil), after.AppendJSON(nil)
	}
	if d.SecretChanged() {
		v.CredentialsChanged = append(v.CredentialsChanged, "client_secret")
	}
	if d.RegistrationAccessTokenChanged() {
		v.CredentialsChanged = append(v.CredentialsChanged, "registration_access_token")
	}
	return v
}

// diff answers with what became of clients between two moments, one a line, after a line that names the events that
// these are.
func (a *API) diff(c echo.Context, _ caller) error {
	q := queryOf(c, "from", "to", "change")
	first, last := q.moment("from"), q.optionalMoment("to")
	selected := readmodel.DifferenceQuery{Outcome: q.outcome("change"), Limit: differencesAtOnce}
	if q.err != nil {
		return q.err
	}
	ctx := c.Request().Context()
	from, err := a.pin(ctx, "from", first)
	if err != nil {
		return err
	}
	var to readmodel.Position
	if last != nil {
		to, err = a.pin(ctx, "to", *last)
	} else {
		to, err = a.Reader.Locate(ctx, readmodel.End)
	}
	if err != nil {
		return err
	}
	if from.Seq > to.Seq {
		return invalidRequest(http.StatusBadRequest, "from", "query parameter from is a later moment than to")
	}
	s := front.NewStream(c, front.Lines)
	if c.Request().Method == http.MethodHead {
		return s.Send()
	}
	if err := s.Line(spanView{document.OfPosition(from), document.OfPosition(to)}); err != nil {
		return err
	}
	for {
		page, err := a.Reader.Differences(ctx, from, to, selected)
		if err != nil {
			return err
		}
		for _, d := range page.Differences {
			if err := s.Line(a.differenceViewOf(d)); err != nil {
				return err
			}
		}
		if selected.Cursor = page.NextCursor; selected.Cursor == "" {
			return s.Send()
		}
	}
}

var changeSchema = object{"type": "string", "enum": readmodel.Outcomes, "description": "added: registered in between, and still is; " +
	"ended: was registered, and ended in between; changed: was registered, still is, and differs; transient: registered in between, " +
	"and ended in between; unchanged: changed in between, and is as it was"}

// spanSchema describes a spanView, and differenceSchema a differenceView.
var (
	spanSchema = closed(properties(object{"from": reference("schemas", "Position"), "to": reference("schemas", "Position")}, "from", "to"), nil)

	differenceSchema = closed(properties(object{
		"change":          changeSchema,
		"events":          object{"type": "integer", "minimum": 1, "description": "how many events of the client are in between"},
		"status_before":   statusSchema,
		"metadata_before": object{"type": "object", "description": "the members that differ, as they were; one that was absent is left out"},
		"metadata_after":  object{"type": "object", "description": "the members that differ, as they are; one that is absent is left out"},
		"credentials_changed": object{"type": "array", "minItems": 1, "description": "credentials that were issued, replaced or ended",
			"items": object{"type": "string", "enum": []string{"client_secret", "registration_access_token"}}},
		"client": reference("schemas", "Client"),
	}, "change", "events", "client"), nil)
)
