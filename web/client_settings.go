package web

import (
	"slices"

	"github.com/a-h/templ"
	"github.com/labstack/echo/v4"

	"roster/domain/oauth"
)

// latestShown is how many events the settings of a client have beside them.
const latestShown = 3

// settingsContent is the tab with a client's metadata, but for what is among its credentials, and its latest events.
func (w *Web) settingsContent(c echo.Context, v clientView) (templ.Component, error) {
	h, err := w.history(c.Request().Context(), v, 0, latestShown)
	if err != nil {
		return nil, err
	}
	groups := slices.DeleteFunc(groupMembers(v.Metadata, v.Attested), isOfCredentials)
	return clientSettings(v, groups, h), nil
}

// isOfCredentials reports whether a group of members is shown among a client's credentials.
func isOfCredentials(g memberGroup) bool { return g.Title == string(oauth.AuthenticationAndKeys) }

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

// groupMembers orders metadata for people: by their groups, in each in the order of oauth.Members. The software statement
// is left out: what it says is among the credentials.
func groupMembers(m oauth.Metadata, attested []string) []memberGroup {
	rows := map[oauth.Group][]memberRow{}
	for _, name := range m.Names() {
		if name == statementMember {
			continue
		}
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
