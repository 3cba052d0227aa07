package web

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/labstack/echo/v4"

	"roster/domain"
	"roster/domain/oauth"
	"roster/projections/readmodel"
	"roster/web/ui"
)

// A clientView is what the page of one client shows.
type clientView struct {
	readmodel.Client
	Place    clientPlace
	Issuer   string                       // of its software statement; empty: it has none
	Trusted  bool                         // the issuer still is
	Token    readmodel.InitialAccessToken // that it was registered with; zero: none, or it is not known
	Cautions []oauth.Caution
	Groups   []memberGroup
	History  []step
	Older    uint64 // the history goes on below this sequence; 0: this is all of it
	Partial  bool   // the history does not begin with the newest event
	Now      time.Time
}

// client shows one client.
func (w *Web) client(c echo.Context) error {
	before, err := sequenceOf(c.QueryParams(), "before")
	if err != nil {
		return err
	}
	ctx := c.Request().Context()
	found, err := w.findClient(ctx, c)
	if err != nil {
		return err
	}
	history, older, err := w.history(ctx, found.ID, before)
	if err != nil {
		return err
	}
	var token readmodel.InitialAccessToken
	if found.InitialAccessToken != "" {
		token, err = w.reader.InitialAccessToken(ctx, found.InitialAccessToken)
		if err != nil && !errors.Is(err, domain.ErrNoSuchInitialAccessToken) {
			return err
		}
	}
	issuer, attested := oauth.Attested(found.Metadata)
	trusted := w.registrar.Issuers.Trust(issuer)
	return w.render(c, http.StatusOK, clientPage(w.page(c, titleOf(found), "Clients"), clientView{
		Client: found, Place: placeOf(c, found.ID), Issuer: issuer, Trusted: trusted, Token: token,
		Cautions: cautionsOf(found.Metadata, trusted), Groups: groupMembers(found.Metadata, attested),
		History: history, Older: older, Partial: before > 0, Now: w.clock(),
	}))
}

// cautionsOf returns what to look at twice. An issuer that is no longer trusted vouches for nothing.
func cautionsOf(m oauth.Metadata, trusted bool) []oauth.Caution {
	if !trusted {
		m = oauth.Unattested(m)
	}
	return oauth.Cautions(m)
}

// cautionsTitle says what the weightiest of the cautions is about.
func (v clientView) cautionsTitle() string {
	if slices.ContainsFunc(v.Cautions, func(c oauth.Caution) bool { return c.Level == oauth.PossibleImpersonation }) {
		return "Possible impersonation"
	}
	return "Worth a look"
}

// findClient returns the client that the path names, or domain.ErrNotFound.
func (w *Web) findClient(ctx context.Context, c echo.Context) (readmodel.Client, error) {
	id, err := url.PathUnescape(c.Param("id"))
	if err != nil {
		return readmodel.Client{}, domain.ErrNotFound
	}
	return w.reader.Client(ctx, domain.CanonicalID(id))
}

// A memberGroup is members that belong together for people.
type memberGroup struct {
	Title string
	Rows  []memberRow
}

// A memberRow is one member of a client's metadata.
type memberRow struct {
	Name     string // as registered, with its language tag
	Label    string
	Tag      string
	Value    oauth.Value
	Machine  bool // it is for programs, and copied as a whole
	Attested bool // the software statement says it
}

// groupMembers orders metadata for people: by their groups, in each in the order of oauth.Members.
func groupMembers(m oauth.Metadata, attested []string) []memberGroup {
	rows := map[oauth.Group][]memberRow{}
	for _, name := range m.Names() {
		row := rowOf(name, m[name])
		row.Attested = slices.Contains(attested, name)
		member, _, _ := oauth.LookupMember(name)
		rows[member.Group] = append(rows[member.Group], row)
	}
	var groups []memberGroup
	for _, group := range oauth.Groups {
		if len(rows[group]) > 0 {
			groups = append(groups, memberGroup{string(group), rows[group]})
		}
	}
	return groups
}

// rowOf labels a member.
func rowOf(name string, value oauth.Value) memberRow {
	row := memberRow{Name: name, Label: name, Value: value}
	if member, tag, ok := oauth.LookupMember(name); ok {
		row.Label, row.Tag, row.Machine = member.Label, tag, isForMachines(member)
	}
	return row
}

// secretState says whether the client secret works.
func (v clientView) secretState() string {
	switch {
	case v.Secret == nil:
		return "None. The client's authentication method needs no secret."
	case v.Ended():
		return "Stopped working when the client was " + string(v.Status) + "."
	case v.Secret.ExpiresAt.IsZero():
		return "Issued, does not expire."
	case v.Secret.ExpiresAt.After(v.Now):
		return "Issued, expires on " + ui.Minute(v.Secret.ExpiresAt) + "."
	}
	return "Expired on " + ui.Minute(v.Secret.ExpiresAt) + "."
}

// registrationAccessTokenState says whether the registration access token works.
func (v clientView) registrationAccessTokenState() string {
	switch {
	case v.Ended():
		return "Stopped working when the client was " + string(v.Status) + "."
	case !v.MayManageItself():
		return "Issued, refused while the client is " + string(v.Status) + "."
	}
	return "Issued, works until the client is deleted or revoked."
}
