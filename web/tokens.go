package web

import (
	"net/http"
	"net/url"
	"slices"

	"github.com/labstack/echo/v4"

	"roster/domain"
	"roster/projections/readmodel"
	"roster/web/ui"
)

// tokensPath is the address of the list of initial access tokens.
const tokensPath = "/admin/tokens"

// tokenPath returns the address of an initial access token's page.
func tokenPath(id string) string { return tokensPath + "/" + url.PathEscape(id) }

// clientsOfToken returns the address of the list of clients that were registered with an initial access token.
func clientsOfToken(id string) string { return clientFilters{}.With("token", id) }

// tokensShown is how many initial access tokens a page shows.
const tokensShown = 50

// A tokenList is what the list of initial access tokens shows.
type tokenList struct {
	Status domain.InitialAccessTokenStatus // only tokens with it; empty: all
	Cursor string
	Rows   []tokenRow
	Next   string // cursor of the next page; empty: there is none
}

// A tokenRow is an initial access token at a moment.
type tokenRow struct {
	readmodel.InitialAccessToken
	Status domain.InitialAccessTokenStatus
}

// tokens lists the initial access tokens.
func (w *Web) tokens(c echo.Context) error {
	list := tokenList{Status: domain.InitialAccessTokenStatus(c.QueryParam("status")), Cursor: c.QueryParam("cursor")}
	if list.Status != "" && !slices.Contains(domain.InitialAccessTokenStatuses, list.Status) {
		return badRequest{"status", "An initial access token is active, used_up, expired, revoked or lost. There is no other status."}
	}
	now := w.clock()
	page, err := w.reader.InitialAccessTokens(c.Request().Context(), readmodel.InitialAccessTokenQuery{
		Status: list.Status, At: now, Limit: tokensShown, Cursor: list.Cursor,
	})
	if err != nil {
		return err
	}
	for _, t := range page.Tokens {
		list.Rows = append(list.Rows, tokenRow{t, t.StatusAt(now)})
	}
	list.Next = page.NextCursor
	return w.render(c, http.StatusOK, tokensPage(w.page(c, "Tokens", "Tokens"), list))
}

// Tabs lead to the tokens of each status. Lost ones are rare, so their tab is there only while it is chosen.
func (l tokenList) Tabs() []ui.Tab {
	tab := func(label string, status domain.InitialAccessTokenStatus) ui.Tab {
		return ui.Tab{Link: ui.Link{Text: label, Path: addressOf(tokensPath, "status", string(status)), Current: l.Status == status}}
	}
	tabs := []ui.Tab{tab("All", "")}
	for _, s := range domain.InitialAccessTokenStatuses {
		if s != domain.TokenLost || l.Status == s {
			tabs = append(tabs, tab(tokenStatusLabels[s], s))
		}
	}
	return tabs
}

// Pager leads to the first page and to the next one.
func (l tokenList) Pager() (links []ui.PagerLink) {
	if l.Cursor != "" {
		links = append(links, ui.PagerLink{Text: "First page", Path: addressOf(tokensPath, "status", string(l.Status))})
	}
	if l.Next != "" {
		links = append(links, ui.PagerLink{Text: "Next page", Next: true, Path: addressOf(tokensPath, "status", string(l.Status), "cursor", l.Next)})
	}
	return links
}

// Summary says how many tokens the page shows.
func (l tokenList) Summary() string {
	shown := ui.Quantity(len(l.Rows), "token", "tokens")
	if l.Cursor != "" || l.Next != "" {
		shown += " on this page"
	}
	return shown
}

// usesLeft says how many registrations an initial access token is still good for.
func usesLeft(t domain.InitialAccessToken) string {
	if t.MaxUses == 0 {
		return "any number"
	}
	return ui.Number(max(t.MaxUses-t.Uses, 0)) + " of " + ui.Number(t.MaxUses)
}
