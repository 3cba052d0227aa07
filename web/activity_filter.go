package web

import (
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"roster/domain"
	"roster/domain/oauth"
	"roster/projections/readmodel"
	"roster/web/ui"
)

// activityPath is the address of the event log.
const activityPath = "/admin/events"

// An activityFilter says which events are wanted, as the address says it. The zero activityFilter wants all.
type activityFilter struct {
	values map[string]string // of activityParams that are given, each as canonical text
	query  readmodel.EventQuery
}

// An activityParam is a parameter of the address that filters events.
type activityParam struct {
	name  string
	label string // of its chip, before the value
	// read sets what a query selects by a text that is not empty. It returns the text as it stands in addresses, and
	// false for one that means nothing.
	read  func(text string, q *readmodel.EventQuery) (canonical string, ok bool)
	right string // a sentence that says what is right
	// show is how people see a canonical text; nil: as it is.
	show func(canonical string) string
}

// activityParams are all filters of events, in the order of their chips. They combine.
var activityParams = []activityParam{
	{
		name: "type", label: "Type", right: "There is no such type of event.",
		read: func(text string, q *readmodel.EventQuery) (string, bool) {
			q.Type = text
			return text, slices.ContainsFunc(eventKinds, func(k eventKind) bool { return k.Type == text })
		},
		show: func(canonical string) string { return kindOf(canonical).Label },
	},
	{
		name: "member", label: "Changed", right: "There is no such member of a client's metadata.",
		read: func(text string, q *readmodel.EventQuery) (string, bool) {
			q.Member = text
			_, _, known := oauth.LookupMember(text)
			return text, known
		},
	},
	{
		name: "client", label: "Client", right: "This is too long for a client_id.",
		read: func(text string, q *readmodel.EventQuery) (string, bool) {
			q.ClientID = domain.CanonicalID(text)
			return q.ClientID, len(text) <= searchLimit
		},
	},
	{
		name: "token", label: "Token and its clients", right: "This is too long for the id of an initial access token.",
		read: func(text string, q *readmodel.EventQuery) (string, bool) {
			q.InitialAccessToken = domain.CanonicalID(text)
			return q.InitialAccessToken, len(text) <= searchLimit
		},
	},
	{
		name: "actor", label: "By", right: "An actor is client, admin or system, or one administrator, such as admin:alice.",
		read: readActor, show: showActor,
	},
	{
		name: "ip", label: "From", right: "An address is such as 203.0.113.9 or 2001:db8::1, a network such as 203.0.113.0/24.",
		read: readNetwork,
	},
	{
		name: "since", label: "Since", right: timeRight,
		read: func(text string, q *readmodel.EventQuery) (string, bool) {
			at, err := parseUTC(text)
			q.Since = at
			return formatUTC(at), err == nil
		},
		show: showUTC,
	},
	{
		name: "until", label: "Until", right: timeRight,
		read: func(text string, q *readmodel.EventQuery) (string, bool) {
			at, err := parseUTC(text)
			if err == nil && len(text) == len(time.DateOnly) {
				at = at.AddDate(0, 0, 1).Add(-time.Minute)
			}
			q.Until = endOf(at)
			return formatUTC(at), err == nil
		},
		show: showUTC,
	},
	{name: "events", label: "Events", right: eventsRight, read: readEvents, show: showEvents},
}

// eventsRight says what a range of events is.
const eventsRight = "Events are a range of numbers, such as 1001..1312, 1001.. or ..1312."

// readEvents reads which numbers the events that are wanted have.
func readEvents(text string, q *readmodel.EventQuery) (canonical string, ok bool) {
	from, to, isRange := strings.Cut(text, "..")
	if !isRange {
		to = from
	}
	var first, last uint64
	var err error
	if from != "" {
		if first, err = strconv.ParseUint(from, 10, 63); err != nil || first == 0 {
			return "", false
		}
		q.After = first - 1
	}
	if to != "" {
		if last, err = strconv.ParseUint(to, 10, 63); err != nil || last < first {
			return "", false
		}
		q.Before = last + 1
	}
	return from + ".." + to, from != "" || to != ""
}

