package web

import (
	"context"
	"net/http"
	"net/url"

	"github.com/labstack/echo/v4"

	"roster/domain"
	"roster/domain/oauth"
	"roster/projections/readmodel"
	"roster/web/ui"
)

// How many clients and events the page of an initial access token shows.
const (
	tokenClientsShown = 25
	tokenEventsShown  = 10
)

// A tokenView is what the page of one initial access token shows.
type tokenView struct {
	tokenRow
	Admitted readmodel.ClientPage
	First    bool // the clients shown are the newest
	Events   []eventRow
}

// token shows one initial access token.
func (w *Web) token(c echo.Context) error {
	ctx := c.Request().Context()
	found, err := w.findToken(ctx, c)
	if err != nil {
		return err
	}
	v := tokenView{tokenRow: found, First: c.QueryParam("cursor") == ""}
	if v.Admitted, err = w.reader.ClientsOfInitialAccessToken(ctx, v.ID, tokenClientsShown, c.QueryParam("cursor")); err != nil {
		return err
	}
	page, err := w.reader.FindEvents(ctx, readmodel.EventQuery{InitialAccessToken: v.ID, Limit: tokenEventsShown})
	if err != nil {
		return err
	}
	if v.Events, err = w.eventRows(ctx, page.Events); err != nil {
		return err
	}
	return w.render(c, http.StatusOK, tokenPage(w.page(c, titleOfToken(v.InitialAccessToken), "Tokens"), v))
}

// findToken returns the initial access token that the path names, or domain.ErrNoSuchInitialAccessToken.
func (w *Web) findToken(ctx context.Context, c echo.Context) (tokenRow, error) {
	id, err := url.PathUnescape(c.Param("id"))
	if err != nil {
		return tokenRow{}, domain.ErrNoSuchInitialAccessToken
	}
	found, err := w.reader.InitialAccessToken(ctx, domain.CanonicalID(id))
	return tokenRow{found, found.StatusAt(w.clock())}, err
}

// titleOfToken is what to call an initial access token in a title or a message.
func titleOfToken(t readmodel.InitialAccessToken) string {
	name := t.Label
	if name == "" {
		name = t.ID
	}
	return ui.PlainUntrusted(name, ui.TitleLength)
}

// Pager leads through the clients that were registered with the token.
func (v tokenView) Pager() (links []ui.PagerLink) {
	if !v.First {
		links = append(links, ui.PagerLink{Text: "Newest clients", Path: tokenPath(v.ID) + "#clients"})
	}
	if v.Admitted.NextCursor != "" {
		links = append(links, ui.PagerLink{Text: "Older clients", Next: true, Path: addressOf(tokenPath(v.ID), "cursor", v.Admitted.NextCursor) + "#clients"})
	}
	return links
}

// A limit is what an initial access token holds its clients to.
type limit struct {
	Label  string
	Values []string // what they may have
}

// limitsOf returns the limits that are set.
func limitsOf(t oauth.Terms) (limits []limit) {
	add := func(label string, values []string) {
		if len(values) > 0 {
			limits = append(limits, limit{label, values})
		}
	}
	if t.Owner != "" {
		add("Owner", []string{t.Owner})
	}
	add("Grant types", t.GrantTypes)
	add("Scopes", t.Scopes)
	add("Redirect hosts", t.RedirectHosts)
	add("Application types", t.ApplicationTypes)
	return limits
}
