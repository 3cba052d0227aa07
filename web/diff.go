package web

import (
	"net/http"
	"slices"
	"strings"

	"github.com/labstack/echo/v4"

	"roster/domain"
	"roster/domain/oauth"
	"roster/projections/readmodel"
	"roster/web/ui"
)

// differencesShown is how many differences a page shows.
const differencesShown = 50

// outcomes are how outcomes are shown.
var outcomes = []struct {
	readmodel.Outcome
	Label string
	Tone  ui.Tone
}{
	{readmodel.Added, "Added", ui.Good},
	{readmodel.Ended, "Ended", ui.Bad},
	{readmodel.Changed, "Changed", ui.Changed},
	{readmodel.Transient, "Came and went", ui.Ended},
	{readmodel.Unchanged, "Changed back", ui.Ended},
}

// A comparison is what the page that compares two moments shows.
type comparison struct {
	From, To string             // as entered; an empty To is now
	Earlier  readmodel.Position // zero: nothing was asked for yet
	Later    readmodel.Position
	Query    readmodel.DifferenceQuery
	Page     readmodel.DifferencePage
}

// diff compares two moments of the registry.
func (w *Web) diff(c echo.Context) error {
	d := comparison{From: strings.TrimSpace(c.QueryParam("from")), To: strings.TrimSpace(c.QueryParam("to"))}
	if d.From == "" {
		return w.render(c, http.StatusOK, diffPage(w.page(c, "Compare", ""), d))
	}
	var err error
	if d.Query, err = differenceQueryOf(c); err != nil {
		return err
	}
	if d.Earlier, err = w.positionOf(c, "from"); err != nil {
		return err
	}
	ctx := c.Request().Context()
	if d.To == "" {
		d.Later, err = w.reader.Locate(ctx, readmodel.End)
	} else {
		d.Later, err = w.positionOf(c, "to")
	}
	if err != nil {
		return err
	}
	if d.Earlier.Seq > d.Later.Seq {
		return badRequest{"from", "The first moment, " + eventAt(d.Earlier) + ", is later than the second, " + eventAt(d.Later) + ". Give the earlier one first."}
	}
	if d.Page, err = w.reader.Differences(ctx, d.Earlier, d.Later, d.Query); err != nil {
		return err
	}
	return w.render(c, http.StatusOK, diffPage(w.page(c, "Compare", ""), d))
}

// differenceQueryOf reads which differences are wanted.
func differenceQueryOf(c echo.Context) (readmodel.DifferenceQuery, error) {
	q := readmodel.DifferenceQuery{Outcome: readmodel.Outcome(c.QueryParam("change")), Limit: differencesShown, Cursor: c.QueryParam("cursor")}
	if q.Outcome != "" && !slices.Contains(readmodel.Outcomes, q.Outcome) {
		return q, badRequest{"change", "Clients are added, ended, changed, transient or unchanged. There is no other difference."}
	}
	return q, nil
}

// Asked reports whether there is something to compare.
func (d comparison) Asked() bool { return d.Earlier.Seq != 0 }

// page returns the address of a page of this comparison, pinned to its events.
func (d comparison) page(outcome readmodel.Outcome, cursor string) string {
	return addressOf(diffPath, "from", atOf(d.Earlier), "to", atOf(d.Later), "change", string(outcome), "cursor", cursor)
}

// Tabs lead to the differences of each kind.
func (d comparison) Tabs() []ui.Tab {
	tabs := []ui.Tab{{Link: ui.Link{Text: "All", Path: d.page("", ""), Current: d.Query.Outcome == ""}}}
	for _, o := range outcomes {
		tabs = append(tabs, ui.Tab{Link: ui.Link{Text: o.Label, Path: d.page(o.Outcome, ""), Current: d.Query.Outcome == o.Outcome}})
	}
	return tabs
}

// Cut reports whether the search stopped before the page was full.
func (d comparison) Cut() bool { return d.Page.Searched.Seq != 0 }

// Pager leads to the first page and to the next one.
func (d comparison) Pager() (links []ui.PagerLink) {
	if d.Query.Cursor != "" {
		links = append(links, ui.PagerLink{Text: "First page", Path: d.page(d.Query.Outcome, "")})
	}
	if next := d.page(d.Query.Outcome, d.Page.NextCursor); d.Cut() {
		links = append(links, ui.PagerLink{Text: "Keep looking", Next: true, Path: next})
	} else if d.Page.NextCursor != "" {
		links = append(links, ui.PagerLink{Text: "Next page", Next: true, Path: next})
	}
	return links
}

// becameOf says what became of a client, in a sentence.
func becameOf(d readmodel.Difference) string {
	before, after := d.Before.Status, d.After.Status
	switch d.Outcome() {
	case readmodel.Added:
		return "Registered" + ifOtherwise(after, domain.Active, ", and is "+string(after)) + "."
	case readmodel.Transient:
		return "Registered and " + string(after) + " in between."
	case readmodel.Unchanged:
		return "Changed in between, and is as it was."
	}
	if before != after {
		return "Was " + string(before) + ", is " + string(after) + "."
	}
	return "Is " + string(after) + " as before."
}

// ifOtherwise returns a text where a status is another than is usual.
func ifOtherwise(status, usual domain.Status, text string) string {
	if status == usual {
		return ""
	}
	return text
}

// changesOf returns the members that differ of a client that was registered before.
func changesOf(d readmodel.Difference) []oauth.MemberChange {
	if !d.Before.Exists() {
		return nil
	}
	return oauth.Diff(d.Before.Metadata, d.After.Metadata)
}

// credentialChanges says in sentences which credentials are others than before.
func credentialChanges(d readmodel.Difference) (said []string) {
	if !d.Before.Exists() {
		return nil
	}
	if d.SecretChanged() {
		switch {
		case d.Before.Secret == nil:
			said = append(said, "A client secret was issued.")
		case d.After.Secret == nil:
			said = append(said, "The client secret stopped working.")
		default:
			said = append(said, "The client secret was replaced.")
		}
	}
	if d.RegistrationAccessTokenChanged() {
		said = append(said, "The registration access token was replaced.")
	}
	return said
}
