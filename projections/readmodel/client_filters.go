package readmodel

import (
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"roster/domain"
	"roster/domain/oauth"
)

// A ClientFilter is a condition on clients as an address writes it.
type ClientFilter struct {
	Name   string   // of the parameter
	Label  string   // for people, such as "Redirect host"
	Form   string   // what a value must be, such as "a number of days"
	Values []string // all that a value can be; nil: the form says what
	set    func(q *ClientQuery, value string, now time.Time) (ok bool)
}

// ClientFilters are all filters, in the order in which people are offered them. It must not be changed.
var ClientFilters = []ClientFilter{
	oneOf("status", "Status", domain.StatusNames(), func(q *ClientQuery, v string) { q.Status = domain.Status(v) }),
	oneOf("kind", "Application type", []string{"web", "native"}, func(q *ClientQuery, v string) { q.Kind = v }),
	anyText("auth", "Authentication", "a token_endpoint_auth_method", func(q *ClientQuery, v string) { q.AuthMethod = v }),
	anyText("grant", "Grant type", "one of a client's grant_types", func(q *ClientQuery, v string) { q.Grant = v }),
	anyText("software", "Software", "a software_id", func(q *ClientQuery, v string) { q.Software = v }),
	anyText("owner", "Owner", "an ext_param_owner", func(q *ClientQuery, v string) { q.Owner = v }),
	anyText("contact", "Contact", "one of a client's contacts", func(q *ClientQuery, v string) { q.Contact = v }),
	anyText("host", "Redirect host", "the host of a redirect URI, or its scheme with a colon where it has none",
		func(q *ClientQuery, v string) { q.Host = strings.ToLower(v) }),
	anyText("token", "Initial access token", "the id of an initial access token", func(q *ClientQuery, v string) { q.Token = domain.CanonicalID(v) }),
	{Name: "ip", Label: "Registered from", Form: "an IP address or a network, such as 203.0.113.9 or 2001:db8::/32", set: func(q *ClientQuery, v string, _ time.Time) (ok bool) {
		q.Network, ok = parseNetwork(v)
		return ok
	}},
	{Name: "registered", Label: "Registered", Form: periodForm, set: func(q *ClientQuery, v string, _ time.Time) (ok bool) {
		q.Registered, ok = parsePeriod(v)
		return ok
	}},
	{Name: "changed", Label: "Changed", Form: "never, or " + periodForm, set: func(q *ClientQuery, v string, _ time.Time) (ok bool) {
		if q.NeverChanged = v == "never"; q.NeverChanged {
			return true
		}
		q.Changed, ok = parsePeriod(v)
		return ok
	}},
	{Name: "secret", Label: "Client secret", Form: "expired, or the days within which it expires, such as 14d", set: func(q *ClientQuery, v string, now time.Time) (ok bool) {
		q.SecretExpires, ok = parseExpiry(v, now)
		return ok
	}},
	oneOf("caution", "Cautions", cautionLevels(), func(q *ClientQuery, v string) { q.Caution = oauth.CautionLevel(v) }),
	oneOf("sort", "Order", []string{"registered", "changed", "name"}, func(q *ClientQuery, v string) {
		q.Order = map[string]ClientOrder{"registered": NewestFirst, "changed": ChangedFirst, "name": ByName}[v]
	}),
}

func anyText(name, label, form string, set func(*ClientQuery, string)) ClientFilter {
	return ClientFilter{Name: name, Label: label, Form: form, set: func(q *ClientQuery, value string, _ time.Time) bool {
		set(q, value)
		return true
	}}
}

func oneOf(name, label string, values []string, set func(*ClientQuery, string)) ClientFilter {
	last := len(values) - 1
	form := strings.Join(values[:last], ", ") + " or " + values[last]
	return ClientFilter{Name: name, Label: label, Form: form, Values: values, set: func(q *ClientQuery, value string, _ time.Time) bool {
		set(q, value)
		return slices.Contains(values, value)
	}}
}

func cautionLevels() (levels []string) {
	for _, level := range oauth.CautionLevels {
		levels = append(levels, string(level))
	}
	return levels
}

// A FilterError says which filter has a value that it cannot have.
type FilterError struct{ Filter ClientFilter }

// Error says what would be right.
func (e *FilterError) Error() string { return e.Filter.Name + " must be " + e.Filter.Form }

// Restrict adds the filters of an address to the query. valueOf returns the value of a parameter, empty for none; now is
// what the days until a secret expires are counted from. It returns a *FilterError.
func (q *ClientQuery) Restrict(valueOf func(name string) string, now time.Time) error {
	for _, filter := range ClientFilters {
		if value := valueOf(filter.Name); value != "" && !filter.set(q, value, now) {
			return &FilterError{filter}
		}
	}
	return nil
}

// parseNetwork reads a network in CIDR notation, or an address, which is a network of its own.
func parseNetwork(s string) (netip.Prefix, bool) {
	if address, err := netip.ParseAddr(s); err == nil {
		address = address.Unmap().WithZone("")
		return netip.PrefixFrom(address, address.BitLen()), true
	}
	network, err := netip.ParsePrefix(s)
	return network.Masked(), err == nil && !network.Addr().Is4In6()
}

const periodForm = "a day such as 2026-11-24, a time such as 2026-11-24T15:04:05Z, or a period such as 2026-11-24..2026-11-30, 2026-11-24.. or ..2026-11-30, in UTC"

// parsePeriod reads a period between two days or times, both of which are in it, one of which may be missing; or one
// day or time.
func parsePeriod(s string) (p Period, ok bool) {
	first, last, isPeriod := strings.Cut(s, "..")
	if !isPeriod {
		last = first
	}
	if first == "" && last == "" {
		return p, false
	}
	if first != "" {
		if p.From, _, ok = parseSpan(first); !ok {
			return p, false
		}
	}
	if last != "" {
		if _, p.Until, ok = parseSpan(last); !ok {
			return p, false
		}
	}
	return p, p.From.IsZero() || p.Until.IsZero() || p.From.Before(p.Until)
}

// parseSpan reads a day, which ends with the next one, or a time, which ends with the next second.
func parseSpan(s string) (from, until time.Time, ok bool) {
	if day, err := time.Parse(time.DateOnly, s); err == nil {
		return day, day.AddDate(0, 0, 1), true
	}
	at, err := time.Parse(time.RFC3339, s)
	at = at.UTC().Truncate(time.Second)
	return at, at.Add(time.Second), err == nil
}

// mostDays is the most days within which a secret is asked to expire.
const mostDays = 36_500

// parseExpiry reads when secrets expire.
func parseExpiry(s string, now time.Time) (Period, bool) {
	now = now.UTC().Truncate(time.Second)
	if s == "expired" {
		return Period{Until: now.Add(time.Second)}, true
	}
	number, found := strings.CutSuffix(s, "d")
	days, err := strconv.ParseUint(number, 10, 32)
	if !found || err != nil || days == 0 || days > mostDays {
		return Period{}, false
	}
	return Period{From: now.Add(time.Second), Until: now.AddDate(0, 0, int(days)).Add(time.Second)}, true
}
