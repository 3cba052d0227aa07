package web

import (
	"errors"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"roster/domain"
	"roster/domain/oauth"
	"roster/projections/readmodel"
	"roster/web/ui"
)

// clientFilters are what the address of a list of clients asks for.
type clientFilters struct {
	Text   string // words to search for
	At     string // the moment of the past that the list is of; empty: now
	values []filterValue
}

// A filterValue is a filter with a value that is not empty.
type filterValue struct {
	filter readmodel.ClientFilter
	value  string
}

// clientFiltersOf reads what to look for from an address. It is not tidy with parameters that are empty, as a form
// sends them.
func clientFiltersOf(given url.Values) (f clientFilters, tidy bool, err error) {
	f.Text, tidy = strings.TrimSpace(given.Get("q")), given.Get("q") != "" || !given.Has("q")
	if utf8.RuneCountInString(f.Text) > searchLimit {
		return f, tidy, badRequest{"q", "The text to search for may have up to 200 characters."}
	}
	for _, filter := range readmodel.ClientFilters {
		value := strings.TrimSpace(given.Get(filter.Name))
		switch {
		case len(value) > filterLimit:
			return f, tidy, badRequest{filter.Name, "The filter " + filter.Label + " may have up to 500 bytes."}
		case value != "":
			f.values = append(f.values, filterValue{filter, value})
		case given.Has(filter.Name):
			tidy = false
		}
	}
	return f, tidy, nil
}

// query returns the query of the read model at a time.
func (f clientFilters) query(now time.Time) (readmodel.ClientQuery, error) {
	q := readmodel.ClientQuery{Text: f.Text}
	if wrong := (*readmodel.FilterError)(nil); errors.As(q.Restrict(f.Value, now), &wrong) {
		return q, badRequest{wrong.Filter.Name, "The filter “" + wrong.Filter.Label + "” must be " + wrong.Filter.Form + "."}
	}
	return q, nil
}

// Value returns the value of a filter, empty for none.
func (f clientFilters) Value(name string) string {
	for _, v := range f.values {
		if v.filter.Name == name {
			return v.value
		}
	}
	return ""
}

// Path returns the address of the first page, with more parameters, given as names and values.
func (f clientFilters) Path(more ...string) string { return f.address(clientListPath, more...) }

func (f clientFilters) address(path string, more ...string) string {
	params := []string{"q", f.Text, atParam, f.At}
	for _, v := range f.values {
		params = append(params, v.filter.Name, v.value)
	}
	return addressOf(path, append(params, more...)...)
}

// Export returns the address of a file with all clients of the list.
func (f clientFilters) Export(format string) string {
	return f.address("/admin/clients/export", "format", format)
}

// With returns the address of the list with another value of a filter; empty: without that filter.
func (f clientFilters) With(name, value string) string {
	f.values = slices.DeleteFunc(slices.Clone(f.values), func(v filterValue) bool { return v.filter.Name == name })
	return f.Path(name, value)
}

// Without returns the address of the list without one of its filters.
func (f clientFilters) Without(v filterValue) string { return f.With(v.filter.Name, "") }

// WithoutAny returns the address of the list in the same order with neither words nor filters.
func (f clientFilters) WithoutAny() string {
	return clientFilters{At: f.At}.Path("sort", f.Value("sort"))
}

// Chips are the filters that can be taken away: all but the status, which has tabs, and the order.
func (f clientFilters) Chips() (chips []filterValue) {
	for _, v := range f.values {
		if v.filter.Name != "status" && v.filter.Name != "sort" {
			chips = append(chips, v)
		}
	}
	return chips
}

// Text is the value in words.
func (v filterValue) Text() string {
	if v.filter.Name == "secret" && v.value != "expired" {
		if days, found := strings.CutSuffix(v.value, "d"); found {
			return "expires within " + days + " days"
		}
	}
	if words, known := filterWords[v.value]; known && v.filter.Values != nil {
		return words
	}
	return v.value
}

// filterWords are values of filters for people.
var filterWords = map[string]string{
	"impersonation": "possible impersonation", "note": "notes",
	"registered": "newest first", "changed": "last changed first", "name": "by name",
}

// A filterField is a filter as a form offers it: one of several choices, or a text.
type filterField struct {
	ui.Field
	Options []ui.Option // nil: a text
}

// Fields are the filters that people fill in.
func (f clientFilters) Fields() (fields []filterField) {
	hints := map[string]string{"registered": "(such as 2026-11-24..)", "changed": "(never, or such as 2026-11-24..)"}
	choices := map[string][]string{
		"auth": oauth.DefaultPolicy.AuthMethods, "grant": oauth.DefaultPolicy.GrantTypes, "secret": {"expired", "7d", "14d", "30d", "90d"},
	}
	for _, filter := range readmodel.ClientFilters {
		if filter.Name == "status" {
			continue
		}
		value := f.Value(filter.Name)
		field := filterField{Field: ui.Field{ID: filter.Name, Label: filter.Label, Hint: hints[filter.Name], Type: "text", Value: value, MaxLength: filterLimit}}
		values := choices[filter.Name]
		if filter.Values != nil {
			values = filter.Values
		}
		if values != nil {
			field.Options = []ui.Option{{Text: "any"}}
			if filter.Name == "sort" {
				field.Options = []ui.Option{{Text: filterWords[values[0]]}}
				values = values[1:]
			}
			if value != "" && filter.Values == nil && !slices.Contains(values, value) {
				values = append(slices.Clone(values), value)
			}
			for _, choice := range values {
				field.Options = append(field.Options, ui.Option{Value: choice, Text: filterValue{filter, choice}.Text()})
			}
		}
		fields = append(fields, field)
	}
	return fields
}

// Count says how many filters there are: "Filters (2)".
func (f clientFilters) Count() string {
	if n := len(f.Chips()); n > 0 {
		return "Filters (" + strconv.Itoa(n) + ")"
	}
	return "Filters"
}

// status returns the status that clients are to have, empty for any, and whether nothing else is asked for.
func (f clientFilters) status() (status domain.Status, alone bool) {
	return domain.Status(f.Value("status")), f.Text == "" && len(f.Chips()) == 0
}
