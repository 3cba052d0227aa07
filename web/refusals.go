package web

import (
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"roster/api/front"
	"roster/api/refusals"
	"roster/domain/oauth"
	"roster/web/ui"
)

// refusalsPath is the address of the refusals.
const refusalsPath = "/admin/refusals"

// How many causes and how many refusals a page shows.
const (
	causesShown   = 50
	refusalsShown = 50
)

// A span is how far back refusals are shown.
type span struct {
	name  string // in addresses; empty: the one that is shown unless another is chosen
	label string
	of    time.Duration
}

var spans = []span{
	{"", "7 days", refusals.Retention},
	{"day", "24 hours", 24 * time.Hour},
	{"hour", "hour", time.Hour},
}

// A refusalFilter is what the pages of refusals are restricted to.
type refusalFilter struct {
	Span   span
	IP     string          // address of the caller; empty: any
	Cause  *refusals.Cause // nil: any
	Cursor string          // of a page of one cause's refusals
}

// refusalFilterOf reads from an address which refusals are wanted. A cause has a code at least.
func refusalFilterOf(given url.Values) (refusalFilter, error) {
	at := slices.IndexFunc(spans, func(s span) bool { return s.name == given.Get("since") })
	if at < 0 {
		return refusalFilter{}, badRequest{"since", "Refusals are shown of the last hour, of 24 hours or of 7 days."}
	}
	f := refusalFilter{Span: spans[at], IP: strings.TrimSpace(given.Get("ip")), Cursor: given.Get("cursor")}
	if _, err := netip.ParseAddr(f.IP); err != nil && f.IP != "" {
		return refusalFilter{}, badRequest{"ip", "This is not an address. An address is written like 192.0.2.7 or 2001:db8::7."}
	}
	if code := given.Get("code"); code != "" {
		f.Cause = &refusals.Cause{
			Action: refusals.Action(given.Get("action")), Code: code, Member: given.Get("member"), Setting: given.Get("setting"),
		}
	}
	return f, nil
}

// query selects the refusals of a filter.
func (f refusalFilter) query(now time.Time) refusals.Query {
	return refusals.Query{Since: now.Add(-f.Span.of), IP: f.IP, Cause: f.Cause, Limit: refusalsShown, Cursor: f.Cursor}
}

// Path returns the address of the page with a filter.
func (f refusalFilter) Path() string {
	cause := refusals.Cause{}
	if f.Cause != nil {
		cause = *f.Cause
	}
	return addressOf(refusalsPath, "since", f.Span.name, "ip", f.IP, "action", string(cause.Action), "code", cause.Code,
		"member", cause.Member, "setting", cause.Setting, "cursor", f.Cursor)
}

// Of returns the filter for one cause, and without one for a nil cause.
func (f refusalFilter) Of(cause *refusals.Cause) refusalFilter {
	f.Cause, f.Cursor = cause, ""
	return f
}

// From returns the filter for one address.
func (f refusalFilter) From(ip string) refusalFilter {
	f.IP, f.Cursor = ip, ""
	return f
}

// At returns the filter for the page at a cursor.
func (f refusalFilter) At(cursor string) refusalFilter {
	f.Cursor = cursor
	return f
}

// Filtered reports whether only some refusals are shown, other than by their cause.
func (f refusalFilter) Filtered() bool { return f.Span.name != "" || f.IP != "" }

// Cleared returns the filter for all refusals of the cause, if there is one.
func (f refusalFilter) Cleared() refusalFilter { return refusalFilter{Cause: f.Cause} }

// spanOptions are the choices of how far back refusals are shown.
func spanOptions() (options []ui.Option) {
	for _, s := range spans {
		options = append(options, ui.Option{Value: s.name, Text: "last " + s.label})
	}
	return options
}

// A refusalsView is what the pages of refusals show.
type refusalsView struct {
	Filter  refusalFilter
	Groups  []refusals.Group // by cause; of one cause alone there is one at most
	More    int              // further causes, which are not shown
	Page    refusals.Page    // of the refusals of one cause
	Setting Setting          // the one that refused, of one cause
}

// showRefusals shows why registrations and changes were refused: by cause, or one by one those of one cause.
func (w *Web) showRefusals(c echo.Context) error {
	filter, err := refusalFilterOf(c.QueryParams())
	if err != nil {
		return err
	}
	ctx, query := c.Request().Context(), filter.query(w.clock())
	summary, err := w.refused.Summary(ctx, query)
	if err != nil {
		return err
	}
	view := refusalsView{Filter: filter, Groups: summary.Groups}
	if len(view.Groups) > causesShown {
		view.Groups, view.More = view.Groups[:causesShown], len(view.Groups)-causesShown
	}
	title, content := "Refusals", refusalCausesPage
	if filter.Cause != nil {
		title, content = causeTitle(*filter.Cause)+" · Refusals", refusalCausePage
		view.Setting = w.setting(filter.Cause.Setting)
		if view.Page, err = w.refused.Page(ctx, query); err != nil {
			return err
		}
	}
	page := w.page(c, title, "Refusals")
	page.Notices = append(page.Notices, refusalNotices(summary.Beginning, w.refused.Dropped(), w.clock())...)
	return w.render(c, http.StatusOK, content(page, view))
}

