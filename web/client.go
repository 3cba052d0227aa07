package web

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
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
)

// historyShown is how many events of a client a page shows.
const historyShown = 25

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
	title := found.ID
	if name := found.Metadata.Name(); name != "" {
		title = plain(name, 60)
	}
	return w.render(c, http.StatusOK, clientPage(w.page(c, title, "Clients"), clientView{
		Client: found, Issuer: issuer, Cautions: oauth.Cautions(found.Metadata), Groups: groupMembers(found.Metadata, attested), History: history, Older: older, Partial: before > 0, Now: w.clock(),
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

// sequenceOf reads a sequence from an address; 0 when there is none.
func sequenceOf(given url.Values, name string) (uint64, error) {
	if given.Get(name) == "" {
		return 0, nil
	}
	seq, err := strconv.ParseUint(given.Get(name), 10, 63)
	if err != nil {
		return 0, badRequest("The parameter " + name + " is the sequence of an event: a whole number.")
	}
	return seq, nil
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
	Attested bool // it is the word of the software statement's issuer
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

// written is a value in one line of text.
func written(v oauth.Value) string {
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

// lost returns what a change took away, and gained what it brought: of lists the items, unless only
// their order changed.
func lost(c oauth.MemberChange) []string   { return beyond(c.Before, c.After) }
func gained(c oauth.MemberChange) []string { return beyond(c.After, c.Before) }

// beyond returns the items of a list that another list lacks, or all of a value of another kind.
func beyond(value, other oauth.Value) []string {
	if value == nil {
		return nil
	}
	list, isList := value.(oauth.List)
	others, both := other.(oauth.List)
	if !isList {
		return []string{written(value)}
	}
	if both && sameItems(list, others) {
		return []string{written(list)}
	}
	return slices.DeleteFunc(slices.Clone(list), func(item string) bool { return slices.Contains(others, item) })
}

// sameItems reports whether two lists differ in their order at most.
func sameItems(a, b oauth.List) bool {
	return slices.Equal(slices.Sorted(slices.Values(a)), slices.Sorted(slices.Values(b)))
}

// A step is one event in a client's history.
type step struct {
	eventRow
	Registered int // how many members it was registered with; 0: it is not a registration
	Changes    []oauth.MemberChange
	LeftOut    oauth.Metadata // what was asked for and not registered
	Secret     string         // what happened to the client secret; empty: nothing
	Reason     string         // why it was revoked; empty: not said
}

// history returns a client's newest events below a sequence, newest first; 0: from the newest one.
// older is the sequence below which it goes on, 0 when that was all.
func (w *Web) history(ctx context.Context, id string, before uint64) (steps []step, older uint64, err error) {
	// One more than is shown: it is what the oldest one shown changed.
	recorded, err := w.reader.Events(ctx, readmodel.EventQuery{
		ClientID: id, Before: before, Newest: true, Limit: historyShown + 1,
	})
	if err != nil {
		return nil, 0, fmt.Errorf("history of a client: %w", err)
	}
	var state domain.Client
	for i, e := range slices.Backward(recorded) {
		former := state
		state = domain.Evolve(state, e.Aggregate, e.Event)
		if i == historyShown {
			continue
		}
		steps = append(steps, stepOf(e, former, state))
	}
	slices.Reverse(steps)
	if len(recorded) > historyShown {
		older = steps[len(steps)-1].Seq
	}
	return steps, older, nil
}

// stepOf tells what an event changed.
func stepOf(e readmodel.Event, former, state domain.Client) step {
	s := step{eventRow: rowOfEvent(e)}
	switch event := e.Event.(type) {
	case domain.ClientRegistered:
		s.Registered = len(event.Metadata)
		s.Changes = oauth.Diff(nil, event.Metadata)
		s.LeftOut = event.LeftOut
		s.Secret = secretNews(event.Secret, false)
	case domain.ClientUpdated:
		s.Changes = oauth.Diff(former.Metadata, state.Metadata)
		s.LeftOut = event.LeftOut
		s.Secret = secretNews(event.SecretIssued, event.SecretEnded)
	case domain.ClientRevoked:
		s.Reason = event.Reason
	}
	return s
}

// secretNews says what an event did to the client secret.
func secretNews(issued *domain.Secret, ended bool) string {
	switch {
	case ended:
		return "The client secret stopped working."
	case issued == nil:
		return ""
	case issued.ExpiresAt.IsZero():
		return "A client secret was issued that does not expire."
	}
	return "A client secret was issued that expires on " + issued.ExpiresAt.UTC().Format(formMinute) + " UTC."
}

// secretState says how it stands with a client's secret.
func (v clientView) secretState() string {
	switch {
	case v.Secret == nil:
		return "None was issued: the client's authentication method uses none."
	case v.Ended():
		return "Stopped working when the client was " + string(v.Status) + "."
	case v.Secret.ExpiresAt.IsZero():
		return "Issued, does not expire."
	case v.Secret.ExpiresAt.After(v.Now):
		return "Issued, expires on " + v.Secret.ExpiresAt.UTC().Format(formMinute) + " UTC."
	}
	return "Expired on " + v.Secret.ExpiresAt.UTC().Format(formMinute) + " UTC."
}

// tokenState says how it stands with a client's registration access token.
func (v clientView) tokenState() string {
	if v.Ended() {
		return "Stopped working when the client was " + string(v.Status) + "."
	}
	return "Issued, works as long as the client is active."
}