// showEvents is how people see a range of events.
func showEvents(canonical string) string {
	from, to, _ := strings.Cut(canonical, "..")
	first, _ := strconv.ParseUint(from, 10, 63)
	last, _ := strconv.ParseUint(to, 10, 63)
	switch {
	case to == "":
		return "from " + ui.Number(first)
	case from == "":
		return "up to " + ui.Number(last)
	case first == last:
		return ui.Number(first)
	}
	return ui.Number(first) + " to " + ui.Number(last)
}

const timeRight = "A time is a date in UTC, such as 2026-11-24, with a time if wanted, such as 2026-11-24T09:30."

// readActor reads whose events are wanted.
func readActor(text string, q *readmodel.EventQuery) (canonical string, ok bool) {
	q.ActorKind, q.ActorID, ok = readmodel.ParseActor(text)
	return text, ok && len(text) <= searchLimit
}

// showActor is how people see whose events are wanted.
func showActor(canonical string) string {
	kind, id, _ := strings.Cut(canonical, ":")
	return actorsName(domain.ActorKind(kind), id)
}

// readNetwork reads from where events are wanted.
func readNetwork(text string, q *readmodel.EventQuery) (canonical string, ok bool) {
	network, err := readmodel.ParseNetwork(text)
	q.Network = network
	return readmodel.NetworkText(network), err == nil
}

// activityFilterOf reads from an address which events are wanted, or returns a badRequest.
func activityFilterOf(given url.Values) (activityFilter, error) {
	f := activityFilter{values: map[string]string{}}
	for _, p := range activityParams {
		text := strings.TrimSpace(given.Get(p.name))
		if text == "" {
			continue
		}
		canonical, ok := p.read(text, &f.query)
		if !ok {
			return f, badRequest{p.name, p.right}
		}
		f.values[p.name] = canonical
	}
	return f, nil
}

// Value returns a parameter as the address has it; empty: it does not restrict.
func (f activityFilter) Value(name string) string { return f.values[name] }

// Any reports whether the filter leaves events out.
func (f activityFilter) Any() bool { return len(f.values) > 0 }

// Path returns an address with this filter, and with other parameters, given as names and values: they add to the
// filter or replace what it has, and take it away where they are empty.
func (f activityFilter) Path(path string, params ...string) string {
	var all []string
	for _, p := range activityParams {
		if value := f.values[p.name]; value != "" && !slices.Contains(params, p.name) {
			all = append(all, p.name, value)
		}
	}
	return addressOf(path, append(all, params...)...)
}

// With returns the address of the log with one more filter.
func (f activityFilter) With(name, value string) string { return f.Path(activityPath, name, value) }

// Chips are the filters in words, each with the address of the log without it.
func (f activityFilter) Chips() (chips []ui.Chip) {
	for _, p := range activityParams {
		value := f.values[p.name]
		if value == "" {
			continue
		}
		text := value
		if p.show != nil {
			text = p.show(value)
		}
		chips = append(chips, ui.Chip{Label: p.label, Text: text, Without: f.With(p.name, "")})
	}
	return chips
}

// Times in addresses are in UTC, to the minute unless they are given with seconds.
const (
	addressMinute = "2006-01-02T15:04"
	addressSecond = "2006-01-02T15:04:05"
)

// parseUTC reads a time in UTC, or one that says its zone, as an address or a form has it.
func parseUTC(text string) (time.Time, error) {
	for _, layout := range []string{addressMinute, addressSecond, time.DateOnly, time.RFC3339} {
		if at, err := time.Parse(layout, text); err == nil {
			return at.UTC().Truncate(time.Second), nil
		}
	}
	return time.Time{}, fmt.Errorf("%q is not a time", text)
}

// formatUTC is how addresses and forms have a time.
func formatUTC(at time.Time) string {
	if at.Second() == 0 {
		return at.Format(addressMinute)
	}
	return at.Format(addressSecond)
}

// endOf returns the last moment of the minute, or of the second, that formatUTC writes.
func endOf(at time.Time) time.Time {
	if at.Second() == 0 {
		return at.Add(time.Minute - time.Microsecond)
	}
	return at.Add(time.Second - time.Microsecond)
}

// showUTC is how people see a time of an address.
func showUTC(canonical string) string {
	at, err := parseUTC(canonical)
	if err != nil {
		return canonical
	}
	return ui.Minute(at)
}