// refusalNotices returns what the pages say about refusals that are missing.
func refusalNotices(b refusals.Beginning, dropped uint64, now time.Time) (notices []ui.Notice) {
	if b.Because != "" && now.Sub(b.At) < refusals.Retention {
		notices = append(notices, ui.Notice{Tone: ui.Warning, Lead: "Begun anew.",
			Text: "What was refused before " + ui.Minute(b.At) + " is lost: " + b.Because + "."})
	}
	if dropped > 0 {
		notices = append(notices, ui.Notice{Tone: ui.Warning, Lead: "Some are missing.",
			Text: ui.Quantity(int(dropped), "refusal", "refusals") + " since the server was started could not be written. The server's log says why."})
	}
	return notices
}

// Total returns how many refusals there are of all causes that are shown.
func (v refusalsView) Total() (n int) {
	for _, g := range v.Groups {
		n += g.Refusals()
	}
	return n
}

// Summary says how much there is.
func (v refusalsView) Summary() string {
	if len(v.Groups) == 0 {
		return "No refusals found"
	}
	if v.More > 0 {
		return "The " + ui.Number(len(v.Groups)) + " most frequent of " + ui.Number(len(v.Groups)+v.More) + " causes"
	}
	return ui.Quantity(v.Total(), "refusal", "refusals") + " of " + ui.Quantity(len(v.Groups), "cause", "causes")
}

// Pager leads to the newest refusals of a cause and to older ones.
func (v refusalsView) Pager() (links []ui.PagerLink) {
	if v.Filter.Cursor != "" {
		links = append(links, ui.PagerLink{Text: "Newest", Path: v.Filter.At("").Path()})
	}
	if v.Page.NextCursor != "" {
		links = append(links, ui.PagerLink{Text: "Older refusals", Path: v.Filter.At(v.Page.NextCursor).Path(), Next: true})
	}
	return links
}

// causeTitle says in words why something was refused, and the member where the words do not.
func causeTitle(c refusals.Cause) string {
	label := causeLabel(c)
	if c.Member == "" || c.Member == "redirect_uris" && c.Code == string(oauth.InvalidRedirectURI) {
		return label
	}
	return label + ": " + shortened(c.Member)
}

// causeLabel says in words why something was refused.
func causeLabel(c refusals.Cause) string {
	registration := c.Action == refusals.Registration
	switch c.Code {
	case string(oauth.InvalidRedirectURI):
		return "Redirect URI not valid"
	case string(oauth.InvalidClientMetadata):
		if c.Member == "" {
			return "Document not readable"
		}
		return "Metadata not valid"
	case string(oauth.InvalidSoftwareStatement):
		return "Software statement not valid"
	case string(oauth.UnapprovedSoftwareStatement):
		return "Software statement not approved"
	case front.InvalidRequest:
		return "Request not valid"
	case front.InvalidToken:
		switch {
		case !registration:
			return "Registration access token not accepted"
		case c.Setting != "":
			return "No initial access token"
		}
		return "Initial access token not accepted"
	case front.AccessDenied:
		switch {
		case !registration:
			return "Client suspended"
		case c.Setting == oauth.SettingMaxClients || c.Setting == oauth.SettingMaxClientsPerOwner:
			return "No room for another client"
		}
		return "Registration closed"
	case front.Conflict:
		return "Changed by others at the same time"
	case front.PreconditionFailed:
		return "Client at another version"
	case front.TooManyRequests:
		return "Too many requests"
	case front.ServerError:
		return "Server failed"
	case front.TemporarilyUnavailable:
		return "Server not available"
	}
	return shortened(c.Code)
}

// shortened returns a part of a cause for a title: an address can name one that there is not.
func shortened(part string) string { return ui.PlainUntrusted(part, ui.TitleLength) }

// actionLabel says what was refused.
func actionLabel(a refusals.Action) string {
	if a == refusals.Change {
		return "Change"
	}
	return "Registration"
}

// settingLabel names a setting that refused.
func settingLabel(name string) string {
	if name == oauth.InitialAccessToken {
		return "terms of the initial access token"
	}
	return "--" + name
}
