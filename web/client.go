package web

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
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
	Issuer   string // of its software statement; empty: it has none
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
	issuer, attested := oauth.Attested(found.Metadata)
	return w.render(c, http.StatusOK, clientPage(w.page(c, titleOf(found), "Clients"), clientView{
		Client: found, Issuer: issuer, Cautions: oauth.Cautions(found.Metadata), Groups: groupMembers(found.Metadata, attested),
		History: history, Older: older, Partial: before > 0, Now: w.clock(),
	}))
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
	Attested bool // the software statement says it
}

// memberGroups says where members are shown, by how their names begin. A member goes to the first group
// that fits, so the last takes all that are left.
var memberGroups = []struct {
	title    string
	prefixes []string
}{
	{"Redirects and grants", []string{"redirect_uris", "grant_types", "response_", "scope", "application_type", "initiate_login_uri",
		"request_uris", "claims_redirect_uris", "default_", "require_auth_time", "subject_type", "sector_identifier_uri", "authorization_details_types"}},
	{"Authentication and keys", []string{"token_endpoint_auth_", "introspection_endpoint_", "revocation_endpoint_", "jwks", "tls_client_", "dpop_", "require_pushed_", "use_mtls_", "signed_jwks_uri"}},
	{"Signing and encryption", []string{"id_token_", "userinfo_", "request_object_", "require_signed_", "introspection_", "authorization_", "nfv_token_"}},
	{"Sign-out and back channel", []string{"frontchannel_", "backchannel_", "post_logout_"}},
	{"About the client", []string{""}},
}

// groupMembers orders metadata for people: groups as listed, in each the order of oauth.Members.
// What the description of a client says comes first.
func groupMembers(m oauth.Metadata, attested []string) []memberGroup {
	groups := make([]memberGroup, len(memberGroups))
	for i, g := range memberGroups {
		groups[i].Title = g.title
	}
	for _, change := range oauth.Diff(nil, m) {
		row := rowOf(change.Name, change.After)
		row.Attested = slices.Contains(attested, row.Name)
		i := groupIndex(row.Name)
		groups[i].Rows = append(groups[i].Rows, row)
	}
	about := groups[len(groups)-1]
	groups = slices.Insert(groups[:len(groups)-1], 0, about)
	return slices.DeleteFunc(groups, func(g memberGroup) bool { return len(g.Rows) == 0 })
}

func groupIndex(name string) int {
	return slices.IndexFunc(memberGroups, func(g struct {
		title    string
		prefixes []string
	}) bool {
		return slices.ContainsFunc(g.prefixes, func(p string) bool { return strings.HasPrefix(name, p) })
	})
}

// rowOf labels a member.
func rowOf(name string, value oauth.Value) memberRow {
	row := memberRow{Name: name, Label: name, Value: value}
	if member, tag, ok := oauth.LookupMember(name); ok {
		row.Label, row.Tag = member.Label, tag
	}
	return row
}

// indented is a JSON object over several lines.
func indented(o oauth.Object) string {
	var b bytes.Buffer
	if err := json.Indent(&b, []byte(o), "", "  "); err != nil {
		return string(o)
	}
	return b.String()
}

// oneLine is a value in one line of text.
func oneLine(v oauth.Value) string {
	switch v := v.(type) {
	case oauth.Text:
		return string(v)
	case oauth.Flag:
		return strconv.FormatBool(bool(v))
	case oauth.Number:
		return strconv.FormatInt(int64(v), 10)
	case oauth.List:
		return strings.Join(v, ", ")
	case oauth.Object:
		return string(v)
	}
	return ""
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
