package web

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/a-h/templ"
	"github.com/labstack/echo/v4"

	"roster/api/front"
	"roster/domain"
	"roster/domain/oauth"
	"roster/projections/readmodel"
	"roster/web/ui"
)

// A clientView is one client, now or as it stood, as far as all of its tabs show it.
type clientView struct {
	readmodel.Client
	Place    clientPlace
	Past     *readmodel.Position          // the moment that is shown; nil: now
	Now      time.Time                    // that moment
	Since    *readmodel.Difference        // what became of it since that moment; nil: nothing happened, or it is now
	From     string                       // the address that it was registered from; empty: not known
	Issuer   string                       // of its software statement; empty: it has none
	Trusted  bool                         // the issuer still is
	Attested []string                     // the members that the software statement vouches for
	Token    readmodel.InitialAccessToken // that it was registered with; zero: none, or it is not known
	Cautions []oauth.Caution
	Tab      clientTab
}

// A clientTab is one of the pages of a client. Each has an address of its own.
type clientTab struct {
	path  string // below the client's address; empty: the client's own address
	label string
	// content returns what the tab shows below what all tabs show.
	content func(w *Web, c echo.Context, v clientView) (templ.Component, error)
}

// The addresses of a client's tabs, below that of the client.
const (
	settingsTab    = ""
	historyTab     = "/history"
	credentialsTab = "/credentials"
	documentTab    = "/json"
)

// clientTabs are all tabs, in the order in which they stand.
var clientTabs = []clientTab{
	{settingsTab, "Settings", (*Web).settingsContent},
	{historyTab, "History", (*Web).historyContent},
	{credentialsTab, "Credentials", (*Web).credentialsContent},
	{documentTab, "JSON", (*Web).documentContent},
}

// isClientTab reports whether a path below a client's address is that of a tab.
func isClientTab(path string) bool {
	return slices.ContainsFunc(clientTabs, func(t clientTab) bool { return t.path == path })
}

// routeClient adds the tabs of a client, and its document as a file, to the pages for who is signed in.
func (w *Web) routeClient(inside *echo.Group) {
	for _, tab := range clientTabs {
		front.Get(inside, "/clients/:id"+tab.path, w.showing(w.client(tab), w.pastClient(tab)))
	}
	front.Get(inside, "/clients/:id"+documentFile, w.showing(w.sendDocument, w.sendPastDocument))
}

// client shows a tab of one client.
func (w *Web) client(tab clientTab) echo.HandlerFunc {
	return func(c echo.Context) error {
		found, err := w.findClient(c.Request().Context(), c)
		if err != nil {
			return err
		}
		return w.showClient(c, tab, clientView{Client: found}, w.page)
	}
}

// showClient completes what all tabs show and answers with one of them. page returns what is around it.
func (w *Web) showClient(c echo.Context, tab clientTab, v clientView, page func(c echo.Context, title, section string) ui.Page) error {
	ctx := c.Request().Context()
	v.Tab, v.Place, v.Now = tab, placeOf(c, v.ID), w.clock()
	if v.Past != nil {
		v.Now = v.Past.Time
	}
	v.Issuer, v.Attested = oauth.Attested(v.Metadata)
	v.Trusted = w.registrar.Issuers.Trust(v.Issuer)
	v.Cautions = v.Client.Cautions(w.registrar.Issuers.Trust)
	var err error
	if v.From, err = w.registeredFrom(ctx, v.ID); err != nil {
		return err
	}
	if v.InitialAccessToken != "" {
		v.Token, err = w.reader.InitialAccessToken(ctx, v.InitialAccessToken)
		if err != nil && !errors.Is(err, domain.ErrNoSuchInitialAccessToken) {
			return err
		}
	}
	content, err := tab.content(w, c, v)
	if err != nil {
		return err
	}
	title := titleOf(v.Client)
	if tab.path != settingsTab {
		title += " · " + tab.label
	}
	return w.render(c, http.StatusOK, clientPage(page(c, title, "Clients"), v, content))
}

// registeredFrom returns the address that a client was registered from, empty when the log does not know it.
func (w *Web) registeredFrom(ctx context.Context, id string) (string, error) {
	first, err := w.reader.Events(ctx, readmodel.EventQuery{ClientID: id, Limit: 1})
	if err != nil || len(first) == 0 {
		return "", err
	}
	if _, registered := first[0].Event.(domain.ClientRegistered); !registered {
		return "", nil // the log lost its registration
	}
	return first[0].Actor.IP, nil
}

// findClient returns the client that the path names, or domain.ErrNotFound.
func (w *Web) findClient(ctx context.Context, c echo.Context) (readmodel.Client, error) {
	id, err := url.PathUnescape(c.Param("id"))
	if err != nil {
		return readmodel.Client{}, domain.ErrNotFound
	}
	return w.reader.Client(ctx, domain.CanonicalID(id))
}

// at is the moment that is shown as the parameter of an address, empty for now.
func (v clientView) at() string {
	if v.Past == nil {
		return ""
	}
	return atOf(*v.Past)
}

// tab returns the address of a tab of the client at the moment that is shown, with more parameters, given as names and
// values.
func (v clientView) tab(path string, more ...string) string {
	return addressOf(clientPath(v.ID)+path, append([]string{"list", v.Place.list, atParam, v.at()}, more...)...)
}

// Tabs lead to the client's tabs.
func (v clientView) Tabs() (tabs []ui.Tab) {
	for _, t := range clientTabs {
		tabs = append(tabs, ui.Tab{Link: ui.Link{Text: t.label, Path: v.tab(t.path), Current: t.path == v.Tab.path}})
	}
	return tabs
}

// back returns the address of the list that the client was found in, and its name.
func (v clientView) back() (address, name string) {
	if v.Past != nil {
		return addressOf(clientListPath, atParam, v.at()), "Clients"
	}
	return v.Place.back(), v.Place.backText()
}

// sharing returns the address of the list of all clients that share a value with this one, as they are at the moment
// that is shown. Who follows a value wants all that have it, so the list is not narrowed by what led to this client.
func (v clientView) sharing(filter, value string) string {
	return clientFilters{At: v.at()}.With(filter, value)
}

// clientList is the list of clients at the moment that is shown, without any filter.
func (v clientView) clientList() clientFilters { return clientFilters{At: v.at()} }

// cautionsAt returns the cautions of a level.
func (v clientView) cautionsAt(level oauth.CautionLevel) (cautions []oauth.Caution) {
	for _, caution := range v.Cautions {
		if caution.Level == level {
			cautions = append(cautions, caution)
		}
	}
	return cautions
}

// nameIsSuspicious reports whether the client may be taken for another by what its name has in it.
func (v clientView) nameIsSuspicious() bool { return isSuspicious(v.Cautions, "client_name") }
